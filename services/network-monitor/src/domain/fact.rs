//! What is known about a device: each value with where it was learnt and when.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::source::Source;

/// One value about a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What the value is about: a later value of the same subject replaces an earlier one. A product for software, a port
    /// for a service, the name itself for a name.
    pub subject: String,
    /// The value as people read it.
    pub value: String,
    /// Where it was learnt.
    pub source: Source,
    /// When that source last said so.
    pub observed: DateTime<Utc>,
}

impl Fact {
    /// What decides between two values of one subject: the better source, then the later moment.
    fn standing(&self) -> (u8, DateTime<Utc>, &str) {
        (self.source.weight(), self.observed, &self.value)
    }
}

/// What one event told about a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// What it calls itself.
    Name(String),
    /// A program it runs, with its version where it gave one.
    Software {
        /// `Firefox`.
        product: String,
        /// `115.0`; empty when unknown.
        version: String,
    },
    /// A port on which it answers.
    Service {
        /// `tcp` or `udp`.
        transport: &'static str,
        port: u16,
        /// What is spoken there, lowercase; empty when unknown.
        protocol: String,
    },
}

/// Which list of a device a fact belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// What it is called.
    Names,
    /// What runs on it.
    Software,
    /// Where it answers.
    Services,
}

impl Told {
    /// The fact and the list it belongs to.
    pub fn into_fact(self, source: Source, observed: DateTime<Utc>) -> (Topic, Fact) {
        let (topic, subject, value) = match self {
            Self::Name(name) => (Topic::Names, name.clone(), name),
            Self::Software { product, version } if version.is_empty() => (Topic::Software, product.clone(), product),
            Self::Software { product, version } => {
                let value = format!("{product} {version}");
                (Topic::Software, product, value)
            }
            Self::Service { transport, port, protocol } => {
                let subject = format!("{port}/{transport}");
                let value = if protocol.is_empty() { subject.clone() } else { format!("{subject} {protocol}") };
                (Topic::Services, subject, value)
            }
        };
        (topic, Fact { subject, value, source, observed })
    }
}

/// A bounded list of facts, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(Vec<Fact>);

impl Facts {
    /// Learns a fact. Returns whether anything changed. Past `most`, the one not heard of for longest is forgotten.
    pub fn learn(&mut self, fact: Fact, most: usize) -> bool {
        match self.0.iter_mut().find(|known| known.subject == fact.subject) {
            Some(known) if fact.standing() > known.standing() => *known = fact,
            Some(_) => return false,
            None => self.0.push(fact),
        }
        self.0.sort_by(|a, b| b.standing().cmp(&a.standing()));
        if self.0.len() > most {
            let stalest = self.0.iter().enumerate().min_by_key(|(_, known)| known.observed).map(|(place, _)| place);
            if let Some(place) = stalest {
                self.0.remove(place);
            }
        }
        true
    }

    /// The facts, best first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Fact> {
        self.0.iter()
    }

    /// The value to show when there is room for one.
    pub fn best(&self) -> Option<&Fact> {
        self.0.first()
    }

    /// Takes the facts out.
    pub fn into_vec(self) -> Vec<Fact> {
        self.0
    }
}

/// A fact as the store keeps it, inside a JSON column.
#[derive(Serialize, Deserialize)]
struct StoredFact<'a> {
    #[serde(rename = "k")]
    subject: std::borrow::Cow<'a, str>,
    #[serde(rename = "v")]
    value: std::borrow::Cow<'a, str>,
    #[serde(rename = "s")]
    source: std::borrow::Cow<'a, str>,
    #[serde(rename = "t")]
    observed_micros: i64,
}

impl Serialize for Facts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|fact| StoredFact {
            subject: fact.subject.as_str().into(),
            value: fact.value.as_str().into(),
            source: fact.source.into_str().into(),
            observed_micros: fact.observed.timestamp_micros(),
        }))
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Vec::<StoredFact<'de>>::deserialize(deserializer)?;
        let facts = stored.into_iter().filter_map(|fact| {
            Some(Fact {
                subject: fact.subject.into_owned(),
                value: fact.value.into_owned(),
                // A source that a later version knew and this one does not: the fact cannot be weighed, so leave it out.
                source: fact.source.parse().ok()?,
                observed: DateTime::from_timestamp_micros(fact.observed_micros)?,
            })
        });
        Ok(Self(facts.collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::VariantArray as _;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
    }

    fn service(protocol: &str, source: Source, minute: i64) -> Fact {
        Told::Service { transport: "tcp", port: 443, protocol: protocol.to_owned() }.into_fact(source, at(minute)).1
    }

    #[test]
    fn the_better_source_decides_then_the_later_moment() {
        let mut services = Facts::default();
        services.learn(service("tls", Source::SuricataFlow, 5), 10);
        services.learn(service("https", Source::ZeekKnownServices, 1), 10);
        services.learn(service("tls", Source::SuricataFlow, 9), 10);
        assert_eq!(services.best().unwrap().value, "443/tcp https");
        services.learn(service("ssl", Source::ZeekKnownServices, 2), 10);
        assert_eq!(services.best().unwrap().value, "443/tcp ssl");
    }

    #[test]
    fn a_new_version_replaces_the_old_one() {
        let mut software = Facts::default();
        for (version, minute) in [("115.0", 1), ("116.0", 2)] {
            let told = Told::Software { product: "Firefox".to_owned(), version: version.to_owned() };
            software.learn(told.into_fact(Source::ZeekSoftware, at(minute)).1, 10);
        }
        assert_eq!(software.iter().map(|fact| fact.value.as_str()).collect::<Vec<_>>(), ["Firefox 116.0"]);
    }

    #[test]
    fn the_list_is_bounded_and_forgets_the_stalest() {
        let mut names = Facts::default();
        for (name, minute) in [("b", 2), ("a", 1), ("c", 3)] {
            names.learn(Told::Name(name.to_owned()).into_fact(Source::ZeekDhcp, at(minute)).1, 2);
        }
        assert_eq!(names.iter().map(|fact| fact.value.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    }

    #[test]
    fn facts_survive_the_store() {
        let mut services = Facts::default();
        services.learn(service("tls", Source::SuricataFlow, 5), 10);
        let json = serde_json::to_string(&services).unwrap();
        assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), services);
    }

    proptest! {
        #[test]
        fn the_order_of_learning_does_not_matter(mut told in proptest::collection::vec((0_usize..3, 0_usize..15, 0_i64..5), 0..20), turn in 0_usize..20) {
            let learn_all = |told: &[(usize, usize, i64)]| {
                let mut facts = Facts::default();
                for (value, source, minute) in told {
                    facts.learn(service(["tls", "ssl", "https"][*value], Source::VARIANTS[*source], *minute), 100);
                }
                facts.best().map(|fact| (fact.value.clone(), fact.source.weight(), fact.observed))
            };
            let straight = learn_all(&told);
            let places = told.len().max(1);
            told.rotate_left(turn % places);
            prop_assert_eq!(straight, learn_all(&told));
        }
    }
}
