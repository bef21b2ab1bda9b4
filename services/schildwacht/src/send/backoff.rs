//! How long to wait before trying again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::Rng;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);
/// However long a server asks for: somebody is waiting at a terminal.
const PATIENCE: Duration = Duration::from_secs(300);

/// Growing, jittered pauses, as many as were allowed.
#[derive(Debug)]
pub struct Backoff {
    left: u32,
    next: Duration,
}

impl Backoff {
    /// At most so many pauses.
    pub const fn new(retries: u32) -> Self {
        Self { left: retries, next: FIRST }
    }

    /// The next pause, at least as long as the server asked for; `None` when it is time to give up.
    pub fn pause(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let own = self.next.mul_f64(rand::rng().random_range(0.5..=1.0));
        self.next = (self.next * 2).min(LONGEST);
        Some(own.max(asked.unwrap_or_default()).min(PATIENCE))
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(value.trim()).ok()?;
    Some(date.signed_duration_since(now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let mut backoff = Backoff::new(12);
        let pauses: Vec<Duration> = std::iter::from_fn(|| backoff.pause(None)).collect();
        assert_eq!(pauses.len(), 12);
        assert!(pauses[0] >= FIRST / 2 && pauses[0] <= FIRST);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST));
        assert!(pauses[11] >= LONGEST / 2);
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
