//! `ExportLogsServiceRequest` in JSON, by the mapping of protobuf: names in camel case or as in the definition, `null` for
//! what is absent, unknown names ignored.

mod cutter;

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Cut, Flaw, Limits, ScanError, Tally,
    framing::{opens_array, trimmed},
    surroundings::{Level, Surroundings},
};
use cutter::Cutter;

const WRONG_SHAPE: &str = "not the shape of an ExportLogsServiceRequest";
const NO_RECORDS: &str = "no log records: resourceLogs, scopeLogs or logRecords is missing";

/// Counts the log records of a request, or of several one after the other.
pub(super) fn tally(body: &[u8], limits: &Limits) -> Result<Tally, ScanError> {
    let text = super::text_of(trimmed(body));
    let around = Surroundings::new(limits);
    let mut counter = Counter { text: &text, limits, tally: Tally::default(), around, passed_over: false, stopped_by: None };
    let mut json = serde_json::Deserializer::from_str(&text);
    loop {
        if let Err(error) = (Object { level: Level::Request, counter: &mut counter }).deserialize(&mut json) {
            return Err(counter.stopped_by.unwrap_or_else(|| Flaw::of_json(&error, WRONG_SHAPE).into()));
        }
        if json.end().is_ok() {
            break;
        }
    }
    if counter.tally.total() == 0 && counter.passed_over {
        return Err(Flaw::at_byte(0, NO_RECORDS).into());
    }
    Ok(counter.tally)
}

/// Writes the good log records again as several requests; each repeats the resource and scope its records stand under.
pub(super) fn cut(body: &[u8], limits: &Limits) -> Result<Cut, ScanError> {
    // Also sees to it that the lists built below have a bound.
    tally(body, limits)?;
    let text = super::text_of(trimmed(body));

    let mut tally = Tally::default();
    let mut cutter = Cutter::new(limits.max_body_bytes, text.len());
    for request in serde_json::Deserializer::from_str(&text).into_iter::<Request<'_>>() {
        let request = request.map_err(|error| Flaw::of_json(&error, WRONG_SHAPE))?;
        for resource_logs in request.resource_logs.into_iter().flatten() {
            cutter.enter_resource(resource_logs.resource, resource_logs.schema_url);
            for scope_logs in resource_logs.scope_logs.into_iter().flatten() {
                cutter.enter_scope(scope_logs.scope, scope_logs.schema_url);
                for log_record in scope_logs.log_records.into_iter().flatten() {
                    let log_record = log_record.get();
                    let good = tally.count(log_record.len(), || check(&text, log_record), limits)?;
                    if good && !cutter.add(log_record) {
                        tally.recount_as_too_large();
                    }
                }
            }
        }
    }
    Ok(Cut { pieces: cutter.finish(), tally })
}

/// Whether a body holds events themselves: an array, or objects without any of a request's names. So do some agents send them that
/// were told to speak OTLP.
pub(super) fn holds_events(body: &[u8]) -> bool {
    let body = trimmed(body);
    let begins = |names: &[&str]| {
        let inside = body.strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
        names.iter().any(|name| inside.strip_prefix(b"\"").is_some_and(|inside| inside.starts_with(name.as_bytes())))
    };
    if opens_array(body) {
        return true;
    }
    if body.first() != Some(&b'{') || begins(Level::Request.names_of_list()) {
        return false;
    }
    let text = super::text_of(body);
    let first = serde_json::Deserializer::from_str(&text).into_iter::<BTreeMap<Cow<'_, str>, IgnoredAny>>().next();
    let Some(Ok(members)) = first else { return false };
    let is_of_otlp = |name: &str| name.starts_with("resource") && name.len() > "resource".len();
    !members.is_empty() && !members.keys().any(|name| is_of_otlp(name))
}

fn check(text: &str, log_record: &str) -> Result<(), Flaw> {
    if log_record.starts_with('{') {
        return Ok(());
    }
    Err(Flaw { place: super::place_within(text, log_record), what: "a log record is not an object" })
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, default, rename = "resourceLogs", alias = "resource_logs")]
    resource_logs: Option<Vec<ResourceLogs<'a>>>,
}

