//! Objects and lists inside an object that is nobody's event: `{"conn": {…}}`, `{"records": [{…}, {…}]}`, `{"result": {"_raw": …}}`.
//!
//! Only structure is followed, which the shipper made; texts are read where [`envelope`](super::envelope) finds them.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::value::RawValue;

use super::{
    fields::Fields,
    otlp::message::{KeyValue, Value},
    reading::Reading,
    surroundings::{Raw, Surroundings},
    zeek_logs::Log,
};

/// A wrapper has a few members; what has more is something else.
const MOST_MEMBERS: usize = 64;

type Interpret = for<'a> fn(&Fields<'a>, Raw<'a>, &Surroundings<'_>, &mut dyn FnMut(Reading<'_>));

/// Reads what is under the members of an object. The key of a member may be the name of Zeek's log.
pub fn read(raw: Raw<'_>, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>), interpret: Interpret) {
    match raw {
        Raw::Json(json) => {
            let Ok(members) = serde_json::from_slice::<BTreeMap<Cow<'_, str>, &RawValue>>(json) else { return };
            for (key, value) in members.iter().take(MOST_MEMBERS) {
                let around = Surroundings { log: Log::named(key).or(around.log), ..*around };
                read_json(value.get(), &around, each, interpret);
            }
        }
        Raw::Members(members) => {
            for KeyValue { key, value } in members.iter().take(MOST_MEMBERS) {
                let Some(value) = value.as_ref().and_then(|value| value.value.as_ref()) else { continue };
                let around = Surroundings { log: Log::named(&String::from_utf8_lossy(key)).or(around.log), ..*around };
                read_value(value, &around, each, interpret);
            }
        }
    }
}

fn read_json(value: &str, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>), interpret: Interpret) {
    let read_object = |object: &str, each: &mut dyn FnMut(Reading<'_>)| {
        if object.starts_with('{')
            && let Ok(fields) = serde_json::from_str::<Fields<'_>>(object)
        {
            interpret(&fields, Raw::Json(object.as_bytes()), around, each);
        }
    };
    if value.starts_with('[') {
        for element in serde_json::from_str::<Vec<&RawValue>>(value).unwrap_or_default() {
            read_object(element.get(), each);
        }
    } else {
        read_object(value, each);
    }
}

fn read_value(value: &Value, around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>), interpret: Interpret) {
    match value {
        Value::Kvlist(object) => interpret(&Fields::from_members(&object.values), Raw::Members(&object.values), around, each),
        Value::Array(list) => {
            for element in list.values.iter().filter_map(|element| element.value.as_ref()) {
                if let Value::Kvlist(object) = element {
                    interpret(&Fields::from_members(&object.values), Raw::Members(&object.values), around, each);
                }
            }
        }
        Value::Text(_) | Value::Bytes(_) | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {}
    }
}
