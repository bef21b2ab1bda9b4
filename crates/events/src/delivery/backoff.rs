//! Pauses between attempts: longer each time, never the same for all replicas.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use runtime::Shutdown;

/// Jitter adds up to as much again.
const LONGEST: Duration = Duration::from_secs(20);
const PAUSES: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(Duration::from_millis(200)).with_max_delay(LONGEST).with_jitter().without_max_times();

/// How long to wait before the next attempt.
#[derive(Debug)]
pub(super) struct Backoff(ExponentialBackoff);

impl Backoff {
    pub(super) fn new() -> Self {
        Self(PAUSES.build())
    }

    /// After a success.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }

    /// Waits, or returns early when told to stop.
    pub(super) async fn pause(&mut self, shutdown: &Shutdown) {
        shutdown.sleep(self.0.next().unwrap_or(LONGEST)).await;
    }
}
