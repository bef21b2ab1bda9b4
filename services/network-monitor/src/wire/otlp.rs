//! OTLP logs requests, as protobuf and as JSON.
//!
//! Only the members that can hold an event are declared; prost skips the rest. Text is kept as bytes that point into the
//! request, so decoding copies nothing and one text that is not UTF-8 spoils nothing. Each record is decoded on its own:
//! a broken one costs only itself.

use std::borrow::Cow;

use bytes::Bytes;
use prost::Message;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::reading::{BatchError, Original};

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_logs: Vec<ScopeLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeLogs {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    log_records: Vec<Bytes>,
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

impl LogRecord {
    /// A request with this record alone.
    pub fn to_request(&self, resource: &[KeyValue]) -> Vec<u8> {
        request_of(self.encode_to_vec().into(), resource)
    }
}

fn request_of(record: Bytes, resource: &[KeyValue]) -> Vec<u8> {
    let resource = Some(Resource { attributes: resource.to_vec() });
    let scope_logs = vec![ScopeLogs { log_records: vec![record] }];
    Request { resource_logs: vec![ResourceLogs { resource, scope_logs }] }.encode_to_vec()
}

/// Hands out the records of a protobuf request, each with the attributes of its resource.
pub fn each_in_protobuf(request: Bytes, mut each: impl FnMut(Decoded<'_>, &[KeyValue])) -> Result<(), BatchError> {
    let request = Request::decode(request).map_err(|error| BatchError::MalformedRequest { detail: error.to_string() })?;
    for resource_logs in &request.resource_logs {
        let attributes = resource_logs.resource.as_ref().map_or([].as_slice(), |resource| &resource.attributes);
        for record in resource_logs.scope_logs.iter().flat_map(|scope| &scope.log_records) {
            let decoded = LogRecord::decode(record.clone()).map_err(|_| Original::Request(request_of(record.clone(), attributes)));
            each(decoded, attributes);
        }
    }
    Ok(())
}

/// Hands out the records of a JSON request. Older agents write `resource_logs`, as protobuf does; both are read.
pub fn each_in_json(request: &[u8], mut each: impl FnMut(Decoded<'_>, &[KeyValue])) -> Result<(), BatchError> {
    let request: JsonRequest<'_> = serde_json::from_slice(request).map_err(|error| {
        // serde_json's message may quote the value; its place says enough.
        BatchError::MalformedRequest { detail: format!("line {}, column {}", error.line(), error.column()) }
    })?;
    for resource_logs in request.resource_logs {
        let attributes: Vec<KeyValue> = resource_logs.resource.attributes.into_iter().map(KeyValue::from).collect();
        for record in resource_logs.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
            let decoded = serde_json::from_str::<JsonLogRecord<'_>>(record.get()).map(LogRecord::from);
            each(decoded.map_err(|_| Original::Line(record.get().as_bytes().into())), &attributes);
        }
    }
    Ok(())
}

/// Whether a JSON text is an OTLP request rather than events: it begins with the one member such a request has.
pub fn is_json_request(text: &[u8]) -> bool {
    let opening = text.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    opening.is_some_and(|rest| rest.starts_with(b"\"resourceLogs\"") || rest.starts_with(b"\"resource_logs\"") || rest.starts_with(b"}"))
}

#[derive(Deserialize)]
struct JsonRequest<'a> {
    #[serde(borrow, default, rename = "resourceLogs", alias = "resource_logs")]
    resource_logs: Vec<JsonResourceLogs<'a>>,
}

#[derive(Deserialize)]
struct JsonResourceLogs<'a> {
    #[serde(borrow, default)]
    resource: JsonResource<'a>,
    #[serde(borrow, default, rename = "scopeLogs", alias = "scope_logs")]
    scope_logs: Vec<JsonScopeLogs<'a>>,
}

#[derive(Default, Deserialize)]
struct JsonResource<'a> {
    #[serde(borrow, default)]
    attributes: Vec<JsonKeyValue<'a>>,
}

