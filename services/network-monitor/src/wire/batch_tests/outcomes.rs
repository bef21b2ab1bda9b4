//! What becomes of records.

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
fn lists_without_end_and_parts_without_end_are_read_within_bounds() {
    let empty_resources = [[0x0a, 0].repeat(400_000), request(vec![with_body(text(ALERT))]).to_vec()].concat();
    assert_eq!(outcomes("application/x-protobuf", "", empty_resources), ["suricata.alert"]);
    let endless = attribute("k", text(&"x".repeat(600_000)));
    let record = LogRecord { attributes: vec![endless.clone()], ..with_body(text(ALERT)) };
    assert_eq!(outcomes("application/x-protobuf", "", request(vec![record])), ["batch part_too_large"]);
    let under_resource = message::request_of(&with_body(text(ALERT)).encode_to_vec(), &[endless]);
    assert_eq!(outcomes("application/x-protobuf", "", under_resource), ["batch part_too_large"]);
    let resource = format!(r#"{{"resourceLogs":[{{"resource":{{"x":"{}"}}}}]}}"#, "x".repeat(600_000));
    assert_eq!(outcomes("application/json", "", resource), ["batch part_too_large"]);
}

#[test]
fn a_resource_may_stand_behind_its_records_and_in_parts() {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8][..], bytes].concat();
    let attributes = ["a", "b"].map(|key| field(1, &field(1, &attribute(key, text(key)).encode_to_vec())));
    let records = field(2, &field(2, &with_body(text("no")).encode_to_vec()));
    let request = field(1, &[attributes[0].clone(), records, attributes[1].clone()].concat());
    let mut resources = Vec::new();
    super::otlp::each_in_protobuf(request.into(), |_, resource| resources.extend_from_slice(resource)).unwrap();
    assert_eq!(resources, [attribute("a", text("a")), attribute("b", text("b"))]);
}

#[test]
fn a_record_with_many_events_that_cannot_be_read_is_kept_once() {
    let batch = RawBatch {
        media_type: "application/x-protobuf",
        content_encoding: "",
        body: request(vec![with_body(text(&"{}".repeat(50)))]),
        received: RECEIVED.parse().unwrap(),
        limit: 10_000,
    };
    let mut kept = Vec::new();
    read(&batch, &mut |reading| match reading {
        Reading::Unreadable(unreadable) => kept.extend(unreadable.original.media_type()),
        other => panic!("{other:?}"),
    })
    .unwrap();
    assert_eq!(kept, ["application/x-protobuf"]);
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
    assert_eq!(lines(&format!("{ALERT} and then some")), ["suricata.alert", "not_json"]);
    assert_eq!(lines(&format!("{ALERT}{KNOWN_HOST}")), ["suricata.alert", "zeek.known_hosts"]);
    assert_eq!(lines(&format!("{ALERT}{{\"_path\":")), ["suricata.alert", "truncated_json column 9"]);
}

#[test]
fn no_event_of_an_array_vanishes_whatever_is_broken() {
    let cut_off = &KNOWN_HOST[..40];
    for (text, expected) in [
        (format!("[{ALERT},{KNOWN_HOST},{cut_off}"), vec!["suricata.alert", "zeek.known_hosts", "truncated_json column 40"]),
        (format!("[{ALERT},{KNOWN_HOST}"), vec!["suricata.alert", "zeek.known_hosts"]),
        (format!("{ALERT},{KNOWN_HOST}"), vec!["suricata.alert", "zeek.known_hosts"]),
        (format!("{ALERT},{KNOWN_HOST},"), vec!["suricata.alert", "zeek.known_hosts"]),
        (format!("{ALERT}]"), vec!["suricata.alert"]),
        (format!("[{ALERT}] [{KNOWN_HOST}]"), vec!["suricata.alert", "zeek.known_hosts"]),
        (
            format!("[7,{ALERT},null,\"x\",{KNOWN_HOST}]"),
            vec!["not_an_event", "suricata.alert", "not_an_event", "not_an_event", "zeek.known_hosts"],
        ),
        (format!("[{ALERT},{{\"a\":x}},{KNOWN_HOST}]"), vec!["suricata.alert", "malformed_json column 6", "zeek.known_hosts"]),
        (
            format!("[{ALERT},{{\"b\":\"\u{1}\"}},{KNOWN_HOST},{cut_off}"),
            vec!["suricata.alert", "not_an_event", "zeek.known_hosts", "truncated_json column 40"],
        ),
        (format!("{ALERT} 7 {KNOWN_HOST}"), vec!["suricata.alert", "not_an_event", "zeek.known_hosts"]),
        (format!("{ALERT}, and"), vec!["suricata.alert", "not_json"]),
    ] {
        assert_eq!(lines(&text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_can_be_read_again_later() {
    let structure = with_body(structured(&json!({ "hello": "world", "list": [1, true] })));
    let named = LogRecord { attributes: vec![attribute("log.file.name", text("odd.log"))], ..with_body(text("two\nlines")) };
    let broken = "{\"event_type\":\n\"alert\",,}";
    let mut again: std::collections::BTreeMap<&str, Vec<u8>> = std::collections::BTreeMap::new();
    let mut reasons = Vec::new();
    for (media_type, body) in [("application/x-protobuf", request(vec![structure, named])), ("application/json", broken.to_owned().into())]
    {
        let batch = RawBatch { media_type, content_encoding: "", body, received: RECEIVED.parse().unwrap(), limit: 10_000 };
        read(&batch, &mut |reading| match reading {
            Reading::Unreadable(unreadable) => {
                reasons.push(unreadable.reason.to_string());
                let media_type = unreadable.original.media_type().unwrap();
                unreadable.original.append_to(again.entry(media_type).or_default());
            }
            other => panic!("{other:?}"),
        })
        .unwrap();
    }
    assert_eq!(reasons, ["not_an_event", "not_json", "truncated_json", "not_json"], "the lines of the last are two");
    assert_eq!(outcomes("application/x-protobuf", "", again["application/x-protobuf"].clone()), ["not_an_event", "not_json"]);
    assert_eq!(lines(std::str::from_utf8(&again["application/x-ndjson"]).unwrap()).len(), 2);
}

#[test]
fn operators_are_told_what_each_reason_means() {
    use strum::VariantArray as _;
    let page = include_str!("../../../../../docs/operations.md");
    for reason in crate::wire::Reason::VARIANTS {
        assert!(page.contains(&format!("`{reason}`")), "docs/operations.md does not say what {reason} means");
    }
}
