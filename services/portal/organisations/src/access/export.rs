//! Who sees what, in a file: a row for each function or service and each kind of data.

use portal_frame::{Language, answer::WireEnum as _, list::utc};
use serde::Serialize;

use super::{
    uses::LastUse,
    view::{FunctionRow, Reach, ServiceRow},
};

/// What one function or service reaches of one kind of data.
#[derive(Serialize)]
pub(crate) struct AccessRow {
    /// `director`; empty for a service.
    function: &'static str,
    service: String,
    people: Option<i64>,
    names: String,
    since: String,
    /// In the last 31 days.
    begun: i64,
    ended: i64,
    data: String,
    access: String,
    policies: String,
    /// In the visitor's language.
    why: String,
    last_used: String,
    /// `used`, `not_in_a_year`, `not_recorded`.
    use_on_record: &'static str,
}

impl AccessRow {
    pub(crate) fn of_function(row: &FunctionRow, language: Language) -> Vec<Self> {
        let of = |reach: &Reach| Self {
            function: row.function.role(),
            people: Some(row.people),
            names: row.names.join(", "),
            since: row.since.map(utc).unwrap_or_default(),
            begun: row.begun,
            ended: row.ended,
            ..Self::of(reach, String::new(), language)
        };
        row.reaches.iter().map(of).collect()
    }

    pub(crate) fn of_service(row: &ServiceRow, language: Language) -> Vec<Self> {
        row.reaches.iter().map(|reach| Self::of(reach, row.service.clone(), language)).collect()
    }

    fn of(reach: &Reach, service: String, language: Language) -> Self {
        let joined = |texts: Vec<&str>| texts.join(" | ");
        let (last_used, use_on_record) = match reach.last {
            LastUse::At(at) => (utc(at), "used"),
            LastUse::NotInAYear => (String::new(), "not_in_a_year"),
            LastUse::NotRecorded | LastUse::Unknown => (String::new(), "not_recorded"),
        };
        Self {
            function: "",
            service,
            people: None,
            names: String::new(),
            since: String::new(),
            begun: 0,
            ended: 0,
            data: reach.data.code(),
            access: reach.level.code(),
            policies: joined(reach.reasons.iter().map(|reason| reason.policy.as_str()).collect()),
            why: joined(reach.reasons.iter().map(|reason| reason.text(language)).collect()),
            last_used,
            use_on_record,
        }
    }
}
