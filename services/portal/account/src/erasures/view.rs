//! A proposal as the page needs it.

use auth::Function;
use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::answer::{Unreadable, required_moment, required_text};
use proto::identity::v1 as wire;

/// Somebody is to be erased.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    pub(crate) id: String,
    pub(crate) person_id: String,
    /// Empty where identity knows none.
    pub(crate) name: String,
    pub(crate) reason: String,
    pub(crate) expires: DateTime<Utc>,
    /// What ends.
    pub(crate) functions: Vec<Function>,
    /// Whether a place is then without anybody who looks after its people.
    pub(crate) leaves_a_place: bool,
    /// By the visitor, who therefore cannot agree.
    pub(crate) is_own: bool,
    pub(crate) etag: String,
}

impl Proposal {
    /// `me` as audit rows name the visitor.
    pub(crate) fn read(erasure: wire::Erasure, me: &str) -> Result<Self, Unreadable> {
        let functions: Option<_> = erasure.functions.iter().map(|function| function.parse().ok()).collect();
        Ok(Self {
            is_own: erasure.proposed_by == me,
            id: required_text(erasure.erasure_id, "erasure.erasure_id")?,
            person_id: required_text(erasure.person_id, "erasure.person_id")?,
            name: erasure.name,
            reason: erasure.reason,
            expires: required_moment(erasure.expire_time, "erasure.expire_time")?,
            functions: functions.ok_or(Unreadable("erasure.functions"))?,
            leaves_a_place: !erasure.last_functions.is_empty(),
            etag: erasure.etag,
        })
    }

    /// Made-up ones: of somebody who holds much, by a colleague; of somebody who is not known, by the visitor.
    pub(crate) fn samples() -> [Self; 2] {
        let known = Self {
            id: "0190c0de-0000-7000-8000-0000000000d1".to_owned(),
            person_id: "0190c0de-0000-7000-8000-0000000000a2".to_owned(),
            name: "Karim Benali".to_owned(),
            reason: "Verzoek 2026-114".to_owned(),
            expires: portal_frame::samples::now() + TimeDelta::days(5),
            functions: vec![
                Function::Director(portal_frame::samples::school_id()),
                Function::IctCoordinator(portal_frame::samples::school_id()),
            ],
            leaves_a_place: true,
            is_own: false,
            etag: "etag".to_owned(),
        };
        let unknown = Self { name: String::new(), functions: Vec::new(), leaves_a_place: false, is_own: true, ..known.clone() };
        [known, unknown]
    }
}
