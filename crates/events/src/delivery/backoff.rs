//! Pauses between attempts: longer each time, never the same for all replicas.

use std::time::Duration;

use runtime::Shutdown;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait before the next attempt.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: FIRST }
    }

    /// After a success.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// Waits, or returns early when told to stop.
    pub(super) async fn pause(&mut self, shutdown: &Shutdown) {
        shutdown.sleep(jittered(self.next)).await;
        self.next = (self.next * 2).min(LONGEST);
    }
}

/// Up to half as long again, so that replicas do not come back together.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0_u8];
    // Without randomness the pause is merely not spread.
    let _unspread = getrandom::fill(&mut byte);
    pause + pause.mul_f64(f64::from(byte[0]) / 512.0)
}
