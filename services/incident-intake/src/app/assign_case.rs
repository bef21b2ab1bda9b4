//! Gives a case to somebody, or back.

use auth::{Action, Context};
use runtime::{CaseId, Error, Etag, PersonId, Result};
use storage::Txn;

use super::{App, acting_person, record_case::record_case};
use crate::{
    domain::{case::Case, person::Person},
    store,
};

/// Who is to work on a case.
#[derive(Debug, Clone)]
pub struct AssignCase {
    /// Which case.
    pub case_id: CaseId,
    /// To whom.
    pub to: AssignTo,
    /// The case as the caller read it.
    pub etag: Etag,
}

/// To whom a case goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignTo {
    /// The caller.
    Me,
    /// Somebody who has worked on cases before.
    Person(PersonId),
    /// Back to the queue.
    Nobody,
}

/// Answers the case as it is now. Giving it to who has it changes nothing.
pub async fn assign_case(app: &App, cx: &Context, asked: AssignCase) -> Result<Case> {
    let scope = cx.scope(Action::CaseAssign)?;
    let me = acting_person(cx)?;

    let txn = app.database.begin().await?;
    let found = store::case::find_to_change(&txn, &scope, asked.case_id).await?;
    let mut case = found.ok_or_else(|| Error::not_found("case"))?;
    asked.etag.require(&case.etag())?;
    let to = resolve(&txn, asked.to, me).await?;

    let reacted_before = case.reacted_at;
    let Some(change) = case.assign(to, cx.clock.now())? else { return Ok(case) };

    store::case::update(&txn, &case).await?;
    record_case(&txn, cx, &case, change, None).await?;
    txn.commit().await?;
    app.metrics.case_decided(&case, reacted_before);
    Ok(case)
}

async fn resolve(txn: &Txn, to: AssignTo, me: Person) -> Result<Option<Person>> {
    match to {
        AssignTo::Nobody => Ok(None),
        AssignTo::Me => Ok(Some(me)),
        AssignTo::Person(id) if id == me.id => Ok(Some(me)),
        AssignTo::Person(id) => {
            let known = store::person::find(&**txn, id).await?;
            let unknown =
                || Error::invalid_field("assignee", "this person has not worked on a case yet; they can take the case themselves");
            known.map(Some).ok_or_else(unknown)
        }
    }
}
