//! Removes what a consumer no longer needs: events in the inbox that no topic can deliver again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use storage::{Database, StoreResult};

use super::inbox;
use crate::Topic;

/// For clocks that differ, and transactions that wait.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// What to prune of one consumer.
#[derive(Debug, Clone)]
pub struct Pruning {
    pub database: Database,
    /// Those it consumes.
    pub topics: &'static [Topic],
}

impl Pruning {
    /// Returns how many events were forgotten; what fails is done by the next run.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn run(&self, now: DateTime<Utc>) -> StoreResult<u64> {
        // The last record of a key of a compacted topic may come again at any time, and then says what it said before.
        let longest = self.topics.iter().filter_map(|topic| topic.longest_kept()).max().unwrap_or_default();
        inbox::prune(&self.database, before(now, longest + MARGIN)).await
    }
}

/// The beginning of time, where that is further back than there is.
fn before(now: DateTime<Utc>, age: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(age).ok().and_then(|age| now.checked_sub_signed(age)).unwrap_or(DateTime::UNIX_EPOCH)
}
