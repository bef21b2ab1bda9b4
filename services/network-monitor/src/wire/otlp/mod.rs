//! OTLP logs requests, as protobuf and as JSON.
//!
//! A request is walked, never decoded as a whole: what is in memory at a time is one resource and one record, and both have a
//! bound. Of these only the members that can hold an event are declared; prost skips the rest. Text is kept as bytes that point
//! into the request, so decoding copies nothing and one text that is not UTF-8 spoils nothing. A broken record costs only itself.

mod json;
pub mod message;
mod protobuf;

pub use json::each_in_json;
pub use protobuf::each_in_protobuf;

use self::message::LogRecord;
use super::reading::{BatchError, Original};

/// The most bytes of a log record, and of a resource, that are decoded: telemetry-ingest takes no larger ones. Decoded, a member
/// of two bytes takes seventy.
const MOST_BYTES: usize = 512 * 1024;

/// A record of a request: decoded, or what could not be.
pub type Decoded<'a> = Result<LogRecord, Original<'a>>;

fn within_bound(part: &'static str, bytes: usize) -> Result<(), BatchError> {
    if bytes > MOST_BYTES { Err(BatchError::PartTooLarge { part, limit: MOST_BYTES }) } else { Ok(()) }
}
