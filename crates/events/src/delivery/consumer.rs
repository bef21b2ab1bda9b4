//! The consumer loop: records in, effects and inbox rows in one transaction, then the offset.
//!
//! Several records share a transaction. When one of them cannot be processed, all are undone and each is tried by itself, so
//! that only the bad one goes to the dead letters. A transient error (the database is unavailable) rolls back and retries after a
//! pause. Every record ends in one counted outcome: handled, duplicate or dead_lettered.
//!
//! Offsets are committed after the effect, so a crash in between delivers again, and the inbox drops the duplicate.

use std::{collections::HashSet, time::Duration};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};
use runtime::{Clock, Ids, Shutdown, telemetry};
use storage::{Database, StoreError, Txn};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{
    backoff::Backoff,
    dead_letter,
    handler::{HandleError, Handler, Rejected, Trouble},
    inbox,
    outbox::LogHandle,
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
    /// Where effects go.
    pub database: Database,
    /// Where records come from.
    pub log: LogHandle,
    /// Of the times in inbox and dead letters.
    pub clock: Clock,
    /// Of dead letters.
    pub ids: Ids,
    /// What is done with them.
    pub handler: H,
}

struct Meters {
    records: Counter<u64>,
    retries: Counter<u64>,
    lag: Gauge<u64>,
}

impl Meters {
    fn new() -> Self {
        let meter = opentelemetry::global::meter("schildwacht.events");
        Self {
            records: meter.u64_counter("consumer.records").with_description("records by outcome").build(),
            retries: meter.u64_counter("consumer.retries").with_description("transactions rolled back and retried").build(),
            lag: meter.u64_gauge("consumer.lag").with_description("records not consumed yet").build(),
        }
    }
}

