//! An event as it came, and what is known besides.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{
    fields::{Field, Fields},
    otlp::message::{KeyValue, Value, members_to_json},
    reading::{Defect, Original, Reason},
    zeek_logs::Log,
};
use crate::domain::moment;

/// Among so many attributes of a record, or of its resource, the name of the file is looked for.
const MOST_ATTRIBUTES: usize = 256;
/// So many of them may be a file or a label: an agent gives one. All are looked at again for each event.
const MOST_NAMES: usize = 4;

/// What is known of a text besides the text.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s> {
    /// When ingest took the batch in.
    pub received: DateTime<Utc>,
    /// When the agent says it happened.
    pub record_time: Option<DateTime<Utc>>,
    /// Which of Zeek's logs the wrapper around it names.
    pub log: Option<Log>,
    /// What the agent added, of the record and of its resource.
    pub attributes: [&'s [KeyValue]; 2],
    /// How many wrappers were taken off.
    pub depth: usize,
}

impl Surroundings<'_> {
    /// Nothing is known but the moment of receipt.
    pub const fn received(received: DateTime<Utc>) -> Self {
        Self { received, record_time: None, log: None, attributes: [&[], &[]], depth: 0 }
    }

    /// Which of Zeek's logs the event is from, as the shipper says around it: a wrapper, or an attribute.
    pub fn log_name(&self) -> Option<Log> {
        self.log.or_else(|| self.attributes.into_iter().find_map(named_by_attribute))
    }

    /// When an event happened as it says itself, or failing that the shipper.
    pub(super) fn told(&self, fields: &Fields<'_>, own: Field, name: &'static str) -> Result<DateTime<Utc>, Defect> {
        let own = fields.get(own);
        let shipped = || {
            // The other sensor's name for the time is what a shipper may call this one's.
            let moments = [Field::Timestamp, Field::Ts, Field::ShippedTime].into_iter();
            moments.filter_map(|field| fields.get(field).as_time()).next().or(self.record_time)
        };
        let reason = if own.is_present() { Reason::UnreadableTime } else { Reason::MissingTime };
        own.as_time().or_else(shipped).ok_or(Defect { reason, field: name })
    }

    /// The same, as far as it can be believed.
    pub(super) fn believable(&self, told: DateTime<Utc>) -> DateTime<Utc> {
        moment::believable(told, self.received)
    }
}

/// By the file an agent read, or by the label it gave. An attribute may be a member of the event instead, as far as the agent parsed
/// it: those count only where no event is.
fn named_by_attribute(attributes: &[KeyValue]) -> Option<Log> {
    // Agents add a few dozen; a search through thousands for each event would be a way to keep us busy.
    let attributes = attributes.get(..MOST_ATTRIBUTES).unwrap_or(attributes);
    let texts_of = |keys: &'static [&'static str]| {
        let texts = attributes.iter().filter_map(move |attribute| match attribute.value.as_ref()?.value.as_ref()? {
            Value::Text(text) if keys.iter().any(|key| key.as_bytes() == attribute.key) => Some(String::from_utf8_lossy(text)),
            _ => None,
        });
        texts.take(MOST_NAMES)
    };
    let is_event = || attributes.iter().any(|attribute| matches!(&attribute.key[..], b"ts" | b"uid" | b"fuid"));
    texts_of(&["log.file.name", "log.file.path", "log.file.path_resolved", "log.file.name_resolved"])
        .find_map(|file| Log::named(&file))
        .or_else(|| texts_of(LABELS).find_map(|label| Log::named(&label)))
        .or_else(|| if is_event() { None } else { texts_of(FILES).find_map(|file| Log::in_file(&file)) })
}

/// Attributes whose value is a label.
const LABELS: &[&str] = &[
    "_path",
    "@path",
    "@stream",
    "log.name",
    "log_name",
    "log.type",
    "log_type",
    "fluent.tag",
    "tag",
    "zeek.log",
    "event.dataset",
    "com.splunk.sourcetype",
    "sourcetype",
    "appname",
    "syslog.appname",
];

/// Attributes whose value is the file's name, in which events have something else.
const FILES: &[&str] =
    &["file_name", "file_path", "file.name", "file.path", "filename", "filepath", "file", "path", "source", "com.splunk.source"];

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
