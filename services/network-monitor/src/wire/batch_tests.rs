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
        otlp::{AnyValue, KeyValue, KeyValueList, LogRecord, Value},
        reading::{Reason, Understood},
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
            let detection = detection.map(|found| crate::domain::detection::Detection {
                signature: found.signature.into_owned().into(),
                category: found.category.into_owned().into(),
                protocol: found.protocol.into_owned().into(),
                raw: found.raw.into_owned().into(),
                ..found
            });
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
        serde_json::Value::Array(list) => Some(Value::Array(super::otlp::ArrayValue { values: list.iter().map(structured).collect() })),
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

mod shippers {
    use super::*;

    #[test]
    fn a_line_is_understood_whatever_is_wrapped_around_it() {
        let escaped = serde_json::to_string(ALERT).unwrap();
        for (shipper, line) in [
            ("none", ALERT.to_owned()),
            ("fluent bit, tail", format!(r#"{{"date":1790000000.5,"log":{escaped}}}"#)),
            (
                "docker",
                format!(
                    r#"{{"log":{},"stream":"stdout","time":"2026-09-24T09:49:01Z"}}"#,
                    serde_json::to_string(&format!("{ALERT}\n")).unwrap()
                ),
            ),
            (
                "vector, file",
                format!(
                    r#"{{"file":"/var/log/suricata/eve.json","host":"gw","message":{escaped},"source_type":"file","timestamp":"2026-09-24T09:49:01Z"}}"#
                ),
            ),
            (
                "filebeat",
                format!(
                    r#"{{"@timestamp":"2026-09-24T09:49:01Z","host":{{"name":"gw"}},"event":{{"original":{escaped}}},"log":{{"file":{{"path":"/x/eve.json"}}}}}}"#
                ),
            ),
            (
                "filebeat, suricata module",
                format!(
                    r#"{{"@timestamp":"2026-09-24T09:49:01Z","event":{{"original":{escaped},"type":"alert"}},"suricata":{{"eve":{ALERT}}}}}"#
                ),
            ),
            ("hec, object", format!(r#"{{"time":1790000000,"sourcetype":"suricata","event":{ALERT}}}"#)),
            ("hec, text", format!(r#"{{"time":1790000000,"sourcetype":"suricata","event":{escaped}}}"#)),
            ("cribl", format!(r#"{{"_raw":{escaped},"_time":1790000000}}"#)),
            ("journald", format!(r#"{{"MESSAGE":{escaped},"SYSLOG_IDENTIFIER":"suricata","_HOSTNAME":"gw"}}"#)),
            ("rsyslog, json template", format!(r#"{{"msg":" {}","programname":"suricata"}}"#, &escaped[1..escaped.len() - 1])),
            ("rsyslog, rfc 3164", format!("<134>Sep 24 11:49:01 gw suricata[812]: {ALERT}")),
            ("rsyslog, rfc 5424", format!(r#"<134>1 2026-09-24T11:49:01+02:00 gw suricata 812 - [meta seq="1"] @cee: {ALERT}"#)),
            ("gelf", format!(r#"{{"version":"1.1","host":"gw","short_message":"alert","full_message":{escaped}}}"#)),
            ("fluent bit, merged", format!(r#"{{"date":1790000000.5,"log_processed":{ALERT}}}"#)),
            ("docker around a shipper", format!(r#"{{"log":{}}}"#, serde_json::to_string(&format!(r#"{{"message":{escaped}}}"#)).unwrap())),
            ("a byte-order mark and NULs", format!("\0\0\u{feff}{ALERT}\0")),
        ] {
            assert_eq!(lines(&line), ["suricata.alert"], "{shipper}: {line}");
            let (_, detection) = understood(&line);
            assert_eq!(detection.unwrap().time.to_rfc3339(), "2026-09-24T09:49:00.000001+00:00", "{shipper}");
        }
    }

    #[test]
    fn a_record_is_understood_as_text_as_structure_and_as_attributes() {
        let json: serde_json::Value = serde_json::from_str(ALERT).unwrap();
        let bytes = AnyValue { value: Some(Value::Bytes(ALERT.as_bytes().to_vec().into())) };
        let records = vec![
            with_body(text(ALERT)),
            with_body(bytes),
            with_body(structured(&json)),
            with_body(structured(&json!({ "log": ALERT }))),
            with_body(structured(&json!({ "message": json }))),
            LogRecord { attributes: members(&json), ..LogRecord::default() },
            LogRecord { attributes: members(&json), ..with_body(text("ET SCAN Potential SSH Scan")) },
            LogRecord { attributes: members(&json), ..with_body(text(ALERT)) },
        ];
        let count = records.len();
        assert_eq!(outcomes("application/x-protobuf", "", request(records)), vec!["suricata.alert"; count]);
        let two_in_one = with_body(structured(&json!([json, ALERT])));
        assert_eq!(outcomes("application/x-protobuf", "", request(vec![two_in_one])), ["suricata.alert"; 2]);
    }

    #[test]
    fn otlp_json_says_the_same_as_protobuf() {
        let record = json!({
            "timeUnixNano": "1790243340000001000",
            "body": { "stringValue": ALERT },
            "attributes": [{ "key": "log.file.name", "value": { "stringValue": "eve.json" } }],
        });
        let structured = json!({ "body": { "kvlistValue": { "values": [
            { "key": "_path", "value": { "stringValue": "known_hosts" } },
            { "key": "ts", "value": { "doubleValue": 1_790_243_340.5 } },
            { "key": "host", "value": { "stringValue": "10.0.0.5" } },
            { "key": "port", "value": { "intValue": "443" } },
        ] } } });
        let broken = json!({ "body": "a line" });
        let request = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [record, structured, broken] }] }] });
        assert_eq!(outcomes("application/json", "", request.to_string()), ["suricata.alert", "zeek.known_hosts", "malformed_record"]);
        let snake_case = json!({ "resource_logs": [{ "scope_logs": [{ "log_records": [{ "body": { "string_value": ALERT } }] }] }] });
        assert_eq!(outcomes("application/json; charset=utf-8", "", snake_case.to_string()), ["suricata.alert"]);
        assert_eq!(outcomes("application/json", "", "{}"), Vec::<String>::new());
    }

    #[test]
    fn json_that_is_no_otlp_is_read_as_events() {
        assert_eq!(outcomes("application/json", "", ALERT), ["suricata.alert"]);
        assert_eq!(outcomes("application/json", "", format!("[{ALERT},\n{KNOWN_HOST}]")), ["suricata.alert", "zeek.known_hosts"]);
    }

    #[test]
    fn every_encoding_is_read() {
        let body = format!("{ALERT}\n{KNOWN_HOST}\n");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(body.as_bytes()).unwrap();
        let expected = ["suricata.alert", "zeek.known_hosts"];
        assert_eq!(outcomes("application/x-ndjson", "gzip", gzip.finish().unwrap()), expected);
        assert_eq!(outcomes("application/x-ndjson", "zstd", zstd::bulk::compress(body.as_bytes(), 3).unwrap()), expected);
        assert_eq!(
            outcomes("application/x-protobuf", "zstd", zstd::bulk::compress(&request(vec![with_body(text(ALERT))]), 3).unwrap()),
            [expected[0]]
        );
    }

    #[test]
    fn a_file_written_over_lines_is_read_as_a_whole() {
        let events: Vec<serde_json::Value> = [ALERT, KNOWN_HOST].iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let array = serde_json::to_string_pretty(&events).unwrap();
        assert_eq!(lines(&array), ["suricata.alert", "zeek.known_hosts"]);
        let one_after_another: String = events.iter().map(|event| serde_json::to_string_pretty(event).unwrap() + "\n").collect();
        assert_eq!(lines(&one_after_another), ["suricata.alert", "zeek.known_hosts"]);
    }
}

mod outcomes {
    use super::*;

    #[test]
    fn every_line_has_one_outcome() {
        let text = [
            ALERT,
            "",
            r#"{"event_type":"stats","timestamp":"2026-09-24T09:49:00+0000","stats":{}}"#,
            r#"{"event_type":"invented","timestamp":"2026-09-24T09:49:00+0000"}"#,
            r#"{"_path":"files","ts":1790000000.1,"fuid":"F"}"#,
            r#"{"_path":"invented","ts":1790000000.1}"#,
            r#"{"_path":"notice","ts":1790000000.1,"note":"CaptureLoss::Too_Much_Loss","msg":"lost 20%"}"#,
            "suricata: engine started",
            r#"{"event_type":"alert","timestamp":"2026-09-2"#,
            r#"{"event_type":alert}"#,
            r#"{"hello":"world"}"#,
            r#"{"event_type":"flow","src_ip":"10.0.0.5"}"#,
            r#"{"event_type":"flow","timestamp":"noon","src_ip":"10.0.0.5"}"#,
            r#"{"event_type":"flow","timestamp":"2026-09-24T09:49:00+0000","src_ip":"10.0.0.5"}"#,
            r#"{"event_type":"flow","timestamp":"2026-09-24T09:49:00+0000","src_ip":"10.0.0.500","dest_ip":"10.0.0.9"}"#,
            r#"{"event_type":"arp","timestamp":"2026-09-24T09:49:00+0000","arp":{"src_mac":"none"}}"#,
            r#"{"event_type":"alert","timestamp":"2026-09-24T09:49:00+0000","alert":{}}"#,
        ];
        assert_eq!(
            lines(&text.join("\r\n")),
            [
                "suricata.alert",
                "unused suricata.stats",
                "unused suricata.other",
                "unused zeek.files",
                "unused zeek.other",
                "unused zeek.notice_about_sensor",
                "not_json",
                "truncated_json column 44",
                "malformed_json column 15",
                "not_an_event",
                "missing_time timestamp",
                "unreadable_time timestamp",
                "missing_field dest_ip",
                "unreadable_address src_ip",
                "unreadable_mac arp.src_mac",
                "missing_field alert.signature_id",
            ]
        );
    }

    #[test]
    fn records_and_batches_that_are_none_have_their_own_names() {
        let empty = vec![LogRecord::default(), with_body(AnyValue { value: Some(Value::Integer(7)) })];
        assert_eq!(outcomes("application/x-protobuf", "", request(empty)), ["empty_record", "not_an_event"]);
        assert_eq!(outcomes("text/html", "", ""), ["batch unknown_media_type"]);
        assert_eq!(outcomes("application/x-ndjson", "br", ""), ["batch unknown_encoding"]);
        assert_eq!(outcomes("application/x-ndjson", "gzip", "no"), ["batch damaged_compression"]);
        assert_eq!(outcomes("application/x-ndjson", "", vec![b' '; 1_000_001]), ["batch too_large"]);
        assert_eq!(outcomes("application/x-protobuf", "", "no"), ["batch malformed_request"]);
        assert_eq!(outcomes("application/json", "", r#"{"resourceLogs":7}"#), ["batch malformed_request"]);
    }

    #[test]
    fn a_broken_record_costs_only_itself() {
        let good = with_body(text(ALERT)).encode_to_vec();
        // Field 5, two bytes long, in which field 1 claims nine bytes.
        let broken = vec![0x2a, 2, 0x0a, 9];
        let field = |number: u8, bytes: &[u8]| {
            let mut field = vec![number << 3 | 2];
            prost::encode_length_delimiter(bytes.len(), &mut field).unwrap();
            field.extend_from_slice(bytes);
            field
        };
        let records: Vec<u8> = [&good, &broken, &good].into_iter().flat_map(|record| field(2, record)).collect();
        let request = field(1, &field(2, &records));
        assert_eq!(outcomes("application/x-protobuf", "", request), ["suricata.alert", "malformed_record", "suricata.alert"]);
    }

    #[test]
    fn wrapping_without_end_is_given_up() {
        let wrapped = (0..6).fold(ALERT.to_owned(), |inner, _| json!({ "message": inner }).to_string());
        assert_eq!(lines(&wrapped), ["wrapped_too_deep"]);
    }

    #[test]
    fn careless_text_gets_a_second_chance() {
        let mut latin1 = br#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","host_name":"caf"#.to_vec();
        latin1.extend(b"\xe9\"}");
        assert_eq!(outcomes("application/x-ndjson", "", latin1), ["zeek.dhcp"]);
        assert_eq!(lines("{\"_path\":\"dhcp\",\"ts\":1790000000.1,\"mac\":\"00:1b:21:0a:bc:de\",\"host_name\":\"a\tb\"}"), ["zeek.dhcp"]);
        assert_eq!(lines(r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","host_name":"a\ud83d\\"}"#), ["zeek.dhcp"]);
        assert_eq!(lines(&format!("{ALERT} and then some")), ["suricata.alert"]);
        assert_eq!(lines(&format!("{ALERT}{KNOWN_HOST}")), ["suricata.alert", "zeek.known_hosts"]);
        assert_eq!(lines(&format!("{ALERT}{{\"_path\":")), ["suricata.alert", "truncated_json column 445"]);
    }

    #[test]
    fn what_cannot_be_read_can_be_read_again_later() {
        let structure = with_body(structured(&json!({ "hello": "world", "list": [1, true] })));
        let batch = RawBatch {
            media_type: "application/x-protobuf",
            content_encoding: "",
            body: request(vec![structure]),
            received: RECEIVED.parse().unwrap(),
            limit: 10_000,
        };
        let mut originals = Vec::new();
        read(&batch, &mut |reading| match reading {
            Reading::Unreadable(unreadable) => originals.push((unreadable.reason, unreadable.original.into_owned())),
            other => panic!("{other:?}"),
        })
        .unwrap();
        assert_eq!(originals, [(Reason::NotAnEvent, br#"{"hello":"world","list":[1,true]}"#.to_vec())]);
    }
}

mod suricata {
    use super::*;

    fn event(kind: &str, rest: &str) -> String {
        format!(r#"{{"timestamp":"2026-09-24T11:49:00.000000+0200","event_type":"{kind}",{rest}}}"#)
    }

    #[test]
    fn an_alert_is_a_detection_and_its_source_was_there() {
        let (sightings, detection) = understood(ALERT);
        let detection = detection.unwrap();
        assert_eq!(detection.signature_id.as_str(), "suricata:1:2001219");
        assert_eq!((detection.source.port, detection.destination.port), (Some(40_000), Some(22)));
        assert_eq!(detection.protocol, "tcp");
        assert_eq!(detection.raw, ALERT);
        assert_eq!(sightings.len(), 1, "nobody answered, so the destination may not exist");
    }

    #[test]
    fn two_transactions_of_one_flow_are_two_events_and_a_copy_is_none() {
        let fingerprint = |line: &str| understood(line).1.unwrap().fingerprint;
        let wrapped = json!({ "message": ALERT }).to_string();
        assert_eq!(fingerprint(ALERT), fingerprint(&wrapped));
        let other_transaction = ALERT.replace("\"event_type\"", "\"tx_id\":1,\"event_type\"");
        assert_ne!(fingerprint(ALERT), fingerprint(&other_transaction));
    }

    #[test]
    fn an_alert_about_no_address_is_still_an_alert() {
        let line = event("alert", r#""alert":{"gid":1,"signature_id":"2200121","signature":"SURICATA Ethertype unknown","severity":"3"}"#);
        let (sightings, detection) = understood(&line);
        assert!(sightings.is_empty());
        assert_eq!(detection.unwrap().source.ip, None);
    }

    #[test]
    fn only_an_acknowledged_lease_binds_an_address() {
        let dhcp = |kind: &str| {
            event(
                "dhcp",
                &format!(
                    r#""src_ip":"10.0.0.1","dest_ip":"255.255.255.255","dhcp":{{"type":"reply","client_mac":"00:1b:21:0a:bc:de","assigned_ip":"10.0.0.5","client_ip":"0.0.0.0","dhcp_type":"{kind}","hostname":"nas1\u0000","vendor_class_identifier":"MSFT 5.0"}}"#
                ),
            )
        };
        assert_eq!(who(&dhcp("ack")), [claim("00:1b:21:0a:bc:de", "10.0.0.5")]);
        assert_eq!(who(&dhcp("offer")), [Who::Mac("00:1b:21:0a:bc:de".parse().unwrap())]);
        let told = understood(&dhcp("ack")).0.remove(0).told;
        assert_eq!(told, [Told::Name("nas1".to_owned()), Told::Software { product: "MSFT".to_owned(), version: "5.0".to_owned() }]);
    }

    #[test]
    fn arp_tells_who_has_an_address() {
        let arp = |ip: &str| {
            event(
                "arp",
                &format!(
                    r#""arp":{{"hw_type":"ethernet","opcode":"request","src_mac":"00:1b:21:0a:bc:de","src_ip":"{ip}","dest_mac":"00:00:00:00:00:00","dest_ip":"10.0.0.1"}}"#
                ),
            )
        };
        assert_eq!(who(&arp("10.0.0.5")), [claim("00:1b:21:0a:bc:de", "10.0.0.5")]);
        assert_eq!(who(&arp("0.0.0.0")), [Who::Mac("00:1b:21:0a:bc:de".parse().unwrap())], "a probe has no address yet");
    }

    #[test]
    fn a_flow_shows_who_spoke_from_its_start_to_its_end() {
        let flow = |answers: u32| {
            event(
                "flow",
                &format!(
                    r#""src_ip":"10.0.0.5","src_port":40000,"dest_ip":"10.0.0.9","dest_port":443,"proto":"TCP","app_proto":"tls","flow":{{"pkts_toserver":3,"pkts_toclient":{answers},"start":"2026-09-24T11:00:00.0+0200","end":"2026-09-24T11:20:00.0+0200"}}"#
                ),
            )
        };
        let (sightings, _) = understood(&flow(2));
        assert_eq!(sightings.iter().map(|sighting| sighting.who).collect::<Vec<_>>(), [ip("10.0.0.5"), ip("10.0.0.9")]);
        assert_eq!(sightings[0].first.to_rfc3339(), "2026-09-24T09:00:00+00:00");
        assert_eq!(sightings[0].last.to_rfc3339(), "2026-09-24T09:20:00+00:00");
        assert_eq!(sightings[1].told, [Told::Service { transport: "tcp", port: 443, protocol: "tls".to_owned() }]);
        assert_eq!(who(&flow(0)), [ip("10.0.0.5")]);
    }

    #[test]
    fn the_other_side_of_the_line_is_no_device() {
        let flow = event("flow", r#""src_ip":"10.0.0.5","dest_ip":"8.8.8.8","proto":"UDP","flow":{"pkts_toserver":1,"pkts_toclient":1}"#);
        assert_eq!(who(&flow), [ip("10.0.0.5")]);
        let multicast =
            event("flow", r#""src_ip":"fe80::1","dest_ip":"ff02::fb","proto":"UDP","flow":{"pkts_toserver":1,"pkts_toclient":1}"#);
        assert_eq!(who(&multicast), [ip("fe80::1")]);
    }

    #[test]
    fn handshakes_and_lookups_show_both_sides_when_answered() {
        let tls = event(
            "tls",
            r#""src_ip":"10.0.0.5","dest_ip":"10.0.0.9","dest_port":8443,"proto":"TCP","tls":{"sni":"nas","version":"TLS 1.3"}"#,
        );
        assert_eq!(who(&tls), [ip("10.0.0.5"), ip("10.0.0.9")]);
        let query =
            event("dns", r#""src_ip":"10.0.0.5","dest_ip":"10.0.0.1","dest_port":53,"proto":"UDP","dns":{"type":"query","rrname":"x"}"#);
        assert_eq!(who(&query), [ip("10.0.0.5")]);
        assert_eq!(who(&query.replace("query", "answer")), [ip("10.0.0.5"), ip("10.0.0.1")]);
    }
}

mod zeek {
    use super::*;

    #[test]
    fn every_spelling_of_a_connection_is_the_same_connection() {
        for line in [
            r#"{"_path":"conn","ts":"2026-09-24T09:49:00.5Z","id.orig_h":"10.0.0.5","id.orig_p":4,"id.resp_h":"10.0.0.9","id.resp_p":443,"proto":"tcp","conn_state":"SF"}"#,
            r#"{"@path":"conn","ts":1790243340.5,"id_orig_h":"10.0.0.5","id_resp_h":"10.0.0.9","id_resp_p":"443","proto":"tcp","conn_state":"SF"}"#,
            r#"{"ts":1790243340500,"uid":"C","id":{"orig_h":"10.0.0.5","resp_h":"10.0.0.9","resp_p":443},"proto":"tcp","conn_state":"SF"}"#,
            r#"{"path":"conn","ts":"1790243340.5","idOrigH":"10.0.0.5","idRespH":"10.0.0.9","orig_pkts":"1","resp_pkts":"1"}"#,
            r#"{"_path":"conn","@timestamp":"2026-09-24T09:49:00.5Z","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","history":"ShADadFf"}"#,
        ] {
            let (sightings, _) = understood(line);
            assert_eq!(
                sightings.iter().map(|sighting| (sighting.who, sighting.source)).collect::<Vec<_>>(),
                [(ip("10.0.0.5"), Source::ZeekConn), (ip("10.0.0.9"), Source::ZeekConn)],
                "{line}"
            );
            assert_eq!(sightings[0].first.to_rfc3339(), "2026-09-24T09:49:00.500+00:00", "{line}");
        }
    }

    #[test]
    fn a_log_without_path_is_known_by_its_file_or_its_members() {
        for (source, members) in [
            ("zeek.known_hosts", r#""host":"10.0.0.5""#),
            ("zeek.known_services", r#""host":"10.0.0.5","port_num":443,"port_proto":"tcp","service":["SSL"]"#),
            ("zeek.software", r#""host":"10.0.0.5","software_type":"HTTP::SERVER","name":"nginx""#),
            ("zeek.dhcp", r#""mac":"00:1b:21:0a:bc:de","msg_types":["REQUEST","ACK"]"#),
            ("zeek.notice", r#""note":"Scan::Port_Scan","msg":"10.0.0.5 scanned","src":"10.0.0.5""#),
            ("zeek.ssl", r#""uid":"C","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","established":true"#),
            ("zeek.dns", r#""uid":"C","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","trans_id":7,"query":"x""#),
            ("zeek.conn", r#""uid":"C","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","conn_state":"S0""#),
            ("unused zeek.other", r#""uid":"C","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","method":"GET""#),
        ] {
            assert_eq!(lines(&format!(r#"{{"ts":1790000000.1,{members}}}"#)), [source], "{members}");
        }
        let named = |name: &str| LogRecord {
            attributes: vec![attribute("log.file.name", text(name))],
            ..with_body(text(r#"{"ts":1790000000.1,"uid":"C","host":"10.0.0.5"}"#))
        };
        let records = vec![named("known_hosts.log"), named("http.10:00:00-11:00:00.log.gz")];
        assert_eq!(outcomes("application/x-protobuf", "", request(records)), ["zeek.known_hosts", "unused zeek.http"]);
        let vector = json!({ "file": "/opt/zeek/logs/current/known_hosts.log", "host": "gw", "message": r#"{"ts":1790000000.1,"host":"10.0.0.5"}"#, "timestamp": RECEIVED });
        assert_eq!(lines(&vector.to_string()), ["zeek.known_hosts"]);
    }

    #[test]
    fn a_lease_of_any_version_binds_the_address() {
        let new = r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","host_name":"LKR-LT-11","assigned_addr":"10.0.0.5","lease_time":3600,"msg_types":["DISCOVER","OFFER","REQUEST","ACK"]}"#;
        let old = r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","assigned_ip":"10.0.0.5","lease_time":3600}"#;
        let offered =
            r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","assigned_addr":"10.0.0.5","msg_types":["DISCOVER","OFFER"]}"#;
        assert_eq!(who(new), [claim("00:1b:21:0a:bc:de", "10.0.0.5")]);
        assert_eq!(who(old), [claim("00:1b:21:0a:bc:de", "10.0.0.5")]);
        assert_eq!(who(offered), [Who::Mac("00:1b:21:0a:bc:de".parse().unwrap())]);
        assert_eq!(understood(new).0[0].told, [Told::Name("LKR-LT-11".to_owned())]);
    }

    #[test]
    fn a_notice_is_a_detection() {
        let line = r#"{"_path":"notice","ts":1790000000.1,"uid":"C","id.orig_h":"10.0.0.5","id.orig_p":4,"id.resp_h":"10.0.0.9","id.resp_p":443,"proto":"tcp","note":"SSL::Invalid_Server_Cert","msg":"SSL certificate validation failed","src":"10.0.0.5","dst":"10.0.0.9","p":443}"#;
        let (sightings, detection) = understood(line);
        let detection = detection.unwrap();
        assert_eq!(detection.signature_id.as_str(), "zeek:SSL::Invalid_Server_Cert");
        assert_eq!((detection.category.as_ref(), detection.destination.port), ("SSL", Some(443)));
        assert_eq!(sightings.len(), 1);
    }

    #[test]
    fn services_and_software_are_told() {
        let service =
            r#"{"_path":"known_services","ts":1790000000.1,"host":"10.0.0.9","port_num":443,"port_proto":"tcp","service":["SSL","-HTTP"]}"#;
        assert_eq!(understood(service).0[0].told, [Told::Service { transport: "tcp", port: 443, protocol: "ssl".to_owned() }]);
        let software = r#"{"_path":"software","ts":1790000000.1,"host":"10.0.0.9","software_type":"HTTP::SERVER","name":"Apache","version.major":2,"version.minor":4,"version.minor2":57,"version.addl":"Debian"}"#;
        let expected = Told::Software { product: "Apache".to_owned(), version: "2.4.57-Debian".to_owned() };
        assert_eq!(understood(software).0[0].told, [expected.clone()]);
        let nested = r#"{"_path":"software","ts":1790000000.1,"host":"10.0.0.9","name":"Apache","version":{"major":2,"minor":4,"minor2":57,"addl":"Debian"}}"#;
        assert_eq!(understood(nested).0[0].told, [expected]);
    }

    #[test]
    fn a_public_address_counts_when_the_sensor_calls_it_local() {
        let line = r#"{"_path":"conn","ts":1790000000.1,"id.orig_h":"2a02:2c40::17","id.resp_h":"2001:4860::8888","local_orig":true,"local_resp":false,"orig_pkts":1,"resp_pkts":1}"#;
        assert_eq!(who(line), [ip("2a02:2c40::17")]);
    }

    #[test]
    fn an_unset_value_is_absent() {
        let line = r#"{"_path":"dhcp","ts":1790000000.1,"mac":"-","client_addr":"10.0.0.5","host_name":"(empty)"}"#;
        assert_eq!(who(line), [ip("10.0.0.5")]);
    }
}

mod robustness {
    use super::*;

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let keys = proptest::sample::select(vec![
            "event_type",
            "timestamp",
            "ts",
            "_path",
            "src_ip",
            "dest_ip",
            "alert",
            "flow",
            "dhcp",
            "id",
            "message",
            "log",
            "event",
            "host",
            "mac",
            "version",
        ]);
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            proptest::sample::select(vec![
                "alert",
                "flow",
                "conn",
                "dns",
                "2026-09-24T09:49:00Z",
                "10.0.0.5",
                "00:1b:21:0a:bc:de",
                "{",
                "{}"
            ])
            .prop_map(serde_json::Value::from),
            any::<String>().prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                proptest::collection::btree_map(keys.clone(), inner, 0..8).prop_map(|members| members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(body: Vec<u8>, media_type in 0_usize..3) {
            let media_type = ["application/x-protobuf", "application/json", "application/x-ndjson"][media_type];
            outcomes(media_type, "", body);
        }

        #[test]
        fn a_line_cut_or_changed_anywhere_has_an_outcome(cut in 0_usize..400, byte: u8) {
            prop_assert_eq!(lines(&ALERT[..cut]).len(), usize::from(cut > 0));
            let mut changed = ALERT.as_bytes().to_vec();
            changed[cut] = byte;
            prop_assert!(!outcomes("application/x-ndjson", "", changed).is_empty());
        }

        #[test]
        fn text_and_structure_say_the_same(json in any_json()) {
            prop_assume!(json.is_object());
            let as_text = outcomes("application/x-protobuf", "", request(vec![with_body(text(&json.to_string()))]));
            let as_structure = outcomes("application/x-protobuf", "", request(vec![with_body(structured(&json))]));
            prop_assert_eq!(as_text.len(), as_structure.len());
            prop_assert_eq!(as_text.iter().any(|outcome| outcome.starts_with("unused")), as_structure.iter().any(|outcome| outcome.starts_with("unused")));
        }
    }
}
