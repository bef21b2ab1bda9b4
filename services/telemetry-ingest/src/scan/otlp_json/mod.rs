//! `ExportLogsServiceRequest` in JSON, by the mapping of protobuf: names in camel case or as in the definition, `null` for
//! what is absent, unknown names ignored.

mod cutter;

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Cut, Flaw, Limits, ScanError, Tally,
    surroundings::{Level, Surroundings},
};
use cutter::Cutter;

const WRONG_SHAPE: &str = "not the shape of an ExportLogsServiceRequest";

/// Counts the log records of a request.
pub(super) fn tally(request: &[u8], limits: &Limits) -> Result<Tally, ScanError> {
    let text = super::utf8(request)?;
    let mut counter = Counter { text, limits, tally: Tally::default(), around: Surroundings::new(limits), stopped_by: None };
    let mut json = serde_json::Deserializer::from_str(text);
    let parsed = Object { level: Level::Request, counter: &mut counter }.deserialize(&mut json).and_then(|()| json.end());
    match (counter.stopped_by, parsed) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(Flaw::of_json(&error, WRONG_SHAPE).into()),
        (None, Ok(())) => Ok(counter.tally),
    }
}

/// Rewrites the good log records as several requests; each repeats the resource and scope its records stand under.
pub(super) fn cut(request: &[u8], limits: &Limits) -> Result<Cut, ScanError> {
    // Also sees to it that the lists built below have a bound.
    tally(request, limits)?;
    let text = super::utf8(request)?;
    let request: Request<'_> = serde_json::from_str(text).map_err(|error| Flaw::of_json(&error, WRONG_SHAPE))?;

    let mut tally = Tally::default();
    let mut cutter = Cutter::new(limits.max_body_bytes, text.len());
    for resource_logs in request.resource_logs.into_iter().flatten() {
        cutter.enter_resource(resource_logs.resource, resource_logs.schema_url);
        for scope_logs in resource_logs.scope_logs.into_iter().flatten() {
            cutter.enter_scope(scope_logs.scope, scope_logs.schema_url);
            for log_record in scope_logs.log_records.into_iter().flatten() {
                let log_record = log_record.get();
                let good = tally.count(log_record.len(), || check(text, log_record), limits)?;
                if good && !cutter.add(log_record) {
                    tally.recount_as_too_large();
                }
            }
        }
    }
    Ok(Cut { pieces: cutter.finish(), tally })
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
    #[serde(borrow, default, rename = "scopeLogs", alias = "scope_logs")]
    scope_logs: Option<Vec<ScopeLogs<'a>>>,
    #[serde(borrow, default, rename = "schemaUrl", alias = "schema_url")]
    schema_url: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ScopeLogs<'a> {
    #[serde(borrow, default)]
    scope: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "logRecords", alias = "log_records")]
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
    const fn names_of_list(self) -> [&'static str; 2] {
        match self {
            Self::Request => ["resourceLogs", "resource_logs"],
            Self::ResourceLogs => ["scopeLogs", "scope_logs"],
            Self::ScopeLogs => ["logRecords", "log_records"],
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
        while let Some(is_list) = fields.next_key_seed(IsList(level))? {
            if !is_list {
                let other = fields.next_value::<&'de RawValue>()?.get();
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

/// Whether a name is that of the list that leads on to the log records.
struct IsList(Level);

impl<'de> DeserializeSeed<'de> for IsList {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for IsList {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(self.0.names_of_list().contains(&name))
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
