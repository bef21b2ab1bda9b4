//! Who made a file of a list is on record at each school that the list is of, once an hour.
//!
//! Audit rows are never deleted: without a bound, an account that makes the same file again and again would fill the database.

use auth::{Action, Context, Resource, Scope};
use moka::future::Cache;
use runtime::{SchoolId, security::SecurityEvent};

use super::{
    append::{Chain, Entry},
    read::append_all,
};
use crate::{Database, StoreResult};

const WINDOW_SECONDS: i64 = 3_600;
/// Rows of an hour that this replica remembers; one that is forgotten early is written again.
const REMEMBERED: u64 = 100_000;

/// Exports that are on record already: by whom, of what, at which school (without one: of all), in which hour.
#[derive(Debug, Clone)]
pub struct Exports(Cache<(String, Action, Option<SchoolId>, i64), ()>);

impl Default for Exports {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Exports {
    /// Puts on record that a list of so many rows becomes a file: in the chain of reads of each school that it is of, or the platform's when
    /// it is of all, where the caller has no row of this hour yet. Every file is a security event.
    ///
    /// # Errors
    /// When the database refuses; then nothing may be shown.
    pub async fn record(&self, database: &Database, cx: &Context, action: Action, schools: &Scope<SchoolId>, rows: i64) -> StoreResult<()> {
        let window = cx.clock.now().timestamp().div_euclid(WINDOW_SECONDS);
        let key = |school: Option<SchoolId>| (cx.actor(), action, school, window);
        let of: Vec<Option<SchoolId>> = match schools {
            Scope::Everything => vec![None],
            Scope::Only(schools) => schools.iter().copied().map(Some).collect(),
        };
        let missing: Vec<Option<SchoolId>> = of.iter().copied().filter(|school| !self.0.contains_key(&key(*school))).collect();
        if !missing.is_empty() {
            let entry = |school| Entry { action, resource: named(school), detail: serde_json::json!({ "rows": rows }) };
            let chain = |school: Option<SchoolId>| school.map_or(Chain::Platform, Chain::ReadsOfSchool);
            let entries: Vec<(Chain, Entry)> = missing.iter().map(|school| (chain(*school), entry(*school))).collect();
            append_all(database, cx, entries).await?;
        }
        for school in missing {
            self.0.insert(key(school), ()).await;
        }
        let resource = if let [only] = of.as_slice() { named(*only) } else { format!("schools:{}", of.len()) };
        SecurityEvent::Exported.record(&cx.actor(), action.name(), resource, "");
        Ok(())
    }
}

fn named(school: Option<SchoolId>) -> String {
    school.map_or_else(|| Resource::Platform.to_string(), |school| Resource::from(school).to_string())
}
