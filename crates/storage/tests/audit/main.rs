#![cfg(test)]
//! What the audit trail promises: each thing that someone with the database can do to it is named, by chain and row.

mod attacker;
mod checkpoints;
mod elsewhere;
mod restoring;
mod role;
mod rows;
mod texts;
mod world;