#[derive(Deserialize)]
struct ResourceLogs<'a> {
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        rename = "scopeLogs",
        alias = "scope_logs",
        alias = "instrumentationLibraryLogs",
        alias = "instrumentation_library_logs"
    )]
    scope_logs: Option<Vec<ScopeLogs<'a>>>,
    #[serde(borrow, default, rename = "schemaUrl", alias = "schema_url")]
    schema_url: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ScopeLogs<'a> {
    #[serde(borrow, default, alias = "instrumentationLibrary", alias = "instrumentation_library")]
    scope: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "logRecords", alias = "log_records", alias = "logs")]
    log_records: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default, rename = "schemaUrl", alias = "schema_url")]
    schema_url: Option<&'a RawValue>,
}

/// Counts without building anything.
struct Counter<'a> {
    text: &'a str,
    limits: &'a Limits,
    tally: Tally,
    around: Surroundings,
    /// Whether something was there under a name that no request has.
    passed_over: bool,
    stopped_by: Option<ScanError>,
}

impl Counter<'_> {
    fn count(&mut self, log_record: &str) -> Result<(), ScanError> {
        self.tally.count(log_record.len(), || check(self.text, log_record), self.limits).map(drop)
    }

    fn stop<E: serde::de::Error>(&mut self, by: ScanError) -> E {
        self.stopped_by = Some(by);
        E::custom("stopped")
    }
}

impl Level {
    /// Those of today, and those of OTLP before 0.15, which agents still send.
    const fn names_of_list(self) -> &'static [&'static str] {
        match self {
            Self::Request => &["resourceLogs", "resource_logs"],
            Self::ResourceLogs => &["scopeLogs", "scope_logs", "instrumentationLibraryLogs", "instrumentation_library_logs"],
            Self::ScopeLogs => &["logRecords", "log_records", "logs"],
        }
    }

    const fn other_names(self) -> &'static [&'static str] {
        match self {
            Self::Request => &[],
            Self::ResourceLogs => &["resource", "schemaUrl", "schema_url"],
            Self::ScopeLogs => &["scope", "schemaUrl", "schema_url", "instrumentationLibrary", "instrumentation_library"],
        }
    }

    const fn below(self) -> Option<Self> {
        match self {
            Self::Request => Some(Self::ResourceLogs),
            Self::ResourceLogs => Some(Self::ScopeLogs),
            Self::ScopeLogs => None,
        }
    }
}

struct Object<'c, 'a> {
    level: Level,
    counter: &'c mut Counter<'a>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let Self { level, counter } = self;
        counter.around.enter(level).map_err(|error| counter.stop(error))?;
        let mut seen = false;
        while let Some(name) = fields.next_key_seed(NameAt(level))? {
            if name != Name::OfList {
                let other = fields.next_value::<&'de RawValue>()?.get();
                counter.passed_over |= name == Name::Unknown && other != "null";
                counter.around.hold(level, other.len()).map_err(|error| counter.stop(error))?;
                continue;
            }
            if std::mem::replace(&mut seen, true) {
                return Err(A::Error::custom("the same list twice"));
            }
            fields.next_value_seed(List { of: level.below(), counter: &mut *counter })?;
        }
        Ok(())
    }
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    /// The list that leads on to the log records.
    OfList,
    Known,
    Unknown,
}

/// Reads a name in an object of a level.
struct NameAt(Level);

impl<'de> DeserializeSeed<'de> for NameAt {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for NameAt {
    type Value = Name;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(if self.0.names_of_list().contains(&name) {
            Name::OfList
        } else if self.0.other_names().contains(&name) {
            Name::Known
        } else {
            Name::Unknown
        })
    }
}

/// A list of objects of a level, or of log records.
struct List<'c, 'a> {
    of: Option<Level>,
    counter: &'c mut Counter<'a>,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array or null")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let counter = self.counter;
        let Some(level) = self.of else {
            while let Some(log_record) = elements.next_element::<&'de RawValue>()? {
                counter.count(log_record.get()).map_err(|error| counter.stop(error))?;
            }
            return Ok(());
        };
        while elements.next_element_seed(Object { level, counter: &mut *counter })?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests;
