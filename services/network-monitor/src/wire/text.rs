//! Finding the event in a text, through whatever stands around it.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::{Deserializer, error::Category};

use super::{
    fields::{Field, Fields},
    reading::{Defect, Original, Reading, Reason, Unreadable},
    suricata,
    surroundings::{Raw, Surroundings},
    zeek,
};

/// Docker around syslog around a shipper is three; no shipper wraps more.
const DEEPEST_WRAPPING: usize = 4;

/// Reads a text: an event, several, an array of them, maybe behind a syslog header.
pub fn read(text: &[u8], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let text = trimmed(text);
    let is_array = text.first() == Some(&b'[') && serde_json::from_slice::<IgnoredAny>(text).is_ok();
    let start = if is_array { Some(0) } else { memchr::memchr(b'{', text) };
    match start {
        Some(start) => read_objects(&text[start..], around, each),
        None => each(not_json(text)),
    }
}

/// Whether an event could be in the text.
pub fn may_hold_event(text: &[u8]) -> bool {
    memchr::memchr(b'{', text).is_some()
}

/// Without blanks, byte-order mark and the NULs that a log file copied while it was cut begins with.
fn trimmed(text: &[u8]) -> &[u8] {
    let is_padding = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let start = text.iter().position(|byte| !is_padding(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_padding(byte)).map_or(start, |last| last + 1);
    let text = &text[start..end];
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

fn read_objects(text: &[u8], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let Err(mistake) = try_objects(text, around, each) else { return };
    let Some(mended) = mended(mistake.rest) else { return each(mistake.into()) };
    if let Err(again) = try_objects(mended.as_bytes(), around, each) {
        let nothing_was_read = again.rest.len() == mended.len();
        each(if nothing_was_read { mistake.into() } else { again.into() });
    }
}

/// Where reading stopped.
struct Mistake<'a> {
    reason: Reason,
    /// In what is left.
    place: String,
    rest: &'a [u8],
}

impl<'a> From<Mistake<'a>> for Reading<'a> {
    fn from(mistake: Mistake<'a>) -> Self {
        if memchr::memchr(b'{', mistake.rest).is_none() {
            not_json(mistake.rest)
        } else {
            unreadable(mistake.reason, mistake.place, mistake.rest)
        }
    }
}

/// Reads object after object, with what an array puts between them or with nothing.
fn try_objects<'a>(text: &'a [u8], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) -> Result<(), Mistake<'a>> {
    let mut rest = behind_punctuation(text);
    while !rest.is_empty() {
        let mut objects = Deserializer::from_slice(rest).into_iter::<Fields<'_>>();
        let Some(object) = objects.next() else { break };
        let length = match object {
            Ok(fields) => {
                let length = objects.byte_offset();
                interpret(&fields, Raw::Json(&rest[..length]), around, each);
                length
            }
            Err(error) => match (error.classify(), length_of_value(rest)) {
                (Category::Data, Some(length)) => {
                    each(unreadable(Reason::NotAnEvent, String::new(), &rest[..length]));
                    length
                }
                (category, _) => {
                    let reason = if category == Category::Eof { Reason::TruncatedJson } else { Reason::MalformedJson };
                    // serde_json's message may quote a value; its place says enough.
                    return Err(Mistake { reason, place: format!("column {}", error.column()), rest });
                }
            },
        };
        rest = behind_punctuation(&rest[length..]);
    }
    Ok(())
}

/// Without blanks and what stands around the elements of an array, which may have lost its other end.
fn behind_punctuation(text: &[u8]) -> &[u8] {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'[' | b',' | b']');
    let start = text.iter().position(|byte| !is_between(byte)).unwrap_or(text.len());
    &text[start..]
}

