//! Who reaches which data of an organisation.

use auth::{Access, Action, DataKind, Function, Policy, Reach};
use chrono::{DateTime, Days, Utc};

use super::PersonName;

/// What our own services keep. A test in `services/schildwacht` compares it with their tables. The portal keeps sessions alone.
pub const KEPT_BY_SERVICES: &[(&str, &[DataKind])] = &[
    ("identity", &[DataKind::Organisation, DataKind::People, DataKind::Contacts, DataKind::Gateways, DataKind::History]),
    // In the event log, until its retention is over.
    ("telemetry-ingest", &[DataKind::Network]),
    ("network-monitor", &[DataKind::Network, DataKind::Gateways, DataKind::History, DataKind::Messages]),
    (
        "incident-intake",
        &[DataKind::Organisation, DataKind::Contacts, DataKind::Network, DataKind::Incidents, DataKind::History, DataKind::Messages],
    ),
];

/// How far back it is told what changed.
pub const CHANGES_WITHIN: Days = Days::new(31);
/// Where no more people hold a function, they are named.
pub const NAMED: i64 = 3;

/// Who reaches which data of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationAccess {
    /// The nearest place first.
    pub functions: Vec<FunctionAccess>,
    pub services: Vec<(&'static str, Vec<Reached>)>,
    pub changed_since: DateTime<Utc>,
}

/// Who holds a function, and what they reach by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionAccess {
    pub function: Function,
    pub holders: Holders,
    /// In alphabetical order; empty where there are more than [`NAMED`], or the caller may not see them.
    pub names: Vec<PersonName>,
    pub reached: Vec<Reached>,
}

/// How many hold a function by appointment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holders {
    pub people: i64,
    /// When the first of them began.
    pub since: Option<DateTime<Utc>>,
    /// How many began lately, and how many stopped.
    pub begun: i64,
    pub ended: i64,
}

/// What is done with a kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Sees,
    Changes,
    /// Of a service.
    Keeps,
}

/// What is reached of one kind of data, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub data: DataKind,
    pub level: Level,
    pub policies: Vec<Policy>,
    pub actions: Vec<Action>,
}

/// A function that somebody holds, what they reach by it, and who sees something of them there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccess {
    pub function: Function,
    pub place_name: Option<String>,
    /// Beginning and end, where they are known.
    pub term: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub reached: Vec<Reached>,
    /// Which functions see something of them, of which kind.
    pub viewers: Vec<(Function, DataKind, Vec<Policy>)>,
}

impl Reached {
    /// What is reached, each kind of data once.
    pub fn by_kind(reach: &[Reach]) -> Vec<Self> {
        DataKind::ALL.iter().filter_map(|data| Self::of(*data, reach)).collect()
    }

    /// The same of a service that keeps these kinds.
    pub fn kept(kinds: &[DataKind], reach: &[Reach]) -> Vec<Self> {
        let kept = |data: &DataKind| match Self::of(*data, reach) {
            Some(reached) if kinds.contains(data) => Some(Self { level: Level::Keeps, ..reached }),
            None if kinds.contains(data) => Some(Self { data: *data, level: Level::Keeps, policies: Vec::new(), actions: Vec::new() }),
            reached => reached,
        };
        DataKind::ALL.iter().filter_map(kept).collect()
    }

    fn of(data: DataKind, reach: &[Reach]) -> Option<Self> {
        let of_kind = || reach.iter().filter(|one| one.data == data);
        let most = of_kind().map(|one| one.access).max()?;
        let mut policies: Vec<Policy> = of_kind().flat_map(|one| one.policies.iter().cloned()).collect();
        policies.sort();
        policies.dedup();
        let level = match most {
            Access::Sees => Level::Sees,
            Access::Changes => Level::Changes,
        };
        Some(Self { data, level, policies, actions: of_kind().map(|one| one.action).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(action: Action, policy: &str) -> Reach {
        let (data, access) = action.reaches().unwrap();
        let policy = Policy { id: policy.to_owned(), nl: String::new(), en: String::new() };
        Reach { action, data, access, policies: vec![policy] }
    }

    #[test]
    fn of_each_kind_the_most_that_is_permitted_counts_with_every_reason_once() {
        let reach = [reach(Action::ContactEdit, "b"), reach(Action::ContactRead, "a"), reach(Action::ContactRead, "b")];
        let [contacts] = Reached::by_kind(&reach).try_into().unwrap();
        assert_eq!((contacts.data, contacts.level), (DataKind::Contacts, Level::Changes));
        assert_eq!(contacts.policies.iter().map(|policy| policy.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_service_keeps_what_it_has_also_what_it_changes_by_itself() {
        let kept = Reached::kept(&[DataKind::Incidents, DataKind::History], &[reach(Action::CaseOpen, "opens")]);
        let levels: Vec<_> = kept.iter().map(|one| (one.data, one.level, one.policies.len())).collect();
        assert_eq!(levels, [(DataKind::Incidents, Level::Keeps, 1), (DataKind::History, Level::Keeps, 0)]);
    }
}
