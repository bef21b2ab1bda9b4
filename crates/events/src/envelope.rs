//! The envelope around every event: CloudEvents 1.0 in Kafka's binary mode, with W3C trace context.
//!
//! Attributes are headers (`ce_id`, `ce_type` …), the value is the protobuf message itself, so that a consumer can look at an
//! event without decoding it.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use prost::Message;
use runtime::{EventId, telemetry};

use crate::Record;

const SPEC_VERSION: &str = "1.0";
/// `content-type` of our events.
pub const PROTOBUF: &str = "application/protobuf";

/// An event with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The same at every redelivery; the inbox knows it again.
    pub id: EventId,
    /// `schildwacht.identity.v1.GatewayDirectoryEntry`: the message's full name.
    pub event_type: String,
    /// The service that says it.
    pub source: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Events with the same key stay in order.
    pub key: Bytes,
    /// The encoded message; `None` removes the key from a compacted topic.
    pub data: Option<Bytes>,
    /// `traceparent` and `tracestate` of what led to it.
    pub trace: Vec<(String, String)>,
}

/// What is wrong with a record that should be an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record is no event of ours: {}", .0.join(", "))]
pub struct EnvelopeViolations(pub Vec<String>);

impl Envelope {
    /// An event that says `message`, with the trace that is under way.
    pub fn new<M: Message + prost::Name>(id: EventId, time: DateTime<Utc>, source: &str, key: impl Into<Vec<u8>>, message: &M) -> Self {
        Self {
            id,
            event_type: M::full_name(),
            source: source.to_owned(),
            time,
            key: Bytes::from(key.into()),
            data: Some(message.encode_to_vec().into()),
            trace: telemetry::current_trace_headers().into_iter().collect(),
        }
    }

    /// The same event, led to by another trace.
    #[must_use]
    pub fn with_trace(mut self, trace: Vec<(String, String)>) -> Self {
        self.trace = trace;
        self
    }

    /// The message.
    ///
    /// # Errors
    /// When the event is of another type or its bytes do not decode.
    pub fn decode<M: Message + Default + prost::Name>(&self) -> Result<M, EnvelopeViolations> {
        if self.event_type != M::full_name() {
            return Err(EnvelopeViolations(vec![format!("ce_type is {}, not {}", self.event_type, M::full_name())]));
        }
        let data = self.data.clone().ok_or_else(|| EnvelopeViolations(vec!["value is missing".to_owned()]))?;
        M::decode(data).map_err(|error| EnvelopeViolations(vec![format!("value does not decode: {error}")]))
    }

    /// As the log keeps it.
    pub fn into_record(self) -> Record {
        let header = |name: &str, value: String| (name.to_owned(), Bytes::from(value));
        // Keys of ours are ids as text, and what an event is about is what its key says.
        let subject = std::str::from_utf8(&self.key).ok().filter(|key| !key.is_empty()).map(ToOwned::to_owned);
        let mut headers = vec![
            header("ce_specversion", SPEC_VERSION.to_owned()),
            header("ce_id", self.id.to_string()),
            header("ce_type", self.event_type),
            header("ce_source", self.source),
            header("ce_time", self.time.to_rfc3339_opts(SecondsFormat::Micros, true)),
            header("content-type", PROTOBUF.to_owned()),
        ];
        headers.extend(subject.map(|subject| header("ce_subject", subject)));
        headers.extend(self.trace.into_iter().map(|(name, value)| (name, Bytes::from(value))));
        Record { key: self.key, headers, value: self.data }
    }

