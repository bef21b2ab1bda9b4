//! Erases the name of a person who worked on cases. Their id stays: it says that one person did several things.
//!
//! No person calls this: the service does, when identity's topic says that two operators decided it.

use auth::{Action, Context, Resource};
use runtime::{PersonId, Result};
use storage::Txn;

use crate::store;

/// Nobody gives them a case from now on, unless they work on one again.
pub async fn erase_person(cx: &Context, txn: &Txn, person: PersonId) -> Result<()> {
    cx.require(Action::ErasureRun, Resource::Platform)?;
    store::case::lock_schools_of(txn, person).await?;
    store::person::remove(txn, person).await?;
    store::case::erase_name(txn, person).await?;
    Ok(store::timeline::erase_name(txn, person).await?)
}
