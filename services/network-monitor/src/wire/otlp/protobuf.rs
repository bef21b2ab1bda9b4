//! A request in protobuf, walked field by field.
//!
//! ```text
//! request { resource_logs = 1 { resource = 1, scope_logs = 2 { log_records = 2 } } }
//! ```

use bytes::{Buf as _, Bytes};
use prost::{
    DecodeError, Message as _,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};

use super::{
    Decoded,
    message::{KeyValue, LOG_RECORDS, LogRecord, RESOURCE, RESOURCE_LOGS, Resource, SCOPE_LOGS},
    within_bound,
};
use crate::wire::reading::{BatchError, Original};

/// Hands out the records of a request, each with the attributes of its resource.
pub fn each_in_protobuf(request: Bytes, mut each: impl FnMut(Decoded<'_>, &[KeyValue])) -> Result<(), BatchError> {
    let mut request = Fields(request);
    while let Some(resource_logs) = request.next(RESOURCE_LOGS)? {
        let attributes = attributes_of(resource_logs.clone())?;
        let mut resource_logs = Fields(resource_logs);
        while let Some(scope_logs) = resource_logs.next(SCOPE_LOGS)? {
            let mut scope_logs = Fields(scope_logs);
            while let Some(record) = scope_logs.next(LOG_RECORDS)? {
                within_bound("log record", record.len())?;
                each(LogRecord::decode(record.clone()).map_err(|_| Original::Record { record, resource: &attributes }), &attributes);
            }
        }
    }
    Ok(())
}

/// The resource may stand behind its records.
fn attributes_of(resource_logs: Bytes) -> Result<Vec<KeyValue>, BatchError> {
    let mut resource = Resource::default();
    let mut bytes = 0;
    let mut fields = Fields(resource_logs);
    while let Some(part) = fields.next(RESOURCE)? {
        bytes += part.len();
        within_bound("resource", bytes)?;
        resource.merge(part).map_err(malformed)?;
    }
    Ok(resource.attributes)
}

/// What is left of a message.
struct Fields(Bytes);

impl Fields {
    /// The next message of this number.
    fn next(&mut self, wanted: u32) -> Result<Option<Bytes>, BatchError> {
        let rest = &mut self.0;
        while rest.has_remaining() {
            let (number, wire_type) = decode_key(rest).map_err(malformed)?;
            if number != wanted {
                skip_field(wire_type, number, rest, DecodeContext::default()).map_err(malformed)?;
                continue;
            }
            if wire_type != WireType::LengthDelimited {
                return Err(BatchError::MalformedRequest { detail: format!("field {number} is no message") });
            }
            let length = usize::try_from(decode_varint(rest).map_err(malformed)?).unwrap_or(usize::MAX);
            if length > rest.len() {
                return Err(BatchError::MalformedRequest { detail: format!("field {number} runs past the end") });
            }
            return Ok(Some(rest.split_to(length)));
        }
        Ok(None)
    }
}

fn malformed(error: DecodeError) -> BatchError {
    BatchError::MalformedRequest { detail: error.to_string() }
}
