//! OTLP logs requests, as protobuf and as JSON.
//!
//! A request is walked, never decoded as a whole: what is in memory at a time is one resource and one record, and both have a
//! bound. Of these only the members that can hold an event are declared; prost skips the rest. Text is kept as bytes that point
//! into the request, so decoding copies nothing and one text that is not UTF-8 spoils nothing. A broken record costs only itself.

mod json;
mod protobuf;

use bytes::Bytes;
use prost::Message;

pub use json::{JsonRequest, each_in_json};
pub use protobuf::{each_in_protobuf, request_of};

use super::reading::{BatchError, Original};

/// The most bytes of a log record, and of a resource, that are decoded: telemetry-ingest takes no larger ones. Decoded, a member
/// of two bytes takes seventy.
const MOST_BYTES: usize = 512 * 1024;

/// What the records below it have in common.
#[derive(Clone, PartialEq, Message)]
pub struct Resource {
    /// What the agent added to all of them.
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<KeyValue>,
}

/// A log record.
#[derive(Clone, PartialEq, Message)]
pub struct LogRecord {
    /// When it happened, nanoseconds since 1970; 0 when unknown.
    #[prost(fixed64, tag = "1")]
    pub time_unix_nano: u64,
    /// When the agent saw it.
    #[prost(fixed64, tag = "11")]
    pub observed_time_unix_nano: u64,
    /// Usually the line.
    #[prost(message, optional, tag = "5")]
    pub body: Option<AnyValue>,
    /// What the agent added, or the parsed line.
    #[prost(message, repeated, tag = "6")]
    pub attributes: Vec<KeyValue>,
}

/// A value of any type.
#[derive(Clone, PartialEq, Message)]
pub struct AnyValue {
    /// `None` is null.
    #[prost(oneof = "Value", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub value: Option<Value>,
}

/// A value.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Value {
    /// Text; should be UTF-8.
    #[prost(bytes = "bytes", tag = "1")]
    Text(Bytes),
    /// True or false.
    #[prost(bool, tag = "2")]
    Bool(bool),
    /// A whole number.
    #[prost(int64, tag = "3")]
    Integer(i64),
    /// Any other number.
    #[prost(double, tag = "4")]
    Float(f64),
    /// A list.
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    /// A structure.
    #[prost(message, tag = "6")]
    Kvlist(KeyValueList),
    /// Bytes; agents that do not decode the line send it so.
    #[prost(bytes = "bytes", tag = "7")]
    Bytes(Bytes),
}

/// A list.
#[derive(Clone, PartialEq, Message)]
pub struct ArrayValue {
    /// Its elements.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<AnyValue>,
}

/// A structure.
#[derive(Clone, PartialEq, Message)]
pub struct KeyValueList {
    /// Its members.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<KeyValue>,
}

/// A member.
#[derive(Clone, PartialEq, Message)]
pub struct KeyValue {
    /// Its name; should be UTF-8.
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    /// Its value.
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

/// A record of a request: decoded, or what could not be.
pub type Decoded<'a> = Result<LogRecord, Original<'a>>;

impl AnyValue {
    /// As plain JSON, for the dead letters and for the alert's evidence.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            None => Json::Null,
            Some(Value::Text(text) | Value::Bytes(text)) => Json::String(String::from_utf8_lossy(text).into_owned()),
            Some(Value::Bool(truth)) => Json::Bool(*truth),
            Some(Value::Integer(number)) => Json::from(*number),
            Some(Value::Float(number)) => Json::from(*number),
            Some(Value::Array(list)) => Json::Array(list.values.iter().map(Self::to_json).collect()),
            Some(Value::Kvlist(list)) => members_to_json(&list.values),
        }
    }
}

/// Members as a plain JSON object.
pub fn members_to_json(members: &[KeyValue]) -> serde_json::Value {
    let pairs = members.iter().map(|member| {
        let value = member.value.as_ref().map_or(serde_json::Value::Null, AnyValue::to_json);
        (String::from_utf8_lossy(&member.key).into_owned(), value)
    });
    serde_json::Value::Object(pairs.collect())
}

fn within_bound(part: &'static str, bytes: usize) -> Result<(), BatchError> {
    if bytes > MOST_BYTES { Err(BatchError::PartTooLarge { part, limit: MOST_BYTES }) } else { Ok(()) }
}
