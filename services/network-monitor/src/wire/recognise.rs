//! Whose event it is, and of Zeek's which log's.
//!
//! Zeek's JSON names its log only on request (`_path`). Otherwise the name is where shippers put it: in the file's name, a tag, the
//! key of a wrapper. Members come after that, as far as no other log has the same. What is inside a member is never a name:
//! weird.log has a `source` that says `DNS`, and a share may be called `notice`.

use super::{
    fields::{Field, Fields},
    surroundings::Surroundings,
    zeek_logs::Log,
};
use crate::domain::source::Source;

/// Which of Zeek's logs the event is from; `None` when it is not Zeek's.
pub fn zeek_log(fields: &Fields<'_>, around: &Surroundings<'_>) -> Option<Log> {
    let text = |field| fields.get(field).as_str();
    if let Some(path) = text(Field::Path) {
        return Some(Log::of_path(path));
    }
    let named = around.log_name().or_else(|| named_by_shipper(fields));
    if !fields.has(Field::Ts) {
        // The agent may have taken the time out. Some logs have none.
        return named.or_else(|| named_by_file(fields)).or_else(|| without_time(fields));
    }
    named.or_else(|| by_members(fields)).or_else(|| named_by_file(fields)).or_else(|| by_the_rest(fields))
}

/// Whether the event is the sensor's own record, so that its members are what the sensor saw and no wrapping around an event.
pub fn is_zeek_record(fields: &Fields<'_>, around: &Surroundings<'_>) -> bool {
    let has = |field| fields.has(field);
    let is_of_connection = has(Field::Uid) && (has(Field::OriginatorHost) || has(Field::ResponderHost));
    has(Field::Path) || is_of_connection || has(Field::Ts) && (by_members(fields).is_some() || around.log_name().is_some())
}

/// The log a wrapper names, whatever is inside it.
pub fn log_named_by_wrapper(fields: &Fields<'_>) -> Option<Log> {
    let path = || fields.get(Field::Path).as_str().and_then(Log::named);
    named_by_shipper(fields).or_else(path).or_else(|| named_by_file(fields))
}

/// By members that only shippers add.
fn named_by_shipper(fields: &Fields<'_>) -> Option<Log> {
    let file = || fields.get(Field::LogFile).all_texts().find_map(Log::named);
    let tag = |field| fields.get(field).all_texts().find_map(Log::named);
    file().or_else(|| tag(Field::LogTag)).or_else(|| tag(Field::LogType))
}

/// By members that shippers add, and that some logs have as well.
fn named_by_file(fields: &Fields<'_>) -> Option<Log> {
    let file = fields.get(Field::FileName).as_str().and_then(Log::in_file);
    // Stores that allow no underscore in front write `_path` so.
    let path = || fields.get(Field::PlainPath).as_str().and_then(|path| Log::of(&path.to_ascii_lowercase()).or_else(|| Log::in_file(path)));
    file.or_else(path)
}

/// By members that no other log has.
fn by_members(fields: &Fields<'_>) -> Option<Log> {
    use Field::{
        Action, AssignedAddress, CertificateSerial, Cipher, ConnState, Established, FileId, Host, IsNoticed, LeaseTime, Level, Mac,
        MessageTypes, Note, NoticeMessage, PortNumber, PortProtocol, Query, QueryType, ResponseCode, ShareType, SoftwareName, SoftwareType,
        SslHistory, TlsVersionSpoken, TransactionId,
    };
    let all = |wanted: &[Field]| wanted.iter().all(|field| fields.has(*field));
    let any = |wanted: &[Field]| wanted.iter().any(|field| fields.has(*field));
    let begins = |field, beginning: &str| fields.get(field).as_str().is_some_and(|text| text.starts_with(beginning));
    let used = |source| Some(Log::Used(source));
    if all(&[Note, NoticeMessage]) {
        used(Source::ZeekNotice)
    } else if all(&[Host, PortNumber, PortProtocol]) {
        used(Source::ZeekKnownServices)
    } else if all(&[Host, SoftwareType]) {
        used(Source::ZeekSoftware)
    } else if fields.has(Mac) && any(&[MessageTypes, LeaseTime, AssignedAddress]) {
        used(Source::ZeekDhcp)
    } else if fields.has(ConnState) {
        used(Source::ZeekConn)
    } else if fields.has(TransactionId) && any(&[Query, QueryType, ResponseCode]) {
        used(Source::ZeekDns)
    } else if any(&[SslHistory, Established]) || all(&[Cipher, TlsVersionSpoken]) {
        used(Source::ZeekSsl)
    } else if fields.has(ShareType) || begins(Action, "SMB::") {
        Some(Log::Unused("zeek.smb"))
    } else if fields.has(FileId) {
        Some(Log::Unused("zeek.files"))
    } else if all(&[IsNoticed, SoftwareName]) {
        Some(Log::Unused("zeek.weird"))
    } else if fields.has(CertificateSerial) {
        Some(Log::Unused("zeek.x509"))
    } else if begins(Level, "Reporter::") {
        Some(Log::Unused("zeek.reporter"))
    } else {
        None
    }
}

/// Zeek's time and nothing else that we know; many programs write a `ts` into their own logs.
fn by_the_rest(fields: &Fields<'_>) -> Option<Log> {
    let has = |field| fields.has(field);
    let is_address = |field| fields.get(field).as_address().is_some();
    if has(Field::Uid) || has(Field::OriginatorHost) {
        Some(Log::OTHER)
    } else if is_address(Field::Host) && !has(Field::PortNumber) {
        Some(Log::Used(Source::ZeekKnownHosts))
    } else if has(Field::NoticeMessage) || has(Field::Wrapped) || has(Field::Level) {
        None
    } else {
        Some(Log::OTHER)
    }
}

/// A connection whose time the agent took out; and the list of scripts, which has no times.
fn without_time(fields: &Fields<'_>) -> Option<Log> {
    let name = fields.get(Field::SoftwareName).as_str().unwrap_or_default().trim_end();
    if fields.has(Field::Uid) && fields.has(Field::OriginatorHost) {
        Some(by_members(fields).unwrap_or(Log::OTHER))
    } else if name.ends_with(".zeek") || name.ends_with(".bro") {
        Some(Log::Unused("zeek.loaded_scripts"))
    } else {
        None
    }
}
