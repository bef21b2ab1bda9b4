//! A request in JSON, by the mapping of protobuf: names in camel case or, from older agents, as in the definition; `null` for
//! what is absent.
//!
//! [`otlp`] leads to the log records, here as in telemetry-ingest, which looks neither into these nor into the resource. Whatever it
//! accepts is read here: its `tests/otlp_json.corpus` holds both to that.

use ::otlp::{Beside, Level, Stopped, Visitor, walk};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{
    Decoded,
    message::{AnyValue, ArrayValue, KeyValue, KeyValueList, LogRecord, Value},
    within_bound,
};
use crate::wire::{
    mend::mended,
    reading::{BatchError, Original},
};

/// Hands out the records of a request, or of several one behind the other, each with the attributes of its resource. `false` when
/// the text holds events instead.
///
/// # Errors
/// When it begins as a request does, and then is none.
pub fn each_in_json(text: &[u8], each: impl FnMut(Decoded<'_>, &[KeyValue])) -> Result<bool, BatchError> {
    if ::otlp::holds_request(text) != Some(true) {
        return Ok(false);
    }
    match walk(text, &mut Records { resource: None, attributes: Vec::new(), each }) {
        Ok(()) => Ok(true),
        Err(Stopped::By(error)) => Err(error),
        Err(Stopped::Flaw { at, what }) => Err(BatchError::MalformedRequest { detail: format!("byte {at}: {what}") }),
    }
}

/// What is held at a time: the resource entered last.
struct Records<'a, F> {
    resource: Option<&'a [u8]>,
    attributes: Vec<KeyValue>,
    each: F,
}

impl<'a, F: FnMut(Decoded<'_>, &[KeyValue])> Visitor<'a> for Records<'a, F> {
    type Error = BatchError;

    const BESIDE_FIRST: bool = true;

    fn enter(&mut self, level: Level) -> Result<(), BatchError> {
        if level == Level::ResourceLogs {
            (self.resource, self.attributes) = (None, Vec::new());
        }
        Ok(())
    }

    fn beside(&mut self, level: Level, what: Beside, value: &'a [u8]) -> Result<(), BatchError> {
        if (level, what) == (Level::ResourceLogs, Beside::Common) {
            within_bound("resource", value.len())?;
            // What a resource says only helps to read its records: one that cannot be read costs nothing else.
            let resource: Option<JsonResource> = careless(value).unwrap_or_default();
            self.attributes = resource.unwrap_or_default().attributes.into_iter().map(KeyValue::from).collect();
            self.resource = Some(value);
        }
        Ok(())
    }

    fn record(&mut self, record: &'a [u8]) -> Result<(), BatchError> {
        within_bound("log record", record.len())?;
        let decoded = careless::<JsonLogRecord>(record).map(LogRecord::from);
        (self.each)(decoded.ok_or(Original::JsonRecord { record, resource: self.resource }), &self.attributes);
        Ok(())
    }
}

/// Reads a part of the request, also when a text in it was cut in the middle of a letter, or is not UTF-8.
fn careless<T: DeserializeOwned>(text: &[u8]) -> Option<T> {
    serde_json::from_slice(text).ok().or_else(|| serde_json::from_str(&mended(text)?).ok())
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
