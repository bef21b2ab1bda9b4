//! Tables of network-monitor. Every look-up of a caller's takes the caller's [`auth::Scope`]: what is outside it is not found.

pub mod alert;
pub mod contact;
pub mod device;
pub mod device_list;
mod entity;
mod migration;
pub mod suppression;
#[cfg(test)]
mod tests;

pub use migration::migrations;
