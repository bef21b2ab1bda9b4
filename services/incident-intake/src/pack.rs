//! How `content/incident-classes/*.yaml` is written, and what makes one good.
//!
//! What the YAML says becomes [`IncidentClasses`] only when all of it holds together: every rule names a class, every class
//! stands in the taxonomy and is used, thresholds can be reached, and worse is never slower.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::TimeDelta;
use content::{Body, Flaws, Spanned, Text};
use serde::Deserialize;

use crate::domain::{
    alert::{AlertSeverity, Side},
    class::{IncidentClass, Rise, RiseFrom, Rsit, SeverityByAlert, TaxonomyClass},
    classes::IncidentClasses,
    rule::{Phrase, Rule, When},
    severity::Severity,
    story::Story,
    target::{TargetTable, TargetTimes},
    threshold::Threshold,
};

/// The body of the pack.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    quiet_days_after_false_positive: Spanned<u32>,
    targets: WrittenTargets,
    classes: BTreeMap<String, Spanned<WrittenClass>>,
    rules: Vec<Spanned<WrittenRule>>,
    otherwise: Spanned<String>,
    taxonomy: BTreeMap<String, WrittenTaxonomyClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTargets {
    low: Spanned<WrittenTimes>,
    medium: Spanned<WrittenTimes>,
    high: Spanned<WrittenTimes>,
    very_high: Spanned<WrittenTimes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTimes {
    react_within_minutes: u32,
    resolve_within_hours: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenClass {
    rsit: Spanned<String>,
    severity: Spanned<SeverityByAlert>,
    #[serde(default)]
    rises: Vec<Spanned<WrittenRise>>,
    opens: Spanned<WrittenThreshold>,
    title: Text,
    story: WrittenStory,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStory {
    what: Text,
    r#do: Spanned<Vec<Text>>,
    do_not: Spanned<Vec<Text>>,
    call: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRise {
    alerts: Option<u64>,
    events: Option<u64>,
    to: Severity,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenThreshold {
    AtFirstAlert,
    AfterEvents(WrittenCount),
    AfterAlerts(WrittenCount),
    Never,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCount {
    count: u64,
    within_minutes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    class: Spanned<String>,
    #[serde(default)]
    signature_id: Vec<String>,
    #[serde(default)]
    signature_begins: Vec<Spanned<String>>,
    #[serde(default)]
    signature_contains: Vec<Spanned<String>>,
    #[serde(default)]
    category: Vec<Spanned<String>>,
    #[serde(default)]
    source: Option<Side>,
    #[serde(default)]
    at_least: Option<AlertSeverity>,
    #[serde(default)]
    each_counts_as: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTaxonomyClass {
    name: Text,
    types: BTreeMap<String, Text>,
}

impl Body for IncidentClasses {
    const ID: &'static str = "incident-classes";
    type Written = Written;

    fn read(written: Written, flaws: &mut Flaws) -> Option<Self> {
        if written.quiet_days_after_false_positive.value > 365 {
            flaws.add(&written.quiet_days_after_false_positive, "quiet for more than a year hides what comes back; give at most 365");
        }
        let targets = read_targets(&written.targets, flaws);
        let taxonomy: BTreeMap<_, _> =
            written.taxonomy.into_iter().map(|(id, class)| (id, TaxonomyClass { name: class.name, types: class.types })).collect();

        let mut places = BTreeMap::new();
        let mut classes = BTreeMap::new();
        for (id, class) in written.classes {
            places.insert(id.clone(), Spanned::new((), class.referenced, class.defined));
            if let Some(class) = read_class(&id, class.value, &taxonomy, flaws) {
                classes.insert(id, Arc::new(class));
            }
        }

        let mut used = BTreeSet::new();
        let mut class_named = |name: &Spanned<String>, flaws: &mut Flaws| {
            used.insert(name.value.clone());
            if !places.contains_key(&name.value) {
                flaws.add(name, format!("there is no class `{}`; add it under classes or name another", name.value));
            }
            classes.get(&name.value).cloned()
        };
        let rules: Vec<_> = written
            .rules
            .into_iter()
            .filter_map(|rule| {
                let class = class_named(&rule.value.class, flaws);
                read_rule(rule, class, flaws)
            })
            .collect();
        let otherwise = class_named(&written.otherwise, flaws);

        for (id, place) in places.iter().filter(|(id, _)| !used.contains(*id)) {
            flaws.add(place, format!("no rule leads to class `{id}`; add a rule or remove the class"));
        }
        Some(Self {
            rules,
            otherwise: otherwise?,
            classes,
            targets,
            quiet_after_false_positive: TimeDelta::days(written.quiet_days_after_false_positive.value.into()),
            taxonomy,
        })
    }
}

fn read_targets(written: &WrittenTargets, flaws: &mut Flaws) -> TargetTable {
    let from_slow_to_fast = [&written.low, &written.medium, &written.high, &written.very_high];
    for times in from_slow_to_fast {
        let resolve_minutes = u64::from(times.value.resolve_within_hours) * 60;
        if times.value.react_within_minutes == 0 || resolve_minutes < u64::from(times.value.react_within_minutes) {
            flaws.add(times, "times must be above zero, and the solution not before the first reaction");
        }
    }
    for (less_severe, more_severe) in from_slow_to_fast.iter().zip(&from_slow_to_fast[1..]) {
        let slower_reaction = more_severe.value.react_within_minutes > less_severe.value.react_within_minutes;
        let slower_solution = more_severe.value.resolve_within_hours > less_severe.value.resolve_within_hours;
        if slower_reaction || slower_solution {
            flaws.add(more_severe, "a more severe case must not have more time than a less severe one");
        }
    }
    let times = |written: &Spanned<WrittenTimes>| TargetTimes {
        react_within: TimeDelta::minutes(written.value.react_within_minutes.into()),
        resolve_within: TimeDelta::hours(written.value.resolve_within_hours.into()),
    };
    TargetTable {
        low: times(&written.low),
        medium: times(&written.medium),
        high: times(&written.high),
        very_high: times(&written.very_high),
    }
}

fn read_class(id: &str, written: WrittenClass, taxonomy: &BTreeMap<String, TaxonomyClass>, flaws: &mut Flaws) -> Option<IncidentClass> {
    let rsit = read_rsit(&written.rsit, taxonomy, flaws);
    let rsit_name = rsit.as_ref().and_then(|rsit| taxonomy.get(&rsit.class)?.name_of(&rsit.kind));
    let severity = written.severity.value;
    if severity.low > severity.medium || severity.medium > severity.high {
        flaws.add(&written.severity, "a higher alert must not make a less severe case");
    }
    let rises = written.rises.iter().filter_map(|rise| read_rise(rise, flaws)).collect();
    let opens = read_threshold(&written.opens, flaws);
    Some(IncidentClass {
        id: id.to_owned(),
        rsit: rsit?,
        rsit_name: rsit_name?,
        title: written.title,
        story: read_story(written.story, flaws),
        severity,
        rises,
        opens: opens?,
    })
}

fn read_story(written: WrittenStory, flaws: &mut Flaws) -> Story {
    for list in [&written.r#do, &written.do_not] {
        if list.value.is_empty() {
            flaws.add(list, "the list is empty; write at least one line, such as \"Do not switch the device off.\"");
        }
    }
    Story { what: written.what, r#do: written.r#do.value, do_not: written.do_not.value, call: written.call }
}

fn read_rsit(written: &Spanned<String>, taxonomy: &BTreeMap<String, TaxonomyClass>, flaws: &mut Flaws) -> Option<Rsit> {
    let found =
        written.value.split_once('/').filter(|(class, kind)| taxonomy.get(*class).is_some_and(|class| class.types.contains_key(*kind)));
    let Some((class, kind)) = found else {
        flaws.add(
            written,
            format!("`{}` is not in the taxonomy below; write class/type, such as malicious-code/infected-system", written.value),
        );
        return None;
    };
    Some(Rsit { class: class.to_owned(), kind: kind.to_owned() })
}

fn read_rise(written: &Spanned<WrittenRise>, flaws: &mut Flaws) -> Option<Rise> {
    let from = match (written.value.alerts, written.value.events) {
        (Some(count), None) => RiseFrom::Alerts(count),
        (None, Some(count)) => RiseFrom::Events(count),
        _ => {
            flaws.add(written, "a rise counts either alerts or events; give one of the two");
            return None;
        }
    };
    if matches!(from, RiseFrom::Alerts(0..=1) | RiseFrom::Events(0..=1)) {
        flaws.add(written, "a rise begins at 2 or more; for the first one, set severity");
        return None;
    }
    Some(Rise { from, to: written.value.to })
}

fn read_threshold(written: &Spanned<WrittenThreshold>, flaws: &mut Flaws) -> Option<Threshold> {
    let (WrittenThreshold::AfterEvents(counted) | WrittenThreshold::AfterAlerts(counted)) = &written.value else {
        return Some(if matches!(written.value, WrittenThreshold::Never) { Threshold::Never } else { Threshold::FirstAlert });
    };
    if counted.count < 2 || counted.within_minutes == 0 || counted.within_minutes > MAX_WINDOW_MINUTES {
        flaws.add(written, "count at least 2, within 1 to 10080 minutes (a week); for the first alert write at_first_alert");
        return None;
    }
    let within = TimeDelta::minutes(counted.within_minutes.into());
    Some(match written.value {
        WrittenThreshold::AfterEvents(_) => Threshold::Events { count: counted.count, within },
        _ => Threshold::Alerts { count: counted.count, within },
    })
}

/// A week: longer windows would keep everything a school's sensor says.
const MAX_WINDOW_MINUTES: u32 = 7 * 24 * 60;

fn read_rule(written: Spanned<WrittenRule>, class: Option<Arc<IncidentClass>>, flaws: &mut Flaws) -> Option<Rule> {
    let place = Spanned::new((), written.referenced, written.defined);
    let rule = written.value;
    let when = When {
        ids: rule.signature_id,
        begins: read_phrases(&rule.signature_begins, flaws),
        contains: read_phrases(&rule.signature_contains, flaws),
        categories: read_phrases(&rule.category, flaws),
        source: rule.source,
        at_least: rule.at_least,
    };
    if when.asks_nothing() {
        flaws.add(&place, "the rule asks nothing, so nothing after it is ever reached; name what it fits, or use otherwise");
    }
    let each_counts_as = rule.each_counts_as.as_ref().map_or(1, |times| times.value);
    if let Some(times) = rule.each_counts_as.filter(|times| times.value == 0) {
        flaws.add(&times, "each report counts as at least 1 event");
    }
    Some(Rule { class: class?, when, each_counts_as })
}

fn read_phrases(written: &[Spanned<String>], flaws: &mut Flaws) -> Vec<Phrase> {
    let phrases = written.iter().map(|text| {
        let phrase = Phrase::new(&text.value);
        if phrase.is_empty() {
            flaws.add(text, "an empty text fits every alert; write at least one word");
        }
        phrase
    });
    phrases.collect()
}
