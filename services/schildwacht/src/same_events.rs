//! What `send` posts, telemetry-ingest counts and network-monitor reads are the same events, whatever the shape and whatever is
//! around them: made-up bodies, whole, cut anywhere and changed anywhere, in a few seconds.

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, KeyValue, KeyValueList, any_value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};
use proptest::{prelude::*, sample::select};
use prost::Message as _;
use serde_json::{Value, json};
use telemetry_ingest::scan::Format;

use crate::send::Events;
use properties::{Account, account, events_of};

mod changed;
mod properties;

fn address() -> impl Strategy<Value = String> {
    prop_oneof![(0..255_u8, 1..255_u8).prop_map(|(c, d)| format!("10.0.{c}.{d}")), Just("fe80::1".to_owned())]
}

/// What people and machines write: quotes, braces, letters of all alphabets.
fn content() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,12}",
        "\\PC{0,16}",
        select(vec!["{", "}", "{\"", "\\", "\"}", "[{}]", "{\"event_type\":\"alert\"}", "é😀"]).prop_map(str::to_owned)
    ]
}

prop_compose! {
    fn eve()(
        kind in select(vec!["alert", "flow", "dns", "tls", "http", "stats", "invented"]),
        source in address(), destination in address(), port in 1..65_535_u16, text in content(), is_pretty in any::<bool>(),
    ) -> Value {
        let mut event = json!({
            "timestamp": "2026-09-24T09:49:00.000001+0000", "event_type": kind, "src_ip": source, "src_port": 40_000, "dest_ip": destination,
            "dest_port": port, "proto": "TCP", "flow": { "pkts_toserver": 1, "pkts_toclient": 1 }, "http": { "url": text },
            "alert": { "signature_id": 7, "signature": text, "severity": 2 }, "tls": { "version": "TLS 1.3", "sni": text },
        });
        if is_pretty {
            event["payload_printable"] = json!(text);
        }
        event
    }
}

prop_compose! {
    fn zeek()(
        log in select(vec!["conn", "dns", "http", "known_hosts", "weird", "syslog", "invented"]),
        host in address(), other in address(), text in content(), is_named in any::<bool>(),
    ) -> Value {
        let mut event = json!({
            "ts": 1_790_243_340.5, "uid": "CInvented", "id.orig_h": host, "id.resp_h": other, "host": host, "conn_state": "SF",
            "message": text, "name": text, "payload": text,
        });
        if is_named {
            event["_path"] = json!(log);
        }
        event
    }
}

/// An event, as it is or wrapped.
fn event() -> impl Strategy<Value = Value> {
    let wrapper = select(vec!["message", "log", "event", "full_message", "line"]);
    let plain = prop_oneof![eve(), zeek()];
    prop_oneof![
        3 => plain.clone(),
        1 => (wrapper, plain).prop_map(|(key, event)| json!({ "host": "gw", key: event.to_string(), "file": "/var/log/x.json" })),
    ]
}

fn events() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(event(), 1..6)
}

/// Bytes before and behind a record that are no record.
fn around() -> impl Strategy<Value = (&'static str, &'static str)> {
    let before = vec!["", "\0\0", "\u{feff}", "\u{feff}\0 ", "@cee: ", "<13>Sep 24 09:49:00 gw suricata[7]: ", ", ", "\u{1e}"];
    let behind = vec!["", ",", "\0", " \r", ", ", "\0\0\0"];
    (select(before), select(behind))
}

fn lines() -> impl Strategy<Value = String> {
    (prop::collection::vec((event(), around()), 1..6), select(vec!["\n", "\r\n", "\n\n", "\n\0\n", "\n,\n"])).prop_map(|(events, end)| {
        let line = |(event, (before, behind))| format!("{before}{event}{behind}{end}");
        events.into_iter().map(line).collect()
    })
}

