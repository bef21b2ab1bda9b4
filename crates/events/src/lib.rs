//! Events between services: the log, the envelope, the outbox, the inbox and the dead letters.

mod admission;
pub mod delivery;
mod embedded;
mod kafka;
mod envelope;
mod log;
mod topic;

pub use embedded::{EmbeddedConfig, EmbeddedLog, EmbeddedStatistics};
pub use kafka::{KafkaConfig, KafkaLog};
pub use delivery::{
    AddInbox, AddOutbox,
    api::DeadLetterApi,
    consumer::{Consumer, HandleError, Handler, Rejected},
    inbox, outbox,
    outbox::{LogHandle, Relay},
};
pub use envelope::{Envelope, EnvelopeViolations, PROTOBUF};
pub use log::{Delivered, EventLog, LogError, Position, Record, SharedLog, Subscription, Tail, TailFrom};
pub use topic::{Cleanup, Topic, TopicSpec};
