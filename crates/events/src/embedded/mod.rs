//! The event log of one machine: plain files, nothing to install, nothing lost.
//!
//! ```text
//! <folder>/lock                                   held while a process uses the folder
//! <folder>/checkpoint.json                        how far the partitions were known to be on disk
//! <folder>/topics/<topic>/<partition>/<base>.log  segments, see `segment` and `frame`
//! <folder>/groups/<base>.log                      committed offsets, see `groups`
//! ```
//!
//! The first plan was a table in SQLite. With the goal of 500,000 events a second of processor time, 360 MB, that cannot work:
//! SQLite writes every byte twice, to its write-ahead log and at the next checkpoint to the database, and copies it into
//! pages on the way. A log needs none of what those pages give. Here every byte is copied once, into the file, and checked once.
//!
//! One thread writes (see `writer`): everything that waits shares one flush. Another keeps house (see `maintenance`). Readers
//! read the files themselves (see `cursor`), up to what is on disk. After a failed flush it is unknown what is on disk: the log
//! then takes nothing more until it is opened again, and says so. A failed write, as on a full disk, is undone, and later
//! ones are tried as if nothing had happened.

mod backlog;
mod compaction;
mod config;
mod cursor;
mod damage;
mod disk;
mod frame;
mod groups;
mod lock;
mod maintenance;
mod measure;
mod partition;
mod readers;
mod recovery;
mod retention;
mod segment;
mod shared;
mod tail;
#[cfg(test)]
mod tests;
mod topics;
mod writer;

use std::{
    sync::{
        Arc, Mutex,
        atomic::Ordering,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::SystemTime,
};

use async_trait::async_trait;
pub use config::EmbeddedConfig;
use tokio::sync::oneshot;
use tracing::{error, info};

use self::{
    lock::lock,
    readers::{EmbeddedSubscription, EmbeddedTail},
    shared::Shared,
    topics::TopicLog,
    writer::{Append, Request},
};
use crate::{
    admission::{Admission, weigh},
    log::{EventLog, LogError, Position, Record, Subscription, Tail, TailFrom},
    meters::LogMeters,
    topic::Topic,
};

/// The event log of one machine.
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    requests: SyncSender<Request>,
    admission: Admission,
    meters: LogMeters,
    threads: Mutex<Option<Threads>>,
}

/// The log's own threads.
struct Threads {
    writer: JoinHandle<()>,
    maintenance: JoinHandle<()>,
    /// Dropping it ends maintenance.
    stop_maintenance: SyncSender<()>,
}

/// What the log has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedStatistics {
    /// Calls of `append` that were acknowledged.
    pub appends: u64,
    /// Records that were acknowledged.
    pub records: u64,
    /// Flushes of a file to disk.
    pub syncs: u64,
    /// Calls of `append` that were refused as busy.
    pub busy: u64,
    /// Bytes handed in and not yet acknowledged.
    pub unacknowledged_bytes: usize,
}

impl EmbeddedLog {
    /// Opens the log in a folder, recovering from whatever ended the last run. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`LogError::Unusable`] when another process uses the folder or it cannot be written; [`LogError::Damaged`] when something
    /// that had been acknowledged is no longer there.
    pub fn open(config: EmbeddedConfig) -> Result<Arc<Self>, LogError> {
        let shared = Shared::open(config)?;
        info!(name: "event_log.opened", folder = %shared.config.folder.display(), "embedded event log is open");
        Self::start(Arc::new(shared))
    }

    fn start(shared: Arc<Shared>) -> Result<Arc<Self>, LogError> {
        let cannot_start = |error| LogError::Unavailable { reason: format!("cannot start a thread: {error}") };
        let (requests, to_write) = writer::sender_and_receiver();
        let writing = Arc::clone(&shared);
        let writer = std::thread::Builder::new().name("event-log-writer".to_owned());
        let writer = writer.spawn(move || writer::run(&writing, &to_write)).map_err(cannot_start)?;

        let (stop_maintenance, stop) = sync_channel(0);
        let maintaining = Arc::clone(&shared);
        let maintenance = std::thread::Builder::new().name("event-log-upkeep".to_owned());
        let maintenance = maintenance.spawn(move || maintenance::run(&maintaining, &stop)).map_err(cannot_start)?;

        let admission = Admission::new(shared.config.max_unacknowledged_bytes);
        let threads = Mutex::new(Some(Threads { writer, maintenance, stop_maintenance }));
        let meters = LogMeters::new(&admission);
        measure::export(&shared);
        Ok(Arc::new(Self { shared, requests, admission, meters, threads }))
    }

    /// Runs a maintenance pass now, as if it were `now`. The log does so by itself; this is for tests.
    ///
    /// # Errors
    /// The first failure; everything else was still tried.
    pub async fn maintain(&self, now: SystemTime) -> Result<(), LogError> {
        self.shared.refuse_when_closed()?;
        let shared = Arc::clone(&self.shared);
        blocking(move || maintenance::pass(&shared, now)).await
    }

