//! Domain values in protobuf, for the events and the answers that share them.

mod alert;

use chrono::{DateTime, Utc};

/// A moment as protobuf has it.
pub fn timestamp(moment: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: moment.timestamp(), nanos: i32::try_from(moment.timestamp_subsec_nanos()).unwrap_or_default() }
}

/// A moment as we have it; `None` when protobuf's is out of range.
pub fn moment(timestamp: prost_types::Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(timestamp.seconds, u32::try_from(timestamp.nanos).ok()?)
}
