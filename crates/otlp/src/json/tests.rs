use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Writes down what it is called with.
#[derive(Default)]
struct Seen<const FIRST: bool>(Vec<String>);

impl<'a, const FIRST: bool> Visitor<'a> for Seen<FIRST> {
    type Error = &'static str;

    const BESIDE_FIRST: bool = FIRST;

    fn enter(&mut self, level: Level) -> Result<(), &'static str> {
        self.0.push(format!("{level:?}"));
        Ok(())
    }

    fn beside(&mut self, level: Level, what: Beside, value: &'a [u8]) -> Result<(), &'static str> {
        self.0.push(format!("{level:?} {what:?} {}", String::from_utf8_lossy(value)));
        Ok(())
    }

    fn record(&mut self, record: &'a [u8]) -> Result<(), &'static str> {
        if record == b"\"stop\"" {
            return Err("stopped");
        }
        self.0.push(format!("record {}", String::from_utf8_lossy(record)));
        Ok(())
    }
}

fn seen<const FIRST: bool>(text: &[u8]) -> Result<Vec<String>, Stopped<&'static str>> {
    let mut seen = Seen::<FIRST>::default();
    walk(text, &mut seen).map(|()| seen.0)
}

fn records(text: &str) -> Vec<String> {
    let seen = seen::<true>(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    seen.iter().filter_map(|call| call.strip_prefix("record ")).map(str::to_owned).collect()
}

#[test]
fn every_spelling_of_the_lists_leads_to_the_records() {
    for requests in Level::Request.list() {
        for scopes in Level::ResourceLogs.list() {
            for logs in Level::ScopeLogs.list() {
                let text = format!(r#"{{"{requests}":[{{"{scopes}":[{{"{logs}":[{{}},7]}},{{"{logs}":null}}]}},{{"{scopes}":[]}}]}}"#);
                assert_eq!(records(&text), ["{}", "7"], "{text}");
            }
        }
    }
}

#[test]
fn what_stands_behind_a_list_is_known_before_it_where_that_is_asked_for() {
    let text = br#" {"resourceLogs" : [ {"scopeLogs":[{"logRecords":[1],"scope":2}],"schemaUrl":3,"resource":4,"x":5} ] } "#;
    let in_order = ["Request", "ResourceLogs", "ScopeLogs", "record 1", "ScopeLogs Common 2"];
    let around = ["ResourceLogs SchemaUrl 3", "ResourceLogs Common 4", "ResourceLogs Unknown 5"];
    assert_eq!(seen::<false>(text).unwrap(), [&in_order[..], &around].concat());
    let beside_first = [&in_order[..2], &around, &[in_order[2], in_order[4], in_order[3]]].concat();
    assert_eq!(seen::<true>(text).unwrap(), beside_first);
}

#[test]
fn what_is_inside_a_record_is_passed_on_as_it_is() {
    for inside in [
        "{\"a\":\"\\\"}]\"}",
        "{\"a\":\"caf\u{fffd}\\ud83d\"}",
        "{\"a\":\"\n\t\"}",
        "{7 8}",
        "[{},[]]",
        "-1.5e3",
        "\"}\"",
        "{\"a\":\"\\\\\"}",
    ] {
        let text = format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{}}, {inside} ,{{}}]}}]}}]}}");
        assert_eq!(records(&text), ["{}", inside, "{}"]);
    }
    let latin1 = b"\xef\xbb\xbf{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"a\":\"caf\xe9\"}]}]}]}\0";
    assert_eq!(seen::<false>(latin1).unwrap().len(), 4);
    let deep = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}{}]}}]}}]}}"#, "[".repeat(1_000), "]".repeat(1_000));
    assert_eq!(records(&deep).len(), 1);
}

