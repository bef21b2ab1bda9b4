use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    resource::v1::Resource,
};
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::scan::{Flaw, Place, TEST_LIMITS};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z.]{0,12}", "\\PC{0,40}"]
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        text().prop_map(Value::StringValue),
        any::<bool>().prop_map(Value::BoolValue),
        any::<i64>().prop_map(Value::IntValue),
        (-1000_i32..1000).prop_map(|quarters| Value::DoubleValue(f64::from(quarters) / 4.0)),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::BytesValue),
    ]
    .prop_map(|value| AnyValue { value: Some(value) });
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            prop::collection::vec((text(), inner), 0..4).prop_map(|pairs| {
                let values = pairs.into_iter().map(|(key, value)| KeyValue { key, value: Some(value), ..KeyValue::default() });
                Value::KvlistValue(KeyValueList { values: values.collect() })
            }),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let pair = (text(), any_value()).prop_map(|(key, value)| KeyValue { key, value: Some(value), ..KeyValue::default() });
    prop::collection::vec(pair, 0..3)
}

prop_compose! {
    fn log_record()(
        time_unix_nano in any::<u64>(),
        severity_number in 0_i32..25,
        severity_text in text(),
        body in prop::option::of(any_value()),
        attributes in attributes(),
        flags in any::<u32>(),
        trace_id in prop::collection::vec(any::<u8>(), 16),
    ) -> LogRecord {
        LogRecord { time_unix_nano, severity_number, severity_text, body, attributes, flags, trace_id, ..LogRecord::default() }
    }
}

prop_compose! {
    fn scope_logs()(name in prop::option::of(text()), log_records in prop::collection::vec(log_record(), 0..6), schema_url in text()) -> ScopeLogs {
        let scope = name.map(|name| InstrumentationScope { name, ..InstrumentationScope::default() });
        ScopeLogs { scope, log_records, schema_url }
    }
}

prop_compose! {
    fn resource_logs()(attributes in prop::option::of(attributes()), scope_logs in prop::collection::vec(scope_logs(), 0..4), schema_url in text()) -> ResourceLogs {
        let resource = attributes.map(|attributes| Resource { attributes, ..Resource::default() });
        ResourceLogs { resource, scope_logs, schema_url }
    }
}

prop_compose! {
    pub(in crate::scan) fn request()(resource_logs in prop::collection::vec(resource_logs(), 0..4)) -> ExportLogsServiceRequest {
        ExportLogsServiceRequest { resource_logs }
    }
}

type InContext = (Option<Resource>, String, Option<InstrumentationScope>, String, LogRecord);

/// Each log record with what it stands under.
pub(in crate::scan) fn log_records(request: &ExportLogsServiceRequest) -> Vec<InContext> {
    let mut found = Vec::new();
    for under in &request.resource_logs {
        for scope in &under.scope_logs {
            for record in &scope.log_records {
                let (resource, schema_url) = (under.resource.clone(), under.schema_url.clone());
                found.push((resource, schema_url, scope.scope.clone(), scope.schema_url.clone(), record.clone()));
            }
        }
    }
    found
}

