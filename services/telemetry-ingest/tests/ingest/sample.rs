//! Requests and events to send, and the events in what was stored.

use std::io::Write as _;

use events::Record;
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    resource::v1::Resource,
};
use prost::Message as _;

/// So many events, each different.
pub fn request(events: usize) -> ExportLogsServiceRequest {
    request_of((0..events).map(event))
}

/// One event as Suricata writes it, about 700 bytes.
pub fn event(number: usize) -> String {
    let padding = "x".repeat(560);
    format!(
        r#"{{"timestamp":"2026-09-24T09:50:00.000000+0200","event_type":"alert","src_ip":"10.0.0.{}","number":{number},"pad":"{padding}"}}"#,
        number % 250
    )
}

/// These events, under one resource.
pub fn request_of(events: impl IntoIterator<Item = String>) -> ExportLogsServiceRequest {
    let text = |text: String| Some(AnyValue { value: Some(Value::StringValue(text)) });
    let log_records = events.into_iter().map(|event| LogRecord { body: text(event), ..LogRecord::default() }).collect();
    let host = KeyValue { key: "host.name".to_owned(), value: text("gw-1".to_owned()), ..KeyValue::default() };
    let resource = Some(Resource { attributes: vec![host], ..Resource::default() });
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }] }
}

pub fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(body: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(body, 3).unwrap()
}

/// The bodies of the log records in a stored record, whatever its format and compression.
pub fn events_of(record: &Record) -> Vec<String> {
    let value = record.value.as_ref().unwrap();
    let plain = match record.header("content-encoding") {
        None => value.to_vec(),
        Some("gzip") => {
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&value[..]), &mut plain).unwrap();
            plain
        }
        Some("zstd") => zstd::bulk::decompress(value, 64 << 20).unwrap(),
        Some(other) => panic!("{other}"),
    };
    let request: ExportLogsServiceRequest = match record.header("content-type").unwrap() {
        "application/x-protobuf" => ExportLogsServiceRequest::decode(&plain[..]).unwrap(),
        "application/json" => serde_json::from_slice(&plain).unwrap(),
        "application/x-ndjson" => return std::str::from_utf8(&plain).unwrap().lines().map(|line| line.trim().to_owned()).collect(),
        other => panic!("{other}"),
    };
    let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    scopes
        .flat_map(|scope| scope.log_records)
        .map(|record| match record.body.and_then(|body| body.value) {
            Some(Value::StringValue(text)) => text,
            other => panic!("{other:?}"),
        })
        .collect()
}
