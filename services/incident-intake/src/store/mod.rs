//! Tables of incident-intake. Every look-up of a caller's takes the caller's [`auth::Scope`]: what is outside it is not found.
//!
//! Changes of a school's cases follow each other: [`case::find_to_change`] and [`school::lock`] queue writers per school, in
//! the one order that the audit chain needs too, so that an attaching sensor and a deciding person never wait for each other
//! in a circle.

mod aging;
pub mod case;
pub mod case_device;
mod case_number;
pub mod case_of_alert;
pub mod evidence;
mod evidence_key;
mod migration;
pub mod person;
pub mod queue;
pub mod school;
mod sighting;
#[cfg(test)]
mod tests;
pub mod timeline;
pub mod waiting;

pub use aging::{aging, remove_cases, tables};
pub use migration::migrations;
use storage::{StoreError, StoreResult};

/// A count as a column keeps it.
fn to_column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count from a column.
fn from_column(what: &'static str, count: i64) -> StoreResult<u64> {
    u64::try_from(count).map_err(|error| StoreError::unreadable(what, error))
}

fn to_json(what: &'static str, value: &impl serde::Serialize) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| StoreError::unreadable(what, error))
}

fn from_json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> StoreResult<T> {
    serde_json::from_str(text).map_err(|error| StoreError::unreadable(what, error))
}
