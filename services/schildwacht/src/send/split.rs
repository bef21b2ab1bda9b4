//! From bytes to events: JSON lines, a JSON array, or JSON values one after another.
//!
//! Lines are handed on as they are, also when they are not JSON: a gateway does not look into them either. Arrays and
//! pretty-printed values are cut by counting brackets outside texts, without reading what is in them.

use std::{
    io::{self, BufRead},
    mem,
};

/// No event of a sensor comes near this; what does is a file of something else.
const EVENT_AT_MOST: usize = 1024 * 1024;

/// How the events of a file follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Lines,
    /// `[` event `,` event … `]`
    Array,
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
    /// Within an array or between values.
    #[error("unexpected {found:?} between events, in line {line}")]
    Unexpected {
        /// What stands there.
        found: char,
        /// From 1.
        line: u64,
    },
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
    shape: Shape,
    event: Vec<u8>,
    /// From 1.
    line: u64,
    too_long: u64,
    is_over: bool,
}

impl<R: BufRead> Events<R> {
    /// Finds out how the events of a file follow one another.
    pub fn read(mut input: R) -> Result<Self, SplitError> {
        let mut line = 1;
        let first = loop {
            match input.fill_buf()?.first().copied() {
                Some(byte) if byte.is_ascii_whitespace() => {
                    line += u64::from(byte == b'\n');
                    input.consume(1);
                }
                first => break first,
            }
        };
        let shape = match first {
            None => Shape::Lines,
            Some(b'[') => {
                input.consume(1);
                Shape::Array
            }
            Some(b'{') if begins_with_a_whole_line(input.fill_buf()?) => Shape::Lines,
            Some(b'{') => Shape::Values,
            Some(b'#') if input.fill_buf()?.starts_with(b"#separator") => return Err(SplitError::ZeekTabs),
            Some(other) => return Err(SplitError::NotJson(char::from(other))),
        };
        Ok(Self { input, shape, event: Vec::new(), line, too_long: 0, is_over: false })
    }

    /// The next event, without line breaks; `None` at the end.
    pub fn next_event(&mut self) -> Result<Option<&[u8]>, SplitError> {
        while !self.is_over {
            self.event.clear();
            let fits = match self.shape {
                Shape::Lines => self.line()?,
                Shape::Array | Shape::Values => self.value()?,
            };
            if !fits {
                self.too_long += 1;
            } else if !self.event.is_empty() {
                return Ok(Some(&self.event));
            }
        }
        Ok(None)
    }

    /// Events that were passed over because they are larger than any sensor writes.
    pub const fn too_long(&self) -> u64 {
        self.too_long
    }

    /// Takes a line; `false` when it is too long.
    fn line(&mut self) -> Result<bool, SplitError> {
        let mut fits = true;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                self.is_over = true;
                break;
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let (taken, used) = end.map_or((available, available.len()), |end| (&available[..end], end + 1));
            fits = fits && self.event.len() + taken.len() <= EVENT_AT_MOST;
            if fits {
                self.event.extend_from_slice(taken);
            }
            self.input.consume(used);
            if end.is_some() {
                self.line += 1;
                break;
            }
        }
        let event = mem::take(&mut self.event);
        self.event = if event.trim_ascii().len() == event.len() { event } else { event.trim_ascii().to_vec() };
        Ok(fits)
    }

    /// Takes a value and leaves out the white space between its parts; `false` when it is too long.
    fn value(&mut self) -> Result<bool, SplitError> {
        let mut scan = Scan::default();
        let mut began = self.line;
        let mut fits = true;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                self.is_over = true;
                let is_whole = scan.depth == 0 && self.shape == Shape::Values;
                return if is_whole { Ok(true) } else { Err(SplitError::Unfinished { line: began }) };
            }
            for (index, byte) in available.iter().copied().enumerate() {
                self.line += u64::from(byte == b'\n');
                let is_between = scan.depth == 0;
                if is_between {
                    match byte {
                        b'{' => began = self.line,
                        b']' if self.shape == Shape::Array => {
                            self.is_over = true;
                            self.input.consume(index + 1);
                            return Ok(true);
                        }
                        b',' if self.shape == Shape::Array => continue,
                        byte if byte.is_ascii_whitespace() => continue,
                        other => return Err(SplitError::Unexpected { found: char::from(other), line: self.line }),
                    }
                }
                let keep = scan.take(byte);
                fits = fits && self.event.len() < EVENT_AT_MOST;
                if keep && fits {
                    self.event.push(byte);
                }
                if scan.depth == 0 {
                    self.input.consume(index + 1);
                    return Ok(fits);
                }
            }
            let used = available.len();
            self.input.consume(used);
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

/// Whether the first line holds a whole value, so that lines are events. A line longer than what is seen is taken for one.
fn begins_with_a_whole_line(head: &[u8]) -> bool {
    let Some(line) = head.split(|byte| *byte == b'\n').next().filter(|line| line.len() < head.len()) else { return true };
    let mut scan = Scan::default();
    for byte in line {
        scan.take(*byte);
    }
    scan.depth == 0
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn split(text: &str) -> Result<Vec<String>, String> {
        // A tiny buffer, so that every cut falls in the middle of something once; the head must show the first line though.
        let complain = |error: SplitError| error.to_string();
        let mut events = Events::read(BufReader::with_capacity(64, text.as_bytes())).map_err(complain)?;
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
    fn array_and_pretty_values_become_one_line_each() {
        let expected = ["{\"a\":[1,{\"b\":\"] } \\\" ,\"}]}", "{}"];
        assert_eq!(split("[\n  {\n \"a\": [1, {\"b\": \"] } \\\" ,\"}]\n },\n {}\n]\n").unwrap(), expected);
        assert_eq!(split("{\n \"a\": [1,\n {\"b\": \"] } \\\" ,\"}]\n}\n{ }\n").unwrap(), expected);
        assert_eq!(split("[]").unwrap(), [""; 0]);
        assert_eq!(split(" \n").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_file_of_events_is_refused_with_the_reason() {
        assert!(split("#separator \\x09\n").unwrap_err().contains("use_json"));
        assert!(split("# Read me\n").unwrap_err().contains("no file of JSON events"));
        assert_eq!(split("<html>").unwrap_err(), "this is no file of JSON events: it begins with '<'");
        assert_eq!(split("[{},\n 5]").unwrap_err(), "unexpected '5' between events, in line 2");
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
            for text in [lines.join("\n"), format!("{}\n", lines.join("\r\n")), pretty.join("\n"), array] {
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
