//! Receiving: what membership of a group and a tail have in common.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use chrono::DateTime;
use futures::{FutureExt, StreamExt};
use rdkafka::{
    ClientConfig, ClientContext, Message, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, ConsumerContext, Rebalance, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers},
};
use tokio::time::{Instant, timeout_at};
use tracing::{debug, warn};

use super::{complaints::unavailable, names::Names};
use crate::{
    log::{Delivered, LogError, Position, Record},
    topic::Topic,
};

/// A batch ends after the record that passes this many bytes.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Longest wait that the timer takes.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// A consumer and what it heard of rebalances.
pub(super) struct Receiver {
    consumer: Arc<StreamConsumer<Rebalances>>,
    names: Names,
}

/// Notes the partitions that were revoked, so that nothing of them is delivered any more.
#[derive(Default)]
pub(super) struct Rebalances {
    taken_away: Mutex<BTreeSet<(String, i32)>>,
    /// The same, for who follows the offsets of each partition.
    moved: Mutex<BTreeSet<(String, i32)>>,
}

impl ClientContext for Rebalances {
    fn error(&self, error: KafkaError, reason: &str) {
        // Told here as well as where records come, and no trouble: a tail has caught up.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        warn!(name: "event_log.kafka_error", %error, reason, "the kafka client will go on trying");
    }
}

impl ConsumerContext for Rebalances {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        debug!(name: "event_log.rebalanced", ?rebalance, "partitions are rebalanced");
        if let Rebalance::Revoke(partitions) = rebalance {
            for revoked in [&self.taken_away, &self.moved] {
                let places = partitions.elements();
                let places = places.iter().map(|element| (element.topic().to_owned(), element.partition()));
                revoked.lock().unwrap_or_else(PoisonError::into_inner).extend(places);
            }
        }
    }
}

/// What came of receiving.
#[derive(Default)]
pub(super) struct Received {
    pub records: Vec<Delivered>,
    /// Partitions whose end was reached; only with `enable.partition.eof`.
    pub ended: Vec<i32>,
}

impl Receiver {
    pub(super) fn new(config: &ClientConfig, names: Names) -> Result<Self, LogError> {
        let unusable = |error: KafkaError| LogError::Unusable { reason: format!("kafka settings: {error}") };
        let consumer = StreamConsumer::from_config_and_context(config, Rebalances::default()).map_err(unusable)?;
        Ok(Self { consumer: Arc::new(consumer), names })
    }

    pub(super) fn consumer(&self) -> &Arc<StreamConsumer<Rebalances>> {
        &self.consumer
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Waits for a first record or the end of a partition and takes what else is there already.
    pub(super) async fn receive(&self, max: usize, deadline: Instant) -> Result<Received, LogError> {
        let consumer = &self.consumer;
        let mut messages = consumer.stream();
        let mut received = Received::default();
        let mut bytes = 0;
        while received.records.len() < max && bytes < BATCH_BYTES {
            let nothing_yet = received.records.is_empty() && received.ended.is_empty();
            let next = if nothing_yet { timeout_at(deadline, messages.next()).await.ok() } else { messages.next().now_or_never() };
            self.forget_taken_away(&mut received);
            match next.flatten() {
                None => break,
                Some(Ok(message)) => {
                    let Some(delivered) = delivered(&message, &self.names) else { continue };
                    bytes += delivered.record.size();
                    received.records.push(delivered);
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => received.ended.push(partition),
                Some(Err(error)) if is_about_one_broker(&error) => {
                    debug!(name: "event_log.broker_away", %error, "one broker does not answer, the client tries it again");
                }
                Some(Err(error)) if nothing_yet => return Err(unavailable("receive", &error)),
                Some(Err(error)) => {
                    warn!(name: "event_log.kafka_error", %error, "delivering what came before the error");
                    break;
                }
            }
        }
        Ok(received)
    }

    /// Takes back records of partitions that were revoked while this batch was gathered: someone else gets them now.
    fn forget_taken_away(&self, received: &mut Received) {
        let context = rdkafka::consumer::Consumer::client(&*self.consumer).context();
        let taken_away = std::mem::take(&mut *context.taken_away.lock().unwrap_or_else(PoisonError::into_inner));
        if !taken_away.is_empty() {
            let place = |record: &Delivered| (self.names.topic(record.position.topic), record.position.partition);
            received.records.retain(|record| !taken_away.contains(&place(record)));
        }
    }

    /// Partitions that were revoked since this was last asked; they may have come back since.
    pub(super) fn take_moved(&self) -> Vec<(Topic, i32)> {
        let context = rdkafka::consumer::Consumer::client(&*self.consumer).context();
        let moved = std::mem::take(&mut *context.moved.lock().unwrap_or_else(PoisonError::into_inner));
        moved.into_iter().filter_map(|(name, partition)| Some((self.names.parse(&name)?, partition))).collect()
    }

    /// Runs a call that waits for the brokers where it blocks no other task.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&StreamConsumer<Rebalances>) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let consumer = Arc::clone(&self.consumer);
        let hop = tokio::task::spawn_blocking(move || {
            let outcome = work(&consumer);
            // The consumer may be the last of its kind by now; letting go of it waits for the brokers too.
            drop(consumer);
            outcome
        });
        hop.await.map_err(|error| LogError::Unavailable { reason: format!("waiting for kafka broke off: {error}") })?
    }
}

impl Drop for Receiver {
    /// Leaving a group waits for the brokers, which must not hold up an async thread. The runtime waits for it when it ends.
    fn drop(&mut self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let consumer = Arc::clone(&self.consumer);
            runtime.spawn_blocking(move || {
                // The last to let go does the waiting, and that must be this thread.
                while Arc::strong_count(&consumer) > 1 {
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
    }
}

/// Whether the others may still serve: the client moves over to them by itself. That none does is an error of its own.
fn is_about_one_broker(error: &KafkaError) -> bool {
    matches!(error, KafkaError::MessageConsumption(RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve))
}

/// A moment after `wait`.
pub(super) fn deadline_after(wait: Duration) -> Instant {
    Instant::now() + wait.min(LONGEST_WAIT)
}

/// A list of all partitions of a topic.
pub(super) fn all_partitions(name: &str, count: usize) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(count);
    for partition in 0..count as i32 {
        list.add_partition(name, partition);
    }
    list
}

fn delivered(message: &BorrowedMessage<'_>, names: &Names) -> Option<Delivered> {
    let topic: Topic = names.parse(message.topic())?;
    let headers = message.headers().map(|headers| {
        let pairs = headers.iter().map(|header| (header.key.to_owned(), Bytes::copy_from_slice(header.value.unwrap_or_default())));
        pairs.collect()
    });
    Some(Delivered {
        position: Position { topic, partition: message.partition(), offset: message.offset() },
        time: message.timestamp().to_millis().and_then(DateTime::from_timestamp_millis).unwrap_or_default(),
        record: Record {
            key: Bytes::copy_from_slice(message.key().unwrap_or_default()),
            headers: headers.unwrap_or_default(),
            value: message.payload().map(Bytes::copy_from_slice),
        },
    })
}
