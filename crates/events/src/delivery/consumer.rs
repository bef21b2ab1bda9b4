//! The consumer loop: records in, effects and inbox rows in one transaction, then the offset.
//!
//! A consumer is several members of its group, so that partitions are processed side by side: each member has partitions of its own, works on one
//! of them at a time, and commits it before the next. Of what was received of a partition, schools with little come first ([`order`](super::order)).
//!
//! Several records share a transaction, as many as the handler thinks one should write. When one of them cannot be processed, all are undone and
//! each is tried by itself, so that only the bad one goes to the dead letters. A transient error (the database is unavailable) rolls back and
//! retries after a pause. A record that takes too long, or of which the process dies, is quarantined: a dead letter too, after few tries; what
//! its school sends within the next hour comes last and gets less time ([`suspects`](super::suspects)).
//! Every record ends in one counted outcome: handled, duplicate, dead_lettered or quarantined.
//!
//! Offsets are committed after the effect, so a crash in between delivers again, and the inbox drops the duplicate.

use std::{collections::HashMap, sync::Arc, time::Duration};

use runtime::{Clock, Ids, Shutdown};
use sea_orm::DatabaseBackend;
use storage::Database;
use tokio::{sync::Semaphore, time::Instant};
use uuid::Uuid;

use super::{
    attempt::Worker,
    backoff::Backoff,
    handler::{Handler, Trouble},
    outbox::LogHandle,
    outcomes::Outcomes,
    processing::Abandoned,
    quarantine::Holder,
    settings::ConsumerConfig,
    suspects::Suspects,
    turn::{Place, Turn},
};
use crate::{Delivered, LogError, Position, Subscription, Topic};

/// How long a look for records takes when there are none; a shutdown ends it at once.
const WAIT: Duration = Duration::from_secs(5);
/// How often the lag is measured; in Kafka that asks every partition's leader.
const LAG_EVERY: Duration = Duration::from_secs(30);
/// Failures in a row before the consumer joins its group again.
const FAILURES_BORNE: u32 = 5;

/// Reads topics for a service.
#[derive(Debug)]
pub struct Consumer<H> {
    /// The service and group: `network-monitor`. Also the name in the inbox and the dead letters.
    pub name: &'static str,
    /// What it reads.
    pub topics: &'static [Topic],
    /// Records in one transaction, at most.
    pub max_batch: usize,
    /// Of the process.
    pub settings: ConsumerConfig,
    /// Where effects go.
    pub database: Database,
    /// Where records come from.
    pub log: LogHandle,
    /// Of the times in inbox and dead letters.
    pub clock: Clock,
    /// Of dead letters.
    pub ids: Ids,
    /// What is done with them.
    pub handler: Arc<H>,
}

impl<H: Handler> Consumer<H> {
    /// Its members; each wants a task of its own.
    pub fn members(self) -> Vec<Member<H>> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let writers = if self.database.backend() == DatabaseBackend::Postgres { self.settings.partitions } else { 1 };
        let worker = Arc::new(Worker {
            consumer: self.name,
            members: (0..self.settings.partitions).map(|_| self.ids.next()).collect(),
            settings: self.settings,
            max_batch: self.max_batch,
            database: self.database,
            clock: self.clock,
            outcomes: Outcomes::of(self.name),
            ids: self.ids,
            handler: self.handler,
            abandoned: Abandoned::default(),
            suspects: Suspects::default(),
            reading: Semaphore::new(cores),
            writing: Semaphore::new(writers),
        });
        let member = |(number, id): (usize, &Uuid)| Member {
            holder: Holder { consumer: self.name, id: *id },
            topics: self.topics,
            log: self.log.clone(),
            worker: Arc::clone(&worker),
            measures: number == 0,
            places: HashMap::new(),
            since_idle: HashMap::new(),
        };
        worker.members.iter().enumerate().map(member).collect()
    }
}

/// A member of a consumer's group.
pub struct Member<H> {
    holder: Holder,
    topics: &'static [Topic],
    log: LogHandle,
    worker: Arc<Worker<H>>,
    /// One of them measures the lag of the group.
    measures: bool,
    places: HashMap<(Topic, i32), Place>,
    /// What was committed since there was last nothing to do.
    since_idle: HashMap<(Topic, i32), Position>,
}

impl<H> std::fmt::Debug for Member<H> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Member").field("holder", &self.holder).finish_non_exhaustive()
    }
}

impl<H: Handler> Member<H> {
    /// Consumes until shutdown. What is under way then is finished.
    ///
    /// # Errors
    /// When the log is damaged or was closed while we should run.
    pub async fn run(mut self, shutdown: Shutdown) -> Result<(), LogError> {
        let mut backoff = Backoff::new();
        while !shutdown.is_requested() {
            match self.consume(&shutdown, &mut backoff).await {
                Ok(()) => break,
                Err(LogError::Closed) if shutdown.is_requested() => break,
                Err(LogError::Unavailable { reason }) => self.wait_for_log(&reason, &mut backoff, &shutdown).await,
                Err(error) => return Err(error),
            }
        }
        self.release().await;
        Ok(())
    }

