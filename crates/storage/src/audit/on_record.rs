//! Who got to see a list of a school, or made a file of one, is on record at each school that the list is of, once an hour; of what a board
//! has, at the board.
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

/// What is on record already: who did what, at which place, in which hour.
#[derive(Debug, Clone)]
pub struct OnRecord(Cache<(String, Action, Resource, i64), ()>);

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
        let of: Vec<Resource> = match schools {
            Scope::Everything => vec![Resource::Platform],
            Scope::Only(schools) => schools.iter().copied().map(Resource::School).collect(),
        };
        self.once_an_hour(database, cx, action, &of, serde_json::json!({ "rows": rows })).await?;
        let resource = if let [only] = of.as_slice() { only.to_string() } else { format!("schools:{}", of.len()) };
        SecurityEvent::Exported.record(&cx.actor(), action.name(), resource, "");
        Ok(())
    }

    /// The same of what one organisation has.
    ///
    /// # Errors
    /// When the database refuses; then nothing may be shown.
    pub async fn export_of(&self, database: &Database, cx: &Context, action: Action, place: Resource, rows: i64) -> StoreResult<()> {
        self.once_an_hour(database, cx, action, &[place], serde_json::json!({ "rows": rows })).await?;
        SecurityEvent::Exported.record(&cx.actor(), action.name(), place, "");
        Ok(())
    }

    /// Puts on record that the caller reads this of a school, where they have no row of this hour yet.
    ///
    /// # Errors
    /// When the database refuses; then nothing may be shown.
    pub async fn read(&self, database: &Database, cx: &Context, action: Action, school: SchoolId) -> StoreResult<()> {
        self.once_an_hour(database, cx, action, &[school.into()], serde_json::json!({})).await
    }

    async fn once_an_hour(
        &self,
        database: &Database,
        cx: &Context,
        action: Action,
        of: &[Resource],
        detail: serde_json::Value,
    ) -> StoreResult<()> {
        let window = cx.clock.now().timestamp().div_euclid(WINDOW_SECONDS);
        let key = |place: Resource| (cx.actor(), action, place, window);
        let missing: Vec<Resource> = of.iter().copied().filter(|place| !self.0.contains_key(&key(*place))).collect();
        if !missing.is_empty() {
            let entry = |place: Resource| Entry { action, resource: place.to_string(), detail: detail.clone() };
            let entries: Vec<(Chain, Entry)> = missing.iter().map(|place| (chain_of(*place), entry(*place))).collect();
            append_all(database, cx, entries).await?;
        }
        for place in missing {
            self.0.insert(key(place), ()).await;
        }
        Ok(())
    }
}

/// Where reads and exports of a place are on record.
fn chain_of(place: Resource) -> Chain {
    match place {
        Resource::School(school) => Chain::ReadsOfSchool(school),
        Resource::Board(board) => Chain::Board(board),
        Resource::Vendor(vendor) => Chain::Vendor(vendor),
        _ => Chain::Platform,
    }
}
