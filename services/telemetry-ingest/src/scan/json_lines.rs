//! JSON lines: one object a line, ended by LF or CR LF. Blank lines are skipped, and so are those that only hold the brackets
//! and commas of an array. A line may be an array too, several objects one after the other, or a whole OTLP request.
//!
//! Whether a line really is JSON, or even UTF-8, is left to the reader, which can make the best of it; here it costs
//! too much for what it tells. So is what stands around the object: a syslog header, a comma, padding.

use memchr::{memchr, memchr_iter, memrchr};
use otlp::{end_of_brackets, is_between};

use super::{
    Cut, Flaw, Limits, Place, ScanError, Tally,
    events::{Events, Keep},
    framing::{opens_array, parts, trimmed},
    line_writer::LineWriter,
};

/// Counts the events.
pub(super) fn tally(body: &[u8], limits: &Limits) -> Result<Tally, ScanError> {
    let mut events = Events::new((), limits);
    scan(body, &mut events)?;
    Ok(events.tally)
}

/// Rewrites the good lines, in bodies that fit into a record each.
pub(super) fn cut(body: &[u8], limits: &Limits) -> Result<Cut, ScanError> {
    let mut events = Events::new(LineWriter::new(limits.max_body_bytes, body.len()), limits);
    scan(body, &mut events)?;
    Ok(Cut { pieces: events.kept.finish(), tally: events.tally })
}

fn scan<K: Keep>(body: &[u8], events: &mut Events<'_, K>) -> Result<(), ScanError> {
    for (number, line) in lines(body) {
        if otlp::begins_as_request(line) {
            events.request(line, Place::Line(number))?;
        } else if opens_array(line) || holds_several(line) {
            parts(line).try_for_each(|(at, part)| events.element(at, part))?;
        } else {
            events.event(line, || check(number, line))?;
        }
    }
    Ok(())
}

/// Whether another object follows the one that a line begins with. Nearly always a brace that follows another is inside.
fn holds_several(line: &[u8]) -> bool {
    let follows_object = |at: usize| line.get(..at).unwrap_or_default().iter().rev().find(|byte| !is_between(**byte)) == Some(&b'}');
    let may_hold_several = line.first() == Some(&b'{') && memchr_iter(b'{', line).any(follows_object);
    may_hold_several && end_of_brackets(line).is_ok_and(|end| line.get(end..).is_some_and(|rest| rest.contains(&b'{')))
}

/// Lines that hold something, with their number from 1, without the white space and the padding around them.
fn lines(body: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut rest = body;
    let mut number = 0;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..end).unwrap_or_default().trim_ascii();
            rest = rest.get(end + 1..).unwrap_or_default();
            number += 1;
            // Nearly always.
            if line.first() == Some(&b'{') {
                return Some((number, line));
            }
            let line = trimmed(line);
            if !line.iter().all(|byte| is_between(*byte)) {
                return Some((number, line));
            }
        }
        None
    })
}

