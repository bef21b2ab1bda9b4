//! The records of `telemetry.batch.v1`: CloudEvents in Kafka's binary mode, whose data is a request's body.
//!
//! | Header | Value |
//! |---|---|
//! | `ce_specversion`, `ce_id`, `ce_source`, `ce_type`, `ce_time` | CloudEvents 1.0; source `telemetry-ingest`, time of receipt |
//! | `content-type` | `application/x-protobuf` or `application/json`: an OTLP `ExportLogsServiceRequest`; `application/x-ndjson`: JSON lines |
//! | `content-encoding` | `gzip` or `zstd`; absent: not compressed |
//! | `schildwacht-gateway`, `schildwacht-school` | ids; the school also is the key |
//! | `schildwacht-events` | number of events |
//! | `traceparent` | of the request, where it is traced |
//!
//! One other record is in the topic, of the type `schildwacht.telemetry.refused.v1`: without a body, with the school and
//! `schildwacht-refused-requests`, when a school has been over its rate for two hours.
//!
//! At one event a request these headers are what a record costs, so that texts which never change are not copied, and those
//! which do are written into one buffer.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, SecondsFormat, Utc};
use events::{Record, Topic};
use proto::telemetry as header;
use runtime::{EventId, Ids};

use crate::{
    gateway::Gateway,
    scan::{Encoding, Format},
};

/// The service, as CloudEvents names a source.
pub const SOURCE: &str = "telemetry-ingest";
/// The type of the event, as CloudEvents puts it.
pub const EVENT_TYPE: &str = "schildwacht.telemetry.batch.v1";

/// Room in a record for key and headers.
const HEADROOM: usize = 2 * 1024;

/// The largest body that fits into a record.
pub const fn max_body_bytes() -> usize {
    Topic::TelemetryBatch.spec().max_record_bytes - HEADROOM
}

/// A body as it goes into the log.
#[derive(Debug, Clone)]
pub struct Body {
    /// Its shape.
    pub format: Format,
    /// Its compression.
    pub encoding: Encoding,
    pub bytes: Bytes,
    pub events: u32,
}

/// The record of a body.
pub fn record(body: Body, gateway: &Gateway, traceparent: Option<&Bytes>, ids: &Ids, now: DateTime<Utc>) -> Record {
    let texts = Texts::write(ids.next(), now, body.events);
    let mut headers = Vec::with_capacity(11);
    let mut put = |name: &str, value: Bytes| headers.push((name.to_owned(), value));
    put("ce_specversion", Bytes::from_static(b"1.0"));
    put("ce_id", texts.id);
    put("ce_source", Bytes::from_static(SOURCE.as_bytes()));
    put("ce_type", Bytes::from_static(EVENT_TYPE.as_bytes()));
    put(header::RECEIVED, texts.time);
    put(header::MEDIA_TYPE, Bytes::from_static(body.format.media_type().as_bytes()));
    if body.encoding != Encoding::Identity {
        put(header::ENCODING, Bytes::from_static(body.encoding.name().as_bytes()));
    }
    put(header::GATEWAY, gateway.id_text.clone());
    put(header::SCHOOL, gateway.school.text.clone());
    put(header::EVENTS, texts.events);
    if let Some(traceparent) = traceparent {
        put("traceparent", traceparent.clone());
    }
    Record { key: gateway.school.text.clone(), headers, value: Some(body.bytes) }
}

/// Says that so many requests of a school were refused, because it sends more than it may. It has no body.
pub fn refused(school: Bytes, requests: u64, ids: &Ids, now: DateTime<Utc>) -> Record {
    let texts = Texts::write(ids.next(), now, 0);
    let headers = [
        ("ce_specversion", Bytes::from_static(b"1.0")),
        ("ce_id", texts.id),
        ("ce_source", Bytes::from_static(SOURCE.as_bytes())),
        ("ce_type", Bytes::from_static(b"schildwacht.telemetry.refused.v1")),
        (header::RECEIVED, texts.time),
        (header::SCHOOL, school.clone()),
        (header::REFUSED, Bytes::from(requests.to_string())),
    ];
    Record { key: school, headers: headers.map(|(name, value)| (name.to_owned(), value)).into(), value: Some(Bytes::new()) }
}

/// What differs from record to record, in one buffer.
struct Texts {
    id: Bytes,
    time: Bytes,
    events: Bytes,
}

impl Texts {
    fn write(id: EventId, now: DateTime<Utc>, events: u32) -> Self {
        let mut buffer = BytesMut::with_capacity(80);
        // Writing into a buffer that grows cannot fail.
        let _written = write!(buffer, "{id}");
        let id = buffer.split().freeze();
        let _written = write!(buffer, "{}", now.to_rfc3339_opts(SecondsFormat::Micros, true));
        let time = buffer.split().freeze();
        let _written = write!(buffer, "{events}");
        Self { id, time, events: buffer.freeze() }
    }
}
