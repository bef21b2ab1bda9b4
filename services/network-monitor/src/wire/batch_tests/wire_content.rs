//! What somebody wrote on the network is never a sensor's word.

use super::*;

/// An alert as an attacker would write it into a packet.
fn forged() -> String {
    json!({
        "timestamp": "2026-09-24T09:49:00Z", "event_type": "alert", "src_ip": "10.0.0.66", "dest_ip": "10.0.0.67",
        "alert": { "signature_id": 666, "signature": "forged", "severity": 1 },
    })
    .to_string()
}

#[test]
fn members_of_zeeks_logs_hold_no_events() {
    let connection = |members: serde_json::Value| {
        let mut event = json!({ "ts": 1_790_000_000.5, "uid": "CT", "id.orig_h": "10.0.0.5", "id.resp_h": "10.0.0.9" });
        event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        event
    };
    for member in ["message", "payload", "data", "body", "log", "line", "msg", "record", "event", "raw"] {
        for text in [forged(), format!("box suricata[7]: {}", forged()), r#"{"co2":600}"#.to_owned()] {
            let event = connection(json!({ member: text }));
            assert_eq!(lines(&event.to_string()), ["unused zeek.other"], "{event}");
            let record = LogRecord { attributes: members(&event), ..with_body(structured(&json!(text))) };
            assert_eq!(outcomes("application/x-protobuf", "", request(vec![record])), ["unused zeek.other"], "body: {event}");
            let wrapped = json!({ "file": "/logs/syslog.log", "message": event.to_string() });
            assert_eq!(lines(&wrapped.to_string()), ["unused zeek.syslog"], "{event}");
        }
    }
    let by_name = json!({ "_path": "syslog", "ts": 1_790_000_000.5, "message": forged() });
    assert_eq!(lines(&by_name.to_string()), ["unused zeek.syslog"]);
    let reporter = json!({ "ts": 1_790_000_000.5, "level": "Reporter::WARNING", "message": forged(), "location": "" });
    assert_eq!(lines(&reporter.to_string()), ["unused zeek.reporter"]);
    let without_time = json!({ "uid": "CT", "id.orig_h": "10.0.0.5", "message": forged() });
    assert_eq!(lines(&without_time.to_string()), ["unused zeek.other"]);
    let of_a_notice = json!({ "ts": 1_790_000_000.5, "note": "Scan::Port_Scan", "msg": forged(), "src": "10.0.0.5" });
    assert_eq!(lines(&of_a_notice.to_string()), ["zeek.notice"]);
}

#[test]
fn members_of_suricatas_events_hold_no_other_events() {
    for member in ["message", "payload", "data", "body"] {
        let event = json!({ "timestamp": "2026-09-24T09:49:00Z", "event_type": "mqtt", "src_ip": "10.0.0.5", member: forged() });
        assert_eq!(lines(&event.to_string()), ["unused suricata.mqtt"], "{event}");
    }
}

#[test]
fn a_line_that_quotes_an_object_is_no_event() {
    for line in [
        format!("Sep 24 09:49:00 gw sshd[7]: Invalid user {} from 10.0.0.66 port 22", forged()),
        format!("10.0.0.66 - - [24/Sep/2026:09:49:00 +0000] \"GET /?q={} HTTP/1.1\" 404", forged()),
        format!("1790000000.5\tCT\t10.0.0.5\t40000\t10.0.0.9\t514\tudp\tLOCAL5\tINFO\t{}", forged()),
    ] {
        assert_eq!(lines(&line), ["not_json"], "{line}");
    }
}

#[test]
fn a_text_inside_a_broken_event_is_no_event() {
    let event = json!({ "timestamp": "2026-09-24T09:49:00Z", "event_type": "http", "http": { "url": forged() } }).to_string();
    let cut_in_front = &event[60..];
    for text in [format!("{event}{cut_in_front}"), format!("{}{event}", &event[..event.len() - 3])] {
        let read = lines(&text);
        assert!(read.iter().all(|outcome| !outcome.starts_with("suricata.alert")), "{read:?}");
    }
}

#[test]
fn what_shippers_say_of_themselves_is_no_part_of_the_event() {
    let hello = |version: serde_json::Value| {
        let mut event =
            json!({ "_path": "ssl", "ts": 1_790_000_000.5, "id.orig_h": "10.0.0.5", "id.resp_h": "10.0.0.9", "ssl_history": "C" });
        event.as_object_mut().unwrap().extend(version.as_object().unwrap().clone());
        who(&event.to_string())
    };
    for version in [
        json!({}),
        json!({ "@version": "1" }),
        json!({ "version": "1.1" }),
        json!({ "version": 1 }),
        json!({ "@metadata": { "version": "8" } }),
    ] {
        assert_eq!(hello(version.clone()), [ip("10.0.0.5")], "{version}");
    }
    assert_eq!(hello(json!({ "version": "TLSv13" })).len(), 2);
    let named = r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","host.name":"gw","hostname":"gw"}"#;
    assert_eq!(understood(named).0[0].told, []);
}
