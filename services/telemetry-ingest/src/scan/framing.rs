//! Where JSON objects begin and end, found by brackets and quotes alone.
//!
//! Readers make the best of what is inside an object, also of bytes that are not UTF-8; and bytes around objects cost none of them.
//! Nothing here is narrower than a reader: what could hold an event is handed on.

use otlp::{end_of_brackets, end_of_string, is_between, is_padding};

/// Without blanks and without [padding](is_padding) around it.
pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_padding(*byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_padding(*byte)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

/// Whether there is nothing but blanks, and maybe an array without elements.
pub(super) fn is_empty(body: &[u8]) -> bool {
    body.iter().all(|byte| byte.is_ascii_whitespace() || matches!(byte, b'[' | b']'))
}

/// Whether a text that begins with a bracket is an array of objects, and not a line such as `[12:04] suricata: {…}`.
pub(super) fn opens_array(text: &[u8]) -> bool {
    let Some(inside) = text.strip_prefix(b"[") else { return false };
    let next = inside.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
    next.is_none_or(|byte| matches!(byte, b'{' | b'[' | b']' | b'\n'))
}

/// Whether the first line of a body is part of an event, or an array: then lines are no events.
pub(super) fn is_spread_over_lines(body: &[u8]) -> bool {
    let start = body.iter().position(|byte| !is_padding(*byte)).unwrap_or(body.len());
    let body = body.get(start..).unwrap_or_default();
    let first_line = || body.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    opens_array(body) || body.first() == Some(&b'{') && first_line() == b"{"
}

/// A part of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// From brace to brace.
    Object(&'a [u8]),
    /// A string that may hold an object.
    Text(&'a [u8]),
    /// From a brace that has no other to the next object, or to the end.
    Unfinished(&'a [u8]),
    /// An element that is no object, or a word between them.
    NoObject(&'a [u8]),
}

/// The parts of a body, each with the byte where it begins.
pub(super) fn parts(body: &[u8]) -> Parts<'_> {
    Parts { body, at: 0, in_vain: 0 }
}

/// So many lengths of a body are looked at again, behind objects that do not end.
const MOST_IN_VAIN: usize = 8;

/// See [`parts`].
pub(super) struct Parts<'a> {
    body: &'a [u8],
    at: usize,
    /// Bytes in which the end of an object was looked for that has none, and which are looked at again.
    in_vain: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = (usize, Part<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.at += self.body.get(self.at..)?.iter().position(|byte| !is_between(*byte))?;
        if begins_line(self.body, self.at) {
            self.at += length_of_header(self.body.get(self.at..)?);
        }
        let (start, rest) = (self.at, self.body.get(self.at..)?);
        let part = if rest.first() == Some(&b'{') { self.object(rest) } else { word(rest) };
        let (Part::Object(bytes) | Part::Text(bytes) | Part::Unfinished(bytes) | Part::NoObject(bytes)) = part;
        self.at += bytes.len();
        Some((start, part))
    }
}

impl<'a> Parts<'a> {
    /// Each object that does not end may be looked through to the end of the body, which takes the square of its length. So where much was in
    /// vain, an object must end in its line.
    fn object(&mut self, rest: &'a [u8]) -> Part<'a> {
        let is_spent = self.in_vain > MOST_IN_VAIN * self.body.len();
        let end_of_line = || memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let within = rest.get(..if is_spent { end_of_line() } else { rest.len() }).unwrap_or(rest);
        let up_to = |length: usize| within.get(..length).unwrap_or(within);
        match end_of_brackets(within) {
            Ok(end) => Part::Object(up_to(end)),
            Err(broken_at) => {
                let end = next_line_with_object(up_to(broken_at)).unwrap_or(broken_at);
                self.in_vain += broken_at - end;
                Part::Unfinished(up_to(end))
            }
        }
    }
}

fn word(rest: &[u8]) -> Part<'_> {
    let word = rest.get(..end_of_word(rest)).unwrap_or(rest);
    let may_hold_object = word.len() > 1 && word.ends_with(b"\"") && memchr::memchr(b'{', word).is_some();
    if may_hold_object { Part::Text(word) } else { Part::NoObject(word) }
}

/// Whether nothing but padding and punctuation is before this place in its line. A word between objects is no header: a reader of the
/// line as it came might not get past it.
fn begins_line(body: &[u8], at: usize) -> bool {
    let before = body.get(..at).unwrap_or_default();
    before.iter().rev().find(|byte| **byte == b'\n' || !is_between(**byte)).is_none_or(|byte| *byte == b'\n')
}

/// No sender writes more before an event; without a bound, words without end would each be searched to the end of the body.
const LONGEST_HEADER: usize = 1024;

/// What comes before an object in its line, and is no element before it: `@cee:`, a syslog header.
fn length_of_header(text: &[u8]) -> usize {
    let text = text.get(..LONGEST_HEADER).unwrap_or(text);
    let end = text.iter().position(|byte| matches!(byte, b'{' | b'\n' | b',')).unwrap_or(text.len());
    let header = text.get(..end).unwrap_or_default();
    let is_literal = [&b"null"[..], b"true", b"false"].iter().any(|literal| header.starts_with(literal));
    let is_words = header.iter().any(u8::is_ascii_alphabetic) && !header.starts_with(b"\"") && !is_literal;
    if is_words && text.get(end) == Some(&b'{') { end } else { 0 }
}

/// Where a word between objects ends: at a comma, a bracket, a brace or the end of its line.
fn end_of_word(text: &[u8]) -> usize {
    if text.first() == Some(&b'"') {
        return end_of_string(text, 0).unwrap_or(text.len());
    }
    text.iter().position(|byte| matches!(byte, b',' | b']' | b'[' | b'{' | b'\n')).unwrap_or(text.len()).max(1)
}

/// The next line that begins with an object: the one before it lacks its end.
fn next_line_with_object(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr(b'\n', text.get(at..)?)? + 1;
        let line = text.get(at..)?;
        let start = line.iter().position(|byte| !is_between(*byte) || *byte == b'\n')?;
        if line.get(start..)?.starts_with(b"{\"") {
            return Some(at + start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Vec<(usize, Part<'_>)> {
        parts(body.as_bytes()).collect()
    }

    #[test]
    fn objects_without_an_end_cost_no_more_than_some_lengths_of_the_body() {
        let body = "{\"a\":[[  \n".repeat(1_000) + &"{\"b\":[]}\n".repeat(3) + "{\"c\":\n 1}";
        let mut parts = parts(body.as_bytes());
        let found: Vec<Part<'_>> = parts.by_ref().map(|(_, part)| part).collect();
        assert!(parts.in_vain <= (MOST_IN_VAIN + 1) * body.len(), "{} of {}", parts.in_vain, body.len());
        let whole = |part: &&Part<'_>| **part == Part::Object(b"{\"b\":[]}");
        assert_eq!(found.iter().filter(whole).count(), 3, "what is whole in its line is found");
        assert_eq!(found.iter().filter(|part| matches!(part, Part::Unfinished(_))).count(), 1_001);
    }

    #[test]
    fn objects_are_found_through_whatever_is_around_them() {
        use Part::{NoObject, Object, Text, Unfinished};
        let (a, b) = (b"{\"a\":\"}\\\"]\"}".as_slice(), b"{\"b\":[{}]}".as_slice());
        let (one, two) = (std::str::from_utf8(a).unwrap(), std::str::from_utf8(b).unwrap());
        for body in [
            format!("[{one},{two}]"),
            format!("{one}{two}"),
            format!("{one},\n{two},\n"),
            format!("\u{feff}[{one}\n, {two}"),
            format!("\0\0{one}\n\u{1e}{two}\n]"),
            format!("@cee: {one}\n@cee: {two}\n"),
            format!("<13>gw suricata[7]: {one}\n<13>gw suricata[7]: {two}\n"),
            format!("[{one}]\n[{two}]\n"),
        ] {
            let objects: Vec<Part<'_>> = of(&body).into_iter().map(|(_, part)| part).collect();
            assert_eq!(objects, [Object(a), Object(b)], "{body}");
        }
        assert_eq!(
            of("[{},7,\"{\",null] x"),
            [(1, Object(b"{}")), (4, NoObject(b"7")), (6, Text(b"\"{\"")), (10, NoObject(b"null")), (16, NoObject(b"x"))]
        );
        assert_eq!(of("[null] {}\n[5] {}").len(), 4, "elements are no headers");
        assert_eq!(of("[{\"a\":\n{\"b\":1}]"), [(1, Unfinished(b"{\"a\":\n")), (7, Object(b"{\"b\":1}"))]);
        assert_eq!(of("[{\"a\":\"x"), [(1, Unfinished(b"{\"a\":\"x"))]);
        let neighbours: Vec<Part<'_>> = of("[{\"a\":1],{\"b\":1}]").into_iter().map(|(_, part)| part).collect();
        assert_eq!(neighbours, [Unfinished(b"{\"a\":1"), Object(b"{\"b\":1}")]);
        let [_, word, _] = of("{\"a\":1} word {\"b\":1}")[..] else { panic!("three parts") };
        assert_eq!(word, (8, NoObject(b"word ")), "a header is at the beginning of a line");
        assert_eq!(of(" [ ] \0"), []);
    }
}
