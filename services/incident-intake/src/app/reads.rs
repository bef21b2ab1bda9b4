//! Who read a case is on record: a row in the chain of reads of the school.

use auth::{Action, Context};
use moka::future::Cache;
use runtime::{CaseId, Error, Result, security::SecurityEvent};
use storage::{
    Database,
    audit::{Chain, Entry, record_read},
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
            let entry = Entry { action: Action::CaseRead, resource: format!("case:{}", case.id), detail: serde_json::json!({}) };
            record_read(database, cx, SecurityEvent::CaseRead, Chain::ReadsOfSchool(case.school.id), entry).await.map_err(Error::from)
        });
        recorded.await.map_err(|error| Error::unavailable("read_not_recorded", error))
    }
}
