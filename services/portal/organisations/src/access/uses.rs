//! When functions were last used, as three services have it on record together.

use std::collections::{BTreeMap, BTreeSet};

use auth::Function;
use chrono::{DateTime, Utc};
use portal_frame::answer::{Unreadable, required_moment};
use proto::history::v1::ListUsesResponse;

/// What the services have on record.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    last: BTreeMap<(Function, String), DateTime<Utc>>,
    recorded: BTreeSet<String>,
    /// From this moment on.
    from: Option<DateTime<Utc>>,
    /// Whether a service could not be asked.
    is_partial: bool,
}

/// When something was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastUse {
    At(DateTime<Utc>),
    /// All that is done with it goes on record, and nothing did in twelve months.
    NotInAYear,
    /// Some of what is done with it leaves no trace.
    NotRecorded,
    /// A service is unavailable.
    Unknown,
}

impl Uses {
    /// `None` for a service that is unavailable.
    pub(crate) fn of(answers: impl IntoIterator<Item = Option<ListUsesResponse>>) -> Result<Self, Unreadable> {
        let mut uses = Self::default();
        for answer in answers {
            let Some(answer) = answer else {
                uses.is_partial = true;
                continue;
            };
            uses.from = Some(required_moment(answer.from_time, "list_uses_response.from_time")?);
            uses.recorded.extend(answer.recorded_actions);
            for used in answer.uses {
                let function = used.function.parse().map_err(|_| Unreadable("use.function"))?;
                let at = required_moment(used.time, "use.time")?;
                let last = uses.last.entry((function, used.action)).or_insert(at);
                *last = at.max(*last);
            }
        }
        Ok(uses)
    }

    /// When somebody with this function last did one of these.
    pub(crate) fn last(&self, function: Function, actions: &[String]) -> LastUse {
        let at = actions.iter().filter_map(|action| self.last.get(&(function, action.clone()))).max();
        let all_recorded = !actions.is_empty() && actions.iter().all(|action| self.recorded.contains(action));
        match at {
            Some(at) => LastUse::At(*at),
            None if self.is_partial => LastUse::Unknown,
            None if all_recorded => LastUse::NotInAYear,
            None => LastUse::NotRecorded,
        }
    }

    /// Whether something that began then could have been used during all the time that is looked at.
    pub(crate) fn covers(&self, since: DateTime<Utc>) -> bool {
        !self.is_partial && self.from.is_some_and(|from| since <= from)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proto::{history::v1::Use, time::timestamp};

    use super::*;

    const DIRECTOR: &str = "director@0190c0de-0000-7000-8000-000000000001";

    fn now() -> DateTime<Utc> {
        portal_frame::samples::now()
    }

    fn answer(days: i64, recorded: &[&str]) -> ListUsesResponse {
        let time = Some(timestamp(now() - TimeDelta::days(days)));
        ListUsesResponse {
            uses: vec![Use { function: DIRECTOR.to_owned(), action: "history.read".to_owned(), time }],
            recorded_actions: recorded.iter().map(|action| (*action).to_owned()).collect(),
            from_time: Some(timestamp(now() - TimeDelta::days(365))),
        }
    }

    fn last(uses: &Uses, actions: &[&str]) -> LastUse {
        uses.last(DIRECTOR.parse().unwrap(), &actions.iter().map(|action| (*action).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_latest_of_all_services_counts_and_what_leaves_no_trace_is_said_to() {
        let uses = Uses::of([Some(answer(9, &["history.read"])), Some(answer(2, &["history.read", "case.read"]))]).unwrap();
        assert_eq!(last(&uses, &["history.read", "device.read"]), LastUse::At(now() - TimeDelta::days(2)));
        assert_eq!(last(&uses, &["case.read"]), LastUse::NotInAYear);
        assert_eq!(last(&uses, &["case.read", "device.read"]), LastUse::NotRecorded);
        assert_eq!(last(&uses, &[]), LastUse::NotRecorded);
        assert!(uses.covers(now() - TimeDelta::days(365)) && !uses.covers(now() - TimeDelta::days(364)));
    }

    #[test]
    fn while_a_service_is_unavailable_what_was_not_found_is_unknown() {
        let uses = Uses::of([Some(answer(9, &["history.read", "case.read"])), None]).unwrap();
        assert_eq!(
            (last(&uses, &["history.read"]), last(&uses, &["case.read"])),
            (LastUse::At(now() - TimeDelta::days(9)), LastUse::Unknown)
        );
        assert!(!uses.covers(now() - TimeDelta::days(400)));
    }
}
