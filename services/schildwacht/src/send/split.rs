//! From bytes to events: JSON lines or JSON values one after another, and arrays of either, also several and in between.
//!
//! Lines are handed on as they are, also when they are not JSON: a gateway does not look into them either, and the edge says what
//! it does not accept. So is a word between events. Arrays and pretty-printed values are cut by counting brackets outside texts,
//! without reading what is in them. Padding (byte-order marks, the NULs that a copied log begins with) and the commas and brackets of
//! arrays are passed over.
//!
//! Not serde_json's stream of raw values: it ends at the first byte that is not UTF-8 or not JSON, and has no bound on a value.

use std::io::{self, BufRead};

use otlp::is_padding;

/// No event of a sensor comes near this; what does is a file of something else.
const EVENT_AT_MOST: usize = 1024 * 1024;

/// How events outside arrays follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Lines,
    /// Events that span several lines.
    Values,
}

/// Why a file is not a file of events.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// Zeek's own format.
    #[error("this is a Zeek log in tab-separated form; let Zeek write JSON (redef LogAscii::use_json = T)")]
    ZeekTabs,
    /// Something else.
    #[error("this is no file of JSON events: it begins with {0:?}")]
    NotJson(char),
    /// The file ends within an event.
    #[error("the file ends within the event that begins in line {line}")]
    Unfinished {
        /// From 1.
        line: u64,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The events of a file, one after another.
pub struct Events<R> {
    input: R,
    is_in_array: bool,
    /// How events outside arrays follow one another, once one has been seen.
    shape: Option<Shape>,
    event: Vec<u8>,
    /// Whether that event was read already and not handed out yet.
    is_pending: bool,
    /// From 1.
    line: u64,
    /// Where the event that was handed out last begins.
    began: u64,
    too_long: u64,
}

impl<R: BufRead> Events<R> {
    /// Looks at how a file begins.
    pub fn read(input: R) -> Result<Self, SplitError> {
        let mut events =
            Self { input, is_in_array: false, shape: None, event: Vec::new(), is_pending: false, line: 1, began: 1, too_long: 0 };
        let next = events.next_visible()?;
        events.began = events.line;
        match next {
            None | Some(b'[' | b'{' | b'"') => Ok(events),
            Some(b'#') if events.input.fill_buf()?.starts_with(b"#separator") => Err(SplitError::ZeekTabs),
            // A header before each event (`@cee:`, syslog's) is its reader's matter.
            Some(other) if events.line()? && !events.event.contains(&b'{') => Err(SplitError::NotJson(char::from(other))),
            Some(_) => {
                events.shape = Some(Shape::Lines);
                events.is_pending = !events.event.is_empty();
                events.too_long = u64::from(events.event.is_empty());
                Ok(events)
            }
        }
    }

    /// The next event, without line breaks; `None` at the end.
    pub fn next_event(&mut self) -> Result<Option<&[u8]>, SplitError> {
        if std::mem::take(&mut self.is_pending) {
            return Ok(Some(&self.event));
        }
        while let Some(next) = self.next_visible()? {
            self.event.clear();
            self.began = self.line;
            if next == b'[' && !self.is_in_array && self.opens_array()? {
                continue;
            }
            let fits = match (self.is_in_array, self.shape, next) {
                (true, _, b',' | b']') => {
                    self.input.consume(1);
                    self.is_in_array = next == b',';
                    continue;
                }
                (true, _, b'[') | (false, _, b',' | b']') if self.event.is_empty() => {
                    self.input.consume(1);
                    continue;
                }
                (true, _, b'{') | (false, Some(Shape::Values), b'{') => self.value(Scan::default())?,
                (false, None, b'{') => self.first_object()?,
                (false, Some(Shape::Lines), _) => self.line()?,
                _ => self.word()?,
            };
            if fits && self.event.is_empty() {
                continue;
            }
            if fits {
                return Ok(Some(&self.event));
            }
            self.too_long += 1;
        }
        if self.is_in_array { Err(SplitError::Unfinished { line: self.line }) } else { Ok(None) }
    }

    /// The line of the file in which the event that was handed out last begins, from 1.
    pub const fn began(&self) -> u64 {
        self.began
    }

    /// Events that were passed over because they are larger than any sensor writes.
    pub const fn too_long(&self) -> u64 {
        self.too_long
    }

    /// The next byte that is neither white space nor padding, left where it is.
    fn next_visible(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf()?.first().copied() {
                Some(byte) if is_padding(byte) => {
                    self.line += u64::from(byte == b'\n');
                    self.input.consume(1);
                }
                next => return Ok(next),
            }
        }
    }

    /// Takes the bracket. Between lines it may open a text such as `[12:04] …` instead of an array: that is a line.
    fn opens_array(&mut self) -> io::Result<bool> {
        self.event.push(b'[');
        self.input.consume(1);
        let next = self.input.fill_buf()?.first();
        self.is_in_array = self.shape != Some(Shape::Lines) || next.is_none_or(|next| b"{]\r\n".contains(next));
        Ok(self.is_in_array)
    }

    /// Takes the first object: when its first line is whole, every line is an event. `false` when it is too long.
    fn first_object(&mut self) -> Result<bool, SplitError> {
        let fits = self.line()?;
        let mut scan = Scan::default();
        for byte in &self.event {
            scan.take(*byte);
        }
        let is_line = scan.depth == 0 || !fits || self.input.fill_buf()?.is_empty();
        self.shape = Some(if is_line { Shape::Lines } else { Shape::Values });
        if is_line { Ok(fits) } else { self.value(scan) }
    }

    /// Takes a line; `false` when it is too long.
    fn line(&mut self) -> io::Result<bool> {
        let mut fits = true;
        loop {
            let available = self.input.fill_buf()?;
            let end = available.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(available.len(), |end| end + 1);
            fits = fits && self.event.len() + used <= EVENT_AT_MOST;
            if fits {
                self.event.extend_from_slice(&available[..used]);
            }
            self.input.consume(used);
            if end.is_some() || used == 0 {
                self.line += u64::from(end.is_some());
                let end = self.event.iter().rposition(|byte| !is_padding(*byte)).map_or(0, |last| last + 1);
                self.event.truncate(end);
                return Ok(fits);
            }
        }
    }

    /// Takes what is no object, up to the next comma, bracket or line: one event for the edge to refuse. A text is taken whole.
    fn word(&mut self) -> io::Result<bool> {
        let mut fits = true;
        let mut is_begun = false;
        let mut scan = Scan::default();
        loop {
            let available = self.input.fill_buf()?;
            let end = available.iter().position(|byte| {
                let is_end = !scan.in_text && matches!(byte, b',' | b'[' | b']' | b'{' | b'}' | b'\n');
                scan.take(*byte);
                is_end
            });
            let is_over = end.is_some() || available.is_empty();
            // A stray brace is a word by itself.
            let used = end.map_or(available.len(), |end| end.max(usize::from(self.event.is_empty() && !is_begun)));
            is_begun = true;
            fits = fits && self.event.len() + used <= EVENT_AT_MOST;
            if fits {
                self.event.extend(available[..used].iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
            }
            self.input.consume(used);
            if is_over {
                self.event.truncate(self.event.trim_ascii_end().len());
                return Ok(fits);
            }
        }
    }

    /// Takes a value, or the rest of one, without the white space between its parts; `false` when it is too long.
    fn value(&mut self, mut scan: Scan) -> Result<bool, SplitError> {
        let began = self.line - u64::from(scan.depth > 0);
        let mut fits = true;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                return Err(SplitError::Unfinished { line: began });
            }
            let end = available.iter().position(|byte| {
                scan.take(*byte);
                scan.depth == 0
            });
            let used = end.map_or(available.len(), |end| end + 1);
            let taken = &available[..used];
            self.line += taken.iter().filter(|byte| **byte == b'\n').count() as u64;
            fits = fits && self.event.len() + used <= EVENT_AT_MOST;
            if fits {
                self.event.extend_from_slice(taken);
            }
            self.input.consume(used);
            if end.is_some() {
                let mut scan = Scan::default();
                self.event.retain(|byte| scan.take(*byte) && *byte != b'\n');
                return Ok(fits);
            }
        }
    }
}

