//! An event as it came, and what is known besides.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{
    fields::{Field, Fields},
    otlp::message::{KeyValue, Value, members_to_json},
    reading::{Defect, Original, Reason},
};
use crate::domain::moment;

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

    /// What is kept of an event that cannot be read.
    pub(super) fn original(self) -> Original<'a> {
        Original::Line(match self {
            Self::Json(json) => Cow::Borrowed(json),
            Self::Members(members) => Cow::Owned(members_to_json(members).to_string().into_bytes()),
        })
    }
}
