//! Writes a note in a case.

use auth::{Action, Context};
use runtime::{CaseId, Error, Result};

use super::{App, acting_person, record::record};
use crate::{
    domain::{
        change::{CaseChange, TimelineEntry, Tlp},
        words::NoteWords,
    },
    store,
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct AddCaseNote {
    /// Which case.
    pub case_id: CaseId,
    /// The note.
    pub text: NoteWords,
    /// Who may read it.
    pub tlp: Tlp,
    /// What the caller calls this request: the same again writes nothing again.
    pub request_id: Option<String>,
}

/// See the module.
pub async fn add_case_note(app: &App, cx: &Context, asked: AddCaseNote) -> Result<TimelineEntry> {
    let scope = cx.scope(Action::CaseNote)?;
    let me = acting_person(cx)?;

    let txn = app.database.begin().await?;
    let found = store::case::find_to_change(&txn, &scope, asked.case_id).await?;
    let mut case = found.ok_or_else(|| Error::not_found("case"))?;
    let change = CaseChange::NoteAdded { text: asked.text, tlp: asked.tlp };
    if let Some(request_id) = &asked.request_id
        && let Some(before) = store::timeline::find_by_request(&txn, case.id, &me, request_id).await?
    {
        return the_same_again(before, &change);
    }

    case.note(cx.clock.now());

    store::case::update(&txn, &case).await?;
    let entry = record(&txn, cx, &case, change, asked.request_id.as_deref()).await?;
    txn.commit().await?;
    Ok(entry)
}

fn the_same_again(before: TimelineEntry, change: &CaseChange) -> Result<TimelineEntry> {
    if before.change != *change {
        return Err(Error::failed_precondition("request_id_reused", "this request_id wrote another note; take a new request_id"));
    }
    Ok(before)
}
