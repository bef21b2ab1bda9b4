mod log_names;
mod outcomes;
mod padding;
mod robustness;
mod shippers;
mod suricata;
mod wire_content;
mod wrappers;
mod zeek;

use std::io::Write as _;

use proptest::prelude::*;
use prost::Message as _;
use serde_json::json;

use super::*;
use crate::{
    domain::{
        fact::Told,
        sighting::{Sighting, Who},
        source::Source,
    },
    wire::{
        otlp::message::{self, AnyValue, ArrayValue, KeyValue, KeyValueList, LogRecord, Value},
        reading::Understood,
    },
};

const RECEIVED: &str = "2026-09-24T09:50:00Z";

const ALERT: &str = r#"{"timestamp":"2026-09-24T11:49:00.000001+0200","flow_id":18446744073709551615,"event_type":"alert","src_ip":"10.0.0.5","src_port":40000,"dest_ip":"10.0.0.9","dest_port":22,"proto":"TCP","alert":{"action":"allowed","gid":1,"signature_id":2001219,"rev":20,"signature":"ET SCAN Potential SSH Scan","category":"Attempted Information Leak","severity":2},"flow":{"pkts_toserver":1,"pkts_toclient":0,"start":"2026-09-24T11:49:00.000001+0200"}}"#;
const KNOWN_HOST: &str = r#"{"_path":"known_hosts","ts":"2026-09-24T09:49:00.000001Z","host":"10.0.0.5"}"#;

/// What became of each event, in words.
fn outcomes(media_type: &str, content_encoding: &str, body: impl Into<Bytes>) -> Vec<String> {
    let batch = RawBatch { media_type, content_encoding, body: body.into(), received: RECEIVED.parse().unwrap(), limit: 1_000_000 };
    let mut outcomes = Vec::new();
    let result = read(&batch, &mut |reading| {
        outcomes.push(match reading {
            Reading::Understood(understood) => understood.source.to_string(),
            Reading::Unused(kind) => format!("unused {kind}"),
            Reading::Unreadable(unreadable) => format!("{} {}", unreadable.reason, unreadable.detail).trim().to_owned(),
        });
    });
    if let Err(error) = result {
        outcomes.push(format!("batch {}", error.reason()));
    }
    outcomes
}

fn lines(text: &str) -> Vec<String> {
    outcomes("application/x-ndjson", "", text.to_owned())
}

/// What one event says.
fn understood(line: &str) -> (Vec<Sighting>, Option<crate::domain::detection::Detection<'static>>) {
    let batch = RawBatch {
        media_type: "application/x-ndjson",
        content_encoding: "identity",
        body: line.to_owned().into(),
        received: RECEIVED.parse().unwrap(),
        limit: 1_000_000,
    };
    let mut said = Vec::new();
    read(&batch, &mut |reading| match reading {
        Reading::Understood(Understood { sightings, detection, .. }) => {
            let detection = detection.map(|found| (*found).into_owned());
            said.push((sightings.into_iter().flatten().collect(), detection));
        }
        other => panic!("{other:?}"),
    })
    .unwrap();
    assert_eq!(said.len(), 1, "{line}");
    said.remove(0)
}

fn who(line: &str) -> Vec<Who> {
    understood(line).0.into_iter().map(|sighting| sighting.who).collect()
}

fn ip(text: &str) -> Who {
    Who::Ip(text.parse().unwrap())
}

fn claim(mac: &str, ip: &str) -> Who {
    Who::Claim(mac.parse().unwrap(), ip.parse().unwrap())
}

fn text(text: &str) -> AnyValue {
    AnyValue { value: Some(Value::Text(text.to_owned().into())) }
}

fn attribute(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.to_owned().into(), value: Some(value) }
}

/// A JSON value as OTLP structures it.
fn structured(json: &serde_json::Value) -> AnyValue {
    let value = match json {
        serde_json::Value::Null => None,
        serde_json::Value::Bool(truth) => Some(Value::Bool(*truth)),
        serde_json::Value::Number(number) => number.as_i64().map(Value::Integer).or(number.as_f64().map(Value::Float)),
        serde_json::Value::String(text) => Some(Value::Text(text.clone().into())),
        serde_json::Value::Array(list) => Some(Value::Array(ArrayValue { values: list.iter().map(structured).collect() })),
        serde_json::Value::Object(_) => Some(Value::Kvlist(KeyValueList { values: members(json) })),
    };
    AnyValue { value }
}

fn members(json: &serde_json::Value) -> Vec<KeyValue> {
    json.as_object().unwrap().iter().map(|(key, value)| attribute(key, structured(value))).collect()
}

/// A request, built with the types that agents are built with, so that our own reading is checked against theirs.
fn request(records: Vec<LogRecord>) -> Bytes {
    use opentelemetry_proto::tonic::{
        collector::logs::v1::ExportLogsServiceRequest,
        logs::v1::{LogRecord as TheirRecord, ResourceLogs, ScopeLogs},
    };
    let log_records = records.iter().map(|record| TheirRecord::decode(record.encode_to_vec().as_slice()).unwrap()).collect();
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    let request = ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] };
    request.encode_to_vec().into()
}

fn with_body(body: AnyValue) -> LogRecord {
    LogRecord { body: Some(body), ..LogRecord::default() }
}
