//! When something happened, as far as a sensor's clock can be believed.

use chrono::{DateTime, TimeDelta, Utc};

/// How far a sensor's clock may be ahead before it is taken to be wrong.
const AHEAD: TimeDelta = TimeDelta::minutes(10);

/// 2010-01-01T00:00:00Z. Small gateways without a battery start in 1970 or in the year they were made.
const EARLIEST: i64 = 1_262_304_000;

/// The moment to use for an event: its own, or that of receipt when the sensor's clock is plainly wrong.
///
/// An event is worth more than its clock: a gateway that lost the time must not make a school's alerts disappear, nor
/// make a device look busy next year.
pub fn believable(told: DateTime<Utc>, received: DateTime<Utc>) -> DateTime<Utc> {
    let ahead = told > received + AHEAD;
    let before_any_sensor = told.timestamp() < EARLIEST;
    if ahead || before_any_sensor { received } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_replaced_by_the_moment_of_receipt() {
        let received: DateTime<Utc> = "2026-09-24T09:50:00Z".parse().unwrap();
        for wrong in ["1970-01-01T00:03:00Z", "2026-09-24T10:00:01Z", "2031-01-01T00:00:00Z"] {
            assert_eq!(believable(wrong.parse().unwrap(), received), received, "{wrong}");
        }
    }

    #[test]
    fn late_events_keep_their_own_time() {
        let received: DateTime<Utc> = "2026-09-24T09:50:00Z".parse().unwrap();
        for right in ["2018-03-24T17:15:20Z", "2026-09-24T09:49:00Z", "2026-09-24T10:00:00Z"] {
            let told = right.parse().unwrap();
            assert_eq!(believable(told, received), told, "{right}");
        }
    }
}
