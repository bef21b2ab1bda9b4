//! Which alert is of which class: rules read top-down, the first that fits decides.

use std::sync::Arc;

use super::{
    alert::{Alert, AlertSeverity, Side},
    class::IncidentClass,
};

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it says the alert is.
    pub class: Arc<IncidentClass>,
    /// What the alert must look like.
    pub when: When,
    /// How many events one report stands for, because the sensor has counted already; usually 1.
    pub each_counts_as: u64,
}

/// What an alert must look like. Within a list any entry fits; empty lists and `None` ask nothing.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// Signature ids; a `*` at the end fits every continuation.
    pub ids: Vec<String>,
    /// First words of the signature.
    pub begins: Vec<Phrase>,
    /// Words anywhere in the signature.
    pub contains: Vec<Phrase>,
    /// The sensor's category.
    pub categories: Vec<Phrase>,
    /// Where the traffic comes from.
    pub source: Option<Side>,
    /// The sensor's own severity.
    pub at_least: Option<AlertSeverity>,
}

/// Text to compare with: upper and lower case and the width of white space do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase(String);

impl Phrase {
    /// The phrase of a text.
    pub fn new(text: &str) -> Self {
        let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
        Self(words.join(" "))
    }

    /// Whether there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this begins with whole words of the other: `ET DOS flood` with `ET DOS`, but not with `ET DO`.
    fn begins_with(&self, start: &Self) -> bool {
        self.0.strip_prefix(&start.0).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    }
}

/// What rules look at, prepared once an alert.
#[derive(Debug)]
pub struct Reading<'a> {
    id: &'a str,
    signature: Phrase,
    category: Phrase,
    source: Side,
    severity: AlertSeverity,
}

impl<'a> Reading<'a> {
    /// Prepares an alert.
    pub fn of(alert: &'a Alert) -> Self {
        Self {
            id: &alert.signature.id,
            signature: Phrase::new(&alert.signature.text),
            category: Phrase::new(&alert.signature.category),
            source: alert.source.side(),
            severity: alert.severity,
        }
    }
}

impl When {
    /// Whether nothing is asked, so that every alert fits.
    pub fn asks_nothing(&self) -> bool {
        let lists_are_empty = self.ids.is_empty() && self.begins.is_empty() && self.contains.is_empty() && self.categories.is_empty();
        lists_are_empty && self.source.is_none() && self.at_least.is_none()
    }

    /// Whether the alert looks like this.
    pub fn fits(&self, alert: &Reading<'_>) -> bool {
        fits_any(&self.ids, |pattern| matches_id(alert.id, pattern))
            && fits_any(&self.begins, |start| alert.signature.begins_with(start))
            && fits_any(&self.contains, |part| alert.signature.0.contains(&part.0))
            && fits_any(&self.categories, |category| alert.category == *category)
            && self.source.is_none_or(|side| alert.source == side)
            && self.at_least.is_none_or(|least| alert.severity >= least)
    }
}

fn fits_any<T>(list: &[T], fits: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(fits)
}

fn matches_id(id: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => id == pattern,
    }
}
