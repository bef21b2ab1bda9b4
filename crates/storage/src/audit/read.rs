//! Reads that are on record: what somebody got to see is a row and a security event before they get it.

use auth::Context;
use runtime::security::SecurityEvent;

use super::append::{Chain, Entry, append};
use crate::{Database, StoreResult};

/// Puts a read on record, in a transaction of its own.
///
/// # Errors
/// When the database refuses; then nothing may be shown.
pub async fn record_read(database: &Database, cx: &Context, event: SecurityEvent, chain: Chain, entry: Entry) -> StoreResult<()> {
    let (action, resource) = (entry.action, entry.resource.clone());
    append_all(database, cx, [(chain, entry)]).await?;
    event.record(&cx.actor(), action.name(), resource, "");
    Ok(())
}

/// Appends to several chains at once, in their order, so that two callers never wait for each other's.
pub(super) async fn append_all(database: &Database, cx: &Context, entries: impl IntoIterator<Item = (Chain, Entry)>) -> StoreResult<()> {
    let txn = database.begin_unguarded().await?;
    for (chain, entry) in entries {
        append(&txn, cx, chain, entry).await?;
    }
    txn.commit().await
}
