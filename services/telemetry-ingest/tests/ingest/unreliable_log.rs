//! A log that fails on command.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use events::{EventLog, LogError, Position, Record, SharedLog, Subscription, Tail, TailFrom, Topic};

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
    asked: AtomicUsize,
}

impl UnreliableLog {
    pub fn over(inner: SharedLog) -> Self {
        Self { inner, mood: Mutex::new(Mood::Good), directory_away: AtomicBool::new(false), asked: AtomicUsize::new(0) }
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
        self.inner.tail(topic, from).await
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
