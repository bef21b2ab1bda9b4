//! Who reaches which data, as the page needs it.

use auth::Function;
use chrono::{DateTime, Utc};
use portal_frame::{
    Language,
    answer::{Unreadable, WireEnum as _, moment},
};
use proto::identity::v1::{self as wire, AccessLevel, DataKind};
use runtime::SchoolId;

use super::uses::{LastUse, Uses};

/// A function, who holds it and what they reach by it.
#[derive(Clone, Debug)]
pub(crate) struct FunctionRow {
    pub(crate) function: Function,
    pub(crate) people: i64,
    pub(crate) names: Vec<String>,
    /// When the first of those who hold it now began.
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) begun: i64,
    pub(crate) ended: i64,
    pub(crate) reaches: Vec<Reach>,
    /// Whether it is the school's own, and nothing that goes on record was done with it while it could have been.
    pub(crate) seems_too_wide: bool,
}

/// One of our own services.
#[derive(Clone, Debug)]
pub(crate) struct ServiceRow {
    /// `incident-intake`.
    pub(crate) service: String,
    pub(crate) reaches: Vec<Reach>,
}

/// What is reached of one kind of data.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) data: DataKind,
    pub(crate) level: AccessLevel,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) last: LastUse,
}

/// A policy, and why it permits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) policy: String,
    nl: String,
    en: String,
}

impl Reason {
    pub(crate) fn text(&self, language: Language) -> &str {
        language.pick(self.nl.as_str(), self.en.as_str())
    }

    /// A made-up one.
    pub(crate) fn sample() -> Self {
        Self {
            policy: "director and ICT coordinator: see devices".to_owned(),
            nl: "Zij houden de toestellen van de school veilig.".to_owned(),
            en: "They keep the school’s devices safe.".to_owned(),
        }
    }
}

impl From<wire::Reason> for Reason {
    fn from(wire::Reason { policy, nl, en }: wire::Reason) -> Self {
        Self { policy, nl, en }
    }
}

impl FunctionRow {
    pub(crate) fn of(access: wire::FunctionAccess, school: SchoolId, uses: &Uses) -> Result<Self, Unreadable> {
        let function: Function = access.function.parse().map_err(|_| Unreadable("function_access.function"))?;
        let reach = |reach: wire::Reach| {
            let last = uses.last(function, &reach.actions);
            Reach::of(reach, last)
        };
        let reaches = access.reaches.into_iter().map(reach).collect::<Result<Vec<_>, Unreadable>>()?;
        let since = moment(access.start_time);
        let is_used = reaches.iter().any(|reach| matches!(reach.last, LastUse::At(_)));
        let would_show = reaches.iter().any(|reach| reach.last == LastUse::NotInAYear);
        let is_own = function.place() == Some(school.into());
        let seems_too_wide = is_own && would_show && !is_used && since.is_some_and(|since| uses.covers(since));
        let wire::FunctionAccess { people, names, begun, ended, .. } = access;
        Ok(Self { function, people, names, since, begun, ended, reaches, seems_too_wide })
    }

    /// The last use of anything.
    pub(crate) fn last(&self) -> Option<(DateTime<Utc>, DataKind)> {
        let used = self.reaches.iter().filter_map(|reach| match reach.last {
            LastUse::At(at) => Some((at, reach.data)),
            _ => None,
        });
        used.max_by_key(|(at, _)| *at)
    }
}

impl Reach {
    fn of(reach: wire::Reach, last: LastUse) -> Result<Self, Unreadable> {
        Ok(Self {
            data: DataKind::known(reach.data, "reach.data")?,
            level: AccessLevel::known(reach.level, "reach.level")?,
            reasons: reach.reasons.into_iter().map(Into::into).collect(),
            last,
        })
    }

    pub(crate) fn changes(&self) -> bool {
        self.level == AccessLevel::Changes
    }

    /// Of whom nobody asks when they last used it.
    pub(crate) fn unrecorded(reach: wire::Reach) -> Result<Self, Unreadable> {
        Self::of(reach, LastUse::NotRecorded)
    }
}

impl TryFrom<wire::ServiceAccess> for ServiceRow {
    type Error = Unreadable;

    fn try_from(access: wire::ServiceAccess) -> Result<Self, Unreadable> {
        let reaches = access.reaches.into_iter().map(Reach::unrecorded).collect::<Result<_, Unreadable>>()?;
        Ok(Self { service: access.service, reaches })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proto::{
        history::v1::{ListUsesResponse, Use},
        time::timestamp,
    };

    use super::*;

    fn uses(used: bool) -> Uses {
        let now = portal_frame::samples::now();
        let function = Function::Director(portal_frame::samples::school_id()).to_string();
        let last = Use { function, action: "case.read".to_owned(), time: Some(timestamp(now)) };
        let answer = ListUsesResponse {
            uses: if used { vec![last] } else { Vec::new() },
            recorded_actions: vec!["case.read".to_owned()],
            from_time: Some(timestamp(now - TimeDelta::days(365))),
        };
        Uses::of([Some(answer)]).unwrap()
    }

    fn seems_too_wide(days: i64, action: &str, used: bool) -> bool {
        let (school, now) = (portal_frame::samples::school_id(), portal_frame::samples::now());
        let (data, level) = (DataKind::Incidents.into(), AccessLevel::Sees.into());
        let access = wire::FunctionAccess {
            function: Function::Director(school).to_string(),
            people: 1,
            start_time: Some(timestamp(now - TimeDelta::days(days))),
            reaches: vec![wire::Reach { data, level, reasons: Vec::new(), actions: vec![action.to_owned()] }],
            ..wire::FunctionAccess::default()
        };
        FunctionRow::of(access, school, &uses(used)).unwrap().seems_too_wide
    }

    #[test]
    fn a_function_seems_too_wide_when_nothing_on_record_was_done_with_it_for_as_long_as_is_looked_at() {
        assert!(seems_too_wide(400, "case.read", false));
        assert!(!seems_too_wide(400, "case.read", true), "it was used");
        assert!(!seems_too_wide(300, "case.read", false), "it has not been held for a year");
        assert!(!seems_too_wide(400, "device.read", false), "looking at devices leaves no trace");
    }
}
