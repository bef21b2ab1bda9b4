//! Which of the things a shipper sends is the event.

use super::*;

/// The alert as a normalising shipper leaves it: addresses and time have other names.
fn taken_apart() -> serde_json::Value {
    let mut event: serde_json::Value = serde_json::from_str(ALERT).unwrap();
    for member in ["timestamp", "src_ip", "src_port", "dest_ip", "dest_port", "proto"] {
        event.as_object_mut().unwrap().remove(member);
    }
    event
}

fn endpoints(line: &str) -> (Option<String>, Option<String>) {
    let detection = understood(line).1.unwrap();
    let ip = |endpoint: crate::domain::detection::Endpoint| endpoint.ip.map(|ip| ip.to_string());
    (ip(detection.source), ip(detection.destination))
}

#[test]
fn an_original_beside_a_copy_is_what_is_read() {
    let ends = (Some("10.0.0.5".to_owned()), Some("10.0.0.9".to_owned()));
    let mut flat = taken_apart();
    for (shipper, line) in [
        (
            "filebeat",
            json!({ "@timestamp": "2026-09-24T09:49:09Z", "event": { "original": ALERT, "kind": "alert", "type": ["denied"] }, "suricata": { "eve": taken_apart() } }),
        ),
        (
            "flat",
            json!({ "event.original": ALERT, "event.type": "denied", "suricata.eve.event_type": "alert", "suricata.eve.alert.signature_id": 7 }),
        ),
        ("filebeat 7.0", json!({ "log": { "original": ALERT, "level": "x" }, "suricata": { "eve": taken_apart() } })),
        ("logstash", json!({ "@version": "1", "message": ALERT, "event_type": "alert", "alert": { "signature_id": 7 } })),
        ("fluent bit, preserve_key", json!({ "date": 1, "log": ALERT, "event_type": "alert", "alert": { "signature_id": 7 } })),
        ("cribl", json!({ "_raw": ALERT, "_time": 1_790_000_000, "event_type": "alert", "alert": { "signature_id": 7 } })),
        (
            "behind a header",
            json!({ "event": { "original": format!("<13>Sep 24 09:49:00 gw suricata: {ALERT}") }, "suricata": { "eve": taken_apart() } }),
        ),
    ] {
        assert_eq!(lines(&line.to_string()), ["suricata.alert"], "{shipper}");
        assert_eq!(endpoints(&line.to_string()), ends, "{shipper}");
        assert_eq!(understood(&line.to_string()).1.unwrap().signature_id.as_str(), "suricata:1:2001219", "{shipper}");
    }
    // Without one, the copy is read by Elastic's names.
    flat.as_object_mut().unwrap().extend(
        json!({ "@timestamp": RECEIVED, "source": { "ip": "10.0.0.5" }, "destination": { "ip": "10.0.0.9" } }).as_object().unwrap().clone(),
    );
    assert_eq!(endpoints(&flat.to_string()), ends);
    // An original that was cut is worth less than a whole copy.
    let mut whole: serde_json::Value = serde_json::from_str(ALERT).unwrap();
    whole["event"] = json!({ "original": &ALERT[..100] });
    assert_eq!(endpoints(&whole.to_string()), ends);
    let zeek = json!({ "@timestamp": RECEIVED, "event": { "original": KNOWN_HOST, "dataset": "zeek.known_hosts" }, "host": { "ip": ["10.9.9.9"] } });
    assert_eq!(who(&zeek.to_string()), [ip("10.0.0.5")]);
}

#[test]
fn of_several_messages_the_whole_one_counts() {
    for (short, full) in
        [("short_message", "full_message"), ("message", "event.original"), ("message", "log"), ("log", "message"), ("line", "raw")]
    {
        for length in [64, 250] {
            let line = json!({ "version": "1.1", "host": "gw", short: &ALERT[..length], full: ALERT });
            assert_eq!(lines(&line.to_string()), ["suricata.alert"], "{short} {full}");
        }
    }
    let cut = json!({ "short_message": &ALERT[..64], "host": "gw" }).to_string();
    assert_eq!(lines(&cut), ["truncated_json column 64"]);
    assert_eq!(kept(&cut), [format!("{cut}\n")], "the letter holds what came");
}

