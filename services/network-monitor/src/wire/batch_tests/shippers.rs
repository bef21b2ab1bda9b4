//! The shapes in which shippers send events.

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

#[test]
fn every_json_request_that_ingest_accepts_is_read() {
    let corpus = include_str!("../../../../telemetry-ingest/tests/otlp_json.corpus");
    let event = json!({ "stringValue": KNOWN_HOST }).to_string();
    for line in corpus.lines().filter(|line| !line.starts_with('#')) {
        let (events, request) = line.split_once(' ').unwrap();
        let expected = vec!["zeek.known_hosts"; events.parse().unwrap()];
        assert_eq!(outcomes("application/json", "", request.replace("EVENT", &event)), expected, "{request}");
    }
}
