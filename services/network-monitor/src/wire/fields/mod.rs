//! The members of an event that we use, found whatever their spelling.
//!
//! A key is folded before it is looked up: lowercase, without separators, behind the keys of the objects around it. So
//! `id.orig_h`, `id_orig_h`, `idOrigH` and `"id": {"orig_h": …}` are one key, and so are `event_type` and `eventType`. Objects that
//! shippers put around events (`event`, `log`, `suricata.eve` …) fold to nothing. Members that are not in the table are
//! skipped without being built, which is what makes reading fast.

mod json;
mod table;

pub use table::Field;

use super::{
    otlp::message::{KeyValue, Value},
    scalar::Scalar,
    zeek_logs::Log,
};
use table::{KeyPath, Known, look_up};

/// The members of one event. It has a fifth of the fields at most, so only those are kept: it is made, moved and dropped for each event.
#[derive(Debug)]
pub struct Fields<'a> {
    values: Vec<Scalar<'a>>,
    /// Where in `values` each field's is, counted from 1; 0: nowhere.
    places: [u8; Field::COUNT],
}

// A place is a byte.
const _: () = assert!(Field::COUNT < u8::MAX as usize);

static ABSENT: Scalar<'static> = Scalar::Absent;

impl<'a> Fields<'a> {
    /// More than an event of either sensor has.
    const USUAL: usize = 24;

    fn none() -> Self {
        Self { values: Vec::with_capacity(Self::USUAL), places: [0; Field::COUNT] }
    }

    /// The value of a field.
    pub fn get(&self, field: Field) -> &Scalar<'a> {
        self.place(field).and_then(|place| self.values.get(place)).unwrap_or(&ABSENT)
    }

    fn place(&self, field: Field) -> Option<usize> {
        usize::from(self.places[field as usize]).checked_sub(1)
    }

    fn set(&mut self, field: Field, value: Scalar<'a>) {
        if let Some(slot) = self.place(field).and_then(|place| self.values.get_mut(place)) {
            *slot = value;
        } else {
            self.values.push(value);
            // As many as there are fields, at most.
            self.places[field as usize] = u8::try_from(self.values.len()).unwrap_or_default();
        }
    }

    /// Whether a field has a value.
    pub fn has(&self, field: Field) -> bool {
        self.get(field).is_present()
    }

    /// From the members of a structured OTLP body or of its attributes.
    pub fn from_members(members: &'a [KeyValue]) -> Self {
        let mut fields = Self::none();
        fields.put_members(members, &KeyPath::ROOT, 0);
        fields
    }

    /// An event inside a wrapper comes before what the shipper wrote around it.
    fn put(&mut self, field: Field, value: Scalar<'a>, depth: usize) {
        let slot = self.get(field);
        let is_better = match field {
            // Of the many names for "the message", the longest that holds an event counts: a shorter one may be cut.
            Field::Wrapped | Field::Original => value.length_with_objects() > slot.length_with_objects(),
            // Of the many labels, the one that is a log's name.
            Field::LogType if depth > 0 => false,
            Field::LogTag | Field::LogType => !slot.is_present() && value.all_texts().any(|label| Log::named(label).is_some()),
            _ => value.is_present() && (depth > 0 || !slot.is_present()),
        };
        if is_better {
            self.set(field, value);
        }
    }

    fn put_members(&mut self, members: &'a [KeyValue], path: &KeyPath, depth: usize) {
        for member in members {
            let mut child = *path;
            let known = look_up(&mut child, &String::from_utf8_lossy(&member.key));
            let value = member.value.as_ref().and_then(|value| value.value.as_ref());
            match (value, known) {
                (Some(Value::Kvlist(list)), Known { descends: true, .. }) => self.put_members(&list.values, &child, depth + 1),
                (Some(value), Known { field: Some(field), .. }) => self.put(field, scalar_of(value), depth),
                _ => {}
            }
        }
    }
}

fn scalar_of(value: &Value) -> Scalar<'_> {
    match value {
        Value::Text(text) | Value::Bytes(text) => Scalar::text(String::from_utf8_lossy(text)),
        Value::Bool(truth) => Scalar::Bool(*truth),
        Value::Integer(number) => Scalar::Integer(*number),
        Value::Float(number) => Scalar::Float(*number),
        Value::Array(list) => {
            let texts = list.values.iter().filter_map(|value| match value.value.as_ref() {
                Some(Value::Text(text)) => Some(String::from_utf8_lossy(text)),
                _ => None,
            });
            Scalar::List(texts.take(LONGEST_LIST).collect())
        }
        Value::Kvlist(_) => Scalar::Absent,
    }
}

