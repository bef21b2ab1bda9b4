//! Moments on the wire.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// A moment as messages carry it.
pub fn timestamp(moment: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: moment.timestamp(), nanos: i32::try_from(moment.timestamp_subsec_nanos()).unwrap_or_default() }
}

/// The moment in a message; `None` when it is out of range.
pub fn moment(timestamp: Timestamp) -> Option<DateTime<Utc>> {
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
    }
}