/// Where one is within a value.
#[derive(Debug, Default)]
struct Scan {
    depth: u32,
    in_text: bool,
    is_escaped: bool,
}

impl Scan {
    /// Goes past a byte and says whether it means anything.
    const fn take(&mut self, byte: u8) -> bool {
        if self.in_text {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return true;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        !byte.is_ascii_whitespace()
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn split(text: &str) -> Result<Vec<String>, String> {
        // A tiny buffer, so that every cut falls in the middle of something once.
        let complain = |error: SplitError| error.to_string();
        let mut events = Events::read(BufReader::with_capacity(16, text.as_bytes())).map_err(complain)?;
        let mut found = Vec::new();
        while let Some(event) = events.next_event().map_err(complain)? {
            found.push(String::from_utf8(event.to_vec()).unwrap());
        }
        Ok(found)
    }

    #[test]
    fn lines_are_handed_on_as_they_are() {
        let text = "\n{\"a\": 1, \"b\":\"x\\u0000\"}\r\n\n  \n{\"broken\n{\"c\":2}";
        assert_eq!(split(text).unwrap(), ["{\"a\": 1, \"b\":\"x\\u0000\"}", "{\"broken", "{\"c\":2}"]);
    }

    #[test]
    fn it_is_known_in_which_line_an_event_begins() {
        for (text, expected) in [
            ("\n{\"a\":1}\n\n{\"a\":2}\n", vec![2, 4]),
            ("@cee: {}\n\n@cee: {}\n", vec![1, 3]),
            ("[\n{\n\"a\":1},\n\n{}, {}]\n[{}]", vec![2, 5, 5, 6]),
            ("{\n\"a\":1\n}\n{\n\"a\":2}", vec![1, 4]),
        ] {
            let mut events = Events::read(BufReader::with_capacity(16, text.as_bytes())).unwrap();
            let mut began = Vec::new();
            while events.next_event().unwrap().is_some() {
                began.push(events.began());
            }
            assert_eq!(began, expected, "{text:?}");
        }
    }

    #[test]
    fn array_and_pretty_values_become_one_line_each() {
        let expected = ["{\"a\":[1,{\"b\":\"] } \\\" ,\"}]}", "{}"];
        assert_eq!(split("[\n  {\n \"a\": [1, {\"b\": \"] } \\\" ,\"}]\n },\n {}\n]\n").unwrap(), expected);
        assert_eq!(split("{\n \"a\": [1,\n {\"b\": \"] } \\\" ,\"}]\n}\n{ }\n").unwrap(), expected);
        assert_eq!(split("[]").unwrap(), [""; 0]);
        assert_eq!(split(" \n").unwrap(), [""; 0]);
    }

    #[test]
    fn arrays_may_follow_one_another_and_stand_between_lines() {
        let two_flushes = "[{\"a\":1},{\"a\":2}]\n[{\"a\":3}]\n";
        assert_eq!(split(two_flushes).unwrap(), ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]);
        assert_eq!(
            split("[{\"a\":1}][]\n\n[\n{\"a\":2}\n]{\n\"a\":3}\n[{\"a\":4}]{\"a\":5}").unwrap(),
            (1..=5).map(|n| format!("{{\"a\":{n}}}")).collect::<Vec<_>>()
        );
        let between_lines = "{\"a\": 1}\n[{\"a\": 2},\n {\"a\": 3}]\n[12:04] no event\n{\"a\": 4}\n[\n{\"a\": 5}]";
        assert_eq!(split(between_lines).unwrap(), ["{\"a\": 1}", "{\"a\":2}", "{\"a\":3}", "[12:04] no event", "{\"a\": 4}", "{\"a\":5}"]);
    }

    #[test]
    fn an_array_that_is_still_being_written_gives_what_it_has_and_says_so() {
        let mut events = Events::read(&b"[\n{\"a\":1}\n, {\"a\":2}\n"[..]).unwrap();
        assert_eq!(events.next_event().unwrap(), Some(&b"{\"a\":1}"[..]));
        assert_eq!(events.next_event().unwrap(), Some(&b"{\"a\":2}"[..]));
        assert!(matches!(events.next_event(), Err(SplitError::Unfinished { line: 4 })));
    }

    #[test]
    fn whatever_is_around_events_they_come_out() {
        let expected = ["{\"a\":1}", "{\"a\":2}"];
        for text in [
            "\u{feff}{\"a\":1}\n{\"a\":2}\n",
            "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0{\"a\":1}\n{\"a\":2}\0\0\n",
            "\u{feff}[{\"a\":1},{\"a\":2}]",
            "\u{1e}{\"a\":1}\n\u{1e}{\"a\":2}\n",
            "[{\"a\":1}]\n[{\"a\":2}] ,\n",
            "{\"a\":1}\n,\n{\"a\":2}\n]\n",
            "[{\"a\":1}]]\n,{\"a\":2}",
            "[[{\"a\":1}],[{\"a\":2}]]",
        ] {
            assert_eq!(split(text).unwrap(), expected, "{text:?}");
        }
        let headers = "@cee: {\"a\":1}\n@cee: {\"a\":2}\n";
        assert_eq!(split(headers).unwrap(), headers.lines().collect::<Vec<_>>());
        assert_eq!(split("{\"a\":1},\n{\"a\":2},\n").unwrap(), ["{\"a\":1},", "{\"a\":2},"], "the edge takes the comma");
        assert_eq!(split("\"{}\"\n\"{}\"\n").unwrap(), ["\"{}\"", "\"{}\""]);
    }

    #[test]
    fn a_word_between_events_is_handed_on_for_the_edge_to_refuse() {
        assert_eq!(split("[{},\n 5, \"x,{\" , {\"a\":1}] oops\n").unwrap(), ["{}", "5", "\"x,{\"", "{\"a\":1}", "oops"]);
        assert_eq!(split("{\n\"a\":1\n}\n}\nx\n{\n\"b\":1}").unwrap(), ["{\"a\":1}", "}", "x", "{\"b\":1}"]);
    }

    #[test]
    fn what_is_no_file_of_events_is_refused_with_the_reason() {
        assert!(split("#separator \\x09\n").unwrap_err().contains("use_json"));
        assert!(split("# Read me\n").unwrap_err().contains("no file of JSON events"));
        assert_eq!(split("<html>").unwrap_err(), "this is no file of JSON events: it begins with '<'");
        assert_eq!(split("[{\"a\":1},\n{\"a\":").unwrap_err(), "the file ends within the event that begins in line 2");
        assert_eq!(split("{\n\"a\":\n").unwrap_err(), "the file ends within the event that begins in line 1");
    }

    #[test]
    fn event_that_is_too_long_is_passed_over_and_counted() {
        let long = "x".repeat(EVENT_AT_MOST + 1);
        for text in [format!("{{\"a\":1}}\n{{\"b\":\"{long}\"}}\n{{\"c\":1}}\n"), format!("[{{\"a\":1}},{{\"b\":\"{long}\"}},{{\"c\":1}}]")]
        {
            let mut events = Events::read(text.as_bytes()).unwrap();
            let mut found = 0;
            while events.next_event().unwrap().is_some() {
                found += 1;
            }
            assert_eq!((found, events.too_long()), (2, 1));
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "\\PC*".prop_map(Value::from)
        ];
        let inner = leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("\\PC{0,6}", inner, 0..4).prop_map(|map| map.into_iter().collect())
            ]
        });
        // An event without a field would be written on one line even when pretty-printed, and is none.
        prop::collection::btree_map("\\PC{0,6}", inner, 1..4).prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn whatever_the_shape_the_same_events_come_out(values in prop::collection::vec(value(), 0..6)) {
            let lines: Vec<String> = values.iter().map(Value::to_string).collect();
            let pretty: Vec<String> = values.iter().map(|value| serde_json::to_string_pretty(value).unwrap()).collect();
            let array = serde_json::to_string_pretty(&values).unwrap();
            let flushes: Vec<String> = values.chunks(2).map(|flush| Value::from(flush).to_string()).collect();
            for text in [lines.join("\n"), format!("{}\n", lines.join("\r\n")), pretty.join("\n"), array, flushes.join("\n")] {
                let found: Vec<Value> = split(&text).unwrap().iter().map(|event| serde_json::from_str(event).unwrap()).collect();
                prop_assert_eq!(&found, &values);
            }
        }

        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(mut events) = Events::read(bytes.as_slice()) {
                while let Ok(Some(event)) = events.next_event() {
                    prop_assert!(!event.contains(&b'\n'));
                }
            }
        }
    }
}
