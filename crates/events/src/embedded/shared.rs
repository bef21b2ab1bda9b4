//! What the log's threads and readers share: the topics, the groups, and the log's own state.

use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use tracing::error;

use super::{
    backlog::Backlog,
    config::EmbeddedConfig,
    disk::{self, WriteFailure},
    frame::{before, micros},
    groups::Groups,
    lock::lock,
    partition::{OnDamage, PartitionOptions},
    recovery::{self, Checkpoint},
    topics::TopicLog,
};
use crate::{log::LogError, meters::SkipMeter, topic::Topic};

/// Segments of committed offsets are small, since all of them are read at start.
const OFFSETS_SEGMENT_BYTES: u64 = 1024 * 1024;

/// How long after opening every group that ever was may still come: services migrate their databases before they read.
const START: Duration = Duration::from_secs(60 * 60);

/// What the log's threads and readers share.
pub(super) struct Shared {
    pub config: EmbeddedConfig,
    topics: RwLock<HashMap<Topic, Arc<TopicLog>>>,
    pub groups: Groups,
    pub counters: Counters,
    /// When the log was opened, in µs since 1970.
    pub opened_micros: i64,
    /// What is kept for groups that have not read it.
    pub backlog: Backlog,
    pub skips: SkipMeter,
    closed: AtomicBool,
    /// Why the log takes nothing more, once it does not.
    given_up: OnceLock<String>,
    /// The last write that failed without one succeeding since.
    pub last_failure: Mutex<Option<String>>,
    pub last_checkpoint: Mutex<Checkpoint>,
    pub maintaining: Mutex<()>,
    /// Held open while the folder is ours.
    folder_lock: Mutex<Option<File>>,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub appends: AtomicU64,
    pub records: AtomicU64,
    pub busy: AtomicU64,
    pub syncs: Arc<AtomicU64>,
}

impl Shared {
    /// Takes the folder and recovers what is in it.
    pub(super) fn open(config: EmbeddedConfig) -> Result<Self, LogError> {
        config.validate()?;
        let now_micros = micros(SystemTime::now());
        let folder_lock = take_folder(&config)?;
        let checkpoint = Checkpoint::load(&config.folder);
        let counters = Counters::default();

        let offsets = PartitionOptions {
            label: "groups".to_owned(),
            folder: config.folder.join("groups"),
            segment_bytes: OFFSETS_SEGMENT_BYTES,
            // A lost offset repeats deliveries, and they are not flushed one by one, so that a power cut may leave anything.
            on_damage: OnDamage::SetAside,
            syncs: Arc::clone(&counters.syncs),
        };
        let groups = Groups::load(Arc::new(recovery::open(offsets, &checkpoint, now_micros)?))?;
        let shared = Self {
            topics: RwLock::default(),
            groups,
            counters,
            opened_micros: now_micros,
            backlog: Backlog::default(),
            skips: SkipMeter::new(),
            closed: AtomicBool::new(false),
            given_up: OnceLock::new(),
            last_failure: Mutex::default(),
            last_checkpoint: Mutex::new(checkpoint),
            maintaining: Mutex::default(),
            folder_lock: Mutex::new(Some(folder_lock)),
            config,
        };
        for &topic in Topic::EVERY {
            if shared.topics_folder().join(topic.spec().name).is_dir() {
                shared.open_topic(topic)?;
            }
        }
        Ok(shared)
    }

    /// How long a group lives after it was last seen.
    pub(super) fn group_expiry(&self) -> Duration {
        Duration::from_secs(self.config.group_expiry_hours.saturating_mul(60 * 60))
    }

    /// Groups that were seen since then live.
    pub(super) fn living_since(&self, now_micros: i64) -> i64 {
        // While the process was stopped nobody could be seen.
        let has_just_opened = self.opened_micros > before(now_micros, START);
        if has_just_opened { i64::MIN } else { before(now_micros, self.group_expiry()) }
    }

