//! What the sensors of the demo's schools write on a day in term, as records of the log.

use std::{fmt, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use events::Record;
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};
use prost::Message as _;
use proto::telemetry as header;
use runtime::{Clock, EventId, GatewayId, Ids, ManualClock, SchoolId};

/// A Thursday, seven in the morning in Brussels.
const BEGIN: &str = "2026-09-24T05:00:00Z";
const MINUTES: u32 = 12 * 60;
const SCHOOLS: [&str; 5] = ["zandloper", "sint-barbara", "ter-leie", "merel", "hagelkruis"];

/// How events are put into records.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// OTLP protobuf, else JSON lines.
    pub otlp: bool,
    pub zstd: bool,
    /// Events in a record.
    pub batch: usize,
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (format, encoding) = (if self.otlp { "OTLP" } else { "JSON lines" }, if self.zstd { "zstd" } else { "plain" });
        write!(formatter, "{format}, {encoding}, {} a batch", self.batch)
    }
}

/// Events by school, oldest first.
#[derive(Debug)]
pub struct SchoolDay {
    schools: Vec<Vec<String>>,
}

/// When the day is over and all of it has been heard.
pub fn end() -> DateTime<Utc> {
    BEGIN.parse::<DateTime<Utc>>().unwrap_or_default() + TimeDelta::minutes(MINUTES.into())
}

impl SchoolDay {
    /// So many events in all, written by the product's own demo.
    pub fn of_demo(product: &Path, events: usize) -> Result<Self> {
        let schools: Vec<Vec<String>> = SCHOOLS.iter().map(|school| lines(product, school)).collect::<Result<_>>()?;
        let written: usize = schools.iter().map(Vec::len).sum();
        ensure!(written >= events, "the demo wrote {written} events only, not {events}");
        // Each school its share, as large schools send more.
        let share = |lines: Vec<String>| {
            let take = lines.len() * events / written;
            lines.into_iter().take(take).collect()
        };
        Ok(Self { schools: schools.into_iter().map(share).collect() })
    }

    pub fn len(&self) -> usize {
        self.schools.iter().map(Vec::len).sum()
    }

    pub fn schools(&self) -> usize {
        self.schools.len()
    }

    pub fn bytes_an_event(&self) -> f64 {
        self.schools.iter().flatten().map(String::len).sum::<usize>() as f64 / self.len() as f64
    }

    /// Records as telemetry-ingest writes them; the schools take turns.
    pub fn records(&self, form: Form) -> Result<Vec<Record>> {
        let (_, ids) = clock();
        let mut lanes: Vec<(SchoolId, GatewayId, std::slice::Chunks<'_, String>)> =
            self.schools.iter().map(|lines| (ids.next(), ids.next(), lines.chunks(form.batch))).collect();
        let mut records = Vec::new();
        loop {
            let before = records.len();
            for (school, gateway, batches) in &mut lanes {
                if let Some(batch) = batches.next() {
                    records.push(record(batch, form, *school, *gateway, ids.next())?);
                }
            }
            if records.len() == before {
                return Ok(records);
            }
        }
    }
}

fn lines(product: &Path, school: &str) -> Result<Vec<String>> {
    let minutes = MINUTES.to_string();
    let output = Command::new(product)
        .args(["demo", "print", "--school", school, "--from", BEGIN, "--minutes", &minutes])
        .output()
        .with_context(|| format!("{} cannot be run", product.display()))?;
    ensure!(output.status.success(), "the demo wrote nothing: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

fn record(lines: &[String], form: Form, school: SchoolId, gateway: GatewayId, id: EventId) -> Result<Record> {
    let plain = if form.otlp { request(lines).encode_to_vec() } else { lines.join("\n").into_bytes() };
    let body = if form.zstd { zstd::bulk::compress(&plain, 3)? } else { plain };
    let media_type = if form.otlp { "application/x-protobuf" } else { "application/x-ndjson" };
    let text = |name: &str, value: String| (name.to_owned(), Bytes::from(value));
    let mut headers = vec![
        text("ce_specversion", "1.0".to_owned()),
        text("ce_id", id.to_string()),
        text("ce_source", telemetry_ingest::Service::NAME.to_owned()),
        text("ce_type", "schildwacht.telemetry.batch.v1".to_owned()),
        text(header::RECEIVED, end().to_rfc3339()),
        text(header::MEDIA_TYPE, media_type.to_owned()),
        text(header::GATEWAY, gateway.to_string()),
        text(header::SCHOOL, school.to_string()),
        text(header::EVENTS, lines.len().to_string()),
    ];
    if form.zstd {
        headers.push(text(header::ENCODING, "zstd".to_owned()));
    }
    Ok(Record { key: school.to_string().into(), headers, value: Some(body.into()) })
}

fn request(lines: &[String]) -> ExportLogsServiceRequest {
    let text = |text: &str| Some(AnyValue { value: Some(Value::StringValue(text.to_owned())) });
    let file = KeyValue { key: "log.file.name".to_owned(), value: text("eve.json"), ..KeyValue::default() };
    let log_record = |line: &String| LogRecord { body: text(line), attributes: vec![file.clone()], ..LogRecord::default() };
    let scope_logs = vec![ScopeLogs { log_records: lines.iter().map(log_record).collect(), ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }
}

/// A clock that stands at the end of the day, so that nothing is too old to be kept, whenever this runs.
pub fn clock() -> (Clock, Ids) {
    let clock = Clock::from(ManualClock::at(end()));
    (clock.clone(), Ids::random(clock))
}
