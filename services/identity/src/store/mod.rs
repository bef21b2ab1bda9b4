//! Tables of identity. Every look-up of a caller's takes the caller's [`auth::Scope`]: what is outside it is not found.

pub mod contact;
mod entity;
pub mod gateway;
mod migration;
pub mod school;
#[cfg(test)]
mod tests;

pub use migration::migrations;