fn request_of(records: Vec<LogRecord>) -> Vec<u8> {
    let scope_logs = vec![ScopeLogs { log_records: records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }.encode_to_vec()
}

fn saying(text: &str) -> LogRecord {
    LogRecord { body: Some(AnyValue { value: Some(Value::StringValue(text.to_owned())) }), ..LogRecord::default() }
}

/// A message of one field, whatever it holds.
fn nested(number: u8, inside: &[u8]) -> Vec<u8> {
    let mut message = vec![(number << 3) | 2];
    prost::encoding::encode_varint(inside.len() as u64, &mut message);
    message.extend_from_slice(inside);
    message
}

fn around_log_record(log_record: &[u8]) -> Vec<u8> {
    nested(1, &nested(2, &nested(2, log_record)))
}

#[test]
fn an_event_over_the_limit_is_left_out_and_the_others_are_kept() {
    let large = "x".repeat(TEST_LIMITS.max_event_bytes);
    let request = request_of(vec![saying("first"), saying(&large), saying("last")]);
    assert_eq!(tally(&request, &TEST_LIMITS).unwrap(), Tally { good: 2, too_large: 1, ..Tally::default() });
    let cut = cut(&request, &TEST_LIMITS).unwrap();
    assert_eq!(cut.pieces.len(), 1);
    assert_eq!(cut.pieces[0].bytes, request_of(vec![saying("first"), saying("last")]));
}

#[test]
fn a_log_record_that_does_not_decode_is_left_out_and_the_others_are_kept() {
    let time_that_is_a_text = [0x0a, 0x01, 0xff];
    let scope_logs = [nested(2, &saying("good").encode_to_vec()), nested(2, &time_that_is_a_text)].concat();
    let request = nested(1, &nested(2, &scope_logs));
    assert!(ExportLogsServiceRequest::decode(&request[..]).is_err());
    let found = tally(&request, &TEST_LIMITS).unwrap();
    assert_eq!((found.good, found.malformed), (1, 1));
    assert_eq!(found.first_flaw.unwrap().place, Place::Byte(request.len() - 1));
    let cut = cut(&request, &TEST_LIMITS).unwrap();
    assert_eq!(cut.pieces[0].bytes, request_of(vec![saying("good")]));
}

#[test]
fn text_that_is_not_utf8_is_its_readers_matter() {
    let severity = [0x1a, 0x01, 0xff];
    let body = nested(5, &nested(1, b"caf\xe9"));
    let scope_logs = [nested(2, &severity), nested(2, &body), nested(2, &saying("good").encode_to_vec())].concat();
    let request = nested(1, &nested(2, &scope_logs));
    assert_eq!(tally(&request, &TEST_LIMITS).unwrap(), Tally { good: 3, ..Tally::default() });
    assert_eq!(cut(&request, &TEST_LIMITS).unwrap().pieces[0].bytes, request);
}

#[test]
fn a_request_of_something_else_is_no_success() {
    let metrics_under_another_number = nested(4, &saying("a").encode_to_vec());
    let scopes_under_the_number_of_old = nested(1, &[0xc2, 0x3e, 0x00]);
    let records_under_another_number = nested(1, &nested(2, &nested(7, b"x")));
    for request in [metrics_under_another_number, scopes_under_the_number_of_old, records_under_another_number] {
        assert!(matches!(tally(&request, &TEST_LIMITS), Err(ScanError::Malformed(_))), "{request:?}");
    }
    for empty in [vec![], nested(1, b""), nested(1, &nested(1, b"")), nested(1, &nested(2, &nested(1, b"")))] {
        assert_eq!(tally(&empty, &TEST_LIMITS).unwrap(), Tally::default(), "{empty:?}");
    }
}

/// Texts are bytes to readers.
fn decodes<M: prost::Message + Default>(bytes: &[u8]) -> Option<M> {
    match M::decode(bytes) {
        Ok(message) => Some(message),
        Err(error) if error.to_string().contains("not UTF-8") => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn values_nested_deeper_than_a_reader_follows_are_bad() {
    let levels_of = |levels: usize| {
        let leaf = AnyValue { value: Some(Value::IntValue(1)) };
        let value = (0..levels).fold(leaf, |inner, _| AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: vec![inner] })) });
        request_of(vec![LogRecord { body: Some(value), ..LogRecord::default() }])
    };
    assert_eq!(tally(&levels_of(30), &TEST_LIMITS).unwrap().good, 1);
    assert!(ExportLogsServiceRequest::decode(&levels_of(30)[..]).is_ok());
    assert_eq!(tally(&levels_of(40), &TEST_LIMITS).unwrap().malformed, 1);
}