fn check(number: usize, line: &[u8]) -> Result<(), Flaw> {
    if line.first() == Some(&b'{') && line.last() == Some(&b'}') {
        return Ok(());
    }
    let flaw = |what| Err(Flaw { place: Place::Line(number), what });
    let (Some(start), Some(end)) = (memchr(b'{', line), memrchr(b'}', line)) else { return flaw("no JSON object in the line") };
    let object = line.get(start..).unwrap_or_default();
    let is_json_twice = line.len() > 1 && line.starts_with(b"\"") && line.ends_with(b"\"");
    // A line that was cut is told from one with something behind its object.
    let is_last = end + 1 == line.len();
    if is_last || is_json_twice || end_of_brackets(object).is_ok() { Ok(()) } else { flaw("the JSON ends too early") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scan::TEST_LIMITS;

    fn tally_of(body: &[u8]) -> Tally {
        tally(body, &TEST_LIMITS).unwrap()
    }

    #[test]
    fn crlf_blank_lines_and_a_missing_last_newline_are_fine() {
        assert_eq!(tally_of(b"{\"a\":1}\r\n\r\n  \n{\"b\":2}\n{}").good, 3);
    }

    #[test]
    fn nothing_is_no_event() {
        assert_eq!(tally_of(b""), Tally::default());
        assert_eq!(tally_of(b"\n\r\n"), Tally::default());
    }

    #[test]
    fn a_line_that_is_no_object_is_bad_and_named_by_its_number() {
        let found = tally_of(b"{\"a\":1}\n\nhello\n{\"b\":2}\n{\"cut off\":");
        assert_eq!((found.good, found.malformed), (2, 2));
        assert_eq!(found.first_flaw.unwrap().place, Place::Line(3));
    }

    #[test]
    fn a_line_in_another_character_set_is_left_to_its_reader() {
        assert_eq!(tally_of(b"{\"name\":\"caf\xe9\"}\n").good, 1);
    }

    #[test]
    fn an_event_over_the_limit_is_left_out_by_the_cut() {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(TEST_LIMITS.max_event_bytes));
        let body = format!("{{\"first\":1}}\n{large}\n{{\"last\":1}}\n");
        let cut = cut(body.as_bytes(), &TEST_LIMITS).unwrap();
        assert_eq!((cut.tally.good, cut.tally.too_large), (2, 1));
        assert_eq!(cut.pieces.len(), 1);
        assert_eq!(&cut.pieces[0].bytes[..], b"{\"first\":1}\n{\"last\":1}\n");
    }

    #[test]
    fn more_events_than_allowed_are_refused() {
        let limits = Limits { max_events: 2, ..TEST_LIMITS };
        assert_eq!(tally(b"{}\n{}\n{}", &limits), Err(ScanError::TooManyEvents { limit: 2 }));
    }

    #[test]
    fn bytes_around_an_object_cost_nothing() {
        for line in
            ["\0\0{}", "\u{feff}{}", "{},", "@cee: {}", "{}\0", ", {}", "[{},", "<13>gw suricata: {}", "[12:04] suricata: {}", "{} x"]
        {
            let body = format!("{line}\n{line}\n");
            assert_eq!((tally_of(body.as_bytes()).good, tally_of(body.as_bytes()).bad()), (2, 0), "{line:?}");
        }
        assert_eq!(tally_of(b"[\n{}\n,\n{}\n]\n\0\n").total(), 2);
        let found = tally_of(b"{}\n[{},{}]\n[{}, 7]\n");
        assert_eq!((found.good, found.malformed), (4, 1));
        for (line, objects) in [
            ("{}{}", 2),
            ("{\"a\":[{},{}]} , {\"b\":{}}", 2),
            ("@cee: {}{}", 1),
            ("{\"a\":[{},{}]}", 1),
            ("{\"a\":\"}{\"}", 1),
            ("{} x", 1),
        ] {
            assert_eq!((tally_of(line.as_bytes()).good, tally_of(line.as_bytes()).bad()), (objects, 0), "{line}");
        }
        assert_eq!(tally_of(b"{\"a\":{},\n@cee: {\"a\":{},\nx }{\n").malformed, 3, "cut");
    }

    #[test]
    fn the_records_of_a_request_in_a_line_are_its_events() {
        let request = |records: &[&str]| format!(r#"{{ "resourceLogs" : [{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#, records.join(","));
        let body = format!("{}\n{{}}\n{}\n", request(&["{}", "{}", "7"]), request(&["{}"]));
        let cut = cut(body.as_bytes(), &TEST_LIMITS).unwrap();
        assert_eq!((cut.tally.good, cut.tally.malformed), (4, 1));
        assert_eq!(cut.tally.first_flaw.unwrap().place, Place::Line(1));
        assert_eq!((tally_of(body.as_bytes()), cut.pieces.iter().map(|piece| piece.events).sum::<u32>()), (cut.tally, 4));
        assert_eq!(tally_of(request(&[]).as_bytes()).total(), 0);
        let in_array = format!("[{}]", request(&["{}", "{}"]));
        assert_eq!(tally_of(in_array.as_bytes()).good, 1, "a reader of the line as it came does not look into it");
        let with_event = format!("{}{{\"event_type\":\"alert\"}}", request(&["{}"]));
        assert_eq!((tally_of(with_event.as_bytes()).good, tally_of(with_event.as_bytes()).malformed), (0, 1));
        assert_eq!(tally_of(b"{\"resourceLogs\":[{\n{}\n").malformed, 1, "and its neighbour is good");
        // Larger than an event may be, and than a body: it is cut between its records.
        let record = format!("{{\"a\":\"{}\"}}", "x".repeat(TEST_LIMITS.max_event_bytes / 2));
        let long = request(&vec![record.as_str(); 2 * TEST_LIMITS.max_body_bytes / TEST_LIMITS.max_event_bytes * 2]);
        let cut = super::cut(long.as_bytes(), &TEST_LIMITS).unwrap();
        assert_eq!((cut.tally.good, cut.tally.bad()), (64, 0));
        assert!(cut.pieces.iter().all(|piece| piece.bytes.len() <= TEST_LIMITS.max_body_bytes && piece.events > 1));
        let limits = Limits { max_events: 2, ..TEST_LIMITS };
        assert_eq!(tally(request(&["{}"; 3]).as_bytes(), &limits), Err(ScanError::TooManyEvents { limit: 2 }));
    }

    #[test]
    fn a_request_among_the_events_of_a_line_is_none_when_the_line_is_cut_either() {
        let cut = cut(b"{}{\"resourceLogs\":[]}}\n", &TEST_LIMITS).unwrap();
        assert_eq!((cut.tally.good, cut.tally.malformed), (2, 1));
        assert_eq!(
            &cut.pieces[0].bytes[..],
            b"{}\n[{\"resourceLogs\":[]}]\n",
            "its reader finds an event in it, and no request without records"
        );
    }

    proptest! {
        #[test]
        fn cutting_keeps_every_event_in_order(sizes in prop::collection::vec(0_usize..300, 0..60), max_body_bytes in 320_usize..2000) {
            let events: Vec<String> = sizes.iter().enumerate().map(|(at, size)| format!("{{\"{at}\":\"{}\"}}", "x".repeat(*size))).collect();
            let limits = Limits { max_body_bytes, ..TEST_LIMITS };
            let cut = cut(events.join("\r\n").as_bytes(), &limits).unwrap();
            let mut seen = Vec::new();
            for piece in &cut.pieces {
                prop_assert!(piece.bytes.len() <= max_body_bytes);
                let lines: Vec<String> = std::str::from_utf8(&piece.bytes).unwrap().lines().map(str::to_owned).collect();
                prop_assert_eq!(lines.len(), piece.events as usize);
                seen.extend(lines);
            }
            prop_assert_eq!(cut.tally.good as usize, events.len());
            prop_assert_eq!(seen, events);
        }

        #[test]
        fn any_bytes_are_counted_without_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
            let found = tally(&body, &TEST_LIMITS).unwrap();
            let cut = cut(&body, &TEST_LIMITS).unwrap();
            prop_assert_eq!(found, cut.tally);
        }
    }
}
