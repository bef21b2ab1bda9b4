//! Finding the event in a text, through whatever stands around it.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::{Deserializer, de::Read, error::Category};

use super::{
    envelope,
    fields::{Field, Fields},
    mend::mended,
    nested,
    reading::{Defect, Original, Reading, Reason, Unreadable},
    recognise, suricata,
    surroundings::{Raw, Surroundings},
    zeek,
};

/// Docker around syslog around a shipper is three; no shipper wraps more.
const DEEPEST_WRAPPING: usize = 4;

/// So many places are tried, in one text, where reading might go on behind a broken object.
const MOST_TRIES: usize = 32;

/// A row of a table has more; a shipper's own line has its time and its tag before the event.
const MOST_TABS_IN_HEADER: usize = 2;

/// Reads a text: an event, several, an array of them, maybe behind a syslog header.
pub fn read(text: &[u8], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let text = trimmed(text);
    if let Some(inner) = string_of(text) {
        return read_string(&inner, text, around, each);
    }
    let is_array = text.first() == Some(&b'[') && serde_json::from_slice::<IgnoredAny>(text).is_ok();
    let start = if is_array { Some(0) } else { memchr::memchr(b'{', text) };
    match start {
        Some(start) if !is_quoted(&text[..start], &text[start..]) => read_objects(&text[start..], around, each),
        _ => each(not_json(text)),
    }
}

/// The text inside a JSON string: lines that were written as JSON twice.
fn string_of(text: &[u8]) -> Option<String> {
    if text.first() == Some(&b'"') { serde_json::from_slice(text).ok() } else { None }
}

fn read_string(inner: &str, outer: &[u8], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    if around.depth == DEEPEST_WRAPPING {
        return each(unreadable(Reason::WrappedTooDeep, String::new(), outer));
    }
    read(inner.as_bytes(), &Surroundings { depth: around.depth + 1, ..*around }, each);
}

/// Whether an event could be in the text.
pub fn may_hold_event(text: &[u8]) -> bool {
    memchr::memchr(b'{', text).is_some()
}

/// Without blanks, byte-order marks and the NULs that a log file copied while it was cut begins with.
fn trimmed(text: &[u8]) -> &[u8] {
    let is_padding = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let mut text = text;
    loop {
        let start = text.iter().position(|byte| !is_padding(byte)).unwrap_or(text.len());
        match text[start..].strip_prefix("\u{feff}".as_bytes()) {
            Some(behind_mark) => text = behind_mark,
            None => {
                let end = text.iter().rposition(|byte| !is_padding(byte)).map_or(start, |last| last + 1);
                return &text[start..end];
            }
        }
    }
}

/// Whether a line of text only quotes the object: it is a column of a table (Zeek's own format), or in the middle of a sentence
/// (`Invalid user {…} from 10.0.0.5`). Then it is what somebody wrote on the network.
fn is_quoted(before: &[u8], from_brace: &[u8]) -> bool {
    let Some(last) = before.trim_ascii_end().last() else { return false };
    if before.iter().filter(|byte| **byte == b'\t').count() > MOST_TABS_IN_HEADER {
        return true;
    }
    let ends_like_header = matches!(last, b':' | b']' | b'[' | b'-' | b'|' | b'>' | b',' | b'}' | 0x80..);
    let behind = memchr::memrchr(b'}', from_brace).map_or(&[][..], |end| &from_brace[end..]);
    let goes_on_in_words = behind.windows(2).any(|pair| pair.iter().all(u8::is_ascii_alphabetic));
    !ends_like_header && goes_on_in_words
}

/// A text, or what is left of one. Whether it is UTF-8 is found out once: asked again behind each broken object, it would take the square of
/// its length.
#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    /// The same, if it is UTF-8 as a whole: then it need not be looked at again, string by string.
    utf8: Option<&'a str>,
}

impl<'a> Text<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, utf8: std::str::from_utf8(bytes).ok() }
    }

    fn behind(self, start: usize) -> Self {
        Self { bytes: &self.bytes[start..], utf8: self.utf8.and_then(|text| text.get(start..)) }
    }

    /// Its first object, and where it ends.
    fn first_object(self) -> Option<(serde_json::Result<Fields<'a>>, usize)> {
        self.utf8.map_or_else(|| first(Deserializer::from_slice(self.bytes)), |text| first(Deserializer::from_str(text)))
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), utf8: Some(text) }
    }
}

