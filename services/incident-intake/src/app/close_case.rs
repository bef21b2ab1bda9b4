//! Is done with a case, and says why.

use auth::{Action, Context};
use runtime::{CaseId, Error, Result};

use super::{App, acting_person, record::record, record_alert::refused, require_etag};
use crate::{
    domain::{case::Case, change::CloseReason, words::ReasonWords},
    store,
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct CloseCase {
    /// Which case.
    pub case_id: CaseId,
    /// Why.
    pub reason: CloseReason,
    /// In words.
    pub text: ReasonWords,
    /// The case as the caller read it.
    pub etag: String,
}

/// See the module.
pub async fn close_case(app: &App, cx: &Context, asked: CloseCase) -> Result<Case> {
    let scope = cx.scope(Action::CaseClose)?;
    let me = acting_person(cx)?;

    let txn = app.database.begin().await?;
    let found = store::case::find_to_change(&txn, &scope, asked.case_id).await?;
    let mut case = found.ok_or_else(|| Error::not_found("case"))?;
    require_etag(&asked.etag, &case)?;

    let reacted_before = case.reacted_at;
    let change = case.close(asked.reason, asked.text, me, cx.clock.now()).map_err(refused)?;

    store::case::update(&txn, &case).await?;
    record(&txn, cx, &case, change, None).await?;
    txn.commit().await?;
    app.metrics.case_decided(&case, reacted_before);
    app.metrics.case_closed(&case, asked.reason);
    Ok(case)
}