#[test]
fn events_are_found_under_any_key_of_an_object_that_is_nobodys() {
    let alert: serde_json::Value = serde_json::from_str(ALERT).unwrap();
    let host = json!({ "ts": 1_790_000_000.5, "host": "10.0.0.5" });
    for (line, expected) in [
        (json!({ "records": [alert, alert] }), vec!["suricata.alert"; 2]),
        (json!({ "preview": false, "result": { "_raw": ALERT } }), vec!["suricata.alert"]),
        (json!({ "_index": "logs", "_source": alert }), vec!["suricata.alert"]),
        (json!({ "message": [ALERT, ALERT] }), vec!["suricata.alert"; 2]),
        (json!({ "known_hosts": host }), vec!["zeek.known_hosts"]),
        (json!({ "weird": { "ts": 1, "name": "x", "source": "DNS" } }), vec!["unused zeek.weird"]),
        (json!({ "hello": { "world": [1, {}] } }), vec!["not_an_event"]),
    ] {
        assert_eq!(lines(&line.to_string()), expected, "{line}");
        let record = with_body(structured(&line));
        assert_eq!(outcomes("application/x-protobuf", "", request(vec![record])), expected, "structured: {line}");
    }
    let half = json!({ "records": [alert, { "hello": 1 }] }).to_string();
    assert_eq!(lines(&half), ["suricata.alert", "not_an_event"]);
    assert_eq!(kept(&half), [format!("{half}\n")]);
}

/// What would be kept of a body's unreadable events.
fn kept(body: &str) -> Vec<String> {
    let batch = RawBatch {
        media_type: "application/x-ndjson",
        content_encoding: "",
        body: body.to_owned().into(),
        received: RECEIVED.parse().unwrap(),
        limit: 100_000,
    };
    let mut kept = Vec::new();
    read(&batch, &mut |reading| {
        if let Reading::Unreadable(unreadable) = reading
            && unreadable.original.media_type().is_some()
        {
            let mut letter = Vec::new();
            unreadable.original.append_to(&mut letter);
            kept.push(String::from_utf8(letter).unwrap());
        }
    })
    .unwrap();
    kept
}

#[test]
fn a_letter_holds_the_whole_line_once() {
    for line in [
        "<13>gw suricata: {\"event_type\":\"flow\"}".to_owned(),
        json!({ "file": "/x/conn.log", "message": "{\"uid\":" }).to_string(),
        format!("{ALERT}{{}}{{}}"),
    ] {
        assert_eq!(kept(&line), [format!("{line}\n")]);
    }
}

#[test]
fn a_record_of_otlp_json_that_cannot_be_read_can_be_read_again() {
    let broken = json!({ "resourceLogs": [{ "resource": { "attributes": [] }, "scopeLogs": [{ "logRecords": [{ "body": 7 }, { "body": { "stringValue": ALERT } }] }] }] });
    let batch = RawBatch {
        media_type: "application/json",
        content_encoding: "",
        body: broken.to_string().into(),
        received: RECEIVED.parse().unwrap(),
        limit: 100_000,
    };
    let mut letter = Vec::new();
    read(&batch, &mut |reading| {
        if let Reading::Unreadable(unreadable) = reading {
            assert_eq!(unreadable.original.media_type(), Some("application/json"));
            unreadable.original.append_to(&mut letter);
            unreadable.original.append_to(&mut letter);
        }
    })
    .unwrap();
    assert_eq!(outcomes("application/json", "", letter.clone()), ["malformed_record"; 2]);
    let mended = String::from_utf8(letter).unwrap().replace("\"body\":7", &format!("\"body\":{}", json!({ "stringValue": ALERT })));
    assert_eq!(outcomes("application/json", "", mended), ["suricata.alert"; 2], "as the next release may read it");
}

#[test]
fn a_record_with_nothing_in_it_has_an_outcome() {
    let list = |values| with_body(AnyValue { value: Some(Value::Array(ArrayValue { values })) });
    let records = vec![list(vec![]), list(vec![AnyValue { value: None }]), with_body(text("[]")), with_body(text(" \0"))];
    assert_eq!(outcomes("application/x-protobuf", "", request(records)), ["empty_record", "not_an_event", "empty_record", "empty_record"]);
}

#[test]
fn requests_of_otlp_json_may_follow_one_another_and_use_its_old_names() {
    let body = json!({ "stringValue": ALERT });
    let one = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{ "body": body }] }] }] }).to_string();
    let old =
        json!({ "resourceLogs": [{ "instrumentationLibraryLogs": [{ "instrumentationLibrary": {}, "logRecords": [{ "body": body }] }] }] })
            .to_string();
    let older = json!({ "resource_logs": [{ "instrumentation_library_logs": [{ "logs": [{ "body": body }] }] }] }).to_string();
    let expected = ["suricata.alert"; 3];
    assert_eq!(outcomes("application/json", "", format!("{one}\n{old}\n{older}\n")), expected);
    assert_eq!(outcomes("application/json", "", format!("\u{feff}{one}{one} {one}")), expected);
    assert_eq!(
        lines(&format!("{one}\n{ALERT}\n{{\"resourceLogs\":7}}\n")),
        [
            "suricata.alert",
            "suricata.alert",
            "malformed_record not an OTLP logs request: byte 16: not the shape of an ExportLogsServiceRequest"
        ]
    );
}