fn read_objects(text: &[u8], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let mut text = Text::of(text);
    let mut tries = MOST_TRIES;
    while let Err(mistake) = try_objects(text, around, each) {
        let Some(end) = end_of_object(mistake.rest.bytes) else { return read_broken(mistake, around, each) };
        let object = &mistake.rest.bytes[..end];
        match mended(object).filter(|mended| serde_json::from_str::<IgnoredAny>(mended).is_ok()) {
            Some(mended) => drop(try_objects(mended.as_str().into(), around, each)),
            // Half an object may seem to end inside the texts of the next one.
            None if next_event(mistake.rest.bytes, around, &mut tries).is_some_and(|next| next < end) => {
                return read_broken(mistake, around, each);
            }
            None => each(mistake.about(object)),
        }
        text = mistake.rest.behind(end);
    }
}

/// Where its brackets match, a mistake is inside its object and costs no other.
fn end_of_object(text: &[u8]) -> Option<usize> {
    if text.first() == Some(&b'{') { ::otlp::end_of_brackets(text).ok() } else { None }
}

fn read_broken(mistake: Mistake<'_>, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let Some(mended) = mended(mistake.rest.bytes) else { return restart(mistake, around, each) };
    if let Err(mistake) = try_objects(mended.as_str().into(), around, each) {
        restart(mistake, around, each);
    }
}

/// Goes on behind a broken object: a sensor that was killed while it wrote leaves half a line, and the next event follows it.
fn restart(mistake: Mistake<'_>, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let mut mistake = mistake;
    let mut tries = MOST_TRIES;
    while let Some(next) = next_event(mistake.rest.bytes, around, &mut tries) {
        each(mistake.about(&mistake.rest.bytes[..next]));
        match try_objects(mistake.rest.behind(next), around, each) {
            Ok(()) => return,
            Err(again) => mistake = again,
        }
    }
    each(mistake.about(mistake.rest.bytes));
}

/// Where the next event begins. A text inside a broken object cannot pass for one: its quotes are escaped.
fn next_event(broken: &[u8], around: &Surroundings<'_>, tries: &mut usize) -> Option<usize> {
    let mut from = 1;
    loop {
        *tries = tries.checked_sub(1)?;
        let start = from + memchr::memchr(b'{', broken.get(from..)?)?;
        let mut objects = Deserializer::from_slice(&broken[start..]).into_iter::<Fields<'_>>();
        let Some(Ok(fields)) = objects.next() else {
            from = start + 1;
            continue;
        };
        let end = start + objects.byte_offset();
        let mut is_event = false;
        interpret(&fields, Raw::Json(&broken[start..end]), around, &mut |reading| is_event |= !matches!(reading, Reading::Unreadable(_)));
        if is_event {
            return Some(start);
        }
        from = end;
    }
}

/// Where reading stopped.
struct Mistake<'a> {
    reason: Reason,
    /// In what is left.
    place: String,
    rest: Text<'a>,
}

impl Mistake<'_> {
    /// What is said of the bytes that it costs.
    fn about<'b>(&self, lost: &'b [u8]) -> Reading<'b> {
        if may_hold_event(lost) { unreadable(self.reason, self.place.clone(), lost) } else { not_json(lost) }
    }
}

/// Reads object after object, with what an array puts between them or with nothing.
fn try_objects<'a>(text: Text<'a>, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) -> Result<(), Mistake<'a>> {
    let mut rest = text.behind(start_behind_punctuation(text.bytes));
    while let Some((object, length)) = rest.first_object() {
        let bytes = rest.bytes;
        let length = match object {
            Ok(fields) => {
                interpret(&fields, Raw::Json(&bytes[..length]), around, each);
                length
            }
            Err(error) => match (error.classify(), length_of_value(bytes)) {
                (Category::Data, Some(length)) => {
                    match string_of(&bytes[..length]).filter(|inner| inner.contains('{')) {
                        Some(inner) => read_string(&inner, &bytes[..length], around, each),
                        None => each(unreadable(Reason::NotAnEvent, String::new(), &bytes[..length])),
                    }
                    length
                }
                (category, _) => {
                    let reason = if category == Category::Eof { Reason::TruncatedJson } else { Reason::MalformedJson };
                    // serde_json's message may quote a value; its place says enough.
                    return Err(Mistake { reason, place: format!("column {}", error.column()), rest });
                }
            },
        };
        rest = rest.behind(length + start_behind_punctuation(&bytes[length..]));
    }
    Ok(())
}

/// The first object, and where it ends.
fn first<'a>(text: Deserializer<impl Read<'a>>) -> Option<(serde_json::Result<Fields<'a>>, usize)> {
    let mut objects = text.into_iter();
    let object = objects.next()?;
    Some((object, objects.byte_offset()))
}

