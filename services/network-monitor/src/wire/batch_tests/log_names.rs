//! Zeek's logs without `_path`: which log an event is from.

use super::*;

const HOST: &str = r#"{"ts":1790000000.1,"host":"10.0.0.5"}"#;
/// A line that is of several logs, by its members.
const VAGUE: &str = r#"{"ts":1790000000.1,"uid":"CT","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9"}"#;

fn with(members: serde_json::Value, line: &str) -> String {
    let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
    event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    event.to_string()
}

#[test]
fn names_without_end_are_not_all_looked_at_for_each_event() {
    let attributes: Vec<KeyValue> = (0..5).map(|_| attribute("log.file.name", text(&"a.".repeat(99)))).collect();
    let record = |last| LogRecord {
        attributes: attributes[last..].iter().cloned().chain([attribute("log.file.name", text("http.log"))]).collect(),
        ..with_body(text(VAGUE))
    };
    let read = |last| outcomes("application/x-protobuf", "", request(vec![record(last)]));
    assert_eq!(read(2), ["unused zeek.http"]);
    assert_ne!(read(0), ["unused zeek.http"], "an agent gives one");
}

#[test]
fn the_name_is_where_shippers_put_it() {
    for beside in [
        json!({ "_path": "http" }),
        json!({ "@path": "http" }),
        json!({ "@stream": "http", "@proc": "zeek" }),
        json!({ "log": { "file": { "path": "/opt/zeek/logs/current/http.log" } } }),
        json!({ "log.file.name": "http.2026-09-24.log.gz" }),
        json!({ "tag": "zeek.http" }),
        json!({ "tags": ["sensor", "zeek_http"] }),
        json!({ "@log_name": "bro.http" }),
        json!({ "type": "bro_http" }),
        json!({ "sourcetype": "corelight:http:json" }),
        json!({ "event": { "dataset": "zeek.http", "type": ["connection"] } }),
        json!({ "fileset": { "name": "http" } }),
        json!({ "source": "/opt/zeek/logs/current/http.log" }),
        json!({ "filename": "/nsm/zeek/http.log" }),
        json!({ "path": "/nsm/zeek/http.log", "@version": "1" }),
        json!({ "file": "/nsm/zeek/http.log", "source_type": "file" }),
    ] {
        assert_eq!(lines(&with(beside.clone(), VAGUE)), ["unused zeek.http"], "beside: {beside}");
        for wrapper in ["message", "log", "event", "line"] {
            if beside.get(wrapper).is_none() {
                let mut around = beside.clone();
                around[wrapper] = json!(VAGUE);
                assert_eq!(lines(&around.to_string()), ["unused zeek.http"], "around: {around}");
            }
        }
    }
    assert_eq!(lines(&json!({ "http": serde_json::from_str::<serde_json::Value>(VAGUE).unwrap() }).to_string()), ["unused zeek.http"]);
    for (key, name) in [
        ("log.file.name", "http.log"),
        ("log.file.path", "/nsm/zeek/http.log"),
        ("fluent.tag", "zeek.http"),
        ("file_path", "/nsm/zeek/http.log"),
        ("com.splunk.sourcetype", "bro:http:json"),
        ("com.splunk.source", "/nsm/zeek/http.log"),
    ] {
        let record = LogRecord { attributes: vec![attribute(key, text(name))], ..with_body(text(VAGUE)) };
        assert_eq!(outcomes("application/x-protobuf", "", request(vec![record.clone()])), ["unused zeek.http"], "{key}");
        let under_resource = message::request_of(&with_body(text(VAGUE)).encode_to_vec(), &record.attributes);
        assert_eq!(outcomes("application/x-protobuf", "", under_resource), ["unused zeek.http"], "{key} of the resource");
    }
}

