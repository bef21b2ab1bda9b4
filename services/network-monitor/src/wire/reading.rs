//! What became of a record: a closed set, so that every record can be counted.

use std::{borrow::Cow, fmt};

use bytes::Bytes;

use super::otlp::message::{self, KeyValue};
use crate::domain::{detection::Detection, sighting::Sighting, source::Source};

/// What became of one record.
#[derive(Debug)]
pub enum Reading<'a> {
    /// It says something we use.
    Understood(Understood<'a>),
    /// A kind of event we know and make no use of; the name is one of a closed set, `suricata.stats`.
    Unused(&'static str),
    /// We cannot make sense of it; it goes to the dead letters.
    Unreadable(Unreadable<'a>),
}

/// What an event says.
#[derive(Debug)]
pub struct Understood<'a> {
    /// What told us.
    pub source: Source,
    /// Devices of the school that were seen; `None` for an end outside it.
    pub sightings: [Option<Sighting>; 2],
    /// Something suspicious.
    pub detection: Option<Box<Detection<'a>>>,
}

/// A record we cannot make sense of.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreadable<'a> {
    /// Counted in metrics.
    pub reason: Reason,
    /// For the operator: which field, where in the text. Never a value from the record.
    pub detail: String,
    /// The record, so that it can be read again when we have learnt to.
    pub original: Original<'a>,
}

/// A record by itself, as a batch that [`super::read`] takes. Batches of one format can be put one behind the other.
#[derive(Debug, Clone, PartialEq)]
pub enum Original<'a> {
    /// A line: JSON, or the text as it came.
    Line(Cow<'a, [u8]>),
    /// An OTLP log record, protobuf.
    Record {
        record: Bytes,
        /// The attributes of its resource.
        resource: &'a [KeyValue],
    },
    /// An OTLP log record in JSON.
    JsonRecord {
        /// Its text, which should be UTF-8.
        record: &'a [u8],
        /// That of its resource.
        resource: Option<&'a [u8]>,
    },
    /// Part of a record that another of its parts has handed out whole.
    HandedOut,
}

impl Original<'_> {
    /// The media type of such a batch; `None` when there is nothing to keep.
    pub const fn media_type(&self) -> Option<&'static str> {
        match self {
            Self::Line(_) => Some("application/x-ndjson"),
            Self::Record { .. } => Some("application/x-protobuf"),
            Self::JsonRecord { .. } => Some("application/json"),
            Self::HandedOut => None,
        }
    }

    /// Puts it behind what a batch of this format holds already.
    pub fn append_to(&self, batch: &mut Vec<u8>) {
        match self {
            Self::Line(line) => {
                // Inside JSON a line break is a blank; inside a text that is none it no longer matters.
                batch.extend(line.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
                batch.push(b'\n');
            }
            // Protobuf messages put one behind the other are one message with the lists of both.
            Self::Record { record, resource } => batch.extend_from_slice(&message::request_of(record, resource)),
            // So are requests one behind the other.
            Self::JsonRecord { record, resource } => {
                let resource = resource.unwrap_or(b"null");
                let parts: [&[u8]; 5] =
                    [br#"{"resourceLogs":[{"resource":"#, resource, br#","scopeLogs":[{"logRecords":["#, record, b"]}]}]}\n"];
                batch.extend(parts.concat());
            }
            Self::HandedOut => {}
        }
    }
}

/// Why a record cannot be read; the text is the same in dead letters and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::VariantArray)]
pub enum Reason {
    /// Nothing in it.
    EmptyRecord,
    /// Text without JSON.
    NotJson,
    /// JSON that stops before its end.
    TruncatedJson,
    /// JSON with a mistake in it.
    MalformedJson,
    /// JSON that is neither Suricata's nor Zeek's.
    NotAnEvent,
    /// Wrapped more often than any shipper wraps.
    WrappedTooDeep,
    /// An event without the moment it happened.
    MissingTime,
    /// A moment we cannot read.
    UnreadableTime,
    /// An event without a field it must have.
    MissingField,
    /// A network address that is none.
    UnreadableAddress,
    /// A hardware address that is none.
    UnreadableMac,
    /// A log record that is not OTLP.
    MalformedRecord,
}

impl Reason {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmptyRecord => "empty_record",
            Self::NotJson => "not_json",
            Self::TruncatedJson => "truncated_json",
            Self::MalformedJson => "malformed_json",
            Self::NotAnEvent => "not_an_event",
            Self::WrappedTooDeep => "wrapped_too_deep",
            Self::MissingTime => "missing_time",
            Self::UnreadableTime => "unreadable_time",
            Self::MissingField => "missing_field",
            Self::UnreadableAddress => "unreadable_address",
            Self::UnreadableMac => "unreadable_mac",
            Self::MalformedRecord => "malformed_record",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why an event that was recognised does not say enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Defect {
    pub(super) reason: Reason,
    /// The field, as the sensor's manual spells it.
    pub(super) field: &'static str,
}

/// Why a whole batch cannot be read; the text is the same in dead letters and metrics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// None of the media types we accept.
    #[error("no reader for this media type")]
    UnknownMediaType,
    /// None of the content encodings we accept.
    #[error("no decoder for this content encoding")]
    UnknownEncoding,
    /// The compressed bytes are damaged.
    #[error("the compressed bytes are damaged")]
    DamagedCompression,
    /// Larger than the limit once decompressed.
    #[error("more than {limit} bytes once decompressed")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A part of it is larger than any that telemetry-ingest takes.
    #[error("a {part} of more than {limit} bytes")]
    PartTooLarge {
        /// Which kind of part.
        part: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// Neither OTLP nor events.
    #[error("not an OTLP logs request: {detail}")]
    MalformedRequest {
        /// Where and what, without values.
        detail: String,
    },
}

impl BatchError {
    /// The stable name.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::UnknownMediaType => "unknown_media_type",
            Self::UnknownEncoding => "unknown_encoding",
            Self::DamagedCompression => "damaged_compression",
            Self::TooLarge { .. } => "too_large",
            Self::PartTooLarge { .. } => "part_too_large",
            Self::MalformedRequest { .. } => "malformed_request",
        }
    }
}
