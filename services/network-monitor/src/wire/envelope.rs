//! What shippers wrap around an event.

use super::{
    fields::{Field, Fields},
    recognise,
    scalar::Scalar,
    surroundings::Surroundings,
};

/// The texts in which the event may be, best first.
///
/// The line as it was read comes before anything that was made of it. A text under a name that a sensor's members may have too
/// (`message`, `payload`) holds the event only in a wrapper: in a sensor's own record it is what somebody wrote on the network.
pub fn texts<'f, 'a>(fields: &'f Fields<'a>, around: &Surroundings<'_>) -> impl Iterator<Item = (&'f Scalar<'a>, Origin)> {
    let given = |field, is_given: bool| is_given.then(|| fields.get(field));
    let original = given(Field::Original, fields.has(Field::Original)).map(|text| (text, Origin::Certain));
    let is_wrapper = fields.has(Field::Wrapped) || fields.has(Field::NoticeMessage);
    let may_hold_event = is_wrapper && (fields.has(Field::EventType) || !recognise::is_zeek_record(fields, around));
    let wrapped = given(Field::Wrapped, may_hold_event && fields.has(Field::Wrapped));
    // Zeek's own notices have a `msg` too, which is no wrapper unless it is JSON.
    let is_json = || fields.get(Field::NoticeMessage).as_str().is_some_and(|text| text.trim_start().starts_with('{'));
    let message = given(Field::NoticeMessage, may_hold_event && !fields.has(Field::Note) && is_json());
    let origin = if fields.has(Field::EventType) { Origin::Beside } else { Origin::Certain };
    original.into_iter().chain([wrapped, message].into_iter().flatten().map(move |text| (text, origin)))
}

/// Where a text is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The event is in it, or nowhere.
    Certain,
    /// It stands beside an event.
    Beside,
}

/// Whether a text beside an event is the line it was made from: no sensor writes its own line into an event. Both must say the
/// same of what they are, or what passed on the wire could pose as another event.
pub fn is_original_of(text: &str, fields: &Fields<'_>) -> bool {
    let Some(start) = memchr::memchr(b'{', text.as_bytes()) else { return false };
    let mut objects = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Fields<'_>>();
    let Some(Ok(inner)) = objects.next() else { return false };
    let same = |field| match (inner.get(field).as_text(), fields.get(field).as_text()) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(&other),
        (None, None) => true,
        _ => false,
    };
    let is_event = inner.has(Field::EventType) || inner.has(Field::Ts);
    is_event && same(Field::EventType) && same(Field::Uid)
}