    /// From the log; all violations are collected. The data may be of any media type: telemetry is kept as it came.
    ///
    /// # Errors
    /// When an attribute is missing or not readable.
    pub fn from_record(record: &Record) -> Result<Self, EnvelopeViolations> {
        let mut violations = Vec::new();
        let mut required = |name: &str| {
            let value = record.header(name).map(ToOwned::to_owned);
            value.ok_or_else(|| violations.push(format!("{name} is missing")))
        };
        let (version, id, event_type) = (required("ce_specversion"), required("ce_id"), required("ce_type"));
        let (source, time) = (required("ce_source"), required("ce_time"));
        if let Some(version) = version.ok().filter(|version| version != SPEC_VERSION) {
            violations.push(format!("ce_specversion is {version}, not {SPEC_VERSION}"));
        }
        let id = id.and_then(|id| id.parse::<EventId>().map_err(|error| violations.push(format!("ce_id: {error}"))));
        let time = time.and_then(|time| time.parse::<DateTime<Utc>>().map_err(|error| violations.push(format!("ce_time: {error}"))));
        let (Ok(id), Ok(event_type), Ok(source), Ok(time), true) = (id, event_type, source, time, violations.is_empty()) else {
            return Err(EnvelopeViolations(violations));
        };
        let trace = telemetry::TRACE_HEADERS
            .into_iter()
            .filter_map(|name| record.header(name).map(|value| (name.to_owned(), value.to_owned())))
            .collect();
        Ok(Self { id, event_type, source, time, key: record.key.clone(), data: record.value.clone(), trace })
    }
}

#[cfg(test)]
mod tests {
    use proto::identity::v1::GatewayDirectoryEntry;
    use runtime::Ids;

    use super::*;

    fn envelope() -> Envelope {
        let entry = GatewayDirectoryEntry { gateway_id: "g".into(), school_id: "s".into(), state: 1 };
        Envelope::new(Ids::counted().next(), "2026-09-24T09:50:00.123456Z".parse().unwrap(), "identity", "g", &entry)
    }

    #[test]
    fn an_event_survives_the_log() {
        let envelope = envelope();
        let back = Envelope::from_record(&envelope.clone().into_record()).unwrap();
        assert_eq!(back, envelope);
        assert_eq!(back.decode::<GatewayDirectoryEntry>().unwrap().school_id, "s");
    }

    #[test]
    fn attributes_are_headers_of_the_binary_mode() {
        let record = envelope().with_trace(vec![("traceparent".to_owned(), "00-a-b-01".to_owned())]).into_record();
        let headers: Vec<_> = record.headers.iter().map(|(name, value)| (name.as_str(), std::str::from_utf8(value).unwrap())).collect();
        assert_eq!(
            headers,
            [
                ("ce_specversion", "1.0"),
                ("ce_id", "01900000-0000-7000-8000-000000000001"),
                ("ce_type", "schildwacht.identity.v1.GatewayDirectoryEntry"),
                ("ce_source", "identity"),
                ("ce_time", "2026-09-24T09:50:00.123456Z"),
                ("content-type", "application/protobuf"),
                ("ce_subject", "g"),
                ("traceparent", "00-a-b-01"),
            ]
        );
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let mut record = envelope().into_record();
        record.headers.retain(|(name, _)| !["ce_type", "ce_specversion", "ce_source"].contains(&name.as_str()));
        for (name, value) in &mut record.headers {
            match name.as_str() {
                "ce_id" => *value = Bytes::from_static(b"seven"),
                "ce_time" => *value = Bytes::from_static(b"\xff"),
                _ => {}
            }
        }
        let EnvelopeViolations(violations) = Envelope::from_record(&record).unwrap_err();
        for attribute in ["ce_type", "ce_specversion", "ce_source", "ce_id", "ce_time"] {
            let about_it = violations.iter().filter(|violation| violation.starts_with(attribute)).count();
            assert_eq!(about_it, 1, "{attribute} in {violations:?}");
        }
    }

    #[test]
    fn a_tombstone_is_an_event_without_data() {
        let mut record = envelope().into_record();
        record.value = None;
        let tombstone = Envelope::from_record(&record).unwrap();
        assert_eq!(tombstone.data, None);
        assert!(tombstone.decode::<GatewayDirectoryEntry>().unwrap_err().to_string().contains("value is missing"));
    }

    #[test]
    fn a_message_of_another_type_is_not_decoded() {
        let refused = envelope().decode::<proto::identity::v1::OrganisationState>().unwrap_err();
        assert!(refused.to_string().contains("GatewayDirectoryEntry"), "{refused}");
    }
}
