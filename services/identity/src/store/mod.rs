//! Tables of identity. Every look-up of a caller's takes the caller's [`auth::Scope`]: what is outside it is not found.

mod aging;
pub mod appointment;
mod board;
pub mod check;
pub mod check_override;
pub mod contact;
pub mod domain_proof;
pub mod enrolment;
pub mod erasure;
pub mod gateway;
pub mod holders;
pub mod invitation;
mod migration;
pub mod passed_on;
pub mod person;
pub mod place;
pub mod school;
mod site;
#[cfg(test)]
mod tests;
pub mod vendor;

pub use aging::{aging, remove_appointments, remove_people, tables};
pub use migration::migrations;
