//! Kinds of incident, from dated content: in words, with severity and threshold.

use std::{collections::BTreeMap, fmt};

use content::Text;

use super::{alert::AlertSeverity, severity::Severity, story::Story, threshold::Threshold};

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

fn joined(class: &str, kind: &str) -> String {
    if class == kind {
        return class.to_owned();
    }
    let mut letters = kind.chars();
    let first = letters.next().map(char::to_lowercase).into_iter().flatten();
    format!("{class}: {}{}", first.collect::<String>(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_and_its_type_are_one_line_and_the_same_word_is_not_said_twice() {
        assert_eq!(joined("Schadelijke code", "Worm"), "Schadelijke code: worm");
        assert_eq!(joined("Andere", "Andere"), "Andere");
        assert_eq!(joined("Code", ""), "Code: ");
    }
}
