//! Takes a closed case up again.

use auth::{Action, Context};
use runtime::{CaseId, Error, Etag, Result};

use super::{App, acting_person, record_case::record_case};
use crate::{
    domain::{case::Case, words::ReasonWords},
    store,
};

/// Why a closed case is taken up again.
#[derive(Debug, Clone)]
pub struct ReopenCase {
    /// Which case.
    pub case_id: CaseId,
    /// Why.
    pub text: ReasonWords,
    /// The case as the caller read it.
    pub etag: Etag,
}

/// Answers the case as it is now. Refused when another open case has its signature or one of its alerts.
pub async fn reopen_case(app: &App, cx: &Context, asked: ReopenCase) -> Result<Case> {
    let scope = cx.scope(Action::CaseReopen)?;
    acting_person(cx)?;

    let txn = app.database.begin().await?;
    let found = store::case::find_to_change(&txn, &scope, asked.case_id).await?;
    let mut case = found.ok_or_else(|| Error::not_found("case"))?;
    asked.etag.require(&case.etag())?;

    let now = cx.clock.now();
    let targets = &app.content_at(now)?.body.targets;
    let change = case.reopen(asked.text, targets, now)?;
    // The same signature has come back since: that case goes on.
    if let Some(newer) = store::case::find_open_of_signature(&txn, case.school.id, &case.signature.id).await? {
        let advice = format!("{} is open for the same signature at this school; work on that one", newer.reference);
        return Err(Error::failed_precondition("newer_case_open", advice));
    }
    // An alert belongs to one open case at most: what it tells next must go somewhere.
    if let Some(other) = store::case::find_open_sharing_evidence(&txn, &case).await? {
        let advice = format!("{} is open and has alerts of this case as evidence; work on that one, or close it first", other.reference);
        return Err(Error::failed_precondition("evidence_in_open_case", advice));
    }

    store::case::update(&txn, &case).await?;
    record_case(&txn, cx, &case, change, None).await?;
    txn.commit().await?;
    Ok(case)
}