fn array() -> impl Strategy<Value = String> {
    let opening = select(vec!["[", "\u{feff}[", "\0[\n", "[\n  ", ""]);
    (events(), opening, select(vec![",", ",\n", "\n, ", "]\n[", "\n"]), select(vec!["]", "", ",", "]\n", "\n]\0"]), any::<bool>()).prop_map(
        |(events, opening, between, end, is_pretty)| {
            let write = |event: &Value| if is_pretty { serde_json::to_string_pretty(event).unwrap() } else { event.to_string() };
            let events: Vec<String> = events.iter().map(write).collect();
            format!("{opening}{}{end}", events.join(between))
        },
    )
}

fn text(text: &str) -> AnyValue {
    AnyValue { value: Some(any_value::Value::StringValue(text.to_owned())) }
}

fn structured(json: &Value) -> AnyValue {
    let value = match json {
        Value::String(text) => any_value::Value::StringValue(text.clone()),
        Value::Bool(truth) => any_value::Value::BoolValue(*truth),
        Value::Number(number) => any_value::Value::DoubleValue(number.as_f64().unwrap_or_default()),
        Value::Object(_) => any_value::Value::KvlistValue(KeyValueList { values: members(json) }),
        Value::Array(_) | Value::Null => return AnyValue::default(),
    };
    AnyValue { value: Some(value) }
}

fn members(json: &Value) -> Vec<KeyValue> {
    let pair = |(key, value): (&String, &Value)| KeyValue { key: key.clone(), value: Some(structured(value)), ..KeyValue::default() };
    json.as_object().into_iter().flatten().map(pair).collect()
}

fn request() -> impl Strategy<Value = ExportLogsServiceRequest> {
    let record = (event(), 0..4_u8).prop_map(|(event, shape)| {
        let (body, attributes) = match shape {
            0 => (Some(text(&event.to_string())), vec![]),
            1 => (Some(AnyValue { value: Some(any_value::Value::BytesValue(event.to_string().into_bytes())) }), vec![]),
            2 => (Some(structured(&event)), members(&json!({ "log.file.name": "x.json" }))),
            _ => (None, members(&event)),
        };
        LogRecord { body, attributes, time_unix_nano: 1_790_243_340_000_000_000, ..LogRecord::default() }
    });
    prop::collection::vec(prop::collection::vec(record, 1..4), 1..3).prop_map(|groups| {
        let under =
            |log_records| ResourceLogs { scope_logs: vec![ScopeLogs { log_records, ..ScopeLogs::default() }], ..ResourceLogs::default() };
        ExportLogsServiceRequest { resource_logs: groups.into_iter().map(under).collect() }
    })
}

/// A request in JSON, or two, in one of the spellings.
fn json_request() -> impl Strategy<Value = String> {
    (events(), events(), select(vec!["", "\n", "\u{feff}"]), any::<bool>(), any::<bool>()).prop_map(
        |(first, second, before, is_old, is_two)| {
            let record = |event: &Value| json!({ "timeUnixNano": "1790243340000000000", "body": { "stringValue": event.to_string() } });
            let scopes = if is_old { "instrumentationLibraryLogs" } else { "scopeLogs" };
            let request = |events: &[Value]| {
                let records: Vec<Value> = events.iter().map(record).collect();
                json!({ "resourceLogs": [{ "resource": { "attributes": [] }, scopes: [{ "logRecords": records }] }] }).to_string()
            };
            let second = if is_two { format!("\n{}", request(&second)) } else { String::new() };
            format!("{before}{}{second}\n", request(&first))
        },
    )
}