    fn topics_folder(&self) -> PathBuf {
        self.config.folder.join("topics")
    }

    pub(super) fn open_topic(&self, topic: Topic) -> Result<(), LogError> {
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        if topics.contains_key(&topic) {
            return Ok(());
        }
        let now_micros = micros(SystemTime::now());
        let checkpoint = lock(&self.last_checkpoint);
        let syncs = &self.counters.syncs;
        let log = TopicLog::open(topic, &self.topics_folder(), &self.config, syncs, &checkpoint, now_micros)?;
        topics.insert(topic, Arc::new(log));
        Ok(())
    }

    pub(super) fn topic(&self, topic: Topic) -> Result<Arc<TopicLog>, LogError> {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        let unknown = || LogError::Unavailable { reason: format!("topic {topic} has not been made; call ensure_topics first") };
        topics.get(&topic).cloned().ok_or_else(unknown)
    }

    pub(super) fn all_topics(&self) -> Vec<Arc<TopicLog>> {
        self.topics.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(super) fn refuse_when_closed(&self) -> Result<(), LogError> {
        if self.closed.load(Ordering::Acquire) { Err(LogError::Closed) } else { Ok(()) }
    }

    pub(super) fn refuse_when_given_up(&self) -> Result<(), LogError> {
        let reason = self.given_up.get().cloned();
        reason.map_or(Ok(()), |reason| Err(LogError::Unavailable { reason }))
    }

    /// Takes nothing more and answers why.
    pub(super) fn give_up(&self, reason: &str) -> String {
        let reason = format!("{reason}; the event log takes nothing more: check the disk and restart");
        if self.given_up.set(reason.clone()).is_ok() {
            error!(name: "event_log.given_up", reason, "what is on disk is unknown");
        }
        self.given_up.get().cloned().unwrap_or(reason)
    }

    pub(super) fn failure(&self, failure: WriteFailure) -> LogError {
        let reason = match failure {
            WriteFailure::Undone(reason) => reason,
            WriteFailure::Unknown(reason) => self.give_up(&reason),
        };
        LogError::Unavailable { reason }
    }

    /// After a failed write, tries whether the disk takes a small file again.
    pub(super) fn try_disk_after_failure(&self) -> Result<(), LogError> {
        if lock(&self.last_failure).is_none() {
            return Ok(());
        }
        let probe = self.config.folder.join("probe");
        disk::replace(probe.clone(), &[0; 64 * 1024])?;
        disk::remove(&probe)?;
        lock(&self.last_failure).take();
        Ok(())
    }

    /// Lets the next process have the folder.
    pub(super) fn let_go_of_folder(&self) {
        lock(&self.folder_lock).take();
    }

    pub(super) fn close_readers(&self) {
        self.closed.store(true, Ordering::Release);
        self.all_topics().iter().for_each(|log| log.ring());
    }

    /// Notes how far everything is on disk, so that the next start has nothing to check.
    pub(super) fn last_words(&self) -> Result<(), LogError> {
        let offsets = self.groups.partition();
        offsets.settle().map_err(|failure| self.failure(failure))?;
        let mut checkpoint = Checkpoint::default();
        checkpoint.note(offsets);
        self.all_topics().iter().flat_map(|log| &log.partitions).for_each(|partition| checkpoint.note(partition));
        checkpoint.store(&self.config.folder)
    }
}

/// Makes sure that no other process uses the folder.
fn take_folder(config: &EmbeddedConfig) -> Result<File, LogError> {
    let folder = &config.folder;
    let unusable = |error: std::io::Error| LogError::Unusable { reason: format!("cannot use folder {}: {error}", folder.display()) };
    fs::create_dir_all(folder).map_err(unusable)?;
    disk::flush_parents(folder, 1)?;
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(LogError::Unusable {
            reason: format!("another process uses folder {}; stop it or choose another folder", folder.display()),
        }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
