//! Kinds of incident, from dated content: in words, with severity, threshold and targets.

use std::{collections::BTreeMap, fmt, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use content::Text;

use super::{
    alert::{Alert, AlertSeverity},
    rule::{Reading, Rule},
    severity::Severity,
    story::Story,
    threshold::Threshold,
};

/// Class and type of the Reference Security Incident Taxonomy, by identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rsit {
    /// `malicious-code`.
    pub class: String,
    /// `infected-system`.
    pub kind: String,
}

impl fmt::Display for Rsit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.class, self.kind)
    }
}

/// One kind of incident.
#[derive(Debug, Clone)]
pub struct IncidentClass {
    /// Stable name in content, `malware-contact`.
    pub id: String,
    /// Where it stands in the taxonomy.
    pub rsit: Rsit,
    /// What the taxonomy calls that, class and type: "Schadelijke software: besmet toestel".
    pub rsit_name: Text,
    /// What is the matter, for a director.
    pub title: Text,
    /// What the school is told.
    pub story: Story,
    /// The case's severity by the alert's own.
    pub severity: SeverityByAlert,
    /// More of the same makes it worse.
    pub rises: Vec<Rise>,
    /// When a case opens.
    pub opens: Threshold,
}

/// Severity of the case for an alert that its sensor calls low, medium or high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityByAlert {
    /// For a low alert.
    pub low: Severity,
    /// For a medium alert.
    pub medium: Severity,
    /// For a high alert.
    pub high: Severity,
}

/// From so many alerts or events on, at least this severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rise {
    /// What is counted.
    pub from: RiseFrom,
    /// At least.
    pub to: Severity,
}

/// What makes a case worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiseFrom {
    /// So many different alerts.
    Alerts(u64),
    /// So many events.
    Events(u64),
}

impl IncidentClass {
    /// Severity that one alert asks for.
    pub fn severity_of(&self, alert: AlertSeverity) -> Severity {
        match alert {
            AlertSeverity::Low => self.severity.low,
            AlertSeverity::Medium => self.severity.medium,
            AlertSeverity::High => self.severity.high,
        }
    }

    /// Severity that numbers ask for; `None` when they ask nothing yet.
    pub fn severity_by_numbers(&self, alerts: u64, events: u64) -> Option<Severity> {
        let reached = self.rises.iter().filter(|rise| match rise.from {
            RiseFrom::Alerts(count) => alerts >= count,
            RiseFrom::Events(count) => events >= count,
        });
        reached.map(|rise| rise.to).max()
    }
}

/// How fast the team wants to act on a case of one severity. Clock time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetTimes {
    /// Until somebody takes the case.
    pub react_within: TimeDelta,
    /// Until it is solved.
    pub resolve_within: TimeDelta,
}

/// Target times of every severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetTable {
    /// Of low cases.
    pub low: TargetTimes,
    /// Of medium cases.
    pub medium: TargetTimes,
    /// Of high cases.
    pub high: TargetTimes,
    /// Of very high cases.
    pub very_high: TargetTimes,
}

/// When the team wants to have acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Somebody has taken the case by then.
    pub react_by: DateTime<Utc>,
    /// From when on that is near.
    pub react_soon: DateTime<Utc>,
    /// It is solved by then.
    pub resolve_by: DateTime<Utc>,
    /// From when on that is near.
    pub resolve_soon: DateTime<Utc>,
}

/// From when on a target is near, so that there is still time to act: when half of a short one is left, a day of a longer one,
/// and never less than a quarter. Of 30 minutes that is 15, of 4 hours 2, of 24 hours 12, of 3 days 1 day, of 10 days 2½.
///
/// Half, because whoever reacts must first finish what they do; a day, because then people at the school are at work before the
/// time is up; a quarter, because long work is not done in a day.
pub fn near_from(begin: DateTime<Utc>, by: DateTime<Utc>) -> DateTime<Utc> {
    let allowed = (by - begin).max(TimeDelta::zero());
    by - (allowed / 4).max((allowed / 2).min(TimeDelta::days(1)))
}

impl Targets {
    /// The earlier of each.
    #[must_use]
    pub fn tightened(self, other: Self) -> Self {
        Self {
            react_by: self.react_by.min(other.react_by),
            react_soon: self.react_soon.min(other.react_soon),
            resolve_by: self.resolve_by.min(other.resolve_by),
            resolve_soon: self.resolve_soon.min(other.resolve_soon),
        }
    }
}

impl TargetTable {
    /// Target times of a severity.
    pub fn of(&self, severity: Severity) -> TargetTimes {
        match severity {
            Severity::Low => self.low,
            Severity::Medium => self.medium,
            Severity::High => self.high,
            Severity::VeryHigh => self.very_high,
        }
    }

    /// Targets of a case that becomes this severe at a moment.
    pub fn from(&self, moment: DateTime<Utc>, severity: Severity) -> Targets {
        let times = self.of(severity);
        let (react_by, resolve_by) = (moment + times.react_within, moment + times.resolve_within);
        Targets { react_by, react_soon: near_from(moment, react_by), resolve_by, resolve_soon: near_from(moment, resolve_by) }
    }
}

/// Names of a taxonomy class and of its types.
#[derive(Debug, Clone)]
pub struct TaxonomyClass {
    /// Of the class.
    pub name: Text,
    /// Of its types, by identifier.
    pub types: BTreeMap<String, Text>,
}

impl TaxonomyClass {
    /// The class and one of its types in one line; `None` when it has no such type.
    pub fn name_of(&self, kind: &str) -> Option<Text> {
        let kind = self.types.get(kind)?;
        Some(Text { nl: joined(&self.name.nl, &kind.nl), en: joined(&self.name.en, &kind.en) })
    }
}

/// Everything one content version says about incidents.
#[derive(Debug)]
pub struct IncidentClasses {
    /// By id.
    pub classes: BTreeMap<String, Arc<IncidentClass>>,
    /// The first that fits decides.
    pub rules: Vec<Rule>,
    /// What no rule fits.
    pub otherwise: Arc<IncidentClass>,
    /// How fast to act.
    pub targets: TargetTable,
    /// How long a signature stays quiet at a school after a false positive.
    pub quiet_after_false_positive: TimeDelta,
    /// The reference taxonomy, by identifier of the class.
    pub taxonomy: BTreeMap<String, TaxonomyClass>,
}

/// What an alert turned out to be.
#[derive(Debug, Clone, Copy)]
pub struct Classified<'a> {
    /// Its class.
    pub class: &'a Arc<IncidentClass>,
    /// How many events one report stands for.
    pub each_counts_as: u64,
}

impl IncidentClasses {
    /// The class of an alert. Every alert has one.
    pub fn classify(&self, alert: &Alert) -> Classified<'_> {
        let reading = Reading::of(alert);
        match self.rules.iter().find(|rule| rule.when.fits(&reading)) {
            Some(rule) => Classified { class: &rule.class, each_counts_as: rule.each_counts_as },
            None => Classified { class: &self.otherwise, each_counts_as: 1 },
        }
    }

    /// The longest time any class looks back.
    pub fn longest_window(&self) -> TimeDelta {
        self.classes.values().map(|class| class.opens.window()).max().unwrap_or_default()
    }
}

fn joined(class: &str, kind: &str) -> String {
    if class == kind {
        return class.to_owned();
    }
    let mut letters = kind.chars();
    let first = letters.next().map(char::to_lowercase).into_iter().flatten();
    format!("{class}: {}{}", first.collect::<String>(), letters.as_str())
}
