//! What services read through: membership of a group, and the tail of a topic.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{CommitMode, Consumer, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
};
use tracing::debug;

use super::{
    complaints::unavailable,
    config::KafkaConfig,
    consumer::{Rebalances, Receiver, all_partitions, deadline_after},
    ends::Ends,
    gaps::Gaps,
    names::Names,
};
use crate::{
    log::{Delivered, LogError, Position, Subscription, Tail, TailFrom},
    meters::{SkipMeter, Skipped},
    topic::Topic,
};

const BROKER_TIMEOUT: Duration = Duration::from_secs(20);

/// A member of a group.
pub(super) struct KafkaSubscription {
    receiver: Receiver,
    group: String,
    gaps: Gaps,
    skips: SkipMeter,
    revoked: Vec<(Topic, i32)>,
}

impl KafkaSubscription {
    pub(super) fn join(config: &KafkaConfig, group: &str, topics: &[Topic]) -> Result<Self, LogError> {
        let names = config.names();
        let receiver = Receiver::new(&config.consumer(&names.group(group)), names)?;
        let topics: Vec<String> = topics.iter().map(|topic| receiver.names().topic(*topic)).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        receiver.consumer().subscribe(&topics).map_err(|error| unavailable("subscribe", &error))?;
        Ok(Self { receiver, group: group.to_owned(), gaps: Gaps::default(), skips: SkipMeter::new(), revoked: Vec::new() })
    }

    fn forget_revoked(&mut self) {
        let revoked = self.receiver.take_moved();
        revoked.iter().for_each(|place| self.gaps.forget(*place));
        self.revoked.extend(revoked);
    }
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivered>, LogError> {
        let received = self.receiver.receive(max, deadline_after(wait)).await?;
        self.forget_revoked();
        self.gaps.follow(&received.records).into_iter().for_each(|skipped| self.skips.gone(&self.group, skipped));
        Ok(received.records)
    }

    fn take_revoked(&mut self) -> Vec<(Topic, i32)> {
        std::mem::take(&mut self.revoked)
    }

    async fn commit(&mut self, done: &[Position]) -> Result<(), LogError> {
        self.forget_revoked();
        let mut next: BTreeMap<(String, i32), i64> = BTreeMap::new();
        for position in done.iter().filter(|position| self.gaps.has_delivered(**position)) {
            let offset = next.entry((self.receiver.names().topic(position.topic), position.partition)).or_default();
            *offset = (*offset).max(position.offset + 1);
        }
        let (names, first) = (self.receiver.names().clone(), self.gaps.to_compare());
        let to_compare = first.clone();
        let skipped = self.receiver.blocking(move |consumer| {
            let skipped = skipped_before(consumer, &names, &to_compare)?;
            commit(consumer, &next)?;
            Ok(skipped)
        });
        let skipped = skipped.await?;
        self.gaps.compared(&first);
        skipped.into_iter().for_each(|skipped| self.skips.gone(&self.group, skipped));
        Ok(())
    }

    async fn rewind(&mut self) -> Result<(), LogError> {
        self.gaps.rewind();
        self.receiver.blocking(rewind).await
    }
}

/// What was deleted between the group's committed offset and the first that came of each partition.
fn skipped_before(consumer: &StreamConsumer<Rebalances>, names: &Names, first: &[((Topic, i32), i64)]) -> Result<Vec<Skipped>, LogError> {
    if first.is_empty() {
        return Ok(Vec::new());
    }
    let mut places = TopicPartitionList::with_capacity(first.len());
    for ((topic, partition), _) in first {
        places.add_partition(&names.topic(*topic), *partition);
    }
    let committed = consumer.committed_offsets(places, BROKER_TIMEOUT).map_err(|error| unavailable("read offsets", &error))?;
    let skipped = first.iter().filter_map(|((topic, partition), offset)| {
        let Offset::Offset(from) = committed.find_partition(&names.topic(*topic), *partition)?.offset() else { return None };
        (from < *offset).then_some(Skipped { topic: *topic, partition: *partition, from, to: *offset })
    });
    Ok(skipped.collect())
}

