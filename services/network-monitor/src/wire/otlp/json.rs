//! A request in JSON, by the mapping of protobuf: names in camel case or, from older agents, as in the definition; `null` for
//! what is absent.
//!
//! telemetry-ingest accepts what is a request down to its log records and does not look into these, nor into the resource.
//! Whatever it accepts is read here: its `tests/otlp_json.corpus` holds both to that.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Decoded,
    message::{AnyValue, ArrayValue, KeyValue, KeyValueList, LogRecord, Value},
    within_bound,
};
use crate::wire::{
    mend::mended,
    reading::{BatchError, Original},
};

/// A request in a JSON text.
#[derive(Debug, Deserialize)]
struct JsonRequest<'a> {
    #[serde(borrow, default, rename = "resourceLogs", alias = "resource_logs")]
    resource_logs: Option<&'a RawValue>,
}

/// Hands out the records of a request, or of several one behind the other, each with the attributes of its resource. `false` when
/// the text holds events instead.
///
/// # Errors
/// When it begins as a request does, and then is none.
pub fn each_in_json(text: &[u8], mut each: impl FnMut(Decoded<'_>, &[KeyValue])) -> Result<bool, BatchError> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text).trim_ascii_start();
    let opening = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start).unwrap_or_default();
    let names: [&[u8]; 3] = [b"\"resourceLogs\"", b"\"resource_logs\"", b"}"];
    let begins_as_one = names.into_iter().any(|name| opening.starts_with(name));
    let is_one = begins_as_one || matches!(first_in(text), Some(Ok(JsonRequest { resource_logs: Some(_) })));
    if is_one && std::str::from_utf8(text).is_ok() {
        return each_request(text, &mut each).map(|()| true);
    }
    // A second chance for bytes that are not UTF-8: they cost a replacement character, not the request.
    match mended(text) {
        Some(mended) if begins_as_one || matches!(first_in(mended.as_bytes()), Some(Ok(JsonRequest { resource_logs: Some(_) }))) => {
            each_request(mended.as_bytes(), &mut each).map(|()| true)
        }
        _ if is_one => each_request(text, &mut each).map(|()| true),
        _ => Ok(false),
    }
}

fn first_in(text: &[u8]) -> Option<serde_json::Result<JsonRequest<'_>>> {
    serde_json::Deserializer::from_slice(text).into_iter().next()
}

fn each_request(text: &[u8], each: &mut impl FnMut(Decoded<'_>, &[KeyValue])) -> Result<(), BatchError> {
    for request in serde_json::Deserializer::from_slice(text).into_iter::<JsonRequest<'_>>() {
        // serde_json's message may quote the value; its place says enough.
        let place = |error: serde_json::Error| format!("line {}, column {}", error.line(), error.column());
        let request = request.map_err(|error| BatchError::MalformedRequest { detail: place(error) })?;
        each_record(&request, each)?;
    }
    Ok(())
}

fn each_record(request: &JsonRequest<'_>, each: &mut impl FnMut(Decoded<'_>, &[KeyValue])) -> Result<(), BatchError> {
    each_element("resourceLogs", request.resource_logs, &mut |resource_logs| {
        let resource_logs: JsonResourceLogs<'_> = parse("resourceLogs", resource_logs)?;
        let attributes = attributes_of(resource_logs.resource)?;
        each_element("scopeLogs", resource_logs.scope_logs, &mut |scope_logs| {
            let scope_logs: JsonScopeLogs<'_> = parse("scopeLogs", scope_logs)?;
            each_element("logRecords", scope_logs.log_records, &mut |record| {
                within_bound("log record", record.get().len())?;
                let decoded = careless::<JsonLogRecord>(record.get()).map(LogRecord::from);
                let resource = resource_logs.resource.map(RawValue::get);
                each(decoded.ok_or(Original::JsonRecord { record: record.get(), resource }), &attributes);
                Ok(())
            })
        })
    })
}

/// Reads a part of the request, also when a text in it was cut in the middle of a letter.
fn careless<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&mended(text.as_bytes())?).ok())
}

/// What a resource says only helps to read its records: one that cannot be read costs nothing else.
fn attributes_of(resource: Option<&RawValue>) -> Result<Vec<KeyValue>, BatchError> {
    let text = resource.map_or("null", RawValue::get);
    within_bound("resource", text.len())?;
    let resource: Option<JsonResource> = careless(text).unwrap_or_default();
    Ok(resource.unwrap_or_default().attributes.into_iter().map(KeyValue::from).collect())
}

fn parse<'a, T: Deserialize<'a>>(what: &'static str, element: &'a RawValue) -> Result<T, BatchError> {
    serde_json::from_str(element.get()).map_err(|_| malformed(what))
}

fn malformed(what: &'static str) -> BatchError {
    BatchError::MalformedRequest { detail: format!("in {what}") }
}

type EachElement<'a, 'e> = &'e mut dyn FnMut(&'a RawValue) -> Result<(), BatchError>;

