//! JSON as shippers without a notion of lines send it: an array of objects, or objects one after the other.
//!
//! It is stored as JSON lines, so that no reader has to know a further format. Outside strings a line break is white space,
//! and inside strings JSON allows none, so that an object spread over lines becomes one line by replacing its line breaks.

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Cut, Flaw, Limits, Place, ScanError, Tally, json_lines::LineWriter};

const WRONG_SHAPE: &str = "neither an array of objects nor an object";

/// Counts the events.
pub(super) fn tally(body: &[u8], limits: &Limits) -> Result<Tally, ScanError> {
    let mut tally = Tally::default();
    visit(body, &mut |place, event| tally.count(event.len(), || check(place, event), limits).map(drop))?;
    Ok(tally)
}

/// Writes the good events as JSON lines, in bodies that fit into a record each.
pub(super) fn cut(body: &[u8], limits: &Limits) -> Result<Cut, ScanError> {
    let mut tally = Tally::default();
    let mut writer = LineWriter::new(limits.max_body_bytes, body.len());
    visit(body, &mut |place, event| {
        let good = tally.count(event.len(), || check(place, event), limits)?;
        if good && !writer.add(in_one_line(event).as_bytes()) {
            tally.recount_as_too_large();
        }
        Ok(())
    })?;
    Ok(Cut { pieces: writer.finish(), tally })
}

fn check(place: Place, event: &str) -> Result<(), Flaw> {
    if event.starts_with('{') { Ok(()) } else { Err(Flaw { place, what: "not a JSON object" }) }
}

fn in_one_line(event: &str) -> Cow<'_, str> {
    if event.contains(['\n', '\r']) { Cow::Owned(event.replace(['\n', '\r'], " ")) } else { Cow::Borrowed(event) }
}

type Visit<'v> = &'v mut dyn FnMut(Place, &str) -> Result<(), ScanError>;

fn visit(body: &[u8], visit: Visit<'_>) -> Result<(), ScanError> {
    let text = super::utf8(body)?;
    let is_array = body.trim_ascii_start().first() == Some(&b'[');
    if is_array {
        let mut stopped_by = None;
        let mut json = serde_json::Deserializer::from_str(text);
        let parsed = json.deserialize_seq(Elements { text, visit, stopped_by: &mut stopped_by }).and_then(|()| json.end());
        return match (stopped_by, parsed) {
            (Some(error), _) => Err(error),
            (None, parsed) => Ok(parsed.map_err(|error| Flaw::of_json(&error, WRONG_SHAPE))?),
        };
    }
    for event in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let event = event.map_err(|error| Flaw::of_json(&error, WRONG_SHAPE))?.get();
        visit(super::place_within(text, event), event)?;
    }
    Ok(())
}

/// The elements of an array, one at a time.
struct Elements<'t, 'v> {
    text: &'t str,
    visit: Visit<'v>,
    stopped_by: &'v mut Option<ScanError>,
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(event) = elements.next_element::<&'de RawValue>()? {
            let event = event.get();
            if let Err(error) = (self.visit)(super::place_within(self.text, event), event) {
                *self.stopped_by = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scan::TEST_LIMITS;

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
    fn broken_json_is_malformed_with_its_place() {
        for body in ["[{\"a\":1}", "{\"a\":", "[{}] x", "[{},]"] {
            let error = tally(body.as_bytes(), &TEST_LIMITS).unwrap_err();
            assert!(matches!(error, ScanError::Malformed(_)), "{body}: {error}");
        }
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
