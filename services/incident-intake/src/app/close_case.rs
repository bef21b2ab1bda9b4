//! Is done with a case, and says why.

use auth::{Action, Context};
use runtime::{CaseId, Error, Etag, Result};

use super::{App, acting_person, record_case::record_case};
use crate::{
    domain::{case::Case, close_reason::CloseReason, words::ReasonWords},
    store,
};

/// Why a case is closed, as a reason that is counted and in words.
#[derive(Debug, Clone)]
pub struct CloseCase {
    /// Which case.
    pub case_id: CaseId,
    /// Why.
    pub reason: CloseReason,
    /// In words.
    pub text: ReasonWords,
    /// The case as the caller read it.
    pub etag: Etag,
}

/// Answers the case as it is now, and counts how long it was open.
pub async fn close_case(app: &App, cx: &Context, asked: CloseCase) -> Result<Case> {
    let scope = cx.scope(Action::CaseClose)?;
    let me = acting_person(cx)?;

    let txn = app.database.begin().await?;
    let found = store::case::find_to_change(&txn, &scope, asked.case_id).await?;
    let mut case = found.ok_or_else(|| Error::not_found("case"))?;
    asked.etag.require(&case.etag())?;

    let reacted_before = case.reacted_at;
    let change = case.close(asked.reason, asked.text, me, cx.clock.now())?;

    store::case::update(&txn, &case).await?;
    record_case(&txn, cx, &case, change, None).await?;
    txn.commit().await?;
    app.metrics.case_decided(&case, reacted_before);
    app.metrics.case_closed(&case, asked.reason);
    Ok(case)
}
