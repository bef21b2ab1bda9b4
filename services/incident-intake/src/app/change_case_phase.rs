//! Moves a case to another phase.

use auth::{Action, Context};
use runtime::{CaseId, Error, Etag, Result};

use super::{App, acting_person, record_case::record_case};
use crate::{
    domain::{case::Case, phase::Phase},
    store,
};

/// Which phase a case goes to, forward or back.
#[derive(Debug, Clone)]
pub struct ChangeCasePhase {
    /// Which case.
    pub case_id: CaseId,
    /// Where it goes.
    pub phase: Phase,
    /// The case as the caller read it.
    pub etag: Etag,
}

/// Answers the case as it is now. Moving it to the phase it is in changes nothing.
pub async fn change_case_phase(app: &App, cx: &Context, asked: ChangeCasePhase) -> Result<Case> {
    let scope = cx.scope(Action::CaseChangePhase)?;
    acting_person(cx)?;

    let txn = app.database.begin().await?;
    let found = store::case::find_to_change(&txn, &scope, asked.case_id).await?;
    let mut case = found.ok_or_else(|| Error::not_found("case"))?;
    asked.etag.require(&case.etag())?;

    let reacted_before = case.reacted_at;
    let Some(change) = case.change_phase(asked.phase, cx.clock.now())? else { return Ok(case) };

    store::case::update(&txn, &case).await?;
    record_case(&txn, cx, &case, change, None).await?;
    txn.commit().await?;
    app.metrics.case_decided(&case, reacted_before);
    Ok(case)
}
