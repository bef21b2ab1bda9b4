//! JSON lines: an event a line.

use std::borrow::Cow;

use ::otlp::{is_between, is_padding};

use super::{
    otlp,
    reading::{Original, Reading, Reason, Unreadable},
    record,
    surroundings::Surroundings,
    text,
};

/// Reads the lines. A body that is one array, or objects spread over lines, is read as a whole instead.
pub fn read(body: &[u8], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    if is_spread_over_lines(body) {
        text::read(body, around, each);
        return;
    }
    let mut rest = body;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if !is_blank(line) {
            read_line(line, around, each);
        }
    }
}

/// Whether its first line is not an event by itself.
fn is_spread_over_lines(body: &[u8]) -> bool {
    let padding = body.iter().position(|byte| !is_padding(*byte)).unwrap_or(body.len());
    let first_line = body[padding..].split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    // A text may begin with a bracket too: `[12:04] suricata: {…}`.
    let opens_array = matches!(first_line.strip_prefix(b"[").map(<[u8]>::trim_ascii_start), Some([] | [b'{' | b'[' | b']', ..]));
    let is_array_of_one_line = || first_line.ends_with(b"]") && body[padding + first_line.len()..].iter().any(|byte| !is_padding(*byte));
    first_line == b"{" || opens_array && !is_array_of_one_line()
}

/// Nothing but blanks, and what shippers put between lines.
fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| is_between(*byte))
}

/// A line is kept whole and once, however many events in it cannot be read: what was written around them may be what tells how.
fn read_line(line: &[u8], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let mut is_handed_out = false;
    let mut hand_out = |reading: Reading<'_>| {
        let Reading::Unreadable(unreadable) = reading else { return each(reading) };
        let is_known = std::mem::replace(&mut is_handed_out, true);
        let original = if is_known { Original::HandedOut } else { Original::Line(Cow::Borrowed(line)) };
        each(Reading::Unreadable(Unreadable { original, ..unreadable }));
    };
    // The Collector's file exporter writes such lines.
    if !::otlp::begins_as_request(line) {
        return text::read(line, around, &mut hand_out);
    }
    if let Err(error) = otlp::each_in_json(line, |decoded, resource| record::read(decoded, resource, around.received, &mut hand_out)) {
        let original = Original::Line(Cow::Borrowed(line));
        hand_out(Reading::Unreadable(Unreadable { reason: Reason::MalformedRecord, detail: error.to_string(), original }));
    }
}