fn length_of_value(text: &[u8]) -> Option<usize> {
    let mut values = Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

/// A second chance for text that careless writers produce: bytes that are not UTF-8, control characters inside strings,
/// halves of surrogate pairs. `None` when there is nothing of the kind.
fn mended(text: &[u8]) -> Option<String> {
    let utf8 = String::from_utf8_lossy(text);
    let without_controls: Cow<'_, str> =
        if utf8.bytes().any(|byte| byte < 0x20 && !byte.is_ascii_whitespace() || byte == b'\t' || byte == b'\n') {
            Cow::Owned(utf8.replace(|letter: char| letter < ' ', " "))
        } else {
            utf8
        };
    let mended = without_lone_surrogates(&without_controls);
    (mended.as_bytes() != text).then_some(mended)
}

fn without_lone_surrogates(text: &str) -> String {
    let surrogate = |at: &str| -> Option<u16> {
        let digits = at.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok().filter(|unit| (0xd800..0xe000).contains(unit))
    };
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find('\\') {
        let (before, escape) = rest.split_at(found);
        mended.push_str(before);
        let is_pair = |unit: u16| unit < 0xdc00 && escape.get(6..).and_then(surrogate).is_some_and(|low| low >= 0xdc00);
        let taken = match surrogate(escape) {
            Some(unit) if is_pair(unit) => 12,
            Some(_) => {
                mended.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            // The character after the backslash belongs to it, also when it is a backslash.
            None => escape.char_indices().nth(2).map_or(escape.len(), |(end, _)| end),
        };
        mended.push_str(&escape[..taken]);
        rest = &escape[taken..];
    }
    mended.push_str(rest);
    mended
}

/// Says what an object is: an event, or a wrapper around one.
pub fn interpret<'a>(fields: &Fields<'a>, raw: Raw<'a>, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let reading = if fields.has(Field::EventType) {
        suricata::read(fields, raw, around)
    } else if let Some(path) = fields.get(Field::Path).as_str() {
        zeek::read(path, fields, raw, around)
    } else if let Some(wrapped) = wrapped_text(fields) {
        unwrap(wrapped, fields, raw, around, each);
        return;
    } else if let Some(log) = zeek::recognise(fields, around) {
        zeek::read(&log, fields, raw, around)
    } else {
        Err(Defect { reason: Reason::NotAnEvent, field: "" })
    };
    match reading {
        Ok(reading) => each(reading),
        Err(defect) => {
            each(Reading::Unreadable(Unreadable { reason: defect.reason, detail: defect.field.to_owned(), original: raw.original() }));
        }
    }
}

/// The text inside a wrapper. Zeek's own notices have a `msg` too, which is no wrapper unless it is JSON.
fn wrapped_text<'f>(fields: &'f Fields<'_>) -> Option<&'f str> {
    let message =
        || fields.get(Field::NoticeMessage).as_str().filter(|text| !fields.has(Field::Note) && text.trim_start().starts_with('{'));
    fields.get(Field::Wrapped).as_str().or_else(message)
}

fn unwrap(wrapped: &str, fields: &Fields<'_>, raw: Raw<'_>, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    if around.depth == DEEPEST_WRAPPING {
        each(Reading::Unreadable(Unreadable { reason: Reason::WrappedTooDeep, detail: String::new(), original: raw.original() }));
        return;
    }
    let file = fields.get(Field::FileName).as_str().or_else(|| fields.get(Field::PlainPath).as_str());
    let record_time = fields.get(Field::ShippedTime).as_time().or(around.record_time);
    read(wrapped.as_bytes(), &Surroundings { file: file.or(around.file), record_time, depth: around.depth + 1, ..*around }, each);
}

fn not_json(text: &[u8]) -> Reading<'_> {
    unreadable(if text.is_empty() { Reason::EmptyRecord } else { Reason::NotJson }, String::new(), text)
}

fn unreadable(reason: Reason, detail: String, original: &[u8]) -> Reading<'_> {
    Reading::Unreadable(Unreadable { reason, detail, original: Original::Line(Cow::Borrowed(original)) })
}
