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

macro_rules! changed {
    ($($name:ident: $property:path, $body:expr;)+) => {
        proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
            $(
                #[test]
                fn $name(mut body in $body, other in $body, changes in changes()) {
                    apply(changes, &mut body, &other);
                    $property(&body);
                }
            )+
        }
    };
}

changed! {
    otlp_protobuf: properties::otlp_protobuf, request().prop_map(|request| request.encode_to_vec());
    otlp_json: properties::otlp_json, json_request().prop_map(String::into_bytes);
    eve_in_lines: properties::eve, eve_lines();
    zeek_in_lines: properties::zeek, zeek_lines();
    arrays: properties::arrays, array().prop_map(String::into_bytes);
    lines_of_shippers: properties::lines, lines().prop_map(String::into_bytes);
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
        let texts = |events: Vec<Value>| events.iter().map(Value::to_string).collect::<Vec<_>>();
        properties::line_costs_no_neighbour(&texts(before), &changed, &texts(after));
    }

    #[test]
    fn a_changed_record_of_protobuf_costs_no_neighbour(request in request(), which in any::<Index>(), changes in changes()) {
        let mut records: Vec<Vec<u8>> =
            request.resource_logs.iter().flat_map(|logs| &logs.scope_logs).flat_map(|scope| &scope.log_records).map(|record| record.encode_to_vec()).collect();
        let (other, victim) = (records[0].clone(), which.index(records.len()));
        apply(changes, &mut records[victim], &other);
        properties::protobuf_record_costs_no_neighbour(&records);
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
        properties::json_record_costs_no_neighbour(&records);
    }
}
