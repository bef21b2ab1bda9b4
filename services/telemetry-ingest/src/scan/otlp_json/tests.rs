use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use proptest::prelude::*;

use super::*;
use crate::scan::{
    Place, TEST_LIMITS,
    otlp_protobuf::tests::{log_records, request},
};

fn tally_of(text: &str) -> Tally {
    tally(text.as_bytes(), &TEST_LIMITS).unwrap()
}

#[test]
fn both_spellings_nulls_and_unknown_names_are_understood() {
    assert_eq!(tally_of(r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{"body":{"stringValue":"]}"}}]}]}]}"#).good, 2);
    assert_eq!(tally_of(r#"{"resource_logs":[{"scope_logs":[{"log_records":[{}]}]}]}"#).good, 1);
    assert_eq!(tally_of(r#"{"resourceLogs":[{"scopeLogs":null},{"scopeLogs":[{"logRecords":null}]}]}"#).good, 0);
    assert_eq!(tally_of(r#"{"later":{"resourceLogs":[1]},"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}"#).good, 1);
    for empty in
        ["{}", "{} {}", r#"{"resourceLogs":[]}"#, r#"{"resourceLogs":[{"resource":{},"schemaUrl":"x","scopeLogs":[{"scope":{}}]}]}"#]
    {
        assert_eq!(tally_of(empty), Tally::default(), "{empty}");
    }
}

#[test]
fn requests_may_follow_one_another_and_use_the_old_names() {
    let old = r#"{"resourceLogs":[{"instrumentationLibraryLogs":[{"instrumentationLibrary":{"name":"x"},"logRecords":[{"a":1}]}]}]}"#;
    let older = r#"{"resource_logs":[{"instrumentation_library_logs":[{"logs":[{"a":2},{"a":3}]}]}]}"#;
    for body in [format!("{old}\n{older}\n"), format!("\u{feff}{old}{older}"), format!("\0{old} {older}\0")] {
        assert_eq!(tally_of(&body).good, 3, "{body}");
        let cut = cut(body.as_bytes(), &TEST_LIMITS).unwrap();
        assert_eq!((cut.pieces.len(), cut.tally.good), (1, 3));
        let piece = std::str::from_utf8(&cut.pieces[0].bytes).unwrap();
        assert!(piece.contains(r#""scope":{"name":"x"}"#) && tally_of(piece).good == 3, "{piece}");
    }
}

#[test]
fn a_request_in_which_nothing_is_found_is_no_success() {
    for text in [
        r#"{"resourceSpans":[{"scopeSpans":[]}]}"#,
        r#"{"resourceLogs":[{"resource":{},"scopes":[{"logRecords":[{}]}]}]}"#,
        r#"{"resourceLogs":[{"scopeLogs":[{"records":[{}]}]}]}"#,
        r#"{"resourcelogs":[{}]}"#,
    ] {
        let error = tally(text.as_bytes(), &TEST_LIMITS).unwrap_err();
        assert!(error.to_string().contains("resourceLogs, scopeLogs or logRecords is missing"), "{text}: {error}");
    }
}

#[test]
fn events_in_the_place_of_a_request_are_told_from_requests() {
    for (body, expected) in [
        (r#"{"message":"x"}"#, true),
        ("\u{feff} [{}]", true),
        (r#"{"event_type":"flow"} {"event_type":"flow"}"#, true),
        (r#"{"resource":"x"}"#, true),
        ("{}", false),
        (r#"{"resourceLogs":[]}"#, false),
        (r#"{"later":1,"resource_logs":[]}"#, false),
        (r#"{"resourceSpans":[]}"#, false),
        (r#"{"message":"#, false),
        ("7", false),
    ] {
        assert_eq!(holds_events(body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn what_is_inside_a_record_is_its_readers_matter() {
    let body = b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{},{\"body\":{\"stringValue\":\"caf\xe9\"}}]}]}]}";
    assert_eq!(tally(body, &TEST_LIMITS).unwrap().good, 2);
    let cut = cut(body, &TEST_LIMITS).unwrap();
    assert!(memchr::memmem::find(&cut.pieces[0].bytes, b"caf\xe9").is_some(), "its bytes stay as they are");
    assert_eq!(tally_of("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":7 8},{},{\"a\":\"\n\"}]}]}]}").good, 3);
}

#[test]
fn a_log_record_that_is_no_object_is_bad_and_the_others_are_good() {
    let found = tally_of(r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},7,null,{}]}]}]}"#);
    assert_eq!((found.good, found.malformed), (2, 2));
    assert_eq!(found.first_flaw.unwrap().place, Place::Byte(49));
}

#[test]
fn what_is_not_a_request_is_malformed_with_its_place() {
    for text in
        ["", "[]", "7", "{", r#"{"resourceLogs":7}"#, r#"{"resourceLogs":[null]}"#, "{} 7", r#"{"resourceLogs":[],"resource_logs":[]}"#]
    {
        let error = tally(text.as_bytes(), &TEST_LIMITS).unwrap_err();
        assert!(matches!(error, ScanError::Malformed(Flaw { place: Place::Byte(_), .. })), "{text}: {error}");
    }
}

#[test]
fn empty_lists_without_end_are_refused() {
    let many = format!("{{\"resourceLogs\":[{}{{}}]}}", "{},".repeat(TEST_LIMITS.max_events));
    assert_eq!(tally(many.as_bytes(), &TEST_LIMITS), Err(ScanError::TooManyGroups { limit: TEST_LIMITS.max_events }));
}

#[test]
fn more_around_events_than_a_quarter_of_a_body_is_refused() {
    let limit = TEST_LIMITS.max_surroundings_bytes();
    let with_resource_of =
        |bytes: usize| format!(r#"{{"resourceLogs":[{{"resource":"{}","scopeLogs":[{{"logRecords":[{{}}]}}]}}]}}"#, "x".repeat(bytes - 2));
    assert_eq!(tally_of(&with_resource_of(limit)).good, 1);
    assert_eq!(tally(with_resource_of(limit + 1).as_bytes(), &TEST_LIMITS), Err(ScanError::SurroundingsTooLarge { limit }));
}

#[test]
fn the_requests_that_readers_are_tested_with_are_accepted() {
    let corpus = include_str!("../../../tests/otlp_json.corpus");
    for line in corpus.lines().filter(|line| !line.starts_with('#')) {
        let (events, request) = line.split_once(' ').unwrap();
        let found = tally_of(&request.replace("EVENT", r#"{"stringValue":"x"}"#));
        assert_eq!((found.good, found.bad()), (events.parse().unwrap(), 0), "{request}");
    }
}

proptest! {
    #[test]
    fn a_request_counts_as_many_events_as_it_was_made_of(request in request()) {
        let text = serde_json::to_vec(&request).unwrap();
        prop_assert_eq!(tally(&text, &TEST_LIMITS).unwrap().good as usize, log_records(&request).len());
    }

    #[test]
    fn pieces_hold_the_same_events_in_order_under_the_same_resource_and_scope(request in request(), max_body_bytes in 2_000_usize..6_000) {
        let text = serde_json::to_vec(&request).unwrap();
        let limits = Limits { max_body_bytes, max_event_bytes: 1 << 20, ..TEST_LIMITS };
        let cut = cut(&text, &limits);
        prop_assume!(!matches!(cut, Err(ScanError::SurroundingsTooLarge { .. })));
        let cut = cut.unwrap();
        let mut seen = Vec::new();
        for piece in &cut.pieces {
            prop_assert!(piece.bytes.len() <= max_body_bytes);
            let decoded: ExportLogsServiceRequest = serde_json::from_slice(&piece.bytes).unwrap();
            prop_assert_eq!(log_records(&decoded).len(), piece.events as usize);
            seen.extend(log_records(&decoded));
        }
        prop_assert_eq!(cut.tally.too_large, 0);
        prop_assert_eq!(seen, log_records(&request));
    }

    #[test]
    fn damaged_text_never_panics(request in request(), at in any::<prop::sample::Index>(), with in any::<u8>(), cut_off in any::<bool>()) {
        let mut text = serde_json::to_vec(&request).unwrap();
        let at = at.index(text.len());
        text[at] = with;
        if cut_off { text.truncate(at); }
        let _found = tally(&text, &TEST_LIMITS);
        let _cut = cut(&text, &TEST_LIMITS);
    }
}
