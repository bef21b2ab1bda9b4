//! Events put together into requests.

use std::io::{self, BufRead, Write as _};

use clap::ValueEnum;
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, any_value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};
use prost::Message as _;

use super::split::{Events, SplitError};

/// What a request looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// `POST /v1/events`: one event a line.
    JsonLines,
    /// `POST /v1/logs`: OTLP/HTTP in protobuf, each event the body of a log record.
    Otlp,
}

/// How a request is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// Cheapest for everybody.
    Zstd,
    /// For comparison with agents that know nothing better.
    Gzip,
    /// Not at all.
    Identity,
}

/// How large a batch may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Events.
    pub events: usize,
    /// Bytes before compression.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { events: 500, bytes: 1024 * 1024 }
    }
}

/// Events that travel together, one a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    lines: Vec<u8>,
    events: u64,
    /// The lines of a file in which its first and its last event begin.
    place: Option<(u64, u64)>,
}

impl Batch {
    /// Takes events until the batch is full or there are none left, and says why there are none left when the file breaks
    /// off: what came before still counts.
    pub fn fill<R: BufRead>(events: &mut Events<R>, limits: &Limits) -> (Self, Result<(), SplitError>) {
        let mut batch = Self::default();
        while batch.events < limits.events.max(1) as u64 && batch.lines.len() < limits.bytes {
            match events.next_event() {
                Ok(Some(event)) => {
                    batch.push(event);
                    let first = batch.place.map_or(events.began(), |(first, _)| first);
                    batch.place = Some((first, events.began()));
                }
                Ok(None) => break,
                Err(error) => return (batch, Err(error)),
            }
        }
        (batch, Ok(()))
    }

    /// Whether there are no events in it.
    pub const fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// Adds an event, a line without its end.
    pub fn push(&mut self, event: &[u8]) {
        self.lines.extend_from_slice(event);
        self.lines.push(b'\n');
        self.events += 1;
    }

    /// How many events.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The lines of the file in which its first and its last event begin; `None` when it is of no file.
    pub const fn place(&self) -> Option<(u64, u64)> {
        self.place
    }

    /// Bytes of the events, one a line.
    pub const fn size(&self) -> usize {
        self.lines.len()
    }

    /// The body of a request.
    pub fn body(&self, protocol: Protocol, encoding: Encoding) -> io::Result<Vec<u8>> {
        match protocol {
            Protocol::JsonLines => encoding.encode(&self.lines),
            Protocol::Otlp => encoding.encode(&self.export_request().encode_to_vec()),
        }
    }

    fn export_request(&self) -> ExportLogsServiceRequest {
        let lines = self.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let log_records = lines.map(log_record).collect();
        let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
        ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }
    }
}

/// As a collector that tails a file makes it: the line is the body, as text where it is text.
fn log_record(line: &[u8]) -> LogRecord {
    let value = match std::str::from_utf8(line) {
        Ok(text) => any_value::Value::StringValue(text.to_owned()),
        Err(_) => any_value::Value::BytesValue(line.to_vec()),
    };
    LogRecord { body: Some(AnyValue { value: Some(value) }), ..LogRecord::default() }
}

impl Protocol {
    /// Where requests go.
    pub const fn path(self) -> &'static str {
        match self {
            Self::JsonLines => "/v1/events",
            Self::Otlp => "/v1/logs",
        }
    }

    /// `content-type`.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::JsonLines => "application/x-ndjson",
            Self::Otlp => "application/x-protobuf",
        }
    }
}

impl Encoding {
    /// `content-encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    fn encode(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        const ZSTD_LEVEL: i32 = 3;
        match self {
            Self::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Identity => Ok(bytes.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn batches(text: &str, limits: Limits) -> Vec<(u64, String)> {
        let mut events = Events::read(text.as_bytes()).unwrap();
        let mut batches = Vec::new();
        loop {
            let (batch, read) = Batch::fill(&mut events, &limits);
            read.unwrap();
            if batch.is_empty() {
                return batches;
            }
            batches.push((batch.events(), String::from_utf8(batch.lines).unwrap()));
        }
    }

    #[test]
    fn batches_are_full_in_events_or_in_bytes() {
        let text = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n";
        assert_eq!(
            batches(text, Limits { events: 2, bytes: 1_000 }),
            [(2, "{\"a\":1}\n{\"a\":2}\n".to_owned()), (1, "{\"a\":3}\n".to_owned())]
        );
        assert_eq!(batches(text, Limits { events: 9, bytes: 1 }).len(), 3);
        assert_eq!(batches("", Limits::default()), []);
    }

    #[test]
    fn what_came_before_a_break_is_in_the_batch() {
        let mut events = Events::read(&b"[{\"a\":1}, {\"a\":2}, {\"a\""[..]).unwrap();
        let (batch, read) = Batch::fill(&mut events, &Limits::default());
        assert_eq!(batch.lines, b"{\"a\":1}\n{\"a\":2}\n");
        assert!(matches!(read, Err(SplitError::Unfinished { line: 1 })));
    }

    #[test]
    fn every_encoding_carries_the_same_events() {
        let mut batch = Batch::default();
        batch.push(b"{\"a\":1}");
        let plain = batch.body(Protocol::JsonLines, Encoding::Identity).unwrap();
        assert_eq!(plain, b"{\"a\":1}\n");
        let mut unzipped = Vec::new();
        flate2::read::GzDecoder::new(batch.body(Protocol::JsonLines, Encoding::Gzip).unwrap().as_slice())
            .read_to_end(&mut unzipped)
            .unwrap();
        assert_eq!(unzipped, plain);
        assert_eq!(zstd::bulk::decompress(&batch.body(Protocol::JsonLines, Encoding::Zstd).unwrap(), 1_000).unwrap(), plain);
    }

    #[test]
    fn otlp_has_a_record_for_each_event() {
        let mut batch = Batch::default();
        batch.push(b"{\"a\":1}");
        batch.push(b"\xff");
        let body = batch.body(Protocol::Otlp, Encoding::Identity).unwrap();
        let request = ExportLogsServiceRequest::decode(body.as_slice()).unwrap();
        let records = &request.resource_logs[0].scope_logs[0].log_records;
        let bodies: Vec<_> = records.iter().map(|record| record.body.clone().unwrap().value.unwrap()).collect();
        assert_eq!(bodies, [any_value::Value::StringValue("{\"a\":1}".to_owned()), any_value::Value::BytesValue(vec![0xff])]);
    }
}