#[test]
fn content_is_never_the_name() {
    for (members, expected) in [
        (r#""name":"bad_reply","notice":false,"peer":"zeek","source":"DNS""#, "unused zeek.weird"),
        (r#""uid":"CT","id.orig_h":"10.0.0.5","name":"x","notice":false,"source":"HTTP""#, "unused zeek.weird"),
        (r#""fuid":"FT","source":"SSL","tx_hosts":["10.0.0.9"],"filename":"C:\\reports\\conn.log""#, "unused zeek.files"),
        (r#""fuid":"FT","source":"HTTP","filename":"/etc/notice.log""#, "unused zeek.files"),
        (r#""uid":"CT","id.orig_h":"10.0.0.5","path":"\\\\nas\\software","share_type":"DISK""#, "unused zeek.smb"),
        (r#""uid":"CT","id.orig_h":"10.0.0.5","path":"notice","share_type":"DISK""#, "unused zeek.smb"),
        (r#""uid":"CT","id.orig_h":"10.0.0.5","action":"SMB::FILE_OPEN","path":"dns","name":"x""#, "unused zeek.smb"),
        (r#""uid":"CT","id.orig_h":"10.0.0.5","request_type":"AS","service":"krbtgt","cipher":"aes256""#, "unused zeek.other"),
        (r#""uid":"CT","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","method":"GET","host":"10.0.0.7""#, "unused zeek.other"),
        (r#""host":"10.0.0.5","port_num":443,"subject":"CN=x","serial":"01""#, "unused zeek.other"),
    ] {
        let line = format!(r#"{{"ts":1790000000.1,{members}}}"#);
        assert_eq!(lines(&line), [expected], "{line}");
        let named = |name: &str| {
            let record = LogRecord { attributes: vec![attribute("log.file.name", text(name))], ..with_body(text(&line)) };
            outcomes("application/x-protobuf", "", request(vec![record]))
        };
        assert_eq!(named("weird.log"), ["unused zeek.weird"], "the shipper's name is better than a member: {line}");
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        let parsed = LogRecord { attributes: members_of(&json), ..with_body(text(&line)) };
        assert_eq!(outcomes("application/x-protobuf", "", request(vec![parsed])), [expected], "parsed by the agent: {line}");
    }
}

fn members_of(json: &serde_json::Value) -> Vec<KeyValue> {
    members(json)
}

#[test]
fn a_line_with_zeeks_marks_is_never_a_dead_letter() {
    for line in [
        r#"{"ts":1790000000.5,"certificate.serial":"01","certificate.subject":"CN=x"}"#,
        r#"{"ts":1790000000.5,"id":"FT","certStatus":"good"}"#,
        r#"{"ts":1790000000.5,"name":"x","notice":false,"peer":"zeek"}"#,
        r#"{"ts":1790000000.5,"peer":"zeek","mem":300,"pkts_proc":10}"#,
        r#"{"ts":1790000000.5,"ts_delta":900.0,"peer":"zeek","gaps":0}"#,
        r#"{"ts":1790000000.5,"node":"zeek","filter":"ip","init":true}"#,
        r#"{"ts":1790000000.5,"level":"Reporter::INFO","message":"stopping","location":""}"#,
        r#"{"ts":"2026-09-24T09:49:00.5Z","id":"Site::nets","old_value":"{}","new_value":"{}"}"#,
        r#"{"ts":1790000000.5,"seen.indicator":"bad.example","sources":["s"]}"#,
        r#"{"ts":1790000000.5,"mac":"00:1b:21:0a:bc:de","dhcp_host_name":"x"}"#,
        r#"{"ts":1790000000.5,"package_field":"of a later version"}"#,
        r#"{"name":"/opt/zeek/share/zeek/base/init-bare.zeek"}"#,
        r#"{"name":"  /opt/bro/share/bro/base/init.bro"}"#,
    ] {
        let read = lines(line);
        assert!(read.len() == 1 && read[0].starts_with("unused zeek."), "{line}: {read:?}");
    }
    for line in [r#"{"ts":1790000000.5,"level":"info","msg":"server started"}"#, r#"{"name":"x"}"#, r#"{"ts":"soon"}"#] {
        let read = lines(line);
        assert!(read == ["not_an_event"] || line.contains("soon"), "another program's log: {line}: {read:?}");
    }
    assert_eq!(lines(HOST), ["zeek.known_hosts"]);
}

#[test]
fn without_its_time_an_event_has_that_of_its_wrapper() {
    let connection = json!({ "uid": "CT", "id.orig_h": "10.0.0.5", "id.resp_h": "10.0.0.9", "conn_state": "SF" });
    for beside in [
        json!({ "@timestamp": RECEIVED }),
        json!({ "timestamp": RECEIVED }),
        json!({ "time": "2026-09-24 09:50:00 UTC" }),
        json!({ "date": 1_790_243_400.0 }),
    ] {
        assert_eq!(understood(&with(beside, &connection.to_string())).0[0].first.to_rfc3339(), "2026-09-24T09:50:00+00:00");
    }
    let alert = ALERT.replace("\"timestamp\":\"2026-09-24T11:49:00.000001+0200\",", "");
    for time in
        ["2026-09-24 09:50:00 UTC", "2026-09-24 11:50:00 +0200", "2026-09-24 11:50:00.000 +0200 CEST", "Thu, 24 Sep 2026 09:50:00 GMT"]
    {
        for key in ["time", "date", "@timestamp", "ts", "event_time"] {
            assert_eq!(
                understood(&with(json!({ key: time }), &alert)).1.unwrap().time.to_rfc3339(),
                "2026-09-24T09:50:00+00:00",
                "{key} {time}"
            );
        }
    }
}
