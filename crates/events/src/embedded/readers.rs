//! What services read through: membership of a group, and the tail of a topic.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{sync::Notify, time::Instant};

use super::{
    cursor::{Cursor, Lane, Lanes, deadline_after, rang_before},
    groups::MemberId,
    shared::Shared,
    topics::TopicLog,
};
use crate::{
    log::{Delivered, LogError, Position, Subscription, Tail, TailFrom},
    topic::Topic,
};

/// The group, for metrics and logs, of readers without one; as Kafka's client names it.
const TAIL: &str = "tail";

/// A member of a group.
pub(super) struct EmbeddedSubscription {
    shared: Arc<Shared>,
    group: String,
    member: MemberId,
    topics: HashMap<Topic, Arc<TopicLog>>,
    bell: Arc<Notify>,
    lanes: Lanes,
    revoked: Vec<(Topic, i32)>,
}

impl EmbeddedSubscription {
    /// Blocks for a moment: it writes where the group begins.
    pub(super) fn join(shared: Arc<Shared>, group: &str, topics: Vec<Arc<TopicLog>>) -> Self {
        let bell = Arc::new(Notify::new());
        topics.iter().for_each(|log| log.add_bell(&bell));
        let member = shared.groups.join(group, &topics, Arc::clone(&bell));
        let topics = topics.into_iter().map(|log| (log.topic, log)).collect();
        Self { shared, group: group.to_owned(), member, topics, bell, lanes: Lanes::default(), revoked: Vec::new() }
    }

    /// Follows the group's sharing out: lanes that stay keep their place, new ones start at what is committed.
    fn take_turn(&mut self) {
        let (given_up, held) = self.shared.groups.take_turn(&self.group, self.member);
        self.revoked.extend(given_up);
        self.lanes.lanes.retain(|lane| held.iter().any(|held| (held.topic, held.partition) == (lane.topic, lane.partition)));
        for held in held {
            let (topic, partition) = (held.topic, held.partition);
            let is_new = !self.lanes.lanes.iter().any(|lane| (lane.topic, lane.partition) == (topic, partition));
            let log = self.topics.get(&topic).and_then(|log| log.partitions.get(partition as usize));
            if let Some(log) = log.filter(|_| is_new) {
                self.lanes.lanes.push(Lane { topic, partition, cursor: Cursor::new(Arc::clone(log), held.committed) });
            }
        }
    }
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivered>, LogError> {
        let deadline = deadline_after(wait);
        loop {
            self.shared.refuse_when_closed()?;
            self.take_turn();
            let read = self.lanes.read(max).await;
            self.lanes.take_skipped().into_iter().for_each(|skipped| self.shared.skips.gone(&self.group, skipped));
            let records = read?;
            if !records.is_empty() || !rang_before(&self.bell, deadline).await {
                return Ok(records);
            }
        }
    }

    fn take_revoked(&mut self) -> Vec<(Topic, i32)> {
        std::mem::take(&mut self.revoked)
    }

    async fn commit(&mut self, done: &[Position]) -> Result<(), LogError> {
        self.shared.refuse_when_closed()?;
        let (shared, group, member, done) = (Arc::clone(&self.shared), self.group.clone(), self.member, done.to_vec());
        let hop =
            tokio::task::spawn_blocking(move || shared.groups.commit(&group, member, &done).map_err(|failure| shared.failure(failure)));
        hop.await.map_err(|error| LogError::Unavailable { reason: format!("committing broke off: {error}") })?
    }

    async fn rewind(&mut self) -> Result<(), LogError> {
        self.lanes.lanes.clear();
        self.take_turn();
        Ok(())
    }
}

impl Drop for EmbeddedSubscription {
    fn drop(&mut self) {
        self.shared.groups.leave(&self.group, self.member);
    }
}

/// A reader without a group.
pub(super) struct EmbeddedTail {
    shared: Arc<Shared>,
    /// By partition: where the topic ended when the tail began.
    ends: Vec<i64>,
    /// By partition: when it was last read to its end.
    complete: Vec<Option<Instant>>,
    bell: Arc<Notify>,
    lanes: Lanes,
}

impl EmbeddedTail {
    pub(super) fn start(shared: Arc<Shared>, log: &TopicLog, from: TailFrom) -> Self {
        let bell = Arc::new(Notify::new());
        log.add_bell(&bell);
        let ends: Vec<i64> = log.partitions.iter().map(|partition| partition.end()).collect();
        let lanes = (0..).zip(&log.partitions).zip(&ends).map(|((number, partition), end)| {
            let offset = match from {
                TailFrom::Start => partition.start(),
                TailFrom::End => *end,
            };
            Lane { topic: log.topic, partition: number, cursor: Cursor::new(Arc::clone(partition), offset) }
        });
        let lanes = Lanes::new(lanes.collect());
        let complete = vec![None; ends.len()];
        Self { shared, ends, complete, bell, lanes }
    }
}

#[async_trait]
impl Tail for EmbeddedTail {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivered>, LogError> {
        let deadline = deadline_after(wait);
        let was_behind = !self.caught_up();
        loop {
            self.shared.refuse_when_closed()?;
            let read = self.lanes.read(max).await;
            self.lanes.take_skipped().into_iter().for_each(|skipped| self.shared.skips.gone(TAIL, skipped));
            let records = read?;
            self.complete = self.complete_as_of();
            let has_caught_up = was_behind && self.caught_up();
            if !records.is_empty() || has_caught_up || !rang_before(&self.bell, deadline).await {
                return Ok(records);
            }
        }
    }

    fn complete_as_of(&self) -> Vec<Option<Instant>> {
        let mut complete = self.complete.clone();
        for lane in self.lanes.lanes.iter().filter(|lane| !lane.cursor.is_behind()) {
            if let Some(as_of) = complete.get_mut(lane.partition as usize) {
                *as_of = Some(Instant::now());
            }
        }
        complete
    }

    fn caught_up(&self) -> bool {
        self.lanes.lanes.iter().all(|lane| self.ends.get(lane.partition as usize).is_none_or(|end| lane.cursor.offset() >= *end))
    }
}
