//! Operators' commands: each is one call to a running system, with its answer as text or as JSON.

mod accept;
mod audit;
mod connection;
mod dead_letters;
mod gateways;
mod import;
mod redeem;
mod retention;
mod schools;

use std::io::{self, Write as _};

use anyhow::Result;
use chrono::SecondsFormat;
use serde::Serialize;

pub use accept::accept_restore;
pub use audit::{key as audit_key, verify as verify_audit};
pub use dead_letters::dead_letters;
pub use gateways::gateways;
pub use import::import;
pub use retention::retention;
pub use schools::schools;

/// Writes a line to standard output. A closed pipe (`… | head`) is not an error.
pub fn say(line: impl std::fmt::Display) -> Result<()> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a value as one line of JSON.
pub fn say_json(value: &impl Serialize) -> Result<()> {
    say(serde_json::to_string(value)?)
}

/// A message's timestamp in RFC 3339; empty when it is not set.
fn moment(timestamp: Option<prost_types::Timestamp>) -> String {
    let moment = timestamp.and_then(proto::time::moment);
    moment.map(|moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}
