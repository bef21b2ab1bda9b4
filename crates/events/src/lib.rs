//! Events between services: how they are written, kept, and processed exactly once in effect.
//!
//! ```text
//!  a change in one service                                               its effect in another
//!  ┌──────────────────────┐                                        ┌────────────────────────────┐
//!  │ row + outbox row     │──▶ Relay ──▶ EventLog ──▶ Consumer ──▶ │ inbox row + effect         │──▶ offset committed
//!  │ (one transaction)    │                                        │ or dead letter             │
//!  └──────────────────────┘                                        │ (one transaction)          │
//!                                                                  └────────────────────────────┘
//! ```
//!
//! - [`EventLog`] is the port: [`EmbeddedLog`] (plain files, one machine) and [`KafkaLog`] keep the same promises, listed one by
//!   one in `tests/conformance`. [`Topic`] is the one table of all topics.
//! - [`Envelope`] puts a protobuf message into a [`Record`] as CloudEvents does, with the trace that led to it.
//! - [`outbox::add`] writes an event in the transaction of its change; [`Relay`] publishes it afterwards.
//! - [`Consumer`] gives records to a service's [`Handler`], partitions side by side, and counts what became of each. What a handler refuses goes
//!   to the dead letters, which operators see and replay through [`DeadLetters`]; so does a record that is slow or ends the process.
//!
//! A crash anywhere repeats work and never loses it: what was published but not deleted is published again, what took effect
//! but was not committed is delivered again, and the inbox knows both by their event's id.
//!
//! Telemetry batches take a shorter road: telemetry-ingest appends them itself and answers the sensor when they are durable.
//! Checkpoints of the audit trails are appended by [`CheckpointTopic`].
//!
//! # To add a topic
//!
//! 1. Name it in [`Topic`] and in its table: name with version, partitions, what is kept, the largest record. It is created at start.
//! 2. Write the shape of its value in `proto/`, and the topic beside it in `docs/architecture.md`.
//!
//! # To publish
//!
//! Add [`AddOutbox`] to the service's migrations, call [`outbox::add`] where the change is written, spawn a [`Relay`].
//!
//! # To consume
//!
//! 1. Add [`AddInbox`] to the service's migrations.
//! 2. Implement [`Handler`]: read the record, write the effect with the transaction it is given. What takes the CPU belongs in `read`. Refuse
//!    with [`HandleError::poison`] what will never be processed, and return as [`Rejected`] the parts of a record that will not. Errors of the
//!    store turn into the right kind with `?`.
//! 3. Spawn the members of a [`Consumer`] under the service's name, register it with [`DeadLetters`], and run its [`Pruning`] now and then.
//!
//! `service::Assembly::consume` does all of step 3.
//!
//! A process that needs its own copy of a compacted topic reads it with [`EventLog::tail`].

mod admission;
mod checkpoints;
pub mod delivery;
mod embedded;
mod envelope;
mod kafka;
mod log;
mod meters;
mod topic;

pub use checkpoints::CheckpointTopic;
pub use delivery::{
    AddInbox, AddOutbox,
    api::DeadLetters,
    consumer::{Consumer, Member},
    dead_letter,
    handler::{HandleError, Handler, Rejected},
    inbox, outbox,
    outbox::{LogHandle, Relay},
    pruning::Pruning,
    settings::ConsumerConfig,
    tables,
};
pub use embedded::{EmbeddedConfig, EmbeddedLog, EmbeddedStatistics};
pub use envelope::{Envelope, EnvelopeViolations, PROTOBUF};
pub use kafka::{KafkaConfig, KafkaLog};
pub use log::{Delivered, EventLog, LogError, Position, Record, SharedLog, Subscription, Tail, TailFrom};
pub use topic::{Cleanup, Topic, TopicSpec};
