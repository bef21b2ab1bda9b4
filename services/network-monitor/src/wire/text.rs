//! Finding the event in a text, through whatever stands around it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::de::IgnoredAny;
use serde_json::{Deserializer, error::Category};

use super::{
    fields::{Field, Fields},
    otlp::{KeyValue, Value, members_to_json},
    reading::{Defect, Original, Reading, Reason, Unreadable},
    suricata, zeek,
};
use crate::domain::moment;

/// Docker around syslog around a shipper is three; nobody wraps more.
const DEEPEST_WRAPPING: usize = 4;

/// Among so many attributes of a record, or of its resource, the name of the file is looked for.
const MOST_ATTRIBUTES: usize = 256;

/// What is known of a text besides the text.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s> {
    /// When ingest took the batch in.
    pub received: DateTime<Utc>,
    /// When the agent says it happened.
    pub record_time: Option<DateTime<Utc>>,
    /// The file it was read from.
    pub file: Option<&'s str>,
    /// What the agent added, of the record and of its resource.
    pub attributes: [&'s [KeyValue]; 2],
    /// How many wrappers were taken off.
    pub depth: usize,
}

impl Surroundings<'_> {
    /// Nothing is known but the moment of receipt.
    pub const fn received(received: DateTime<Utc>) -> Self {
        Self { received, record_time: None, file: None, attributes: [&[], &[]], depth: 0 }
    }

    /// The log a file is named after: `known_hosts` of `/opt/zeek/logs/known_hosts.2026-09-24.log.gz`.
    pub fn log_name(&self) -> Option<String> {
        let from_attributes = || {
            let keys = [b"log.file.name".as_slice(), b"log.file.path", b"file_name", b"file_path", b"filename", b"file"];
            // Agents add a few dozen; a search through thousands for each event would be a way to keep us busy.
            let mut searched = self.attributes.into_iter().flat_map(|attributes| attributes.iter().take(MOST_ATTRIBUTES));
            let text = searched.find_map(|attribute| match attribute.value.as_ref()?.value.as_ref()? {
                Value::Text(text) if keys.contains(&attribute.key.as_ref()) => Some(text),
                _ => None,
            })?;
            Some(String::from_utf8_lossy(text))
        };
        let path = self.file.map(Cow::Borrowed).or_else(from_attributes)?;
        let name = path.rsplit(['/', '\\']).next()?;
        Some(name.split('.').next()?.to_ascii_lowercase())
    }

    /// When an event happened as it says itself, or failing that the shipper.
    pub(super) fn told(&self, fields: &Fields<'_>, own: Field, name: &'static str) -> Result<DateTime<Utc>, Defect> {
        let own = fields.get(own);
        if own.is_present() {
            return own.as_time().ok_or(Defect { reason: Reason::UnreadableTime, field: name });
        }
        let shipped = fields.get(Field::ShippedTime).as_time().or(self.record_time);
        shipped.ok_or(Defect { reason: Reason::MissingTime, field: name })
    }

    /// The same, as far as it can be believed.
    pub(super) fn believable(&self, told: DateTime<Utc>) -> DateTime<Utc> {
        moment::believable(told, self.received)
    }
}

/// An event as it came.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// Its JSON.
    Json(&'a [u8]),
    /// The members of a structured OTLP record.
    Members(&'a [KeyValue]),
}

impl<'a> Raw<'a> {
    /// Its JSON text.
    pub fn text(self) -> Cow<'a, str> {
        match self {
            Self::Json(json) => String::from_utf8_lossy(json),
            Self::Members(members) => Cow::Owned(members_to_json(members).to_string()),
        }
    }

    fn original(self) -> Original<'a> {
        Original::Line(match self {
            Self::Json(json) => Cow::Borrowed(json),
            Self::Members(members) => Cow::Owned(members_to_json(members).to_string().into_bytes()),
        })
    }
}

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
