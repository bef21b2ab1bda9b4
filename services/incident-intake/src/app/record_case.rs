//! Records what happened to a case, in the transaction in which it happened: the case itself, a row in the school's audit chain
//! and an entry in the timeline for each change, and one event for everybody else.

use auth::{Action, Context};
use events::{Topic, outbox};
use runtime::{RequestId, Result};
use storage::{
    Txn,
    audit::{self, Chain, Entry, fingerprint},
};

use super::acting_person;
use crate::{
    domain::{
        case::Case,
        change::{CaseChange, TimelineEntry},
        person::Person,
    },
    outbound::case_event,
    store,
};

/// Records a change of a case that is stored already, and tells everybody else. Answers its entry in the timeline.
pub(super) async fn record_case(
    txn: &Txn,
    cx: &Context,
    case: &Case,
    change: CaseChange,
    request_id: Option<RequestId>,
) -> Result<TimelineEntry> {
    publish(txn, cx, case, change.into_str()).await?;
    enter(txn, cx, case, change, request_id).await
}

/// Writes a change into the audit chain and the timeline.
pub(super) async fn enter(
    txn: &Txn,
    cx: &Context,
    case: &Case,
    change: CaseChange,
    request_id: Option<RequestId>,
) -> Result<TimelineEntry> {
    let actor = match cx.principal().person_id() {
        Some(_) => Some(acting_person(txn, cx).await?),
        None => None,
    };
    if let Some(person) = &actor {
        store::person::remember(txn, person).await?;
    }
    let row = Entry { action: action_of(&change), resource: format!("case:{}", case.id), detail: audited(case, &change) };
    let receipt = audit::append(txn, cx, Chain::School(case.school.id), row).await?;
    let audit_hash = receipt.short_hash();
    let entry = TimelineEntry { id: cx.ids.next(), at: receipt.at, actor, change, audit_seq: receipt.seq, audit_hash };
    store::timeline::add(txn, case.id, &entry, request_id).await?;
    Ok(entry)
}

/// Tells everybody else how the case stands now.
pub(super) async fn publish(txn: &Txn, cx: &Context, case: &Case, change: &'static str) -> Result<()> {
    outbox::add(txn, Topic::Case, case_event(cx, case, change)).await
}

const fn action_of(change: &CaseChange) -> Action {
    match change {
        CaseChange::Opened { .. } | CaseChange::AlertAttached { .. } | CaseChange::SeverityRaised { .. } => Action::CaseOpen,
        CaseChange::Assigned { .. } => Action::CaseAssign,
        CaseChange::PhaseChanged { .. } => Action::CaseChangePhase,
        CaseChange::NoteAdded { .. } => Action::CaseNote,
        CaseChange::Closed { .. } => Action::CaseClose,
        CaseChange::Reopened { .. } => Action::CaseReopen,
    }
}

/// The change without what people wrote: the chain holds its fingerprint, so that a text altered afterwards shows, and one that
/// must be erased can be.
fn audited(case: &Case, change: &CaseChange) -> serde_json::Value {
    let person = |person: &Option<Person>| person.as_ref().map(|person| person.id.to_string());
    match change {
        CaseChange::Opened { threshold } => serde_json::json!({
            "change": change.into_str(), "reference": case.reference.to_string(), "signature_id": case.signature.id, "class": case.class_id,
            "content_version": case.content_version, "threshold": threshold.into_str(), "severity": case.severity.level(),
            "alerts": case.tally.alerts, "events": case.tally.events,
        }),
        CaseChange::AlertAttached { alert_id, new_events } => {
            serde_json::json!({ "change": change.into_str(), "alert": alert_id.to_string(), "new_events": new_events, "alerts": case.tally.alerts })
        }
        CaseChange::SeverityRaised { from, to } => {
            serde_json::json!({ "change": change.into_str(), "from": from.level(), "to": to.level() })
        }
        CaseChange::Assigned { from, to } => serde_json::json!({ "change": change.into_str(), "from": person(from), "to": person(to) }),
        CaseChange::PhaseChanged { from, to } => {
            serde_json::json!({ "change": change.into_str(), "from": from.into_str(), "to": to.into_str() })
        }
        CaseChange::NoteAdded { text, tlp } => {
            serde_json::json!({ "change": change.into_str(), "tlp": tlp.into_str(), "text_sha256": fingerprint(text.as_str()) })
        }
        CaseChange::Closed { reason, text } => {
            serde_json::json!({ "change": change.into_str(), "reason": reason.into_str(), "text_sha256": fingerprint(text.as_str()) })
        }
        CaseChange::Reopened { text } => serde_json::json!({ "change": change.into_str(), "text_sha256": fingerprint(text.as_str()) }),
    }
}