    /// What the log has done since it was opened.
    pub fn statistics(&self) -> EmbeddedStatistics {
        let counters = &self.shared.counters;
        EmbeddedStatistics {
            appends: counters.appends.load(Ordering::Relaxed),
            records: counters.records.load(Ordering::Relaxed),
            syncs: counters.syncs.load(Ordering::Relaxed),
            busy: counters.busy.load(Ordering::Relaxed),
            unacknowledged_bytes: self.admission.under_way(),
        }
    }

    /// Hands records to the writer and waits for the disk.
    async fn write(&self, log: Arc<TopicLog>, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        let bytes = weigh(log.topic, &records)?;
        let admitted = self.admission.admit(bytes).map_err(|_| self.busy())?;
        let (done, written) = oneshot::channel();
        let places = records.iter().map(|record| log.partition_for(&record.key)).collect();
        match self.requests.try_send(Request::Append(Append { topic: log, records, places, done, admitted })) {
            Ok(()) => written.await.unwrap_or(Err(LogError::Closed)),
            Err(TrySendError::Full(_)) => Err(self.busy()),
            Err(TrySendError::Disconnected(_)) => Err(LogError::Closed),
        }
    }

    fn busy(&self) -> LogError {
        self.shared.counters.busy.fetch_add(1, Ordering::Relaxed);
        LogError::Busy
    }

    /// Ends the threads, after everything that waits is written, and lets go of the folder. Blocks.
    fn stop(shared: &Shared, requests: &SyncSender<Request>, threads: Option<Threads>) {
        let Some(Threads { writer, maintenance, stop_maintenance }) = threads else { return };
        // An error means that the thread is gone, which is what is wanted.
        let _gone = requests.send(Request::Stop);
        drop(stop_maintenance);
        if writer.join().is_err() | maintenance.join().is_err() {
            error!(name: "event_log.thread_panicked", "a thread of the event log had panicked");
        }
        if let Err(error) = shared.last_words() {
            error!(name: "event_log.checkpoint_failed", %error, "the next start takes longer");
        }
        shared.let_go_of_folder();
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.shared.close_readers();
        let threads = lock(&self.threads).take();
        Self::stop(&self.shared, &self.requests, threads);
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), LogError> {
        self.shared.refuse_when_closed()?;
        let (shared, topics) = (Arc::clone(&self.shared), topics.to_vec());
        blocking(move || topics.into_iter().try_for_each(|topic| shared.open_topic(topic))).await
    }

    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        self.shared.refuse_when_closed()?;
        self.shared.refuse_when_given_up()?;
        let log = self.shared.topic(topic)?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let (count, bytes) = (records.len(), records.iter().map(Record::size).sum());
        let outcome = self.write(log, records).await;
        self.meters.count(topic, count, bytes, &outcome);
        outcome
    }

    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, LogError> {
        self.shared.refuse_when_closed()?;
        let logs = topics.iter().map(|topic| self.shared.topic(*topic)).collect::<Result<_, _>>()?;
        let (shared, group) = (Arc::clone(&self.shared), group.to_owned());
        Ok(Box::new(blocking(move || Ok(EmbeddedSubscription::join(shared, &group, logs))).await?))
    }

    async fn tail(&self, topic: Topic, from: TailFrom) -> Result<Box<dyn Tail>, LogError> {
        self.shared.refuse_when_closed()?;
        let log = self.shared.topic(topic)?;
        Ok(Box::new(EmbeddedTail::start(Arc::clone(&self.shared), &log, from)))
    }

    async fn lag(&self, group: &str, topics: &[Topic]) -> Result<u64, LogError> {
        let mut lag = 0;
        for topic in topics {
            let log = self.shared.topic(*topic)?;
            for (number, partition) in (0..).zip(&log.partitions) {
                let done = self.shared.groups.committed(group, *topic, number).max(partition.start());
                lag += u64::try_from(partition.end() - done).unwrap_or(0);
            }
        }
        Ok(lag)
    }

    async fn check(&self) -> Result<(), LogError> {
        self.shared.refuse_when_closed()?;
        self.shared.refuse_when_given_up()?;
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.try_disk_after_failure()).await
    }

    async fn close(&self) {
        self.shared.close_readers();
        let (shared, requests, threads) = (Arc::clone(&self.shared), self.requests.clone(), lock(&self.threads).take());
        let stopped = tokio::task::spawn_blocking(move || Self::stop(&shared, &requests, threads)).await;
        if let Err(error) = stopped {
            error!(name: "event_log.close_failed", %error, "closing the event log broke off");
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, LogError> + Send + 'static) -> Result<T, LogError> {
    let broke_off = |error| LogError::Unavailable { reason: format!("work on files broke off: {error}") };
    tokio::task::spawn_blocking(work).await.map_err(broke_off)?
}
