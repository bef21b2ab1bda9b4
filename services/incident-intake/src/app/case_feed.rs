//! From the event log to those who watch the queue.

use chrono::{DateTime, Utc};
use runtime::{CaseId, SchoolId};
use tokio::sync::broadcast;

/// Changes a watcher may be behind.
pub(super) const BUFFERED: usize = 1_024;

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseNews {
    /// One case.
    Changed {
        /// Whose it is.
        school_id: SchoolId,
        case_id: CaseId,
        /// For people.
        reference: String,
        /// Whether it is new.
        opened: bool,
        at: DateTime<Utc>,
    },
    /// Anything may have changed.
    Anything,
}

/// From the event log to those who watch.
#[derive(Debug, Clone)]
pub struct CaseFeed(pub(super) broadcast::Sender<CaseNews>);

impl CaseFeed {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(BUFFERED))
    }

    /// Tells all who watch now.
    pub fn tell(&self, news: CaseNews) {
        // Nobody watching is no trouble.
        let _watchers = self.0.send(news);
    }
}
