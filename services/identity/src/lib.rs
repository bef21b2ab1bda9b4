//! Boards, schools, sites and gateways.

pub mod domain;
pub mod issuer;
mod store;

pub use store::migrations;
