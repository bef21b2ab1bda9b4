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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::{Endpoint, Signature};

    fn alert() -> Alert {
        let signature = Signature {
            id: "suricata:1:2404301".to_owned(),
            text: "ET CNC Feodo Tracker".to_owned(),
            category: "A Network Trojan".to_owned(),
        };
        Alert { signature, severity: AlertSeverity::Medium, ..Alert::sample() }
    }

    fn fits(when: &When) -> bool {
        when.fits(&Reading::of(&alert()))
    }

    fn phrases(texts: &[&str]) -> Vec<Phrase> {
        texts.iter().map(|text| Phrase::new(text)).collect()
    }

    #[test]
    fn within_a_list_any_entry_fits() {
        let by_id = |ids: &[&str]| fits(&When { ids: ids.iter().map(|id| (*id).to_owned()).collect(), ..When::default() });
        assert!(by_id(&["suricata:1:2404301"]) && by_id(&["zeek:x", "suricata:1:24043*"]) && by_id(&["*"]));
        assert!(!by_id(&["suricata:1:240430"]) && !by_id(&["suricata:1:24044*"]));
        let by_beginning = |texts: &[&str]| fits(&When { begins: phrases(texts), ..When::default() });
        assert!(by_beginning(&["et  cnc"]) && by_beginning(&["GPL", "ET CNC Feodo Tracker"]));
        assert!(!by_beginning(&["ET CN"]) && !by_beginning(&["CNC"]), "whole words, from the first");
        let by_part = |texts: &[&str]| fits(&When { contains: phrases(texts), ..When::default() });
        assert!(by_part(&["feodo"]) && by_part(&["x", "CNC FEODO"]) && !by_part(&["cnc tracker"]));
        let by_category = |texts: &[&str]| fits(&When { categories: phrases(texts), ..When::default() });
        assert!(by_category(&["a network trojan"]) && !by_category(&["a network"]));
    }

    #[test]
    fn everything_that_is_asked_has_to_fit() {
        let of = |source, at_least| fits(&When { source, at_least, ..When::default() });
        assert!(of(Some(Side::Inside), Some(AlertSeverity::Medium)) && of(None, Some(AlertSeverity::Low)));
        assert!(!of(Some(Side::Outside), None) && !of(None, Some(AlertSeverity::High)));
        let wrong = [
            When { ids: vec!["suricata:1:1".to_owned()], ..When::default() },
            When { begins: phrases(&["GPL"]), ..When::default() },
            When { contains: phrases(&["worm"]), ..When::default() },
            When { categories: phrases(&["worm"]), ..When::default() },
        ];
        for one in wrong {
            let but_for_one = When { source: Some(Side::Inside), at_least: Some(AlertSeverity::Low), ..one };
            assert!(!fits(&but_for_one), "{but_for_one:?}");
        }
    }

    #[test]
    fn what_asks_nothing_says_so() {
        assert!(When::default().asks_nothing() && fits(&When::default()));
        let asks = [
            When { ids: vec!["*".to_owned()], ..When::default() },
            When { begins: phrases(&["ET"]), ..When::default() },
            When { contains: phrases(&["ET"]), ..When::default() },
            When { categories: phrases(&["ET"]), ..When::default() },
            When { source: Some(Side::Inside), ..When::default() },
            When { at_least: Some(AlertSeverity::Low), ..When::default() },
        ];
        assert!(asks.iter().all(|when| !when.asks_nothing()));
        assert!(Phrase::new(" ").is_empty() && !Phrase::new("x").is_empty());
    }

    #[test]
    fn an_outside_source_is_told_from_an_inside_one() {
        let outside = Alert { source: Endpoint { ip: "203.0.113.7".to_owned(), ..Endpoint::default() }, ..alert() };
        let from = |side| When { source: Some(side), ..When::default() }.fits(&Reading::of(&outside));
        assert!(from(Side::Outside) && !from(Side::Inside));
    }
}
