#![cfg(test)]
//! From one service's database into another's: outbox, relay, consumer, inbox and dead letters, on both stores.

mod consuming;
mod fairness;
mod letter_bounds;
mod letters;
mod operators;
mod publishing;
mod quarantine;
mod world;
