//! How long to wait before trying again.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use chrono::{DateTime, Utc};

/// Half of the longest first pause; jitter adds up to as much again.
const FIRST: Duration = Duration::from_millis(125);
const LONGEST: Duration = Duration::from_secs(15);
/// Longest pause, whatever the server asks for: a person waits at the terminal.
const PATIENCE: Duration = Duration::from_secs(300);

/// Growing, jittered pauses, as many as were allowed.
#[derive(Debug)]
pub struct Backoff(ExponentialBackoff);

impl Backoff {
    /// At most so many pauses.
    pub fn new(retries: u32) -> Self {
        let pauses = ExponentialBuilder::new().with_min_delay(FIRST).with_max_delay(LONGEST).with_jitter();
        Self(pauses.with_max_times(retries as usize).build())
    }

    /// The next pause, at least as long as the server asked for; `None` when it is time to give up.
    pub fn pause(&mut self, asked: Option<Duration>) -> Option<Duration> {
        Some(self.0.next()?.max(asked.unwrap_or_default()).min(PATIENCE))
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    Some(date.duration_since(SystemTime::from(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let mut backoff = Backoff::new(12);
        let pauses: Vec<Duration> = std::iter::from_fn(|| backoff.pause(None)).collect();
        assert_eq!(pauses.len(), 12);
        assert!(pauses[0] >= FIRST && pauses[0] <= FIRST * 2);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST * 2));
        assert!(pauses[11] >= LONGEST);
    }

    #[test]
    fn the_server_is_given_the_time_it_asks_for_within_reason() {
        assert!(Backoff::new(1).pause(Some(Duration::from_secs(7))).unwrap() >= Duration::from_secs(7));
        assert_eq!(Backoff::new(1).pause(Some(Duration::from_secs(86_400))), Some(PATIENCE));
        assert_eq!(Backoff::new(0).pause(Some(Duration::ZERO)), None);
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 10:00:05 GMT", now), Some(Duration::from_secs(5)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 09:00:05 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }
}
