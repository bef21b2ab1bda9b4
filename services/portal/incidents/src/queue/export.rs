//! A case of the queue in a file.

use portal_frame::{answer::WireEnum as _, list::utc};
use serde::Serialize;

use super::listed::ListedCase;

/// A case in a file. Names are stable; moments are RFC 3339 in UTC.
#[derive(Serialize)]
pub(crate) struct CaseRow {
    reference: String,
    case_id: String,
    severity: String,
    phase: String,
    title_nl: String,
    title_en: String,
    school: String,
    school_id: String,
    municipality: String,
    assignee: String,
    rsit: String,
    signature: String,
    alerts: i64,
    events: i64,
    opened: String,
    react_by: Option<String>,
    reacted: Option<String>,
    resolve_by: Option<String>,
    close_reason: Option<String>,
    tlp: &'static str,
    /// Of the first three in the evidence, by name or address, with a comma between them.
    first_devices: String,
    device_count: i64,
}

impl From<ListedCase> for CaseRow {
    fn from(ListedCase { case, devices }: ListedCase) -> Self {
        Self {
            reference: case.reference,
            case_id: case.id,
            severity: case.severity.code(),
            phase: case.phase.code(),
            title_nl: case.title.nl,
            title_en: case.title.en,
            school: case.school_name,
            school_id: case.school_id,
            municipality: case.municipality,
            assignee: case.assignee.map(|assignee| assignee.name).unwrap_or_default(),
            rsit: case.rsit,
            signature: case.signature,
            alerts: case.alerts,
            events: case.events,
            opened: utc(case.opened),
            react_by: case.react_by.map(utc),
            reacted: case.reacted.map(utc),
            resolve_by: case.resolve_by.map(utc),
            close_reason: case.closing.map(|closing| closing.reason.code()),
            tlp: case.tlp.label(),
            first_devices: devices.first.join(", "),
            device_count: devices.total,
        }
    }
}
