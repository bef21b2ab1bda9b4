//! Bodies of each of the six shapes, changed as transport and disks change them: bits flipped, cut, doubled, spliced.
//!
//! With more cases than a test run has time for: `PROPTEST_CASES=50000 cargo test -p schildwacht same_events`.

use proptest::sample::Index;

use super::*;

/// A change of bytes.
#[derive(Debug, Clone)]
enum Change {
    FlipBit(Index, u8),
    Replace(Index, u8),
    Insert(Index, &'static str),
    CutOut(Index, usize),
    /// A stretch is there twice.
    Double(Index, usize),
    Truncate(Index),
    /// The beginning of this one and the end of another.
    Splice(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let token = select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        "\n",
        "\\",
        "\0",
        "\u{feff}",
        "null",
        "{\"",
        "\"}",
        "{}",
        "\\ud83d",
        "{\"resourceLogs\":[",
    ]);
    prop_oneof![
        3 => (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Change::FlipBit(at, bit)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, with)| Change::Replace(at, with)),
        2 => (any::<Index>(), token).prop_map(|(at, token)| Change::Insert(at, token)),
        1 => (any::<Index>(), 1..200_usize).prop_map(|(at, length)| Change::CutOut(at, length)),
        1 => (any::<Index>(), 1..400_usize).prop_map(|(at, length)| Change::Double(at, length)),
        1 => any::<Index>().prop_map(Change::Truncate),
        1 => any::<(Index, Index)>().prop_map(|(until, from)| Change::Splice(until, from)),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 1..5)
}

fn apply(changes: Vec<Change>, body: &mut Vec<u8>, other: &[u8]) {
    for change in changes {
        if body.is_empty() {
            return;
        }
        let end = |at: usize, length: usize, body: &[u8]| (at + length).min(body.len());
        match change {
            Change::FlipBit(at, bit) => *at.get_mut(body) ^= 1 << bit,
            Change::Replace(at, with) => *at.get_mut(body) = with,
            Change::Insert(at, token) => {
                let at = at.index(body.len());
                body.splice(at..at, token.bytes());
            }
            Change::CutOut(at, length) => {
                let at = at.index(body.len());
                body.drain(at..end(at, length, body));
            }
            Change::Double(at, length) => {
                let at = at.index(body.len());
                let stretch = body[at..end(at, length, body)].to_vec();
                body.splice(at..at, stretch);
            }
            Change::Truncate(at) => body.truncate(at.index(body.len())),
            Change::Splice(until, from) => {
                body.truncate(until.index(body.len()));
                body.extend_from_slice(&other[from.index(other.len())..]);
            }
        }
    }
}

fn eve_lines() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(eve(), 1..6).prop_map(|events| lines_of(&events))
}

fn zeek_lines() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(zeek(), 1..6).prop_map(|events| lines_of(&events))
}

fn lines_of(events: &[Value]) -> Vec<u8> {
    events.iter().map(|event| format!("{event}\n")).collect::<String>().into_bytes()
}

/// What holds of anything at all.
fn holds(format: Format, body: &[u8]) -> Result<(), TestCaseError> {
    let _either_way = events_of(body);
    let Ok(account) = account(format, body) else { return Ok(()) };
    let shown = || format!("{account:?} of {:?}", String::from_utf8_lossy(body));
    prop_assert!(account.found() >= account.accepted, "an accepted event has no outcome: {}", shown());
    prop_assert!(account.read_again, "a dead letter is nothing when it is read again: {}", shown());
    if account.accepted + account.rejected == 0 {
        let may_be_empty = format == Format::OtlpProtobuf || !body.contains(&b'{') || format == Format::OtlpJson;
        prop_assert!(may_be_empty, "a success with nothing found: {}", shown());
    }
    Ok(())
}

macro_rules! changed {
    ($($name:ident: $format:expr, $body:expr;)+) => {
        proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
            $(
                #[test]
                fn $name(mut body in $body, other in $body, changes in changes()) {
                    apply(changes, &mut body, &other);
                    holds($format, &body)?;
                }
            )+
        }
    };
}

changed! {
    otlp_protobuf: Format::OtlpProtobuf, request().prop_map(|request| request.encode_to_vec());
    otlp_json: Format::OtlpJson, json_request().prop_map(String::into_bytes);
    eve_in_lines: Format::JsonLines, eve_lines();
    zeek_in_lines: Format::JsonLines, zeek_lines();
    arrays: Format::Json, array().prop_map(String::into_bytes);
    arrays_where_a_request_was_announced: Format::OtlpJson, array().prop_map(String::into_bytes);
    lines_of_shippers: Format::JsonLines, lines().prop_map(String::into_bytes);
    requests_in_lines: Format::JsonLines, json_request().prop_map(String::into_bytes);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_line_costs_no_neighbour(
        before in prop::collection::vec(event(), 1..4),
        victim in event(),
        after in prop::collection::vec(event(), 1..4),
        other in eve_lines(),
        changes in changes(),
    ) {
        let mut changed = victim.to_string().into_bytes();
        apply(changes, &mut changed, &other);
        let body = [lines_of(&before), changed, b"\n".to_vec(), lines_of(&after)].concat();
        let account = account(Format::JsonLines, &body).unwrap();
        prop_assert!(account.understood as usize >= before.len() + after.len(), "{account:?} of {:?}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn a_changed_record_of_protobuf_costs_no_neighbour(request in request(), which in any::<Index>(), changes in changes()) {
        let mut records: Vec<Vec<u8>> =
            request.resource_logs.iter().flat_map(|logs| &logs.scope_logs).flat_map(|scope| &scope.log_records).map(|record| record.encode_to_vec()).collect();
        let (other, victim) = (records[0].clone(), which.index(records.len()));
        apply(changes, &mut records[victim], &other);
        let field = |number: u8, content: &[u8]| {
            let mut field = vec![number << 3 | 2];
            prost::encoding::encode_varint(content.len() as u64, &mut field);
            [field, content.to_vec()].concat()
        };
        let scope: Vec<u8> = records.iter().flat_map(|record| field(2, record)).collect();
        let body = field(1, &field(2, &scope));
        let account = account(Format::OtlpProtobuf, &body).unwrap();
        prop_assert_eq!((account.accepted + account.rejected) as usize, records.len());
        prop_assert!(account.understood as usize >= records.len() - 1, "{:?}", account);
    }

    #[test]
    fn a_changed_text_in_a_json_record_costs_no_neighbour(
        texts in prop::collection::vec(eve(), 2..5),
        which in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..5),
    ) {
        let mut records: Vec<Vec<u8>> =
            texts.iter().map(|event| json!({ "body": { "stringValue": event.to_string() } }).to_string().into_bytes()).collect();
        let victim = which.index(records.len());
        for (at, with) in changes {
            let at = at.index(records[victim].len());
            // Without a quote or a bracket the record still ends where it ended.
            let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b'[' | b']');
            if !is_mark(&with) && !is_mark(&records[victim][at]) {
                records[victim][at] = with;
            }
        }
        let body = [b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[", records.join(&b',').as_slice(), b"]}]}]}"].concat();
        let account = account(Format::OtlpJson, &body).unwrap();
        prop_assert_eq!((account.accepted as usize, account.rejected), (records.len(), 0));
        prop_assert!(account.understood as usize >= records.len() - 1, "{:?}", account);
    }
}
