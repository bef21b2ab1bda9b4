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
    config::EmbeddedConfig,
    lock::lock,
    partition::{OnDamage, Partition, PartitionOptions},
    recovery::{self, Checkpoint},
};
use crate::{
    log::LogError,
    topic::{Cleanup, Topic},
};

/// A topic.
#[derive(Debug)]
pub(super) struct TopicLog {
    pub topic: Topic,
    /// By number. More than the table says when the table once said more: the old ones are still read.
    pub partitions: Vec<Arc<Partition>>,
    /// Bytes that a partition keeps at most; `None` for a compacted topic, which is as large as its state.
    pub max_bytes: Option<u64>,
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
        config: &EmbeddedConfig,
        syncs: &Arc<AtomicU64>,
        checkpoint: &Checkpoint,
        now_micros: i64,
    ) -> Result<Self, LogError> {
        let spec = topic.spec();
        let folder = topics_folder.join(spec.name);
        let spread = usize::try_from(spec.embedded_partitions).unwrap_or(1).max(1);
        let on_damage = match spec.cleanup {
            Cleanup::Compact => OnDamage::Refuse,
            Cleanup::Retain { .. } => OnDamage::SetAside,
        };
        let partitions = (0..)
            .map(|number: usize| (number, folder.join(number.to_string())))
            .take_while(|(number, folder)| *number < spread || folder.is_dir())
            .map(|(number, folder)| {
                let label = format!("{}/{number}", spec.name);
                let options = PartitionOptions { label, folder, segment_bytes: config.segment_bytes, on_damage, syncs: Arc::clone(syncs) };
                recovery::open(options, checkpoint, now_micros).map(Arc::new)
            });
        let partitions = partitions.collect::<Result<_, _>>()?;
        let max_bytes = match spec.cleanup {
            Cleanup::Compact => None,
            Cleanup::Retain { max_bytes, .. } => Some(config.max_partition_bytes.map_or(max_bytes, |most| most.min(max_bytes))),
        };
        Ok(Self { topic, partitions, max_bytes, spread, next_without_key: AtomicUsize::default(), bells: Mutex::default() })
    }

    /// The partition of this number.
    pub(super) fn partition(&self, number: i32) -> Option<&Arc<Partition>> {
        self.partitions.get(usize::try_from(number).ok()?)
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
