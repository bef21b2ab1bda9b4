//! Who made a file of a list is on record at each school that the list is of, once an hour.
//!
//! Audit rows are never deleted: without a bound, an account that makes the same file again and again would fill the database.

use std::collections::BTreeSet;

use auth::{Action, Context, Scope};
use moka::future::Cache;
use runtime::{SchoolId, security::SecurityEvent};

use crate::{Database, StoreResult, audit::record_export};

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
    /// Puts on record that a list of so many rows becomes a file, where the caller has no row of this hour yet.
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
        let missing: Vec<Option<SchoolId>> = of.into_iter().filter(|school| !self.0.contains_key(&key(*school))).collect();
        if missing.is_empty() {
            // A file is a security event all the same.
            SecurityEvent::Exported.record(&cx.actor(), action.name(), named(schools), "");
            return Ok(());
        }
        let missing_schools: BTreeSet<SchoolId> = missing.iter().copied().flatten().collect();
        let scope = if missing_schools.is_empty() { Scope::Everything } else { Scope::Only(missing_schools) };
        record_export(database, cx, action, &scope, rows).await?;
        for school in missing {
            self.0.insert(key(school), ()).await;
        }
        Ok(())
    }
}

fn named(schools: &Scope<SchoolId>) -> String {
    match schools {
        Scope::Everything => "platform".to_owned(),
        Scope::Only(schools) if schools.len() > 1 => format!("schools:{}", schools.len()),
        Scope::Only(schools) => schools.iter().map(|school| format!("school:{school}")).collect(),
    }
}