impl<H: Handler> Consumer<H> {
    /// Consumes until shutdown. What is under way then is finished.
    ///
    /// # Errors
    /// When the log is damaged or was closed while we should run.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), LogError> {
        let meters = Meters::new();
        let mut backoff = Backoff::new();
        while !shutdown.is_requested() {
            match self.consume(&shutdown, &meters, &mut backoff).await {
                Ok(()) => return Ok(()),
                Err(LogError::Closed) if shutdown.is_requested() => return Ok(()),
                Err(LogError::Unavailable { reason }) => self.wait_for_log(&reason, &mut backoff, &shutdown).await,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Consumes as one member of the group. An error means that membership must begin again.
    async fn consume(&self, shutdown: &Shutdown, meters: &Meters, backoff: &mut Backoff) -> Result<(), LogError> {
        let mut subscription = self.log.0.subscribe(self.name, self.topics).await?;
        let mut failures = 0;
        let mut measured: Option<Instant> = None;
        while let Some(received) = shutdown.or_stop(subscription.next(self.max_batch, WAIT)).await {
            if measured.is_none_or(|at| at.elapsed() >= LAG_EVERY) {
                self.measure_lag(meters).await;
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
            if records.is_empty() {
                continue;
            }
            let (done, trouble) = self.take_in(&records, meters).await;
            match commit(subscription.as_mut(), &records[..done]).await {
                // The next commit includes this one; until then the inbox knows what is done.
                Err(LogError::Unavailable { reason }) => self.wait_for_log(&reason, backoff, shutdown).await,
                other => other?,
            }
            match trouble {
                None => backoff.reset(),
                Some(error) => {
                    meters.retries.add(1, &[KeyValue::new("consumer", self.name)]);
                    let error = runtime::error::chain(error.as_ref());
                    tracing::warn!(name: "consumer.retrying", consumer = self.name, error = %error, "records not processed, will retry");
                    backoff.pause(shutdown).await;
                    subscription.rewind().await?;
                }
            }
        }
        Ok(())
    }

    async fn wait_for_log(&self, reason: &str, backoff: &mut Backoff, shutdown: &Shutdown) {
        tracing::warn!(name: "consumer.log_unavailable", consumer = self.name, reason, "event log unavailable, will retry");
        backoff.pause(shutdown).await;
    }

    async fn measure_lag(&self, meters: &Meters) {
        match self.log.0.lag(self.name, self.topics).await {
            Ok(lag) => meters.lag.record(lag, &[KeyValue::new("consumer", self.name)]),
            Err(error) => tracing::debug!(name: "consumer.lag_unknown", consumer = self.name, %error, "lag not measured"),
        }
    }

    /// Takes records in, together or else one by one. Answers how many of them, from the first on, are done, and what kept
    /// the next from being processed now.
    async fn take_in(&self, records: &[Delivered], meters: &Meters) -> (usize, Option<Trouble>) {
        match self.in_one_transaction(records, meters).await {
            Ok(()) => return (records.len(), None),
            Err(HandleError::Transient(trouble)) => return (0, Some(trouble)),
            Err(HandleError::Poison { .. }) => {}
        }
        for (done, record) in records.iter().enumerate() {
            let outcome = match self.in_one_transaction(std::slice::from_ref(record), meters).await {
                Ok(()) => Ok(()),
                Err(HandleError::Transient(trouble)) => Err(trouble),
                Err(HandleError::Poison { reason, detail }) => self.bury(record, reason, detail, meters).await.map_err(Trouble::from),
            };
            if let Err(trouble) = outcome {
                return (done, Some(trouble));
            }
        }
        (records.len(), None)
    }

    async fn in_one_transaction(&self, records: &[Delivered], meters: &Meters) -> Result<(), HandleError> {
        let txn = self.database.begin().await?;
        let identities: Vec<String> = records.iter().map(inbox::identity).collect();
        let seen = inbox::seen(&txn, self.name, &identities).await?;
        let mut taken = Vec::new();
        let mut known: HashSet<&str> = seen.iter().map(String::as_str).collect();
        let mut batch = H::Batch::default();
        let mut rejected = 0;
        for (record, identity) in records.iter().zip(&identities) {
            if !known.insert(identity) {
                continue;
            }
            for part in self.handle_traced(&txn, &mut batch, record).await? {
                rejected += 1;
                let letter = dead_letter::Letter::new(self.name, record.position, part.record, part.reason, part.detail);
                dead_letter::add(&txn, self.ids.next(), self.clock.now(), letter).await?;
            }
            taken.push(identity.clone());
        }
        self.handler.finish(&txn, &mut batch).await?;
        let handled = taken.len() as u64;
        inbox::remember(&txn, self.name, taken, self.clock.now()).await?;
        txn.commit().await?;
        self.handler.committed(batch);

        self.count(meters, "handled", handled);
        self.count(meters, "duplicate", records.len() as u64 - handled);
        self.count(meters, "part_dead_lettered", rejected);
        Ok(())
    }

    async fn handle_traced(&self, txn: &Txn, batch: &mut H::Batch, delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        let topic = delivered.position.topic.spec().name;
        let span = tracing::info_span!("consume", otel.kind = "consumer", messaging.destination.name = topic, consumer = self.name);
        telemetry::continue_trace(&span, |name| delivered.record.header(name).map(ToOwned::to_owned));
        self.handler.handle(txn, batch, delivered).instrument(span).await
    }

    async fn bury(&self, record: &Delivered, reason: &'static str, detail: String, meters: &Meters) -> Result<(), StoreError> {
        tracing::warn!(
            name: "consumer.dead_lettered", consumer = self.name, topic = record.position.topic.spec().name,
            partition = record.position.partition, offset = record.position.offset, reason, "record goes to the dead letters"
        );
        let txn = self.database.begin().await?;
        let letter = dead_letter::Letter::new(self.name, record.position, record.record.clone(), reason, detail);
        dead_letter::add(&txn, self.ids.next(), self.clock.now(), letter).await?;
        inbox::remember(&txn, self.name, vec![inbox::identity(record)], self.clock.now()).await?;
        txn.commit().await?;
        self.count(meters, "dead_lettered", 1);
        Ok(())
    }

    fn count(&self, meters: &Meters, outcome: &'static str, records: u64) {
        if records > 0 {
            meters.records.add(records, &[KeyValue::new("consumer", self.name), KeyValue::new("outcome", outcome)]);
        }
    }
}

async fn commit(subscription: &mut dyn Subscription, records: &[Delivered]) -> Result<(), LogError> {
    if records.is_empty() {
        return Ok(());
    }
    let mut last: Vec<Position> = Vec::new();
    for record in records {
        let position = record.position;
        match last.iter_mut().find(|known| known.topic == position.topic && known.partition == position.partition) {
            Some(known) => known.offset = known.offset.max(position.offset),
            None => last.push(position),
        }
    }
    subscription.commit(&last).await
}
