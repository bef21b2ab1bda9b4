//! Tables of identity. Every look-up of a caller's takes the caller's [`auth::Scope`]: what is outside it is not found.

mod board;
pub mod contact;
pub mod gateway;
mod migration;
pub mod school;
mod site;
#[cfg(test)]
mod tests;

pub use migration::migrations;
