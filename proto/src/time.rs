//! Moments on the wire.

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// A moment as messages carry it.
pub fn timestamp(moment: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: moment.timestamp(), nanos: i32::try_from(moment.timestamp_subsec_nanos()).unwrap_or_default() }
}

/// The years a `Timestamp` may name, 0001 to 9999, in seconds: beyond them the stores do not agree on what comes first.
const IN_RANGE: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The moment in a message; `None` when it is out of range.
pub fn moment(timestamp: Timestamp) -> Option<DateTime<Utc>> {
    if !IN_RANGE.contains(&timestamp.seconds) {
        return None;
    }
    DateTime::from_timestamp(timestamp.seconds, u32::try_from(timestamp.nanos).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_the_wire() {
        let now: DateTime<Utc> = "2026-09-24T09:50:00.123456Z".parse().unwrap();
        assert_eq!(moment(timestamp(now)), Some(now));
    }

    #[test]
    fn a_moment_out_of_range_is_none() {
        assert_eq!(moment(Timestamp { seconds: i64::MAX, nanos: 0 }), None);
        assert_eq!(moment(Timestamp { seconds: 0, nanos: -1 }), None);
        let year_10000 = Timestamp { seconds: IN_RANGE.end() + 1, nanos: 0 };
        let year_0 = Timestamp { seconds: IN_RANGE.start() - 1, nanos: 0 };
        assert_eq!((moment(year_10000), moment(year_0)), (None, None));
        let first: DateTime<Utc> = "0001-01-01T00:00:00Z".parse().unwrap();
        let last: DateTime<Utc> = "9999-12-31T23:59:59Z".parse().unwrap();
        assert_eq!((moment(timestamp(first)), moment(timestamp(last))), (Some(first), Some(last)));
    }
}
