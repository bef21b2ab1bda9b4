//! A topic's partitions and who is told when something arrives.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{
    lock::lock,
    partition::{Partition, PartitionOptions},
    recovery::{self, Checkpoint},
};
use crate::{log::LogError, topic::Topic};

/// A topic.
#[derive(Debug)]
pub(super) struct TopicLog {
    pub topic: Topic,
    /// By number. More than the table says when the table once said more: the old ones are still read.
    pub partitions: Vec<Arc<Partition>>,
    /// How many of the partitions are written.
    spread: usize,
    next_without_key: AtomicUsize,
    bells: Mutex<Vec<Weak<Notify>>>,
}

impl TopicLog {
    /// Opens all partitions of the topic under `topics_folder`.
    pub(super) fn open(
        topic: Topic,
        topics_folder: &Path,
        segment_bytes: u64,
        syncs: &Arc<AtomicU64>,
        checkpoint: &Checkpoint,
        now_micros: i64,
    ) -> Result<Self, LogError> {
        let spec = topic.spec();
        let folder = topics_folder.join(spec.name);
        let spread = usize::try_from(spec.embedded_partitions).unwrap_or(1).max(1);
        let partitions = (0..)
            .map(|number: usize| (number, folder.join(number.to_string())))
            .take_while(|(number, folder)| *number < spread || folder.is_dir())
            .map(|(number, folder)| {
                let label = format!("{}/{number}", spec.name);
                let options = PartitionOptions { label, folder, segment_bytes, syncs: Arc::clone(syncs) };
                recovery::open(options, checkpoint, now_micros).map(Arc::new)
            });
        let partitions = partitions.collect::<Result<_, _>>()?;
        Ok(Self { topic, partitions, spread, next_without_key: AtomicUsize::default(), bells: Mutex::default() })
    }

    /// The number of the partition for a key.
    pub(super) fn partition_for(&self, key: &Bytes) -> usize {
        if key.is_empty() {
            self.next_without_key.fetch_add(1, Ordering::Relaxed) % self.spread
        } else {
            crc32fast::hash(key) as usize % self.spread
        }
    }

    /// Rings this bell whenever records become visible, as long as it exists.
    pub(super) fn add_bell(&self, bell: &Arc<Notify>) {
        lock(&self.bells).push(Arc::downgrade(bell));
    }

    /// Wakes all readers.
    pub(super) fn ring(&self) {
        lock(&self.bells).retain(|bell| bell.upgrade().inspect(|bell| bell.notify_one()).is_some());
    }
}
