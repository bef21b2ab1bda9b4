//! `opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest` in protobuf.
//!
//! ```text
//! request { resource_logs = 1 { resource = 1, scope_logs = 2 { scope = 1, log_records = 2, schema_url = 3 }, schema_url = 3 } }
//! ```

mod cutter;
mod schema;

use cutter::Cutter;
use schema::{LOG_RECORDS, Message, RESOURCE_LOGS, SCOPE_LOGS};

use super::{
    Cut, Flaw, Limits, ScanError, Tally,
    surroundings::{Level, Surroundings},
    wire::{Field, Fields},
};

/// Counts the log records of a request, and checks that it decodes and what it takes a reader to do so.
pub(super) fn tally(request: &[u8], limits: &Limits) -> Result<Tally, ScanError> {
    let mut tally = Tally::default();
    let mut around = Surroundings::new(limits);
    let mut passed_over = false;
    let mut request = Fields::of(request, 0);
    while let Some(field) = request.next()? {
        if field.number != RESOURCE_LOGS {
            passed_over = true;
            around.hold(Level::Request, field.raw.len())?;
            continue;
        }
        let mut resource_logs = field.message()?;
        around.enter(Level::ResourceLogs)?;
        while let Some(field) = resource_logs.next()? {
            if field.number != SCOPE_LOGS {
                passed_over |= !schema::is_known(Message::ResourceLogs, &field);
                schema::check_field(Message::ResourceLogs, &field)?;
                around.hold(Level::ResourceLogs, field.raw.len())?;
                continue;
            }
            let mut scope_logs = field.message()?;
            around.enter(Level::ScopeLogs)?;
            while let Some(field) = scope_logs.next()? {
                if field.number == LOG_RECORDS {
                    count(&mut tally, &field, limits)?;
                } else {
                    passed_over |= !schema::is_known(Message::ScopeLogs, &field);
                    schema::check_field(Message::ScopeLogs, &field)?;
                    around.hold(Level::ScopeLogs, field.raw.len())?;
                }
            }
        }
    }
    // A sender that is answered with success for something else than log records deletes it.
    if tally.total() == 0 && passed_over {
        return Err(Flaw::at_byte(0, "no log records, but fields that a request of logs does not have").into());
    }
    Ok(tally)
}

/// Counts one log record; `true` when it is good.
#[inline]
fn count(tally: &mut Tally, log_record: &Field<'_>, limits: &Limits) -> Result<bool, ScanError> {
    let bytes = log_record.bytes()?;
    tally.count(bytes.len(), || schema::check(Message::LogRecord, bytes, log_record.at), limits)
}

/// Rewrites the good log records as several requests; each repeats the resource and scope its records stand under.
pub(super) fn cut(request: &[u8], limits: &Limits) -> Result<Cut, ScanError> {
    let mut tally = Tally::default();
    let mut cutter = Cutter::new(limits.max_body_bytes, Fields::of(request, 0).except(RESOURCE_LOGS)?);
    let mut request = Fields::of(request, 0);
    while let Some(field) = request.next()? {
        if field.number != RESOURCE_LOGS {
            continue;
        }
        let mut resource_logs = field.message()?;
        cutter.enter_resource(field.message()?.except(SCOPE_LOGS)?);
        while let Some(field) = resource_logs.next()? {
            if field.number != SCOPE_LOGS {
                continue;
            }
            let mut scope_logs = field.message()?;
            cutter.enter_scope(field.message()?.except(LOG_RECORDS)?);
            while let Some(field) = scope_logs.next()? {
                if field.number != LOG_RECORDS || !count(&mut tally, &field, limits)? {
                    continue;
                }
                let fits = cutter.add(field.raw);
                if !fits {
                    tally.recount_as_too_large();
                }
            }
        }
    }
    Ok(Cut { pieces: cutter.finish(), tally })
}

#[cfg(test)]
pub(in crate::scan) mod tests;
