//! Anything at all.

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
        proptest::sample::select(vec!["alert", "flow", "conn", "dns", "2026-09-24T09:49:00Z", "10.0.0.5", "00:1b:21:0a:bc:de", "{", "{}"])
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

#[test]
fn a_mistake_inside_an_object_costs_no_other_object_of_its_text() {
    let broken = r#"{"event_type":alert}"#;
    let latin1 = b"{\"_path\":\"known_hosts\",\"ts\":1790000000.1,\"host\":\"10.0.0.7\",\"x\":\"caf\xe9\"}";
    let strangers = r#"{"a":1}, {"b":2}"#;
    let text = [broken.as_bytes(), latin1, strangers.as_bytes(), broken.as_bytes(), KNOWN_HOST.as_bytes()].concat();
    let malformed = "malformed_json column 15";
    let expected = [malformed, "zeek.known_hosts", "not_an_event", "not_an_event", malformed, "zeek.known_hosts"];
    assert_eq!(outcomes("application/x-ndjson", "", text), expected);
    let many = [broken.repeat(100).as_bytes(), KNOWN_HOST.as_bytes()].concat();
    assert_eq!(outcomes("application/x-ndjson", "", many).len(), 101);
}

/// Work that grows with the square of the length would take hours.
#[test]
fn many_mistakes_in_one_text_are_read_in_a_time_that_grows_with_its_length() {
    let broken = "{é}".repeat(200_000);
    assert_eq!(outcomes("application/x-ndjson", "", format!("{broken}{KNOWN_HOST}")).len(), 200_001);
    let record = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{ "body": { "stringValue": broken } }] }] }] });
    assert_eq!(outcomes("application/json", "", record.to_string()).len(), 1, "a record in which nothing can be read is kept as a whole");
}

#[test]
fn a_json_record_that_cannot_be_read_is_kept_as_it_came_and_costs_no_neighbour() {
    let good = json!({ "body": { "stringValue": KNOWN_HOST } }).to_string();
    let broken: &[u8] = b"{\"body\":caf\xe9}";
    let body = [b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[", broken, b",", good.as_bytes(), b"]}],\"resource\":{}}]}"].concat();
    let batch = RawBatch {
        media_type: "application/json",
        content_encoding: "",
        body: body.into(),
        received: RECEIVED.parse().unwrap(),
        limit: 1_000_000,
    };
    let (mut letters, mut others) = (Vec::new(), 0);
    read(&batch, &mut |reading| match reading {
        Reading::Unreadable(unreadable) => {
            assert_eq!(unreadable.original.media_type(), Some("application/json"));
            unreadable.original.append_to(&mut letters);
        }
        _ => others += 1,
    })
    .unwrap();
    assert_eq!(others, 1);
    assert!(letters.windows(broken.len()).any(|window| window == broken), "{:?}", String::from_utf8_lossy(&letters));
    assert_eq!(outcomes("application/json", "", letters), ["malformed_record"]);
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
