//! A log that fails on command.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use events::{Delivered, EventLog, LogError, Position, Record, SharedLog, Subscription, Tail, TailFrom, Topic};
use runtime::GatewayId;
use tokio::time::Instant;

/// What happens to batches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// They are written.
    Good,
    /// Refused as busy.
    Busy,
    /// Refused as full.
    Full,
    /// Refused as unavailable.
    Away,
    /// Written, but only after a while.
    Slow(Duration),
}

pub struct UnreliableLog {
    inner: SharedLog,
    mood: Mutex<Mood>,
    directory_away: AtomicBool,
    cut_off: Arc<AtomicBool>,
    /// How often the directory still fails to be read on.
    troubles: Arc<AtomicUsize>,
    asked: AtomicUsize,
}

/// The directory's topic, as if it had two partitions, the second of which can be cut off.
struct TwoPartitions {
    inner: Box<dyn Tail>,
    cut_off: Arc<AtomicBool>,
    troubles: Arc<AtomicUsize>,
    /// What comes once it no longer is.
    held: Vec<Delivered>,
}

/// The partition of a gateway, of the two.
pub fn partition_of(gateway: GatewayId) -> i32 {
    partition(gateway.to_string().as_bytes())
}

fn partition(key: &[u8]) -> i32 {
    i32::from(key.last().is_some_and(|last| last % 2 == 1))
}

#[async_trait]
impl Tail for TwoPartitions {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivered>, LogError> {
        if self.troubles.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(LogError::Unavailable { reason: "as the test wants it".to_owned() });
        }
        // The log's own partitions do not matter here.
        let mut delivered = self.inner.next(max, wait.min(Duration::from_millis(50))).await?;
        delivered.iter_mut().for_each(|delivered| delivered.position.partition = partition(&delivered.record.key));
        self.held.append(&mut delivered);
        let is_cut_off = self.cut_off.load(Ordering::Relaxed);
        let (come, held) = self.held.drain(..).partition(|delivered| !is_cut_off || delivered.position.partition == 0);
        self.held = held;
        Ok(come)
    }

    fn caught_up(&self) -> bool {
        self.inner.caught_up()
    }

    fn complete_as_of(&self) -> Vec<Option<Instant>> {
        let answers = self.inner.complete_as_of();
        // The fewest that are known of all.
        let all = answers.iter().copied().min().flatten();
        let is_cut_off = self.cut_off.load(Ordering::Relaxed) || !self.held.is_empty();
        vec![all, all.filter(|_| !is_cut_off)]
    }
}

impl UnreliableLog {
    pub fn over(inner: SharedLog) -> Self {
        Self {
            inner,
            mood: Mutex::new(Mood::Good),
            directory_away: AtomicBool::new(false),
            cut_off: Arc::default(),
            troubles: Arc::default(),
            asked: AtomicUsize::new(0),
        }
    }

    pub fn set_mood(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Returns when a batch has been handed over, whatever becomes of it.
    pub async fn asked(&self) {
        let until_asked = async {
            while self.asked.load(Ordering::Relaxed) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(testkit::PATIENCE, until_asked).await.expect("a batch should reach the log");
    }

    /// Whether nothing comes of the second partition of the directory.
    pub fn set_cut_off(&self, cut_off: bool) {
        self.cut_off.store(cut_off, Ordering::Relaxed);
    }

    /// How often reading the directory on fails from now on.
    pub fn set_troubles(&self, times: usize) {
        self.troubles.store(times, Ordering::Relaxed);
    }

    /// Whether some are still to come.
    pub fn has_troubles(&self) -> bool {
        self.troubles.load(Ordering::Relaxed) > 0
    }

    /// Whether tails can be opened.
    pub fn set_directory_away(&self, away: bool) {
        self.directory_away.store(away, Ordering::Relaxed);
    }
}

#[async_trait]
impl EventLog for UnreliableLog {
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), LogError> {
        self.inner.ensure_topics(topics).await
    }

    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        let mood = *self.mood.lock().unwrap();
        self.asked.fetch_add(usize::from(topic == Topic::TelemetryBatch), Ordering::Relaxed);
        match mood {
            _ if topic != Topic::TelemetryBatch => {}
            Mood::Good => {}
            Mood::Busy => return Err(LogError::Busy),
            Mood::Full => return Err(LogError::Full { topic, group: "network-monitor".to_owned() }),
            Mood::Away => return Err(LogError::Unavailable { reason: "as the test wants it".to_owned() }),
            Mood::Slow(pause) => tokio::time::sleep(pause).await,
        }
        self.inner.append(topic, records).await
    }

    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, LogError> {
        self.inner.subscribe(group, topics).await
    }

    async fn tail(&self, topic: Topic, from: TailFrom) -> Result<Box<dyn Tail>, LogError> {
        if topic == Topic::Gateway && self.directory_away.load(Ordering::Relaxed) {
            return Err(LogError::Unavailable { reason: "as the test wants it".to_owned() });
        }
        let inner = self.inner.tail(topic, from).await?;
        if topic != Topic::Gateway {
            return Ok(inner);
        }
        Ok(Box::new(TwoPartitions { inner, cut_off: Arc::clone(&self.cut_off), troubles: Arc::clone(&self.troubles), held: Vec::new() }))
    }

    async fn lag(&self, group: &str, topics: &[Topic]) -> Result<u64, LogError> {
        self.inner.lag(group, topics).await
    }

    async fn check(&self) -> Result<(), LogError> {
        self.inner.check().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
