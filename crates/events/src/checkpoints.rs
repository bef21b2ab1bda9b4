//! The checkpoints of audit trails in a topic of the event log: a place that all replicas share, on other machines than the databases.
//!
//! Kafka is there already, replicates what it takes, and its brokers keep who may write apart from who may delete: services may only
//! append. The embedded log is in the same folder as the SQLite files, so there the topic would add nothing to the file.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use storage::audit::{Anchor, AnchorError};

use crate::{
    log::{LogError, Record, SharedLog, TailFrom},
    topic::Topic,
};

const AT_ONCE: usize = 100;
const WAIT: Duration = Duration::from_secs(5);

/// `audit.checkpoint.v1` as a place for checkpoints.
pub struct CheckpointTopic(pub SharedLog);

impl fmt::Debug for CheckpointTopic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("CheckpointTopic").finish_non_exhaustive()
    }
}

#[async_trait]
impl Anchor for CheckpointTopic {
    fn place(&self) -> String {
        format!("topic {}", Topic::AuditCheckpoint)
    }

    async fn keep(&self, note: &str) -> Result<(), AnchorError> {
        // The first line names the service and the series.
        let series = note.lines().next().unwrap_or_default();
        let key = Bytes::copy_from_slice(series.as_bytes());
        let record = Record { key, headers: Vec::new(), value: Some(Bytes::copy_from_slice(note.as_bytes())) };
        self.0.append(Topic::AuditCheckpoint, vec![record]).await.map(drop).map_err(|error| self.failed(&error))
    }

    async fn read(&self, each: &mut (dyn for<'n> FnMut(&'n str) + Send)) -> Result<(), AnchorError> {
        let mut tail = self.0.tail(Topic::AuditCheckpoint, TailFrom::Start).await.map_err(|error| self.failed(&error))?;
        while !tail.caught_up() {
            for delivered in tail.next(AT_ONCE, WAIT).await.map_err(|error| self.failed(&error))? {
                each(&String::from_utf8_lossy(delivered.record.value.as_deref().unwrap_or_default()));
            }
        }
        Ok(())
    }
}

impl CheckpointTopic {
    fn failed(&self, error: &LogError) -> AnchorError {
        AnchorError::new(self.place(), error)
    }
}
