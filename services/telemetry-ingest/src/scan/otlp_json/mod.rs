//! `ExportLogsServiceRequest` in JSON, walked by [`otlp`] as its reader does.

mod cutter;

use otlp::{Beside, Level, Stopped, Visitor, walk};

use super::{Cut, Flaw, Limits, ScanError, Tally, framing::opens_array, framing::trimmed, surroundings::Surroundings};
use cutter::Cutter;

const NO_RECORDS: &str = "no log records: resourceLogs, scopeLogs or logRecords is missing";

/// Counts the log records of a request, or of several one after the other.
pub(super) fn tally(body: &[u8], limits: &Limits) -> Result<Tally, ScanError> {
    let mut counter = Counter { body, limits, tally: Tally::default(), around: Surroundings::new(limits), passed_over: false };
    walk(body, &mut counter)?;
    if counter.tally.total() == 0 && counter.passed_over {
        return Err(Flaw::at_byte(0, NO_RECORDS).into());
    }
    Ok(counter.tally)
}

/// Writes the good log records again as several requests; each repeats the resource and scope its records stand under.
pub(super) fn cut(body: &[u8], limits: &Limits) -> Result<Cut, ScanError> {
    // Also sees to it that what is repeated has a bound.
    tally(body, limits)?;
    let cutter = Cutter::new(limits.max_body_bytes, body.len());
    let mut writer = Writer { body, limits, tally: Tally::default(), cutter, resource: Around::default(), scope: Around::default() };
    walk(body, &mut writer)?;
    Ok(Cut { pieces: writer.cutter.finish(), tally: writer.tally })
}

/// Whether a body holds events themselves: an array, or objects without any of a request's names. So do some agents send them that
/// were told to speak OTLP.
pub(super) fn holds_events(body: &[u8]) -> bool {
    opens_array(trimmed(body)) || otlp::holds_request(body) == Some(false)
}

fn count(tally: &mut Tally, body: &[u8], record: &[u8], limits: &Limits) -> Result<bool, ScanError> {
    let check = || {
        if record.first() == Some(&b'{') {
            return Ok(());
        }
        Err(Flaw { place: super::place_within(body, record), what: "a log record is not an object" })
    };
    tally.count(record.len(), check, limits)
}

impl From<Stopped<Self>> for ScanError {
    fn from(stopped: Stopped<Self>) -> Self {
        match stopped {
            Stopped::Flaw { at, what } => Flaw::at_byte(at, what).into(),
            Stopped::By(error) => error,
        }
    }
}

struct Counter<'a> {
    body: &'a [u8],
    limits: &'a Limits,
    tally: Tally,
    around: Surroundings,
    /// Whether something was there under a name that no request has.
    passed_over: bool,
}

impl<'a> Visitor<'a> for Counter<'a> {
    type Error = ScanError;

    const BESIDE_FIRST: bool = false;

    fn enter(&mut self, level: Level) -> Result<(), ScanError> {
        self.around.enter(level)
    }

    fn beside(&mut self, level: Level, what: Beside, value: &'a [u8]) -> Result<(), ScanError> {
        self.passed_over |= what == Beside::Unknown && value != b"null";
        self.around.hold(level, value.len())
    }

    fn record(&mut self, record: &'a [u8]) -> Result<(), ScanError> {
        count(&mut self.tally, self.body, record, self.limits).map(drop)
    }
}

/// What records stand under, as far as it is written again.
#[derive(Clone, Copy, Default)]
struct Around<'a> {
    common: Option<&'a [u8]>,
    schema_url: Option<&'a [u8]>,
    /// The cutter has been told.
    is_entered: bool,
}

struct Writer<'a> {
    body: &'a [u8],
    limits: &'a Limits,
    tally: Tally,
    cutter: Cutter,
    resource: Around<'a>,
    scope: Around<'a>,
}

impl<'a> Visitor<'a> for Writer<'a> {
    type Error = ScanError;

    const BESIDE_FIRST: bool = true;

    fn enter(&mut self, level: Level) -> Result<(), ScanError> {
        match level {
            Level::Request => {}
            Level::ResourceLogs => self.resource = Around::default(),
            Level::ScopeLogs => self.scope = Around::default(),
        }
        Ok(())
    }

    fn beside(&mut self, level: Level, what: Beside, value: &'a [u8]) -> Result<(), ScanError> {
        let around = if level == Level::ScopeLogs { &mut self.scope } else { &mut self.resource };
        match what {
            Beside::Common => around.common = Some(value),
            Beside::SchemaUrl => around.schema_url = Some(value),
            Beside::Unknown => {}
        }
        Ok(())
    }

    fn record(&mut self, record: &'a [u8]) -> Result<(), ScanError> {
        if !std::mem::replace(&mut self.resource.is_entered, true) {
            self.cutter.enter_resource(self.resource.common, self.resource.schema_url);
        }
        if !std::mem::replace(&mut self.scope.is_entered, true) {
            self.cutter.enter_scope(self.scope.common, self.scope.schema_url);
        }
        if count(&mut self.tally, self.body, record, self.limits)? && !self.cutter.add(record) {
            self.tally.recount_as_too_large();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