/// The lists we use are of DHCP message types, of protocols, and of lines that a shipper put together.
const LONGEST_LIST: usize = 1_024;

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{table::FLATTENED, *};

    fn fields(json: &str) -> Fields<'_> {
        serde_json::from_str(json).unwrap()
    }

    fn text(json: &str, field: Field) -> Option<String> {
        fields(json).get(field).as_text().map(Cow::into_owned)
    }

    #[test]
    fn all_spellings_of_a_key_are_one() {
        for json in [
            r#"{"id.orig_h":"10.0.0.5"}"#,
            r#"{"id_orig_h":"10.0.0.5"}"#,
            r#"{"idOrigH":"10.0.0.5"}"#,
            r#"{"id":{"orig_h":"10.0.0.5"}}"#,
            r#"{"zeek":{"id":{"orig_h":"10.0.0.5"}}}"#,
            r#"{"zeek.id.orig_h":"10.0.0.5"}"#,
            r#"{"orig_h":"10.0.0.5"}"#,
        ] {
            assert_eq!(text(json, Field::OriginatorHost).as_deref(), Some("10.0.0.5"), "{json}");
        }
        for json in [
            r#"{"event_type":"alert"}"#,
            r#"{"eventType":"alert"}"#,
            r#"{"suricata.eve.event_type":"alert"}"#,
            r#"{"suricata":{"eve":{"event_type":"alert"}}}"#,
            r#"{"log":{"event_type":"alert"}}"#,
            r#"{"event_\u0074ype":"alert"}"#,
        ] {
            assert_eq!(text(json, Field::EventType).as_deref(), Some("alert"), "{json}");
        }
    }

    #[test]
    fn members_of_objects_belong_to_their_object() {
        let json = r#"{"signature_id":1,"severity":1,"alert":{"signature_id":2,"severity":3},"http":{"hostname":"x"}}"#;
        assert_eq!(fields(json).get(Field::AlertSignatureId).as_integer(), Some(2));
        assert_eq!(fields(json).get(Field::AlertSeverity).as_integer(), Some(3));
        assert!(!fields(json).has(Field::HostName));
    }

    #[test]
    fn what_is_inside_a_wrapper_comes_before_what_is_around_it() {
        for json in
            [r#"{"timestamp":"shipped","message":{"timestamp":"event"}}"#, r#"{"message":{"timestamp":"event"},"timestamp":"shipped"}"#]
        {
            assert_eq!(text(json, Field::Timestamp).as_deref(), Some("event"), "{json}");
        }
    }

    #[test]
    fn the_shippers_own_name_is_no_devices_name() {
        assert_eq!(text(r#"{"hostname":"gateway","mac":"00:1b:21:0a:bc:de"}"#, Field::HostName), None);
        assert_eq!(text(r#"{"host_name":"nas1\u0000"}"#, Field::HostName).as_deref(), Some("nas1"));
        assert_eq!(text(r#"{"dhcp":{"hostname":"nas1"}}"#, Field::DhcpHostname).as_deref(), Some("nas1"));
    }

    #[test]
    fn lists_keep_their_texts() {
        let json = r#"{"msg_types":["DISCOVER",7,{"a":[1]},null,"ACK"]}"#;
        assert!(fields(json).get(Field::MessageTypes).texts().eq(["DISCOVER", "ACK"]));
    }

    #[test]
    fn no_spelling_stands_for_two_fields_and_none_is_too_long() {
        let longest_wrapper = FLATTENED.iter().map(|wrapper| wrapper.len()).max().unwrap();
        let mut spellings: Vec<&str> = Field::SPELLINGS.iter().map(|(spelling, _)| *spelling).collect();
        for spelling in &spellings {
            assert!(spelling.len() + longest_wrapper <= KeyPath::LONGEST, "{spelling}");
            assert!(spelling.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{spelling} is not folded");
        }
        let count = spellings.len();
        spellings.sort_unstable();
        spellings.dedup();
        assert_eq!(spellings.len(), count);
    }
}