#[test]
fn a_flaw_around_the_records_is_told_with_its_place() {
    for (text, at, what) in [
        ("", 0, ENDS_EARLY),
        ("7", 0, WRONG_SHAPE),
        ("[]", 0, WRONG_SHAPE),
        ("{", 1, ENDS_EARLY),
        ("{} 7", 3, WRONG_SHAPE),
        ("{} {\"event_type\":1}", 3, NO_REQUEST),
        ("{\"a\" 1}", 5, NOT_JSON),
        ("{\"a\":}", 5, NOT_JSON),
        ("{\"a\":1,}", 7, NOT_JSON),
        ("{\"a\":[}", 6, NOT_JSON),
        ("{\"a\":\"\\", 7, ENDS_EARLY),
        ("{\"resourceLogs\":7}", 16, WRONG_SHAPE),
        ("{\"resourceLogs\":nil}", 19, NOT_JSON),
        ("{\"resourceLogs\":[null]}", 17, WRONG_SHAPE),
        ("{\"resourceLogs\":[{}{}]}", 19, NOT_JSON),
        ("{\"resourceLogs\":[],\"resource_logs\":[]}", 19, TWICE),
        ("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{},", 49, ENDS_EARLY),
    ] {
        assert_eq!(seen::<false>(text.as_bytes()), Err(Stopped::Flaw { at, what }), "{text}");
        assert!(seen::<true>(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn a_visitor_can_stop_the_walk() {
    let text = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[1,"stop",2]}]}]}"#;
    assert_eq!(seen::<false>(text), Err(Stopped::By("stopped")));
}

#[test]
fn requests_are_told_from_events() {
    for (text, expected) in [
        ("{}", Some(true)),
        (" {\"resource_logs\"", None),
        ("{\"resourceLogs\":", Some(true)),
        ("{\"later\":[{}],\"resourceSpans\":", Some(true)),
        ("\u{feff} {\"event_type\":\"flow\"} 7", Some(false)),
        ("{\"resource\":1}", Some(false)),
        ("{\"a\":{\"resourceLogs\":1}}", Some(false)),
        ("{\"a\":", None),
        ("[{}]", None),
        ("7", None),
    ] {
        assert_eq!(holds_request(text.as_bytes()), expected, "{text}");
    }
    for (line, expected) in [
        (" { \"resourceLogs\" : [", true),
        ("{\"resource_logs\":null}", true),
        ("{\"resourceLogs\"", false),
        ("{\"a\":1,\"resourceLogs\":[]}", false),
        ("{}", false),
    ] {
        assert_eq!(begins_as_request(line.as_bytes()), expected, "{line}");
    }
}

fn request() -> impl Strategy<Value = (Value, usize)> {
    let record = "\\PC{0,12}".prop_map(|text| json!({ "body": { "stringValue": text }, "attributes": [{ "key": "[}\"" }] }));
    prop::collection::vec(prop::collection::vec(record, 0..4), 0..4).prop_map(|scopes| {
        let count = scopes.iter().map(Vec::len).sum();
        let scopes: Vec<Value> = scopes.into_iter().map(|records| json!({ "scope": { "name": "x" }, "logRecords": records })).collect();
        (json!({ "resourceLogs": [{ "resource": { "attributes": [] }, "scopeLogs": scopes }], "later": [null, true] }), count)
    })
}

proptest! {
    #[test]
    fn records_are_those_that_a_parser_finds((request, count) in request(), is_pretty in any::<bool>()) {
        let text = if is_pretty { serde_json::to_string_pretty(&request) } else { serde_json::to_string(&request) }.unwrap();
        let found = records(&text);
        prop_assert_eq!(found.len(), count);
        let scopes = request.pointer("/resourceLogs/0/scopeLogs").and_then(Value::as_array).unwrap();
        let expected: Vec<&Value> = scopes.iter().flat_map(|scope| scope["logRecords"].as_array().unwrap()).collect();
        let found: Vec<Value> = found.iter().map(|record| serde_json::from_str(record).unwrap()).collect();
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn both_orders_find_the_same_in_whatever_was_changed(
        (request, _) in request(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"{}[]\",:\\ n\0\xff".to_vec())), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut text = serde_json::to_vec(&request).unwrap();
        for (at, with) in changes {
            let at = at.index(text.len());
            text[at] = with;
        }
        text.truncate(text.len() - end.index(text.len()));
        let of = |seen: Result<Vec<String>, _>| seen.map(|calls| calls.into_iter().filter(|call| call.starts_with("record")).collect::<Vec<_>>());
        let (streamed, ordered) = (of(seen::<false>(&text)), of(seen::<true>(&text)));
        prop_assert_eq!(streamed.is_ok(), ordered.is_ok());
        if let (Ok(streamed), Ok(ordered)) = (streamed, ordered) {
            prop_assert_eq!(streamed, ordered);
        }
        let _either_way = (holds_request(&text), begins_as_request(&text));
    }
}
