//! Reads that are on record: what somebody got to see is a row and a security event before they get it.

use auth::{Action, Context, Scope};
use runtime::{SchoolId, security::SecurityEvent};

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

/// Puts on record that a list of so many rows becomes a file: in the chain of reads of each school that it is of, or the platform's when
/// it is of all.
///
/// # Errors
/// When the database refuses; then nothing may be shown.
pub async fn record_export(database: &Database, cx: &Context, action: Action, schools: &Scope<SchoolId>, rows: i64) -> StoreResult<()> {
    let entry = |resource| Entry { action, resource, detail: serde_json::json!({ "rows": rows }) };
    let entries: Vec<(Chain, Entry)> = match schools {
        Scope::Everything => vec![(Chain::Platform, entry("platform".to_owned()))],
        // In their order, so that two exports never wait for each other's schools.
        Scope::Only(schools) => schools.iter().map(|school| (Chain::ReadsOfSchool(*school), entry(format!("school:{school}")))).collect(),
    };
    // One event for one file.
    let resource = match entries.as_slice() {
        [(_, only)] => only.resource.clone(),
        several => format!("schools:{}", several.len()),
    };
    append_all(database, cx, entries).await?;
    SecurityEvent::Exported.record(&cx.actor(), action.name(), resource, "");
    Ok(())
}

async fn append_all(database: &Database, cx: &Context, entries: impl IntoIterator<Item = (Chain, Entry)>) -> StoreResult<()> {
    let txn = database.begin().await?;
    for (chain, entry) in entries {
        append(&txn, cx, chain, entry).await?;
    }
    txn.commit().await
}
