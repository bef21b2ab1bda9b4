//! Who read a case, and who exported a list of them, is on record: a row in the chain of reads of the school.

use auth::{Action, Context};
use moka::future::Cache;
use runtime::{CaseId, Error, Result, SchoolId, security::SecurityEvent};
use storage::{
    Database,
    audit::{self, Chain, Entry},
};

use crate::domain::case::Case;

/// A person opens a case again and again while they work on it: one row for each of them, each case and each hour says it.
const WINDOW_SECONDS: i64 = 3_600;
/// Readers and cases of an hour that this replica remembers; one that is forgotten early gets a second row.
const REMEMBERED: u64 = 100_000;

/// Reads that are on record already.
#[derive(Debug, Clone)]
pub(super) struct Reads(Cache<(String, CaseId, i64), ()>);

impl Reads {
    pub(super) fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    /// Puts on record that the caller reads this case, before they get it. A page asks several things of one case at once: they wait for the
    /// same row.
    pub(super) async fn record(&self, database: &Database, cx: &Context, case: &Case) -> Result<()> {
        let window = cx.clock.now().timestamp().div_euclid(WINDOW_SECONDS);
        let key = (cx.actor(), case.id, window);
        let recorded = self.0.try_get_with(key, async {
            let resource = format!("case:{}", case.id);
            let entry = Entry { action: Action::CaseRead, resource: resource.clone(), detail: serde_json::json!({}) };
            append(database, cx, Chain::ReadsOfSchool(case.school.id), entry).await?;
            SecurityEvent::CaseRead.record(&cx.actor(), Action::CaseRead.name(), resource, "");
            Ok::<_, Error>(())
        });
        recorded.await.map_err(|error| Error::unavailable("read_not_recorded", error))
    }
}

/// Puts on record that the caller makes a file of a list, before they get its first page.
pub(super) async fn record_export(database: &Database, cx: &Context, school: Option<SchoolId>, cases: i64) -> Result<()> {
    let (chain, resource) = match school {
        Some(school) => (Chain::ReadsOfSchool(school), format!("school:{school}")),
        None => (Chain::Platform, "platform".to_owned()),
    };
    let entry = Entry { action: Action::CaseExport, resource: resource.clone(), detail: serde_json::json!({ "cases": cases }) };
    append(database, cx, chain, entry).await?;
    SecurityEvent::Exported.record(&cx.actor(), Action::CaseExport.name(), resource, "");
    Ok(())
}

async fn append(database: &Database, cx: &Context, chain: Chain, entry: Entry) -> Result<()> {
    let txn = database.begin().await?;
    audit::append(&txn, cx, chain, entry).await?;
    txn.commit().await?;
    Ok(())
}
