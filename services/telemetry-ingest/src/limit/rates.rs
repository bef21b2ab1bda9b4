//! The rate limits of one sender: a gateway, or all gateways of a school together.

use std::time::Duration;

use super::{Allowance, Rate};

/// How much may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    pub events: Rate,
    /// In bytes after decompression.
    pub bytes: Rate,
}

impl RateLimits {
    /// Of so many senders together.
    pub const fn times(self, senders: u64) -> Self {
        Self { events: self.events.times(senders), bytes: self.bytes.times(senders) }
    }
}

/// What is left of it.
#[derive(Debug)]
pub struct Rates {
    pub events: Allowance,
    pub bytes: Allowance,
}

impl Rates {
    /// Full bursts.
    pub fn new(limits: RateLimits) -> Self {
        Self { events: Allowance::new(limits.events), bytes: Allowance::new(limits.bytes) }
    }

    /// Whether something may come in now.
    ///
    /// # Errors
    /// How long to wait.
    pub fn check(&self, now: Duration) -> Result<(), Duration> {
        self.events.check(now).and_then(|()| self.bytes.check(now))
    }

    /// Charges work that was done.
    pub fn charge(&self, events: u64, bytes: u64, now: Duration) {
        self.events.charge(events, now);
        self.bytes.charge(bytes, now);
    }

    /// Whether there is use to report, or to learn from the others.
    pub fn are_in_use(&self, now: Duration) -> bool {
        self.events.is_in_use(now) || self.bytes.is_in_use(now)
    }

    /// As [`Allowance::keep_what_is_owed`].
    pub fn keep_what_is_owed(&self, now: Duration) {
        self.events.keep_what_is_owed(now);
        self.bytes.keep_what_is_owed(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_or_bytes_alone_are_use() {
        let rate = Rate { per_second: 10, burst: 20 };
        let now = Duration::from_secs(1_000);
        for (events, bytes, in_use) in [(0, 0, false), (5, 0, true), (0, 5, true)] {
            let rates = Rates::new(RateLimits { events: rate, bytes: rate });
            rates.charge(events, bytes, now);
            assert_eq!(rates.are_in_use(now), in_use, "{events} events, {bytes} bytes");
        }
    }
}