#[derive(Deserialize)]
struct JsonScopeLogs<'a> {
    #[serde(borrow, default, rename = "logRecords", alias = "log_records")]
    log_records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct JsonLogRecord<'a> {
    #[serde(default, rename = "timeUnixNano", alias = "time_unix_nano")]
    time_unix_nano: JsonNumber,
    #[serde(default, rename = "observedTimeUnixNano", alias = "observed_time_unix_nano")]
    observed_time_unix_nano: JsonNumber,
    #[serde(borrow, default)]
    body: Option<JsonAnyValue<'a>>,
    #[serde(borrow, default)]
    attributes: Vec<JsonKeyValue<'a>>,
}

#[derive(Deserialize)]
struct JsonKeyValue<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Option<JsonAnyValue<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonAnyValue<'a> {
    #[serde(borrow, alias = "string_value")]
    string_value: Option<Cow<'a, str>>,
    #[serde(alias = "bool_value")]
    bool_value: Option<bool>,
    #[serde(alias = "int_value")]
    int_value: Option<JsonNumber>,
    #[serde(alias = "double_value")]
    double_value: Option<f64>,
    #[serde(borrow, alias = "array_value")]
    array_value: Option<JsonArray<'a>>,
    #[serde(borrow, alias = "kvlist_value")]
    kvlist_value: Option<JsonKvlist<'a>>,
    #[serde(borrow, alias = "bytes_value")]
    bytes_value: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct JsonArray<'a> {
    #[serde(borrow, default)]
    values: Vec<JsonAnyValue<'a>>,
}

#[derive(Default, Deserialize)]
struct JsonKvlist<'a> {
    #[serde(borrow, default)]
    values: Vec<JsonKeyValue<'a>>,
}

/// A 64-bit number, which OTLP/JSON writes as text and some agents as a number.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(from = "NumberOrText")]
struct JsonNumber(i64);

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(i64),
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl From<NumberOrText> for JsonNumber {
    fn from(value: NumberOrText) -> Self {
        Self(match value {
            NumberOrText::Number(number) => number,
            NumberOrText::Text(text) => text.parse().unwrap_or(0),
            NumberOrText::Other(_) => 0,
        })
    }
}

impl From<JsonLogRecord<'_>> for LogRecord {
    fn from(json: JsonLogRecord<'_>) -> Self {
        Self {
            time_unix_nano: json.time_unix_nano.0.cast_unsigned(),
            observed_time_unix_nano: json.observed_time_unix_nano.0.cast_unsigned(),
            body: json.body.map(AnyValue::from),
            attributes: json.attributes.into_iter().map(KeyValue::from).collect(),
        }
    }
}

impl From<JsonKeyValue<'_>> for KeyValue {
    fn from(json: JsonKeyValue<'_>) -> Self {
        Self { key: json.key.into_owned().into(), value: json.value.map(AnyValue::from) }
    }
}

impl From<JsonAnyValue<'_>> for AnyValue {
    fn from(json: JsonAnyValue<'_>) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let text = json.string_value.map(|text| Value::Text(text.into_owned().into()));
        let value = text
            .or_else(|| json.bool_value.map(Value::Bool))
            .or_else(|| json.int_value.map(|number| Value::Integer(number.0)))
            .or_else(|| json.double_value.map(Value::Float))
            .or_else(|| json.array_value.map(|list| Value::Array(ArrayValue { values: list.values.into_iter().map(Self::from).collect() })))
            .or_else(|| {
                json.kvlist_value.map(|list| Value::Kvlist(KeyValueList { values: list.values.into_iter().map(KeyValue::from).collect() }))
            })
            .or_else(|| json.bytes_value.and_then(|text| STANDARD.decode(text.as_ref()).ok()).map(|bytes| Value::Bytes(bytes.into())));
        Self { value }
    }
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
