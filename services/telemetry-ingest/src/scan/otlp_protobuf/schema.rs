//! What the fields of OTLP's messages are, as far as decoding depends on it.
//!
//! A log record that does not decode is of no use to a reader. Hence the check here: known fields have their wire type, nesting has
//! an end. Text need not be UTF-8: agents pass on what they read, and readers take text as bytes.

use crate::scan::{
    Flaw,
    wire::{Field, Fields, Value},
};

pub(super) const RESOURCE_LOGS: u32 = 1;
pub(super) const SCOPE_LOGS: u32 = 2;
pub(super) const LOG_RECORDS: u32 = 2;

/// Levels of messages within one log record, resource or scope. prost decodes 100 in all.
const MAX_DEPTH: u8 = 64;

/// The messages below a request, but for those that are walked by hand.
#[derive(Clone, Copy)]
pub(super) enum Message {
    ResourceLogs,
    Resource,
    EntityRef,
    ScopeLogs,
    Scope,
    LogRecord,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
}

#[derive(Clone, Copy)]
enum Kind {
    Varint,
    Fixed32,
    Fixed64,
    Bytes,
    Message(Message),
}

impl Message {
    /// The kind of a field; `None` for one that is not known (yet).
    #[inline]
    const fn field(self, number: u32) -> Option<Kind> {
        let kind = match (self, number) {
            (Self::ResourceLogs, 1) => Kind::Message(Self::Resource),
            (Self::ScopeLogs, 1) => Kind::Message(Self::Scope),
            (Self::ResourceLogs | Self::ScopeLogs, 3) => Kind::Bytes,

            (Self::Resource, 1) | (Self::Scope, 3) | (Self::LogRecord, 6) | (Self::KeyValueList, 1) => Kind::Message(Self::KeyValue),
            (Self::Resource, 2) | (Self::Scope, 4) => Kind::Varint,
            (Self::Resource, 3) => Kind::Message(Self::EntityRef),
            (Self::EntityRef, 1..=4) | (Self::Scope, 1 | 2) => Kind::Bytes,

            (Self::LogRecord, 1 | 11) => Kind::Fixed64,
            (Self::LogRecord, 2 | 7) => Kind::Varint,
            (Self::LogRecord, 3 | 12) => Kind::Bytes,
            (Self::LogRecord, 5) | (Self::KeyValue, 2) | (Self::ArrayValue, 1) => Kind::Message(Self::AnyValue),
            (Self::LogRecord, 8) => Kind::Fixed32,
            (Self::LogRecord, 9 | 10) => Kind::Bytes,

            (Self::KeyValue, 1) => Kind::Bytes,
            (Self::KeyValue, 3) => Kind::Varint,

            (Self::AnyValue, 1) => Kind::Bytes,
            (Self::AnyValue, 2 | 3 | 8) => Kind::Varint,
            (Self::AnyValue, 4) => Kind::Fixed64,
            (Self::AnyValue, 5) => Kind::Message(Self::ArrayValue),
            (Self::AnyValue, 6) => Kind::Message(Self::KeyValueList),
            (Self::AnyValue, 7) => Kind::Bytes,
            _ => return None,
        };
        Some(kind)
    }
}

/// Whether a field is one that the message has.
pub(super) const fn is_known(message: Message, field: &Field<'_>) -> bool {
    message.field(field.number).is_some()
}

/// Checks a message that begins at byte `base` of the request, and all below it.
#[inline]
pub(super) fn check(message: Message, bytes: &[u8], base: usize) -> Result<(), Flaw> {
    check_fields(message, Fields::of(bytes, base), MAX_DEPTH)
}

/// Checks one field of a message, and all below it.
#[inline]
pub(super) fn check_field(message: Message, field: &Field<'_>) -> Result<(), Flaw> {
    check_field_at(message, field, MAX_DEPTH)
}

fn check_fields(message: Message, mut fields: Fields<'_>, depth: u8) -> Result<(), Flaw> {
    while let Some(field) = fields.next()? {
        check_field_at(message, &field, depth)?;
    }
    Ok(())
}

#[inline]
fn check_field_at(message: Message, field: &Field<'_>, depth: u8) -> Result<(), Flaw> {
    let Some(kind) = message.field(field.number) else { return Ok(()) };
    match (kind, field.value) {
        (Kind::Varint, Value::Varint)
        | (Kind::Fixed32, Value::Fixed32)
        | (Kind::Fixed64, Value::Fixed64)
        | (Kind::Bytes, Value::Bytes(_)) => Ok(()),
        (Kind::Message(inner), Value::Bytes(bytes)) => {
            let Some(depth) = depth.checked_sub(1) else { return Err(Flaw::at_byte(field.at, "values are nested too deep")) };
            check_fields(inner, Fields::of(bytes, field.at), depth)
        }
        (
            Kind::Varint | Kind::Fixed32 | Kind::Fixed64 | Kind::Bytes | Kind::Message(_),
            Value::Varint | Value::Fixed32 | Value::Fixed64 | Value::Bytes(_) | Value::Group,
        ) => Err(field.wrong_type()),
    }
}
