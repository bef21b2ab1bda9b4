//! Knows a person again who was erased.

use auth::Context;
use events::{Topic, outbox};
use runtime::{PersonId, Result};
use storage::{Txn, audit};

use crate::outbound::person_known_again;

/// They take a function: if they were erased, their name is kept again from now on, everywhere.
pub(super) async fn know_again(txn: &Txn, cx: &Context, person: PersonId) -> Result<()> {
    if audit::know_again(txn, person).await? {
        outbox::add(txn, Topic::Erasure, person_known_again(cx, person)).await?;
    }
    Ok(())
}
