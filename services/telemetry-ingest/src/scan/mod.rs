//! Looks into a request without building objects from it.
//!
//! A request is *examined* first: counted, measured, and checked as far as a later reader relies on it, in one pass over the
//! bytes. Nearly always that is all: the bytes then go into the log as they came. Only a request that is too large for one
//! record, or that holds events which can never be taken, is *cut*: rewritten as several bodies of the same kind, at event
//! boundaries, in the same order, without the bad events.
//!
//! | Format | Checked for every event |
//! |---|---|
//! | OTLP protobuf | size; decodes as a `LogRecord`: wire types, lengths, nesting |
//! | OTLP JSON | size; an object that ends |
//! | JSON lines | size; holds an object that ends |
//! | JSON | size; an object that ends |
//!
//! What is accepted is at least as wide as what can be read: no text need be UTF-8, and bytes around a JSON object are passed over.
//! A flaw inside one event makes that event bad; a flaw around OTLP's log records makes the whole request malformed, because
//! nothing behind it can be trusted. A body in which nothing was found is malformed, unless it says that it holds nothing. What
//! stands around events has [limits](surroundings) of its own.

mod events;
mod framing;
mod json;
mod json_lines;
mod line_writer;
mod otlp_json;
mod otlp_protobuf;
mod surroundings;
mod upload;
mod wire;

use std::fmt;

use bytes::Bytes;
pub use compression::Encoding;

pub use self::upload::{Examined, Upload};
pub use crate::config::Limits;

/// The shape of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `ExportLogsServiceRequest` in protobuf.
    OtlpProtobuf,
    /// `ExportLogsServiceRequest` in JSON.
    OtlpJson,
    /// One JSON object a line.
    JsonLines,
    /// A JSON array of objects, or objects one after the other. Always stored as JSON lines.
    Json,
}

/// How many events there are, good and bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Good events.
    pub good: u32,
    /// Events that can never be taken because of their size.
    pub too_large: u32,
    /// Events that can never be taken because of what they are.
    pub malformed: u32,
    /// The first malformed event.
    pub first_flaw: Option<Flaw>,
}

/// A body made by cutting. Never compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub bytes: Bytes,
    pub events: u32,
}

/// A request cut into bodies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cut {
    /// In the order of the request.
    pub pieces: Vec<Piece>,
    /// How many events there are in the pieces, and how many were left out.
    pub tally: Tally,
}

/// Why a request cannot be taken, whatever is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// It is not what it says it is.
    #[error("{0}")]
    Malformed(#[from] Flaw),
    /// More bytes after decompression than allowed.
    #[error("more than {limit} bytes after decompression; send smaller batches")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// More events than allowed.
    #[error("more than {limit} events; send smaller batches")]
    TooManyEvents { limit: usize },
    /// More resources and scopes than allowed.
    #[error("more than {limit} resources and scopes; put events of the same resource together, or send smaller batches")]
    TooManyGroups { limit: usize },
    /// More around the events than allowed.
    #[error("resource and scope take more than {limit} bytes; send them with fewer or shorter attributes")]
    SurroundingsTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

/// What is wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Flaw {
    /// Where, after decompression.
    pub place: Place,
    /// What; never a part of the body.
    pub what: &'static str,
}

/// A place in a body, after decompression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// 0-based.
    Byte(usize),
    /// 1-based.
    Line(usize),
    /// The compressed bytes themselves.
    Compression(Encoding),
}

impl Format {
    /// What a body of this format is called in the log.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::OtlpProtobuf => "application/x-protobuf",
            Self::OtlpJson => "application/json",
            Self::JsonLines | Self::Json => "application/x-ndjson",
        }
    }

    /// The format of the pieces a request of this format is cut into.
    pub const fn of_pieces(self) -> Self {
        match self {
            Self::OtlpProtobuf => Self::OtlpProtobuf,
            Self::OtlpJson => Self::OtlpJson,
            Self::JsonLines | Self::Json => Self::JsonLines,
        }
    }
}

impl Tally {
    /// Events that can never be taken.
    pub const fn bad(&self) -> u32 {
        self.too_large.saturating_add(self.malformed)
    }

    /// Good and bad.
    pub const fn total(&self) -> u32 {
        self.good.saturating_add(self.bad())
    }

    /// Counts one event; `true` when it is good.
    #[inline]
    fn count(&mut self, size: usize, check: impl FnOnce() -> Result<(), Flaw>, limits: &Limits) -> Result<bool, ScanError> {
        if self.total() as usize >= limits.max_events {
            return Err(ScanError::TooManyEvents { limit: limits.max_events });
        }
        if size > limits.max_event_bytes {
            self.too_large += 1;
            return Ok(false);
        }
        if let Err(flaw) = check() {
            self.malformed += 1;
            self.first_flaw.get_or_insert(flaw);
            return Ok(false);
        }
        self.good += 1;
        Ok(true)
    }

    /// Takes back a good event that turned out not to fit into any record.
    fn recount_as_too_large(&mut self) {
        self.good -= 1;
        self.too_large += 1;
    }
}

impl Flaw {
    const fn at_byte(at: usize, what: &'static str) -> Self {
        Self { place: Place::Byte(at), what }
    }
}

/// Where a part of a body begins.
fn place_within(body: &[u8], part: &[u8]) -> Place {
    Place::Byte(part.as_ptr().addr() - body.as_ptr().addr())
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(at) => write!(formatter, "byte {at}"),
            Self::Line(line) => write!(formatter, "line {line}"),
            Self::Compression(encoding) => write!(formatter, "{encoding} data"),
        }
    }
}

#[cfg(test)]
pub(crate) const TEST_LIMITS: Limits =
    Limits { max_decoded_bytes: 1024 * 1024, max_event_bytes: 4096, max_events: 10_000, max_body_bytes: 64 * 1024 };
