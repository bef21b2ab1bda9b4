//! All that one version of the content says about incidents, and which class an alert is of.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;

use super::{
    alert::Alert,
    class::{IncidentClass, TaxonomyClass},
    rule::{Reading, Rule},
    target::TargetTable,
};

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
