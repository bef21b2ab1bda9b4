//! Writes a note in a case.

use auth::{Action, Context};
use runtime::{CaseId, Error, RequestId, Result};

use super::{App, acting_person, record_case::record_case};
use crate::{
    domain::{
        change::{CaseChange, TimelineEntry},
        tlp::Tlp,
        words::NoteWords,
    },
    store,
};

/// A note. It needs no etag, because it decides nothing.
#[derive(Debug, Clone)]
pub struct AddCaseNote {
    /// Which case.
    pub case_id: CaseId,
    /// The note.
    pub text: NoteWords,
    /// Who may read it.
    pub tlp: Tlp,
    /// Unique for this caller and case.
    pub request_id: Option<RequestId>,
}

/// Answers its entry in the timeline; the one written before, when the request is a repetition.
pub async fn add_case_note(app: &App, cx: &Context, asked: AddCaseNote) -> Result<TimelineEntry> {
    let scope = cx.scope(Action::CaseNote)?;
    let me = acting_person(cx)?;

    let txn = app.database.begin().await?;
    let found = store::case::find_to_change(&txn, &scope, asked.case_id).await?;
    let mut case = found.ok_or_else(|| Error::not_found("case"))?;
    let change = CaseChange::NoteAdded { text: asked.text, tlp: asked.tlp };
    if let Some(request_id) = asked.request_id
        && let Some(before) = store::timeline::find_by_request(&txn, case.id, &me, request_id).await?
    {
        RequestId::require_repetition(before.change == change)?;
        return Ok(before);
    }

    case.note(cx.clock.now());

    store::case::update(&txn, &case).await?;
    let entry = record_case(&txn, cx, &case, change, asked.request_id).await?;
    txn.commit().await?;
    Ok(entry)
}
