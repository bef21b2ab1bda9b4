//! The port to the event log: what Kafka and the embedded log both promise.
//!
//! The conformance suite in `tests/conformance` states these promises one by one and runs on both.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::topic::Topic;

/// Bytes that the lengths of a header take in the embedded log; in Kafka it is less.
pub(crate) const HEADER_LENGTHS: usize = 8;

/// A record as it is handed to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Records with the same key stay in order. Empty keys are spread over the partitions.
    pub key: Bytes,
    /// Small; names are lowercase ASCII.
    pub headers: Vec<(String, Bytes)>,
    /// `None` is a tombstone: on a compacted topic it removes the key.
    pub value: Option<Bytes>,
}

impl Record {
    /// Bytes of key, headers and value, which is what the topic's limit is about. A header counts eight for its lengths.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| HEADER_LENGTHS + name.len() + value.len()).sum();
        self.key.len() + headers + self.value.as_ref().map_or(0, Bytes::len)
    }

    /// The first header of this name, as text; `None` when absent or not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(candidate, _)| candidate == name)?;
        std::str::from_utf8(value).ok()
    }
}

/// Where a record stands: offsets count from 0 in each partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub topic: Topic,
    /// 0-based.
    pub partition: i32,
    /// 0-based; offsets only grow, but not every number is used after compaction.
    pub offset: i64,
}

/// A record as it comes out of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where it stands.
    pub position: Position,
    /// When the log took it in.
    pub time: DateTime<Utc>,
    pub record: Record,
}

/// Why the log did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The record is larger than the topic takes. Sending it again will not help.
    #[error("record of {size} bytes is larger than the {limit} bytes that topic {topic} takes")]
    TooLarge {
        topic: Topic,
        /// Bytes of key, headers and value.
        size: usize,
        /// The topic's limit in bytes.
        limit: usize,
    },
    /// Too much is under way; nothing was written. Try again after a pause.
    #[error("event log is busy")]
    Busy,
    /// The topic has reached its size and cannot drop its oldest records, because a living consumer group has not read them. Nothing was
    /// written. Try again after a pause; other topics go on.
    #[error("topic {topic} is full until consumer group {group} has read its oldest records")]
    Full {
        topic: Topic,
        /// The group that is furthest behind.
        group: String,
    },
    /// The log is unavailable or failing; whether the records were written is unknown. Send them again.
    #[error("event log is unavailable: {reason}")]
    Unavailable {
        /// For operators.
        reason: String,
    },
    /// The stored bytes are damaged.
    #[error("event log is damaged: {reason}")]
    Damaged {
        /// For operators: file, position and what is wrong.
        reason: String,
    },
    /// The log cannot be opened as it is configured, or someone else uses it. An operator must act.
    #[error("event log cannot be used: {reason}")]
    Unusable {
        /// For operators: what is wrong and what to do.
        reason: String,
    },
    /// The log is closing down.
    #[error("event log is closed")]
    Closed,
}

/// How a reader without a group starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailFrom {
    /// The oldest record still kept.
    Start,
    /// Only what is written after the call.
    End,
}

/// The log.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Makes sure the topics exist as [`Topic::spec`] describes them. Idempotent.
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), LogError>;

    /// Appends records to one topic and returns when all of them are durable, with their positions in the order given.
    ///
    /// Records of one call with one key are adjacent in order. Answers [`LogError::Busy`] at once when the bytes not yet
    /// acknowledged exceed the log's bound, and [`LogError::Full`] when the topic's size does. On any other error some of the records may have
    /// been written.
    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError>;

    /// Joins a consumer group. Partitions of the topics are shared among the group's members; delivery starts at the
    /// group's committed offset, or at the start where there is none.
    ///
    /// The embedded log keeps what a living group has not read. Kafka's brokers keep to the topic's retention alone; a reader that finds
    /// records gone counts them (`event_log.skipped`), in either log.
    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, LogError>;

    /// Reads all partitions of a topic without a group: what a process needs to build its own copy of a compacted topic.
    async fn tail(&self, topic: Topic, from: TailFrom) -> Result<Box<dyn Tail>, LogError>;

    /// How many records of the topics the group has still to commit.
    async fn lag(&self, group: &str, topics: &[Topic]) -> Result<u64, LogError>;

    /// Whether the log can take records now; for the readiness probe.
    async fn check(&self) -> Result<(), LogError>;

    /// Waits for what is under way, then refuses everything.
    async fn close(&self);
}

/// Membership of a consumer group. Dropping it leaves the group.
#[async_trait]
pub trait Subscription: Send {
    /// Returns the next records, at least one, at most `max`, fewer when they are large; an empty list when `wait` has passed
    /// without any. Records of one partition come in order. Dropping the future loses nothing.
    ///
    /// The bytes of records may be shared with their neighbours': copy what is kept for long.
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivered>, LogError>;

    /// Partitions that were revoked since this was last asked. Others may have read on there; records that [`next`](Self::next) returned last
    /// came after it, in case the partition is back.
    fn take_revoked(&mut self) -> Vec<(Topic, i32)>;

    /// Stores that everything up to and including these positions is done. Positions of partitions that were revoked
    /// since they were delivered are ignored, also where the partition is back.
    async fn commit(&mut self, done: &[Position]) -> Result<(), LogError>;

    /// Goes back to the committed offsets, so that what was delivered but not committed comes again.
    async fn rewind(&mut self) -> Result<(), LogError>;
}

/// A reader without a group.
#[async_trait]
pub trait Tail: Send {
    /// As [`Subscription::next`]; also returns, perhaps without records, as soon as the tail has caught up.
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivered>, LogError>;

    /// Whether everything that was in the topic when the tail began has been returned.
    fn caught_up(&self) -> bool;

    /// By partition: a moment, as late as is known, of which everything that was then in the partition has been returned; `None` when there is
    /// none yet. It stays behind when the partition's leader does not answer, or when there is more to read. In Kafka leaders are asked every
    /// five seconds, as long as [`next`](Self::next) is called.
    fn complete_as_of(&self) -> Vec<Option<Instant>>;
}

/// The log as services hold it.
pub type SharedLog = Arc<dyn EventLog>;