/// Hands out the elements of a list one by one; `null` is an empty one.
fn each_element<'a>(what: &'static str, list: Option<&'a RawValue>, each: EachElement<'a, '_>) -> Result<(), BatchError> {
    let Some(list) = list else { return Ok(()) };
    let mut stopped_by = None;
    let mut json = serde_json::Deserializer::from_str(list.get());
    let parsed = json.deserialize_any(Elements { each, stopped_by: &mut stopped_by });
    match stopped_by {
        Some(error) => Err(error),
        None => parsed.map_err(|_| malformed(what)),
    }
}

struct Elements<'a, 'e> {
    each: EachElement<'a, 'e>,
    stopped_by: &'e mut Option<BatchError>,
}

impl<'de> Visitor<'de> for Elements<'de, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array or null")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&'de RawValue>()? {
            if let Err(error) = (self.each)(element) {
                *self.stopped_by = Some(error);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct JsonResourceLogs<'a> {
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    // The other two are what OTLP called it before 0.15.
    #[serde(
        borrow,
        default,
        rename = "scopeLogs",
        alias = "scope_logs",
        alias = "instrumentationLibraryLogs",
        alias = "instrumentation_library_logs"
    )]
    scope_logs: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct JsonScopeLogs<'a> {
    #[serde(borrow, default, rename = "logRecords", alias = "log_records", alias = "logs")]
    log_records: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct JsonResource {
    #[serde(default, deserialize_with = "list")]
    attributes: Vec<JsonKeyValue>,
}

#[derive(Deserialize)]
struct JsonLogRecord {
    #[serde(default, rename = "timeUnixNano", alias = "time_unix_nano")]
    time_unix_nano: JsonNumber,
    #[serde(default, rename = "observedTimeUnixNano", alias = "observed_time_unix_nano")]
    observed_time_unix_nano: JsonNumber,
    #[serde(default)]
    body: Option<JsonAnyValue>,
    #[serde(default, deserialize_with = "list")]
    attributes: Vec<JsonKeyValue>,
}

#[derive(Default, Deserialize)]
struct JsonKeyValue {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    value: Option<JsonAnyValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonAnyValue {
    #[serde(alias = "string_value")]
    string_value: Option<String>,
    #[serde(alias = "bool_value")]
    bool_value: Option<bool>,
    #[serde(alias = "int_value")]
    int_value: Option<JsonNumber>,
    #[serde(alias = "double_value")]
    double_value: Option<JsonFloat>,
    #[serde(alias = "array_value")]
    array_value: Option<JsonArray>,
    #[serde(alias = "kvlist_value")]
    kvlist_value: Option<JsonKvlist>,
    #[serde(alias = "bytes_value")]
    bytes_value: Option<String>,
}

#[derive(Default, Deserialize)]
struct JsonArray {
    #[serde(default, deserialize_with = "list")]
    values: Vec<JsonAnyValue>,
}

#[derive(Default, Deserialize)]
struct JsonKvlist {
    #[serde(default, deserialize_with = "list")]
    values: Vec<JsonKeyValue>,
}

/// A list; `null` is an empty one, and in it an empty element.
fn list<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Option::<Vec<Option<T>>>::deserialize(deserializer)?;
    Ok(list.into_iter().flatten().map(Option::unwrap_or_default).collect())
}

/// Any other number; those that JSON cannot write come as text.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(from = "FloatOrText")]
struct JsonFloat(f64);

#[derive(Deserialize)]
#[serde(untagged)]
enum FloatOrText {
    Number(f64),
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl From<FloatOrText> for JsonFloat {
    fn from(value: FloatOrText) -> Self {
        Self(match value {
            FloatOrText::Number(number) => number,
            FloatOrText::Text(text) => text.parse().unwrap_or(f64::NAN),
            FloatOrText::Other(_) => f64::NAN,
        })
    }
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

impl From<JsonLogRecord> for LogRecord {
    fn from(json: JsonLogRecord) -> Self {
        Self {
            time_unix_nano: json.time_unix_nano.0.cast_unsigned(),
            observed_time_unix_nano: json.observed_time_unix_nano.0.cast_unsigned(),
            body: json.body.map(AnyValue::from),
            attributes: json.attributes.into_iter().map(KeyValue::from).collect(),
        }
    }
}

impl From<JsonKeyValue> for KeyValue {
    fn from(json: JsonKeyValue) -> Self {
        Self { key: json.key.unwrap_or_default().into(), value: json.value.map(AnyValue::from) }
    }
}

impl From<JsonAnyValue> for AnyValue {
    fn from(json: JsonAnyValue) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let text = json.string_value.map(|text| Value::Text(text.into()));
        let value = text
            .or_else(|| json.bool_value.map(Value::Bool))
            .or_else(|| json.int_value.map(|number| Value::Integer(number.0)))
            .or_else(|| json.double_value.map(|number| Value::Float(number.0)))
            .or_else(|| json.array_value.map(|list| Value::Array(ArrayValue { values: list.values.into_iter().map(Self::from).collect() })))
            .or_else(|| {
                json.kvlist_value.map(|list| Value::Kvlist(KeyValueList { values: list.values.into_iter().map(KeyValue::from).collect() }))
            })
            .or_else(|| json.bytes_value.and_then(|text| STANDARD.decode(text).ok()).map(|bytes| Value::Bytes(bytes.into())));
        Self { value }
    }
}