fn any_body() -> impl Strategy<Value = (Format, Vec<u8>)> {
    prop_oneof![
        lines().prop_map(|body| (Format::JsonLines, body.into_bytes())),
        array().prop_map(|body| (Format::JsonLines, body.into_bytes())),
        lines().prop_map(|body| (Format::Json, body.into_bytes())),
        array().prop_map(|body| (Format::Json, body.into_bytes())),
        json_request().prop_map(|body| (Format::OtlpJson, body.into_bytes())),
        array().prop_map(|body| (Format::OtlpJson, body.into_bytes())),
        request().prop_map(|request| (Format::OtlpProtobuf, request.encode_to_vec())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_is_accepted_and_read_whatever_is_around_it(body in lines()) {
        let events = body.split('\n').filter(|line| line.contains('{')).count() as u32;
        let expected = Account { accepted: events, understood: events, ..Account::default() };
        for format in [Format::JsonLines, Format::Json] {
            prop_assert_eq!(account(format, body.as_bytes()).unwrap(), Account { ..expected }, "{:?}", format);
        }
        let sent = events_of(body.as_bytes()).unwrap();
        prop_assert_eq!(sent.len() as u32, events);
        prop_assert_eq!(account(Format::JsonLines, &sent.join(&b'\n')).unwrap(), expected);
    }

    #[test]
    fn every_element_is_accepted_and_read_whatever_the_shape(body in array()) {
        let events = events_of(body.as_bytes());
        let of_json = account(Format::Json, body.as_bytes()).unwrap();
        prop_assert_eq!((of_json.rejected, of_json.unreadable), (0, 0));
        prop_assert_eq!(of_json.accepted, of_json.understood);
        let of_otlp = account(Format::OtlpJson, body.as_bytes()).unwrap();
        prop_assert_eq!(&of_otlp, &of_json);
        prop_assert_eq!(&account(Format::JsonLines, body.as_bytes()).unwrap(), &of_json);
        let is_array = body.trim_start_matches(['\u{feff}', '\0']).starts_with('[');
        // A file whose array is not closed is sent, and said to break off.
        if let Some(events) = events
            && is_array
        {
            prop_assert_eq!(events.len() as u32, of_json.accepted);
        }
    }

    #[test]
    fn every_record_of_a_request_is_accepted_and_read(request in request(), json in json_request()) {
        let records: usize = request.resource_logs.iter().flat_map(|logs| &logs.scope_logs).map(|scope| scope.log_records.len()).sum();
        let protobuf = account(Format::OtlpProtobuf, &request.encode_to_vec()).unwrap();
        prop_assert_eq!(protobuf, Account { accepted: records as u32, understood: records as u32, ..Account::default() });
        let records = json.matches("\"timeUnixNano\"").count() as u32;
        let json = account(Format::OtlpJson, json.as_bytes()).unwrap();
        prop_assert_eq!(json, Account { accepted: records, understood: records, ..Account::default() });
    }

    #[test]
    fn a_body_that_was_cut_is_never_a_success_with_nothing_found((format, body) in any_body(), at in any::<prop::sample::Index>()) {
        let cut = &body[..at.index(body.len())];
        let Ok(account) = account(format, cut) else { return Ok(()) };
        prop_assert!(account.found() >= account.accepted, "{:?}", account);
        if account.accepted + account.rejected == 0 {
            prop_assert!(!cut.contains(&b'{') && !cut.contains(&b':'), "{:?}", String::from_utf8_lossy(cut));
        }
    }

    #[test]
    fn every_accepted_event_has_an_outcome_whatever_was_changed(
        (format, mut body) in any_body(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        for (at, with) in changes {
            let at = at.index(body.len());
            body[at] = with;
        }
        if let Ok(account) = account(format, &body) {
            prop_assert!(account.found() >= account.accepted, "{:?} of {:?}", account, String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn half_a_record_costs_no_neighbour(first in eve(), half in eve(), last in eve(), at in 1..60_usize, between in select(vec!["", "\n"])) {
        let half = half.to_string();
        let body = format!("{first}\n{}{between}{last}\n{first}\n", &half[..at]);
        let account = account(Format::JsonLines, body.as_bytes()).unwrap();
        prop_assert_eq!(account.understood, 3, "{}", body);
    }

    #[test]
    fn any_bytes_at_all_are_taken_without_panic(body in prop::collection::vec(any::<u8>(), 0..300), format in 0..4_usize) {
        let format = [Format::OtlpProtobuf, Format::OtlpJson, Format::JsonLines, Format::Json][format];
        if let Ok(account) = account(format, &body) {
            prop_assert!(account.found() >= account.accepted);
        }
        let _either_way = events_of(&body);
    }
}
