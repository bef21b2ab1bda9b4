//! How much one gateway may send: a generic cell rate algorithm that lets a gateway go into debt once.
//!
//! Before a body is read nobody knows how many events it holds. So a request is let in as long as the burst is not used up,
//! then pays for all it held, and later ones wait until the debt is worked off. A request larger than the whole burst can thus
//! pass, the long-run rate holds, and a gateway over its rate is refused before its body is read and decompressed. (The
//! `governor` crate asks for the amount beforehand and never admits more than the burst, hence not used here.)

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

/// What is left of a rate.
#[derive(Debug)]
pub struct Allowance {
    rate: Rate,
    /// When all that was admitted would be worked off at the rate, in nanoseconds since the same beginning as `now`.
    worked_off_at: AtomicU64,
}

impl Allowance {
    /// A full burst.
    pub fn new(rate: Rate) -> Self {
        Self { rate, worked_off_at: AtomicU64::new(0) }
    }

    /// Whether something may come in now. `now` counts from a fixed moment in the past.
    ///
    /// # Errors
    /// How long to wait.
    pub fn check(&self, now: Duration) -> Result<(), Duration> {
        let ahead = self.worked_off_at.load(Relaxed).saturating_sub(nanoseconds(now));
        let too_far_ahead = ahead.saturating_sub(self.time_for(self.rate.burst));
        if too_far_ahead == 0 { Ok(()) } else { Err(Duration::from_nanos(too_far_ahead)) }
    }

    /// Pays for so many.
    ///
    /// # Errors
    /// How long to wait, when others have used the burst up since [`Allowance::check`]; nothing is paid then.
    pub fn pay(&self, amount: u64, now: Duration) -> Result<(), Duration> {
        let cost = self.time_for(amount);
        let now = nanoseconds(now);
        let allowed_ahead = self.time_for(self.rate.burst);
        let paid = self.worked_off_at.fetch_update(Relaxed, Relaxed, |worked_off_at| {
            let within_burst = worked_off_at.saturating_sub(now) <= allowed_ahead;
            within_burst.then(|| worked_off_at.max(now).saturating_add(cost))
        });
        paid.map(drop).map_err(|worked_off_at| Duration::from_nanos(worked_off_at.saturating_sub(now).saturating_sub(allowed_ahead)))
    }

    /// Takes back a payment just made.
    fn undo(&self, amount: u64) {
        let cost = self.time_for(amount);
        let undone = |worked_off_at: u64| Some(worked_off_at.saturating_sub(cost));
        let _always = self.worked_off_at.fetch_update(Relaxed, Relaxed, undone);
    }

    fn time_for(&self, amount: u64) -> u64 {
        let nanoseconds = u128::from(amount) * 1_000_000_000 / u128::from(self.rate.per_second.max(1));
        u64::try_from(nanoseconds).unwrap_or(u64::MAX)
    }
}

/// Pays from both allowances, or from neither, so that whoever is refused does not pay again when they come back.
///
/// # Errors
/// As [`Allowance::pay`].
pub fn pay_both([first, second]: [(&Allowance, u64); 2], now: Duration) -> Result<(), Duration> {
    first.0.pay(first.1, now)?;
    second.0.pay(second.1, now).inspect_err(|_wait| first.0.undo(first.1))
}

fn nanoseconds(since: Duration) -> u64 {
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
        for _ in 0..21 {
            allowance.pay(1, NOW).unwrap();
        }
        assert_eq!(allowance.check(NOW), Err(Duration::from_millis(100)));
        assert_eq!(allowance.pay(1, NOW), Err(Duration::from_millis(100)));
        assert_eq!(allowance.check(NOW + Duration::from_millis(100)), Ok(()));
    }

    #[test]
    fn more_than_a_burst_passes_once_and_is_worked_off() {
        let allowance = Allowance::new(Rate { per_second: 10, burst: 20 });
        allowance.pay(120, NOW).unwrap();
        assert_eq!(allowance.check(NOW), Err(Duration::from_secs(10)));
        assert_eq!(allowance.check(NOW + Duration::from_secs(10)), Ok(()));
    }

    #[test]
    fn what_one_allowance_refuses_costs_nothing_of_the_other() {
        let rate = Rate { per_second: 10, burst: 20 };
        let (events, bytes) = (Allowance::new(rate), Allowance::new(rate));
        bytes.pay(120, NOW).unwrap();
        assert_eq!(pay_both([(&events, 21), (&bytes, 1)], NOW), Err(Duration::from_secs(10)));
        assert_eq!(events.pay(20, NOW), Ok(()));
        assert_eq!(events.check(NOW), Ok(()), "all of the burst was left");
        pay_both([(&events, 1), (&bytes, 1)], NOW + Duration::from_secs(10)).unwrap();
    }

    proptest! {
        #[test]
        fn in_the_long_run_no_more_passes_than_the_rate(
            per_second in 1_u64..1_000_000,
            burst in 0_u64..100_000,
            steps in prop::collection::vec((0_u64..50_000, 0_u64..2_000), 1..200),
        ) {
            let allowance = Allowance::new(Rate { per_second, burst });
            let (mut now, mut passed, mut largest) = (NOW, 0_u128, 0_u128);
            for (amount, pause_ms) in steps {
                now += Duration::from_millis(pause_ms);
                let checked = allowance.check(now);
                let paid = allowance.pay(amount, now);
                prop_assert_eq!(checked, paid);
                if paid.is_ok() {
                    passed += u128::from(amount);
                    largest = largest.max(u128::from(amount));
                }
                if let Err(wait) = paid {
                    prop_assert!(allowance.check(now + wait).is_ok());
                }
            }
            let by_rate = u128::from(per_second) * (now - NOW).as_nanos() / 1_000_000_000;
            prop_assert!(passed <= by_rate + u128::from(burst) + largest + 1);
        }
    }
}
