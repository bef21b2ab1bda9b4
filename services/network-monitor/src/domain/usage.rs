//! How much a device is used: distinct quarter-hours with traffic, per Brussels day.
//!
//! Counting quarter-hours instead of traffic says how busy a laptop cart or a board is without saying anything about
//! what anybody did on it.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::{Europe::Brussels, Tz};

const SECONDS: i64 = 15 * 60;

/// A quarter-hour, counted from 1970 in UTC. Brussels is whole hours from UTC, so its quarters are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(i64);

impl Quarter {
    /// The quarter-hour in which a moment falls.
    pub fn of(moment: DateTime<Utc>) -> Self {
        Self(moment.timestamp().div_euclid(SECONDS))
    }

    /// The Brussels day and the place in it: 0 is the quarter after midnight; 91, 95 or 99 the last one, since the days
    /// on which the clock changes have 23 or 25 hours.
    pub fn brussels(self) -> (NaiveDate, u8) {
        let start = DateTime::from_timestamp(self.0.saturating_mul(SECONDS), 0).unwrap_or_default();
        let day = start.with_timezone(&Brussels).date_naive();
        let since_midnight = (start - midnight(day)).num_seconds() / SECONDS;
        (day, u8::try_from(since_midnight).unwrap_or(0).min(DaySlots::LAST))
    }
}

/// When a device was seen within one quarter-hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The quarter-hour.
    pub quarter: Quarter,
    /// The first moment in it.
    pub first: DateTime<Utc>,
    /// The last moment in it.
    pub last: DateTime<Utc>,
}

/// The start of a Brussels day.
pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    let wall_clock = day.and_time(NaiveTime::MIN);
    // Since 1945 the clock never changed at midnight, so the fallback is for dates no sensor sends.
    Brussels.from_local_datetime(&wall_clock).earliest().map_or_else(|| wall_clock.and_utc(), |local: DateTime<Tz>| local.to_utc())
}

/// The Brussels day of a moment.
pub fn day_of(moment: DateTime<Utc>) -> NaiveDate {
    moment.with_timezone(&Brussels).date_naive()
}

/// The first day whose use is kept, of so many days before today.
pub fn first_kept(now: DateTime<Utc>, days: u32) -> NaiveDate {
    day_of(now).checked_sub_days(Days::new(days.into())).unwrap_or_default()
}

/// The days up to and including `last`, oldest first.
pub fn days_until(last: NaiveDate, count: u64) -> impl Iterator<Item = NaiveDate> {
    (0..count).rev().filter_map(move |back| last.checked_sub_days(Days::new(back)))
}

/// The quarter-hours of one day in which a device was seen, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaySlots(u128);

impl DaySlots {
    const LAST: u8 = 99;

    /// From two halves as the store keeps them.
    pub const fn from_halves(low: i64, high: i64) -> Self {
        Self((low.cast_unsigned() as u128) | ((high.cast_unsigned() as u128) << 64))
    }

    /// Two halves, low bits first. A bitwise or of halves is the union of days.
    pub const fn halves(self) -> (i64, i64) {
        let low = (self.0 & u64::MAX as u128) as u64;
        let high = (self.0 >> 64) as u64;
        (low.cast_signed(), high.cast_signed())
    }

    /// Marks a quarter-hour.
    pub fn mark(&mut self, slot: u8) {
        self.0 |= 1 << slot.min(Self::LAST);
    }

    /// Adds what another saw.
    pub fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// How many quarter-hours, 0 to 100.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(moment: &str) -> (String, u8) {
        let (day, slot) = Quarter::of(moment.parse().unwrap()).brussels();
        (day.to_string(), slot)
    }

    #[test]
    fn a_day_begins_at_midnight_in_brussels() {
        assert_eq!(place("2026-01-14T22:59:59Z"), ("2026-01-14".to_owned(), 95));
        assert_eq!(place("2026-01-14T23:00:00Z"), ("2026-01-15".to_owned(), 0));
        assert_eq!(place("2026-07-14T22:00:00Z"), ("2026-07-15".to_owned(), 0));
        assert_eq!(place("2026-07-14T21:59:59Z"), ("2026-07-14".to_owned(), 95));
    }

    #[test]
    fn the_hour_that_comes_twice_counts_twice() {
        // 25 October 2026 has 25 hours: 02:30 comes at 00:30Z and again at 01:30Z.
        assert_eq!(place("2026-10-25T00:30:00Z"), ("2026-10-25".to_owned(), 10));
        assert_eq!(place("2026-10-25T01:30:00Z"), ("2026-10-25".to_owned(), 14));
        assert_eq!(place("2026-10-25T22:59:00Z"), ("2026-10-25".to_owned(), 99));
        // 29 March 2026 has 23.
        assert_eq!(place("2026-03-29T21:59:00Z"), ("2026-03-29".to_owned(), 91));
    }

    #[test]
    fn the_last_seven_days_come_oldest_first() {
        let days: Vec<String> = days_until("2026-03-02".parse().unwrap(), 3).map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-02-28", "2026-03-01", "2026-03-02"]);
    }

    proptest! {
        #[test]
        fn different_quarters_take_different_places(a in 0_i64..200_000, b in 0_i64..200_000) {
            // From 2018 on, some six years of quarter-hours.
            let (one, other) = (Quarter(1_683_000 + a), Quarter(1_683_000 + b));
            prop_assert_eq!(one == other, one.brussels() == other.brussels());
        }

        #[test]
        fn slots_survive_the_store_and_count_once(marks in proptest::collection::vec(0_u8..100, 0..200)) {
            let mut slots = DaySlots::default();
            for slot in &marks {
                slots.mark(*slot);
            }
            let distinct: std::collections::BTreeSet<u8> = marks.into_iter().collect();
            prop_assert_eq!(slots.count() as usize, distinct.len());
            let (low, high) = slots.halves();
            prop_assert_eq!(DaySlots::from_halves(low, high), slots);
        }
    }
}