fn commit(consumer: &StreamConsumer<Rebalances>, next: &BTreeMap<(String, i32), i64>) -> Result<(), LogError> {
    let held = consumer.assignment().map_err(|error| unavailable("commit", &error))?;
    let mut offsets = TopicPartitionList::new();
    for ((topic, partition), offset) in next.iter().filter(|((topic, partition), _)| held.find_partition(topic, *partition).is_some()) {
        let added = offsets.add_partition_offset(topic, *partition, Offset::Offset(*offset));
        added.map_err(|error| unavailable("commit", &error))?;
    }
    if offsets.count() == 0 {
        return Ok(());
    }
    match consumer.commit(&offsets, CommitMode::Sync) {
        Ok(()) => Ok(()),
        Err(KafkaError::ConsumerCommit(code)) if means_taken_away(code) => {
            debug!(name: "event_log.commit_ignored", %code, "the group is rebalancing; what was done may be delivered once more");
            Ok(())
        }
        Err(error) => Err(unavailable("commit", &error)),
    }
}

/// The broker no longer knows this member under this sharing out.
fn means_taken_away(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::IllegalGeneration
            | RDKafkaErrorCode::UnknownMemberId
            | RDKafkaErrorCode::RebalanceInProgress
            | RDKafkaErrorCode::FencedInstanceId
            | RDKafkaErrorCode::NoOffset
    )
}

fn rewind(consumer: &StreamConsumer<Rebalances>) -> Result<(), LogError> {
    let cannot = |error: KafkaError| unavailable("rewind", &error);
    let held = consumer.assignment().map_err(cannot)?;
    if held.count() == 0 {
        return Ok(());
    }
    let committed = consumer.committed_offsets(held, BROKER_TIMEOUT).map_err(cannot)?;
    let mut targets = TopicPartitionList::new();
    for element in committed.elements() {
        let target = if matches!(element.offset(), Offset::Offset(_)) { element.offset() } else { Offset::Beginning };
        targets.add_partition_offset(element.topic(), element.partition(), target).map_err(cannot)?;
    }
    let sought = consumer.seek_partitions(targets, BROKER_TIMEOUT).map_err(cannot)?;
    for element in sought.elements() {
        match element.error() {
            // Not yet fetching, so nothing was delivered and it will start at the committed offset anyway.
            Ok(()) | Err(KafkaError::OffsetFetch(RDKafkaErrorCode::State)) => {}
            Err(error) => return Err(cannot(error)),
        }
    }
    Ok(())
}

/// A reader without a group.
pub(super) struct KafkaTail {
    receiver: Receiver,
    /// Partitions with records from before the tail began that are not delivered yet, and where those end.
    behind: BTreeMap<i32, i64>,
    topic: String,
    ends: Ends,
}

impl KafkaTail {
    pub(super) async fn start(config: &KafkaConfig, topic: Topic, from: TailFrom) -> Result<Self, LogError> {
        // The client wants a group to receive anything; this one never joins or commits.
        let names = config.names();
        let mut settings = config.consumer(&names.group("tail"));
        settings.set("enable.partition.eof", "true");
        let receiver = Receiver::new(&settings, names)?;
        let name = receiver.names().topic(topic);
        let (asked, topic) = (tokio::time::Instant::now(), name.clone());
        let partitions = receiver.blocking(move |consumer| assign(consumer, &name, from)).await?;
        let not_empty = (0..).zip(&partitions).filter(|(_, (next, end))| end > next);
        let behind = not_empty.map(|(partition, (_, end))| (partition, *end)).collect();
        Ok(Self { receiver, behind, topic, ends: Ends::new(&partitions, asked) })
    }
}

