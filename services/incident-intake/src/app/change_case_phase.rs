//! Moves a case to another phase.

use auth::{Action, Context};
use runtime::{CaseId, Error, Result};

use super::{App, acting_person, record::record, record_alert::refused, require_etag};
use crate::{
    domain::case::{Case, Phase},
    store,
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct ChangeCasePhase {
    /// Which case.
    pub case_id: CaseId,
    /// Where it goes.
    pub phase: Phase,
    /// The case as the caller read it.
    pub etag: String,
}

/// See the module.
pub async fn change_case_phase(app: &App, cx: &Context, asked: ChangeCasePhase) -> Result<Case> {
    let scope = cx.scope(Action::CaseChangePhase)?;
    acting_person(cx)?;

    let txn = app.database.begin().await?;
    let found = store::case::find_to_change(&txn, &scope, asked.case_id).await?;
    let mut case = found.ok_or_else(|| Error::not_found("case"))?;
    require_etag(&asked.etag, &case)?;

    let reacted_before = case.reacted_at;
    let Some(change) = case.change_phase(asked.phase, cx.clock.now()).map_err(refused)? else { return Ok(case) };

    store::case::update(&txn, &case).await?;
    record(&txn, cx, &case, change, None).await?;
    txn.commit().await?;
    app.metrics.case_decided(&case, reacted_before);
    Ok(case)
}