#[test]
fn what_fits_into_no_body_with_its_scope_is_left_out_by_the_cut() {
    let scope = Some(InstrumentationScope { name: "x".repeat(1_000), ..InstrumentationScope::default() });
    let scope_logs = vec![
        ScopeLogs { scope, log_records: vec![saying("a")], ..ScopeLogs::default() },
        ScopeLogs { log_records: vec![saying("b")], ..ScopeLogs::default() },
    ];
    let request = ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }.encode_to_vec();
    assert_eq!(tally(&request, &TEST_LIMITS).unwrap().good, 2);
    let cut = cut(&request, &Limits { max_body_bytes: 900, ..TEST_LIMITS }).unwrap();
    assert_eq!((cut.tally.good, cut.tally.too_large), (1, 1));
    assert_eq!(cut.pieces.iter().map(|piece| piece.events).sum::<u32>(), 1);
}

fn with_resource_of(bytes: usize, log_records: Vec<LogRecord>) -> Vec<u8> {
    let value = Some(AnyValue { value: Some(Value::StringValue("x".repeat(bytes))) });
    let attributes = vec![KeyValue { key: "k".to_owned(), value, ..KeyValue::default() }];
    let resource = Some(Resource { attributes, ..Resource::default() });
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }] }.encode_to_vec()
}

#[test]
fn resources_and_scopes_without_end_are_refused() {
    let limit = TEST_LIMITS.max_events;
    let good = request_of(vec![saying("a")]);
    let resources = [good.clone(), [0x0a, 0].repeat(limit)].concat();
    assert_eq!(tally(&resources, &TEST_LIMITS), Err(ScanError::TooManyGroups { limit }));
    let scopes = [good, nested(1, &[0x12, 0].repeat(limit))].concat();
    assert_eq!(tally(&scopes, &TEST_LIMITS), Err(ScanError::TooManyGroups { limit }));
}

#[test]
fn more_around_events_than_a_quarter_of_a_body_is_refused() {
    let limit = TEST_LIMITS.max_surroundings_bytes();
    assert_eq!(tally(&with_resource_of(limit - 100, vec![saying("a")]), &TEST_LIMITS).unwrap().good, 1);
    let too_large = Err(ScanError::SurroundingsTooLarge { limit });
    assert_eq!(tally(&with_resource_of(limit, vec![saying("a")]), &TEST_LIMITS), too_large);
    let many_attributes = nested(1, &nested(1, &[0x0a, 0].repeat(limit / 2)));
    assert_eq!(tally(&many_attributes, &TEST_LIMITS), too_large);
    let beside_resources = [request_of(vec![saying("a")]), nested(15, &vec![0; limit])].concat();
    assert_eq!(tally(&beside_resources, &TEST_LIMITS), too_large);
}

#[test]
fn cutting_never_writes_much_more_than_there_was() {
    for size in [1, 1_000, TEST_LIMITS.max_event_bytes - 100] {
        let events = vec![saying(&"e".repeat(size)); (400_000 / (size + 100)).min(TEST_LIMITS.max_events)];
        let request = with_resource_of(TEST_LIMITS.max_surroundings_bytes() - 100, events);
        tally(&request, &TEST_LIMITS).unwrap();
        let written: usize = cut(&request, &TEST_LIMITS).unwrap().pieces.iter().map(|piece| piece.bytes.len()).sum();
        assert!(written <= TEST_LIMITS.max_written_bytes(request.len()), "{written} of {}", request.len());
    }
}

#[test]
fn flaws_around_events_name_the_byte() {
    let error = |request: &[u8]| match tally(request, &TEST_LIMITS).unwrap_err() {
        ScanError::Malformed(Flaw { place: Place::Byte(at), what }) => (at, what),
        other => panic!("{other}"),
    };
    assert_eq!(error(&[0x0a, 0x05, 0x00]), (2, "a length runs past the end"));
    assert_eq!(error(&[0x00]), (0, "a field has number 0"));
    assert_eq!(error(&[0x0a]), (1, "a number ends too early"));
    assert_eq!(error(&[0x0f]), (0, "unknown wire type"));
    assert_eq!(error(&[0x08, 0x01]), (1, "a field has another wire type than its definition"));
    assert_eq!(error(&[0x0a, 0x02, 0x12, 0x05]), (4, "a length runs past the end"));
    assert_eq!(error(b"{\"resourceLogs\":[]}").1, "a length runs past the end");
}

