//! Events between services: the log, the envelope, the outbox, the inbox and the dead letters.

mod admission;
pub mod embedded;
mod log;
mod topic;

pub use embedded::{EmbeddedConfig, EmbeddedLog};
pub use log::{Delivered, EventLog, LogError, Position, Record, SharedLog, Subscription, Tail, TailFrom};
pub use topic::{Cleanup, Topic, TopicSpec};
