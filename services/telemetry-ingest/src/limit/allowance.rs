//! How much one sender may send: a rate limiter (GCRA, generic cell rate algorithm) that charges after admission.
//!
//! Before a body is read it is unknown how many events it holds. So a request is admitted as long as the burst is not used up,
//! then charged for all it held, and later ones wait until the rate has caught up. A request larger than the whole burst can thus
//! pass, the long-run rate holds, and a gateway over its rate is refused before its body is read and decompressed. (The
//! `governor` crate asks for the amount beforehand and never admits more than the burst, hence not used here.)
//!
//! An allowance is of one replica. What was charged to it is [reported](Allowance::take_unsettled) to the others, and the sum over all
//! replicas is [learnt](Allowance::learn): that can only make the gateway wait longer.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// So many a second, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub per_second: u64,
    /// After a pause.
    pub burst: u64,
}

impl Rate {
    /// Of so many senders together.
    pub const fn times(self, senders: u64) -> Self {
        Self { per_second: self.per_second.saturating_mul(senders), burst: self.burst.saturating_mul(senders) }
    }
}

/// What is left of a rate.
#[derive(Debug)]
pub struct Allowance {
    rate: Rate,
    /// When the rate will have caught up with all that was admitted (GCRA's theoretical arrival time), in nanoseconds on the scale of `now`.
    worked_off_at: AtomicU64,
    /// What was charged and not reported yet, in nanoseconds at the rate. Wraps around where there is no Redis.
    unsettled: AtomicU64,
}

impl Allowance {
    /// A full burst.
    pub fn new(rate: Rate) -> Self {
        Self { rate, worked_off_at: AtomicU64::new(0), unsettled: AtomicU64::new(0) }
    }

    /// Whether something may come in now. `now` counts from a fixed moment in the past.
    ///
    /// # Errors
    /// How long to wait.
    pub fn check(&self, now: Duration) -> Result<(), Duration> {
        let ahead = self.ahead(now);
        let too_far_ahead = ahead.saturating_sub(self.time_for(self.rate.burst));
        if too_far_ahead == 0 { Ok(()) } else { Err(Duration::from_nanos(too_far_ahead)) }
    }

    /// Whether there is use to report, or to learn from the others.
    pub fn is_in_use(&self, now: Duration) -> bool {
        self.unsettled.load(Relaxed) >= 1_000 || self.ahead(now) > 0
    }

    /// What was charged since the last call, in whole microseconds at the rate; the rest waits for the next call. For one
    /// caller at a time.
    pub fn take_unsettled(&self) -> Duration {
        let unsettled = self.unsettled.load(Relaxed);
        let whole = unsettled - unsettled % 1_000;
        self.unsettled.fetch_sub(whole, Relaxed);
        Duration::from_nanos(whole)
    }

    /// Forgets what was not reported in time and the rate has caught up with since.
    pub fn keep_what_is_owed(&self, now: Duration) {
        let ahead = self.ahead(now);
        self.unsettled.fetch_min(ahead, Relaxed);
    }

    /// Learns how far ahead of the rate all replicas together were at a moment, with all that was reported before.
    pub fn learn(&self, ahead: Duration, at: Duration) {
        let paid_since = self.unsettled.load(Relaxed);
        let worked_off_at = nanoseconds(at).saturating_add(nanoseconds(ahead)).saturating_add(paid_since);
        self.worked_off_at.fetch_max(worked_off_at, Relaxed);
    }

    /// Charges so many, for work that was done. Whether something may come in is asked [before](Allowance::check).
    pub fn charge(&self, amount: u64, now: Duration) {
        let (cost, now) = (self.time_for(amount), nanoseconds(now));
        let charged = |worked_off_at: u64| Some(worked_off_at.max(now).saturating_add(cost));
        let _always = self.worked_off_at.fetch_update(Relaxed, Relaxed, charged);
        self.owe(amount);
    }

    fn owe(&self, amount: u64) {
        self.unsettled.fetch_add(self.time_for(amount), Relaxed);
    }

    fn ahead(&self, now: Duration) -> u64 {
        self.worked_off_at.load(Relaxed).saturating_sub(nanoseconds(now))
    }

    fn time_for(&self, amount: u64) -> u64 {
        let nanoseconds = u128::from(amount) * 1_000_000_000 / u128::from(self.rate.per_second.max(1));
        u64::try_from(nanoseconds).unwrap_or(u64::MAX)
    }
}

fn nanoseconds(since: Duration) -> u64 {
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