#[test]
fn unknown_fields_and_groups_are_skipped() {
    let group = [0x9b, 0x06, 0x08, 0x01, 0x13, 0x14, 0x9c, 0x06];
    let request = [request_of(vec![saying("a")]), group.to_vec(), vec![0xf8, 0x07, 0x01]].concat();
    assert!(ExportLogsServiceRequest::decode(&request[..]).is_ok());
    assert_eq!(tally(&request, &TEST_LIMITS).unwrap().good, 1);
}

#[test]
fn fields_scattered_between_events_do_not_make_the_cut_costly() {
    let log_record = nested(2, &saying("a").encode_to_vec());
    let unknown = [0xf8, 0x07, 0x01];
    let scope_logs: Vec<u8> = (0..200).flat_map(|_| [&log_record[..], &unknown[..]].concat()).collect();
    let request = nested(1, &nested(2, &scope_logs));
    assert_eq!(tally(&request, &TEST_LIMITS).unwrap().good, 200);
    assert!(matches!(cut(&request, &TEST_LIMITS), Err(ScanError::Malformed(_))));
}

proptest! {
    #[test]
    fn a_request_counts_as_many_events_as_it_was_made_of(request in request()) {
        let found = tally(&request.encode_to_vec(), &TEST_LIMITS).unwrap();
        prop_assert_eq!(found.good as usize, log_records(&request).len());
        prop_assert_eq!(found.bad(), 0);
    }

    #[test]
    fn pieces_hold_the_same_events_in_order_under_the_same_resource_and_scope(request in request(), max_body_bytes in 2_000_usize..6_000) {
        let limits = Limits { max_body_bytes, max_event_bytes: 1 << 20, ..TEST_LIMITS };
        let cut = cut(&request.encode_to_vec(), &limits).unwrap();
        let mut seen = Vec::new();
        for piece in &cut.pieces {
            prop_assert!(piece.bytes.len() <= max_body_bytes);
            let decoded = ExportLogsServiceRequest::decode(&piece.bytes[..]).unwrap();
            prop_assert_eq!(log_records(&decoded).len(), piece.events as usize);
            seen.extend(log_records(&decoded));
        }
        prop_assert_eq!(cut.tally.too_large, 0);
        prop_assert_eq!(seen, log_records(&request));
    }

    /// The promise to readers of the log.
    #[test]
    fn what_is_found_good_decodes_whatever_was_damaged(
        request in request(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut_off in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = request.encode_to_vec();
        prop_assume!(!bytes.is_empty());
        for (at, with) in damage {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        if let Some(at) = cut_off { bytes.truncate(at.index(bytes.len())); }
        let Ok(found) = tally(&bytes, &TEST_LIMITS) else { return Ok(()) };
        if found.bad() == 0 {
            let records = decodes::<ExportLogsServiceRequest>(&bytes).map(|decoded| log_records(&decoded).len());
            prop_assert!(records.is_none_or(|records| records == found.good as usize));
        }
        let Ok(cut) = cut(&bytes, &TEST_LIMITS) else { return Ok(()) };
        prop_assert_eq!(cut.tally, found);
        for piece in cut.pieces {
            decodes::<ExportLogsServiceRequest>(&piece.bytes);
        }
    }

    #[test]
    fn around_any_bytes_nothing_panics(log_record in prop::collection::vec(any::<u8>(), 0..200)) {
        let request = around_log_record(&log_record);
        let found = tally(&request, &TEST_LIMITS).unwrap();
        match LogRecord::decode(&log_record[..]) {
            Ok(_) => prop_assert_eq!(found.good, 1),
            Err(error) => prop_assert!(found.good == 0 || error.to_string().contains("not UTF-8"), "{}", error),
        }
        let _found = tally(&log_record, &TEST_LIMITS);
    }
}
