//! OTLP's messages as far as they are read, and how they are put together.

use bytes::Bytes;
use prost::{
    Message,
    encoding::{WireType, encode_key, encode_varint},
};

pub(super) const RESOURCE_LOGS: u32 = 1;
pub(super) const RESOURCE: u32 = 1;
pub(super) const SCOPE_LOGS: u32 = 2;
pub(super) const LOG_RECORDS: u32 = 2;

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

/// The kinds of an `AnyValue`.
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
    /// `ArrayValue`.
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    /// `KeyValueList`.
    #[prost(message, tag = "6")]
    Kvlist(KeyValueList),
    /// Bytes; agents that do not decode the line send it so.
    #[prost(bytes = "bytes", tag = "7")]
    Bytes(Bytes),
}

/// Elements of any type, as JSON's array.
#[derive(Clone, PartialEq, Message)]
pub struct ArrayValue {
    /// Its elements.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<AnyValue>,
}

/// Members by name, as JSON's object.
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
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

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

/// A request with this record alone.
pub fn request_of(record: &[u8], resource: &[KeyValue]) -> Vec<u8> {
    let mut scope_logs = Vec::new();
    write_field(LOG_RECORDS, record, &mut scope_logs);
    let mut resource_logs = Vec::new();
    write_field(RESOURCE, &Resource { attributes: resource.to_vec() }.encode_to_vec(), &mut resource_logs);
    write_field(SCOPE_LOGS, &scope_logs, &mut resource_logs);
    let mut request = Vec::new();
    write_field(RESOURCE_LOGS, &resource_logs, &mut request);
    request
}

fn write_field(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}
