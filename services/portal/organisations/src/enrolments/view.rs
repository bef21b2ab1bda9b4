//! An organisation in the list, as the page and its files need it.

use chrono::{DateTime, Utc};
use portal_frame::{
    answer::{Unreadable, WireEnum as _, moment, required_text},
    list::utc,
};
use proto::identity::v1::{Enrolment, EnrolmentLevel, enrolment::Organisation};
use serde::Serialize;

use crate::enrolment::Subject;

/// An organisation, and how far it is proven.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EnrolmentRow {
    pub(crate) subject: Subject,
    pub(crate) name: String,
    pub(crate) number: String,
    pub(crate) level: EnrolmentLevel,
    /// When the level falls, if nothing is renewed.
    pub(crate) ends: Option<DateTime<Utc>>,
}

impl TryFrom<Enrolment> for EnrolmentRow {
    type Error = Unreadable;

    fn try_from(enrolment: Enrolment) -> Result<Self, Unreadable> {
        let subject = match enrolment.organisation {
            Some(Organisation::SchoolId(id)) => id.parse().ok().map(Subject::School),
            Some(Organisation::VendorId(id)) => id.parse().ok().map(Subject::Vendor),
            None => None,
        };
        Ok(Self {
            subject: subject.ok_or(Unreadable("enrolment.organisation"))?,
            level: EnrolmentLevel::known(enrolment.level, "enrolment.level")?,
            name: required_text(enrolment.name, "enrolment.name")?,
            number: required_text(enrolment.number, "enrolment.number")?,
            ends: moment(enrolment.level_end_time),
        })
    }
}

/// The same in a file.
#[derive(Serialize)]
pub(crate) struct ExportRow {
    kind: &'static str,
    id: String,
    name: String,
    number: String,
    level: String,
    level_end_time: String,
}

impl From<EnrolmentRow> for ExportRow {
    fn from(row: EnrolmentRow) -> Self {
        let (kind, id) = match row.subject {
            Subject::School(id) => ("school", id.to_string()),
            Subject::Vendor(id) => ("vendor", id.to_string()),
        };
        let level_end_time = row.ends.map(utc).unwrap_or_default();
        Self { kind, id, name: row.name, number: row.number, level: row.level.code(), level_end_time }
    }
}