    /// Consumes as one member of the group. An error means that membership must begin again.
    async fn consume(&mut self, shutdown: &Shutdown, backoff: &mut Backoff) -> Result<(), LogError> {
        let mut subscription = self.log.0.subscribe(self.worker.consumer, self.topics).await?;
        self.since_idle.clear();
        self.places.clear();
        let mut failures = 0;
        let mut measured: Option<Instant> = None;
        while let Some(received) = shutdown.or_stop(subscription.next(self.worker.max_batch, WAIT)).await {
            if self.measures && measured.is_none_or(|at| at.elapsed() >= LAG_EVERY) {
                self.measure_lag().await;
                measured = Some(Instant::now());
            }
            let records = match received {
                // Kafka's client mends most of its troubles by itself; leaving the group would make more of them.
                Err(LogError::Unavailable { reason }) if failures < FAILURES_BORNE => {
                    failures += 1;
                    self.wait_for_log(&reason, backoff, shutdown).await;
                    continue;
                }
                other => other?,
            };
            failures = 0;
            for revoked in subscription.take_revoked() {
                self.places.remove(&revoked);
            }
            if records.is_empty() {
                self.commit_again(subscription.as_mut(), backoff, shutdown).await?;
                continue;
            }
            match self.take_in(subscription.as_mut(), records, backoff, shutdown).await? {
                None => backoff.reset(),
                Some(trouble) => {
                    self.worker.outcomes.retry();
                    let error = runtime::error::chain(trouble.as_ref());
                    tracing::warn!(
                        name: "consumer.retrying", consumer = self.worker.consumer, error = %error,
                        "records not processed, will retry"
                    );
                    backoff.pause(shutdown).await;
                    subscription.rewind().await?;
                }
            }
        }
        Ok(())
    }

    /// Gives each partition its turn. Answers what kept one of them from being processed now; the others went on.
    async fn take_in(
        &mut self,
        subscription: &mut dyn Subscription,
        records: Vec<Delivered>,
        backoff: &mut Backoff,
        shutdown: &Shutdown,
    ) -> Result<Option<Trouble>, LogError> {
        let mut first_trouble = None;
        for ((topic, partition), window) in by_partition(records) {
            let Turn { done, trouble } = self.turn(topic, partition, &window, shutdown).await;
            if let Some(done) = done {
                self.since_idle.insert((topic, partition), done);
                self.commit(subscription, &[done], backoff, shutdown).await?;
            }
            first_trouble = first_trouble.or(trouble);
        }
        Ok(first_trouble)
    }

    /// Commits once more, now that there is nothing else to do: a log that rebalances may have ignored it, and until the next record of the
    /// partition the group would seem to lag.
    async fn commit_again(
        &mut self,
        subscription: &mut dyn Subscription,
        backoff: &mut Backoff,
        shutdown: &Shutdown,
    ) -> Result<(), LogError> {
        let done: Vec<Position> = std::mem::take(&mut self.since_idle).into_values().collect();
        if done.is_empty() { Ok(()) } else { self.commit(subscription, &done, backoff, shutdown).await }
    }

    async fn commit(
        &self,
        subscription: &mut dyn Subscription,
        done: &[Position],
        backoff: &mut Backoff,
        shutdown: &Shutdown,
    ) -> Result<(), LogError> {
        match subscription.commit(done).await {
            // The next commit includes this one; until then the inbox knows what is done.
            Err(LogError::Unavailable { reason }) => {
                self.wait_for_log(&reason, backoff, shutdown).await;
                Ok(())
            }
            other => other,
        }
    }

    async fn turn(&mut self, topic: Topic, partition: i32, window: &[Delivered], shutdown: &Shutdown) -> Turn {
        use std::collections::hash_map::Entry;
        let place = match self.places.entry((topic, partition)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => match self.worker.take(self.holder, topic, partition).await {
                Ok(place) => new.insert(place),
                Err(error) => return Turn { done: None, trouble: Some(error.into()) },
            },
        };
        self.worker.turn(place, window, shutdown).await
    }

    /// The end is clean: nobody needs to be careful after it.
    async fn release(&self) {
        if let Err(error) = self.holder.release(&self.worker.database).await {
            let error = runtime::error::chain(&error);
            let consumer = self.worker.consumer;
            tracing::info!(name: "consumer.not_released", consumer, error = %error, "the next start tries its first records one by one");
        }
    }

    async fn wait_for_log(&self, reason: &str, backoff: &mut Backoff, shutdown: &Shutdown) {
        let consumer = self.worker.consumer;
        tracing::warn!(name: "consumer.log_unavailable", consumer, reason, "event log unavailable, will retry");
        backoff.pause(shutdown).await;
    }

    async fn measure_lag(&self) {
        let consumer = self.worker.consumer;
        match self.log.0.lag(consumer, self.topics).await {
            Ok(lag) => self.worker.outcomes.lag(lag),
            Err(error) => tracing::debug!(name: "consumer.lag_unknown", consumer, %error, "lag not measured"),
        }
    }
}

/// Records of each partition in their order.
fn by_partition(records: Vec<Delivered>) -> Vec<((Topic, i32), Vec<Delivered>)> {
    let mut windows: Vec<((Topic, i32), Vec<Delivered>)> = Vec::new();
    for record in records {
        let partition = (record.position.topic, record.position.partition);
        match windows.iter_mut().find(|(known, _)| *known == partition) {
            Some((_, window)) => window.push(record),
            None => windows.push((partition, vec![record])),
        }
    }
    windows
}