/// Assigns all partitions and answers where in each of them reading begins, and where it ends. Fails while one of them has no leader, so that
/// what is in it is not missed.
fn assign(consumer: &StreamConsumer<Rebalances>, name: &str, from: TailFrom) -> Result<Vec<(i64, i64)>, LogError> {
    let cannot = |error: KafkaError| unavailable("read", &error);
    let metadata = consumer.fetch_metadata(Some(name), BROKER_TIMEOUT).map_err(cannot)?;
    let count = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    // A broker that has not yet heard of a new topic says so.
    if count == 0 {
        return Err(LogError::Unavailable { reason: format!("kafka: topic {name} has no partitions yet") });
    }
    let mut assignment = all_partitions(name, count);
    let mut partitions = Vec::with_capacity(count);
    for partition in 0..count as i32 {
        let (low, high) = watermarks(consumer, name, partition).map_err(cannot)?;
        let (offset, next) = match from {
            TailFrom::Start => (Offset::Beginning, low),
            TailFrom::End => (Offset::Offset(high), high),
        };
        assignment.set_partition_offset(name, partition, offset).map_err(cannot)?;
        partitions.push((next, high));
    }
    consumer.assign(&assignment).map_err(cannot)?;
    Ok(partitions)
}

#[async_trait]
impl Tail for KafkaTail {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivered>, LogError> {
        let deadline = deadline_after(wait);
        let was_behind = !self.caught_up();
        loop {
            self.ends.ask(self.receiver.consumer(), &self.topic);
            let received = self.receiver.receive(max, deadline).await?;
            for Position { partition, offset, .. } in received.records.iter().map(|record| record.position) {
                self.ends.returned(partition, offset);
                if self.behind.get(&partition).is_some_and(|end| offset + 1 >= *end) {
                    self.behind.remove(&partition);
                }
            }
            // The last records may have been compacted away, so that only the end itself tells.
            for partition in &received.ended {
                self.behind.remove(partition);
                self.ends.ended(*partition);
            }
            self.ends.compare();
            let time_is_over = received.records.is_empty() && received.ended.is_empty();
            if !received.records.is_empty() || time_is_over || was_behind && self.caught_up() {
                return Ok(received.records);
            }
        }
    }

    fn caught_up(&self) -> bool {
        self.behind.is_empty()
    }

    fn complete_as_of(&self) -> Vec<Option<tokio::time::Instant>> {
        self.ends.complete_as_of()
    }
}

/// Where a partition begins and ends. Blocks.
///
/// The leader of a partition that was just made, or that another broker led a moment ago, may not know yet that it is.
fn watermarks(consumer: &impl Consumer<Rebalances>, name: &str, partition: i32) -> Result<(i64, i64), KafkaError> {
    let deadline = Instant::now() + BROKER_TIMEOUT;
    loop {
        match consumer.client().fetch_watermarks(name, partition, BROKER_TIMEOUT) {
            Err(KafkaError::MetadataFetch(code)) if is_being_settled(code) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(100));
            }
            answer => return answer,
        }
    }
}

fn is_being_settled(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::NotLeaderForPartition | RDKafkaErrorCode::LeaderNotAvailable | RDKafkaErrorCode::UnknownTopicOrPartition
    )
}

/// How many records the group has still to commit. Blocks.
pub(super) fn lag(consumer: &impl Consumer<Rebalances>, name: &str) -> Result<u64, LogError> {
    let cannot = |error: KafkaError| unavailable("read offsets", &error);
    let metadata = consumer.client().fetch_metadata(Some(name), BROKER_TIMEOUT).map_err(cannot)?;
    let count = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    let committed = consumer.committed_offsets(all_partitions(name, count), BROKER_TIMEOUT).map_err(cannot)?;
    let mut lag = 0;
    for element in committed.elements() {
        let (low, high) = watermarks(consumer, name, element.partition()).map_err(cannot)?;
        let done = if let Offset::Offset(done) = element.offset() { done.max(low) } else { low };
        lag += u64::try_from(high - done).unwrap_or(0);
    }
    Ok(lag)
}
