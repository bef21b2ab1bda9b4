//! A case of the queue in a file.

use portal_frame::{answer::WireEnum as _, language::Language, list::utc, words::Terms};
use serde::Serialize;

use super::listed::ListedCase;

/// Files are in English.
const ENGLISH: Terms = Terms(Language::English);

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
        let (rsit, reacted) = (case.rsit(), case.reacted().map(utc));
        let [react_by, resolve_by] = [case.reaction(), case.resolution()].map(|target| target.map(|target| utc(target.due)));
        Self {
            reference: case.wire.reference,
            case_id: case.wire.case_id,
            severity: case.severity.code(),
            phase: case.phase.code(),
            title_nl: case.title.nl,
            title_en: case.title.en,
            school: case.wire.school_name,
            school_id: case.wire.school_id,
            municipality: case.wire.municipality,
            assignee: case.wire.assignee.map(|assignee| ENGLISH.named(&assignee.name).to_owned()).unwrap_or_default(),
            rsit,
            signature: case.wire.signature,
            alerts: case.wire.alert_count,
            events: case.wire.event_count,
            opened: utc(case.opened),
            react_by,
            reacted,
            resolve_by,
            close_reason: case.closing.map(|closing| closing.reason.code()),
            tlp: case.tlp.label(),
            first_devices: devices.first.join(", "),
            device_count: devices.total,
        }
    }
}
