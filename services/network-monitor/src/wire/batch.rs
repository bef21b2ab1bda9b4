//! A whole batch, as telemetry-ingest put it on the log: the sensor's bytes, untouched.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{
    decode::decode,
    lines, otlp,
    reading::{BatchError, Reading},
    record,
    surroundings::Surroundings,
};

/// What came in one request.
#[derive(Clone, Debug)]
pub struct RawBatch<'a> {
    /// `application/x-protobuf`, `application/json` or `application/x-ndjson`.
    pub media_type: &'a str,
    /// `identity`, `gzip` or `zstd`; empty is identity.
    pub content_encoding: &'a str,
    pub body: Bytes,
    /// When ingest took it in.
    pub received: DateTime<Utc>,
    /// Most bytes once decompressed.
    pub limit: usize,
}

/// Reads a batch and hands out one [`Reading`] for each event in it, in their order.
///
/// # Errors
/// When the batch cannot be read to its end. What was handed out until then goes with it.
pub fn read(batch: &RawBatch<'_>, each: &mut dyn FnMut(Reading<'_>)) -> Result<(), BatchError> {
    let essence = batch.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let format = match essence.as_str() {
        "application/x-protobuf" | "application/protobuf" => Format::Protobuf,
        "application/json" => Format::Json,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => Format::Lines,
        _ => return Err(BatchError::UnknownMediaType),
    };
    let plain = decode(batch.content_encoding, &batch.body, batch.limit)?;
    if format == Format::Protobuf {
        return otlp::each_in_protobuf(plain, |decoded, resource| record::read(decoded, resource, batch.received, each));
    }
    let is_request =
        format == Format::Json && otlp::each_in_json(&plain, |decoded, resource| record::read(decoded, resource, batch.received, each))?;
    if !is_request {
        lines::read(&plain, &Surroundings::received(batch.received), each);
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Format {
    Protobuf,
    Json,
    Lines,
}

#[cfg(test)]
#[path = "batch_tests/mod.rs"]
mod tests;
