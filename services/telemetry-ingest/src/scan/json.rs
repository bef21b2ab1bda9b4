//! JSON as shippers without a notion of lines send it: an array of objects, or objects one after the other.
//!
//! It is stored as JSON lines, so that no reader has to know a further format. Outside strings a line break is white space,
//! and inside strings JSON allows none, so that an object spread over lines becomes one line by replacing its line breaks.

use super::{Cut, Limits, ScanError, Tally, events::Events, framing::parts, line_writer::LineWriter};

/// Counts the events.
pub(super) fn tally(body: &[u8], limits: &Limits) -> Result<Tally, ScanError> {
    let mut events = Events::new((), limits);
    parts(body).try_for_each(|(at, part)| events.part(at, part))?;
    Ok(events.tally)
}

/// Writes the good events as JSON lines, in bodies that fit into a record each.
pub(super) fn cut(body: &[u8], limits: &Limits) -> Result<Cut, ScanError> {
    let mut events = Events::new(LineWriter::new(limits.max_body_bytes, body.len()), limits);
    parts(body).try_for_each(|(at, part)| events.part(at, part))?;
    Ok(Cut { pieces: events.kept.finish(), tally: events.tally })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scan::{Place, TEST_LIMITS};

    fn lines_of(body: &str) -> (Tally, Vec<String>) {
        let cut = cut(body.as_bytes(), &TEST_LIMITS).unwrap();
        assert_eq!(tally(body.as_bytes(), &TEST_LIMITS).unwrap(), cut.tally);
        let lines = cut.pieces.iter().flat_map(|piece| std::str::from_utf8(&piece.bytes).unwrap().lines().map(str::to_owned)).collect();
        (cut.tally, lines)
    }

    #[test]
    fn an_array_becomes_lines() {
        let (tally, lines) = lines_of("[{\"a\":1}, {\"b\":[2]}]\n");
        assert_eq!(tally.good, 2);
        assert_eq!(lines, ["{\"a\":1}", "{\"b\":[2]}"]);
    }

    #[test]
    fn one_object_over_several_lines_becomes_one_line() {
        let (tally, lines) = lines_of("{\r\n  \"a\": \"x\\ny\"\r\n}");
        assert_eq!(tally.good, 1);
        assert_eq!(lines, ["{    \"a\": \"x\\ny\"  }"]);
    }

    #[test]
    fn objects_one_after_the_other_are_understood() {
        assert_eq!(lines_of("{\"a\":1}{\"b\":2}\n{\"c\":3}").1.len(), 3);
    }

    #[test]
    fn what_is_no_object_is_bad_and_named_by_its_place() {
        let (tally, lines) = lines_of("[{\"a\":1}, 7, {\"b\":2}]");
        assert_eq!((tally.good, tally.malformed), (2, 1));
        assert_eq!(tally.first_flaw.unwrap().place, Place::Byte(10));
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn what_is_broken_is_bad_and_its_neighbours_are_good() {
        for (body, good, malformed) in [
            ("[{\"a\":1}", 1, 0),
            ("{\"a\":", 0, 1),
            ("[{}] x", 1, 1),
            ("[{},]", 1, 0),
            ("[{\"a\":1},\n{\"b\":\n,{\"c\":1}\n]", 2, 1),
            ("\u{feff}[{}]\n[{},{}]\0", 3, 0),
        ] {
            let found = tally(body.as_bytes(), &TEST_LIMITS).unwrap();
            assert_eq!((found.good, found.malformed), (good, malformed), "{body}");
            assert_eq!(lines_of(body).1.len() as u32, good, "{body}");
        }
        let latin1 = b"[{\"a\":\"caf\xe9\"},{\"b\":1}]";
        let cut = cut(latin1, &TEST_LIMITS).unwrap();
        assert_eq!(&cut.pieces[0].bytes[..], b"{\"a\":\"caf\xe9\"}\n{\"b\":1}\n", "the bytes are its reader's matter");
    }

    #[test]
    fn more_events_than_allowed_are_refused() {
        let limits = Limits { max_events: 2, ..TEST_LIMITS };
        assert_eq!(tally(b"[{},{},{}]", &limits), Err(ScanError::TooManyEvents { limit: 2 }));
    }

    proptest! {
        #[test]
        fn any_array_of_objects_keeps_its_events(values in prop::collection::vec("\\PC{0,30}", 0..20), pretty in any::<bool>()) {
            let events: Vec<serde_json::Value> = values.iter().map(|value| serde_json::json!({"k": value})).collect();
            let body = if pretty { serde_json::to_string_pretty(&events) } else { serde_json::to_string(&events) }.unwrap();
            let (_, lines) = lines_of(&body);
            let seen: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            prop_assert_eq!(seen, events);
        }
    }
}
