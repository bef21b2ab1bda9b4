//! Who got to see a list of a school, or made a file of one, is on record at each school that the list is of, once an hour.
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

/// What is on record already: who did what, at which school (without one: at all), in which hour.
#[derive(Debug, Clone)]
pub struct OnRecord(Cache<(String, Action, Option<SchoolId>, i64), ()>);

impl Default for OnRecord {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl OnRecord {
    /// Puts on record that a list of so many rows becomes a file: in the chain of reads of each school that it is of, or the platform's when
    /// it is of all, where the caller has no row of this hour yet. Every file is a security event.
    ///
    /// # Errors
    /// When the database refuses; then nothing may be shown.
    pub async fn export(&self, database: &Database, cx: &Context, action: Action, schools: &Scope<SchoolId>, rows: i64) -> StoreResult<()> {
        let of: Vec<Option<SchoolId>> = match schools {
            Scope::Everything => vec![None],
            Scope::Only(schools) => schools.iter().copied().map(Some).collect(),
        };
        self.once_an_hour(database, cx, action, &of, serde_json::json!({ "rows": rows })).await?;
        let resource = if let [only] = of.as_slice() { named(*only) } else { format!("schools:{}", of.len()) };
        SecurityEvent::Exported.record(&cx.actor(), action.name(), resource, "");
        Ok(())
    }

    /// Puts on record that the caller reads this of a school, where they have no row of this hour yet.
    ///
    /// # Errors
    /// When the database refuses; then nothing may be shown.
    pub async fn read(&self, database: &Database, cx: &Context, action: Action, school: SchoolId) -> StoreResult<()> {
        self.once_an_hour(database, cx, action, &[Some(school)], serde_json::json!({})).await
    }

    async fn once_an_hour(
        &self,
        database: &Database,
        cx: &Context,
        action: Action,
        of: &[Option<SchoolId>],
        detail: serde_json::Value,
    ) -> StoreResult<()> {
        let window = cx.clock.now().timestamp().div_euclid(WINDOW_SECONDS);
        let key = |school: Option<SchoolId>| (cx.actor(), action, school, window);
        let missing: Vec<Option<SchoolId>> = of.iter().copied().filter(|school| !self.0.contains_key(&key(*school))).collect();
        if !missing.is_empty() {
            let entry = |school| Entry { action, resource: named(school), detail: detail.clone() };
            let chain = |school: Option<SchoolId>| school.map_or(Chain::Platform, Chain::ReadsOfSchool);
            let entries: Vec<(Chain, Entry)> = missing.iter().map(|school| (chain(*school), entry(*school))).collect();
            append_all(database, cx, entries).await?;
        }
        for school in missing {
            self.0.insert(key(school), ()).await;
        }
        Ok(())
    }
}

fn named(school: Option<SchoolId>) -> String {
    school.map_or_else(|| Resource::Platform.to_string(), |school| Resource::from(school).to_string())
}
