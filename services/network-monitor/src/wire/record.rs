//! One OTLP log record: the event is its body, or its attributes.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use prost::Message as _;

use super::{
    envelope,
    fields::{Field, Fields},
    otlp::{
        Decoded,
        message::{KeyValue, Value},
    },
    reading::{Original, Reading, Reason, Unreadable},
    recognise,
    surroundings::{Raw, Surroundings},
    text, time,
};

/// Reads a record.
pub fn read(decoded: Decoded<'_>, resource: &[KeyValue], received: DateTime<Utc>, each: &mut dyn FnMut(Reading<'_>)) {
    let record = match decoded {
        Ok(record) => record,
        Err(original) => {
            each(Reading::Unreadable(Unreadable { reason: Reason::MalformedRecord, detail: String::new(), original }));
            return;
        }
    };
    let happened = time::from_unix_nanos(record.time_unix_nano).or_else(|| time::from_unix_nanos(record.observed_time_unix_nano));
    // What the agent added may be what tells how to read the record, so a record is kept whole; once, however many events in it
    // cannot be read.
    let mut is_handed_out = false;
    let mut outcomes = 0_usize;
    let mut hand_out = |reading: Reading<'_>| {
        outcomes += 1;
        let Reading::Unreadable(unreadable) = reading else { return each(reading) };
        let original = if std::mem::replace(&mut is_handed_out, true) {
            Original::HandedOut
        } else {
            Original::Record { record: record.encode_to_vec().into(), resource }
        };
        each(Reading::Unreadable(Unreadable { original, ..unreadable }));
    };
    let around = Surroundings { record_time: happened, attributes: [&record.attributes, resource], ..Surroundings::received(received) };
    let body = record.body.as_ref().and_then(|body| body.value.as_ref());
    match body {
        Some(body) if holds_event(body) && !is_message_of(body, &record.attributes, &around) => read_body(body, &around, &mut hand_out),
        _ if attributes_hold_event(&record.attributes) => read_members(&record.attributes, &around, &mut hand_out),
        Some(body) => read_body(body, &around, &mut hand_out),
        None if record.attributes.is_empty() => {}
        None => read_members(&record.attributes, &around, &mut hand_out),
    }
    if outcomes == 0 {
        each(Reading::Unreadable(Unreadable {
            reason: Reason::EmptyRecord,
            detail: String::new(),
            original: Original::Record { record: record.encode_to_vec().into(), resource },
        }));
    }
}

fn holds_event(body: &Value) -> bool {
    match body {
        Value::Text(text) | Value::Bytes(text) => text::may_hold_event(text),
        Value::Kvlist(list) => !list.values.is_empty(),
        Value::Array(list) => !list.values.is_empty(),
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => false,
    }
}

/// Whether the body is one member of the event that the attributes hold (the text of Zeek's syslog.log), and not its line.
fn is_message_of(body: &Value, attributes: &[KeyValue], around: &Surroundings<'_>) -> bool {
    let (Value::Text(text) | Value::Bytes(text)) = body else { return false };
    if attributes.is_empty() {
        return false;
    }
    let fields = Fields::from_members(attributes);
    let is_event = fields.has(Field::EventType) || recognise::is_zeek_record(&fields, around);
    is_event && !envelope::is_original_of(&String::from_utf8_lossy(text), &fields)
}

/// Agents that parse a line put it in the attributes and leave in the body what they took for the message.
fn attributes_hold_event(attributes: &[KeyValue]) -> bool {
    let fields = Fields::from_members(attributes);
    fields.has(Field::EventType) || fields.has(Field::Path) || fields.has(Field::Ts)
}

fn read_body(body: &Value, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    match body {
        Value::Text(text) | Value::Bytes(text) => text::read(text, around, each),
        Value::Kvlist(list) => read_members(&list.values, around, each),
        Value::Array(list) => {
            for element in &list.values {
                match element.value.as_ref() {
                    // One level is what shippers send; a list in a list holds no events.
                    None | Some(Value::Array(_)) => each(unreadable(Reason::NotAnEvent)),
                    Some(event) => read_body(event, around, each),
                }
            }
        }
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => each(unreadable(Reason::NotAnEvent)),
    }
}

fn read_members(members: &[KeyValue], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    text::interpret(&Fields::from_members(members), Raw::Members(members), around, each);
}

/// The record stands in for the part of it.
fn unreadable(reason: Reason) -> Reading<'static> {
    Reading::Unreadable(Unreadable { reason, detail: String::new(), original: Original::Line(Cow::Borrowed(&[])) })
}
