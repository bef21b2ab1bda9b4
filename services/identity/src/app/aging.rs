//! What goes when its period is over, and what hangs on it.

use auth::Context;
use events::{Topic, outbox};
use runtime::Result;
use storage::{Txn, retention::Aging};
use uuid::Uuid;

use crate::{outbound::person_forgotten, store};

/// How the rows of identity, and its mail, grow old.
pub fn aging() -> Vec<Aging> {
    let own = store::aging(|txn, cx, ids| Box::pin(remove_appointments(txn, cx, ids)));
    [own, mail::aging()].concat()
}

/// People go with the last of what they held. Other services hear of it by a tombstone.
async fn remove_appointments(txn: &Txn, cx: &Context, ids: Vec<Uuid>) -> Result<()> {
    let people = store::remove_appointments(txn, ids).await?;
    for person in store::remove_people(txn, &people).await? {
        outbox::add(txn, Topic::Function, person_forgotten(cx, person)).await?;
    }
    Ok(())
}
