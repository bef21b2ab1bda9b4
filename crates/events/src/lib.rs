//! Events between services: the log, the envelope, the outbox, the inbox and the dead letters.

mod admission;
pub mod delivery;
mod embedded;
mod envelope;
mod kafka;
mod log;
mod meters;
mod topic;

pub use delivery::{
    AddInbox, AddOutbox,
    api::DeadLetterApi,
    consumer::{Consumer, HandleError, Handler, Rejected},
    inbox, outbox,
    outbox::{LogHandle, Relay},
};
pub use embedded::{EmbeddedConfig, EmbeddedLog, EmbeddedStatistics};
pub use envelope::{Envelope, EnvelopeViolations, PROTOBUF};
pub use kafka::{KafkaConfig, KafkaLog};
pub use log::{Delivered, EventLog, LogError, Position, Record, SharedLog, Subscription, Tail, TailFrom};
pub use topic::{Cleanup, Topic, TopicSpec};