/// Behind blanks, padding and what stands around the elements of an array, which may have lost its other end.
fn start_behind_punctuation(text: &[u8]) -> usize {
    text.iter().position(|byte| !::otlp::is_between(*byte)).unwrap_or(text.len())
}

fn length_of_value(text: &[u8]) -> Option<usize> {
    let mut values = Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

/// Says what an object is: an event, or a wrapper around one.
pub fn interpret<'a>(fields: &Fields<'a>, raw: Raw<'a>, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let mut complaint = None;
    for (texts, origin) in envelope::texts(fields, around) {
        let is_original = || texts.as_str().is_some_and(|text| envelope::is_original_of(text, fields));
        if origin == envelope::Origin::Beside && !is_original() {
            continue;
        }
        let mut read_all = |around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)| {
            for text in texts.all_texts() {
                read(text.as_bytes(), around, each);
            }
        };
        match unwrap(fields, raw, around, each, &mut read_all) {
            Ok(()) => return,
            Err(first) => complaint = complaint.or(Some(first)),
        }
    }
    let is_wrapper = complaint.is_some() && !recognise::is_zeek_record(fields, around);
    let reading = if fields.has(Field::EventType) {
        suricata::read(fields, raw, around)
    } else if let Some(log) = recognise::zeek_log(fields, around).filter(|_| !is_wrapper) {
        zeek::read(log, fields, raw, around)
    } else {
        let inside = unwrap(fields, raw, around, each, &mut |around, each| nested::read(raw, around, each, interpret));
        match (inside, complaint) {
            (Ok(()), _) => return,
            (Err(_), Some(first)) => return each(first.about(raw)),
            (Err(first), None) if first.reason == Reason::WrappedTooDeep => return each(first.about(raw)),
            (Err(_), None) => Err(Defect { reason: Reason::NotAnEvent, field: "" }),
        }
    };
    match reading {
        Ok(reading) => each(reading),
        Err(defect) => each(Complaint { reason: defect.reason, detail: defect.field.to_owned() }.about(raw)),
    }
}

/// Why an event inside a wrapper cannot be read.
struct Complaint {
    reason: Reason,
    detail: String,
}

impl Complaint {
    /// What came is kept as it came, wrapper and all: it may be what tells how to read the rest.
    fn about(self, raw: Raw<'_>) -> Reading<'_> {
        Reading::Unreadable(Unreadable { reason: self.reason, detail: self.detail, original: raw.original() })
    }
}

type ReadInside<'r> = &'r mut dyn FnMut(&Surroundings<'_>, &mut dyn FnMut(Reading<'_>));

/// Hands out the events inside a wrapper. What cannot be read beside them is handed out once, with all of the wrapper.
///
/// # Errors
/// When no event is inside; then nothing was handed out.
fn unwrap(
    fields: &Fields<'_>,
    raw: Raw<'_>,
    around: &Surroundings<'_>,
    each: &mut dyn FnMut(Reading<'_>),
    read_inside: ReadInside<'_>,
) -> Result<(), Complaint> {
    if around.depth == DEEPEST_WRAPPING {
        return Err(Complaint { reason: Reason::WrappedTooDeep, detail: String::new() });
    }
    let time = |field| fields.get(field).as_time();
    let record_time = time(Field::ShippedTime).or_else(|| time(Field::Timestamp)).or(around.record_time);
    let log = recognise::log_named_by_wrapper(fields).or(around.log);
    let inside = Surroundings { log, record_time, depth: around.depth + 1, ..*around };
    let mut found = 0_usize;
    let mut complaints = 0_usize;
    let mut first = None;
    read_inside(&inside, &mut |reading| match reading {
        Reading::Unreadable(Unreadable { reason, detail, .. }) => {
            complaints += 1;
            first.get_or_insert(Complaint { reason, detail });
        }
        event => {
            found += 1;
            each(event);
        }
    });
    let Some(first) = first else {
        return if found > 0 { Ok(()) } else { Err(Complaint { reason: Reason::EmptyRecord, detail: String::new() }) };
    };
    if found == 0 {
        return Err(first);
    }
    let reason = first.reason;
    each(first.about(raw));
    for _ in 1..complaints {
        each(Reading::Unreadable(Unreadable { reason, detail: String::new(), original: Original::HandedOut }));
    }
    Ok(())
}

fn not_json(text: &[u8]) -> Reading<'_> {
    unreadable(if text.is_empty() { Reason::EmptyRecord } else { Reason::NotJson }, String::new(), text)
}

fn unreadable(reason: Reason, detail: String, original: &[u8]) -> Reading<'_> {
    Reading::Unreadable(Unreadable { reason, detail, original: Original::Line(Cow::Borrowed(original)) })
}
