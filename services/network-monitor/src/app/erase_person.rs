//! Erases the name of a person who kept alerts quiet. Their id stays, in the audit trail too.
//!
//! No person calls this: the service does, when identity's topic says that two operators decided it.

use auth::{Action, Context, Resource};
use runtime::{PersonId, Result};
use storage::Txn;

use crate::store;

/// From the suppressions that they made.
pub async fn erase_person(cx: &Context, txn: &Txn, person: PersonId) -> Result<()> {
    cx.require(Action::ErasureRun, Resource::Platform)?;
    Ok(store::suppression::erase_name(txn, person).await?)
}
