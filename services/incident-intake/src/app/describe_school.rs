//! Keeps the copy of what identity says of schools.
//!
//! No person calls this: the service does, when identity's compacted topic says so. It changes nothing but names and whom to call.

use auth::{Action, Context};
use runtime::{Result, SchoolId};
use storage::Txn;

use crate::{domain::school::School, store};

/// Stores what a school is called now, also in its cases.
pub async fn describe_school(cx: &Context, txn: &Txn, school: &School) -> Result<()> {
    cx.require(Action::CaseOpen, school.id)?;
    store::school::lock(txn, school.id).await?;
    store::school::save(txn, school).await?;
    Ok(store::case::describe_school(txn, school).await?)
}

/// Identity no longer has this school. Its cases stay, under the name it had.
pub async fn forget_school(cx: &Context, txn: &Txn, id: SchoolId) -> Result<()> {
    cx.require(Action::CaseOpen, id)?;
    Ok(store::school::remove(txn, id).await?)
}
