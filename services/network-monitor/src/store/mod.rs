//! Tables of network-monitor. Every look-up of a caller's takes the caller's [`auth::Scope`]: what is outside it is not found.

mod aging;
pub mod alert;
mod alert_device;
pub mod contact;
pub mod device;
mod device_address;
mod device_day;
pub mod device_list;
mod gateway_contact;
mod migration;
mod school_contact;
pub mod suppression;
#[cfg(test)]
mod tests;

pub use aging::{aging, tables};
pub use migration::migrations;
