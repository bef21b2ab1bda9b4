//! One try at a few records of a partition: read them, and write what they led to in one transaction.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use runtime::{Clock, Ids};
use storage::{Database, StoreError, StoreResult};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    dead_letter::{self, Letter, QUARANTINED},
    handler::Handler,
    inbox,
    letter_bounds::{self, GaveWay},
    outcomes::Outcomes,
    processing::{self, Abandoned, Failure},
    settings::ConsumerConfig,
    suspects::Suspects,
};
use crate::Delivered;

/// In this time an idle database answers a ping, however far away it is.
const PING: Duration = Duration::from_secs(1);

/// What the members of a consumer share.
pub(super) struct Worker<H> {
    pub consumer: &'static str,
    /// Their ids.
    pub members: Vec<Uuid>,
    pub settings: ConsumerConfig,
    pub max_batch: usize,
    pub database: Database,
    pub clock: Clock,
    pub outcomes: Outcomes,
    pub ids: Ids,
    pub handler: Arc<H>,
    /// Reads that were left alone.
    pub abandoned: Abandoned,
    /// Schools of which a record was quarantined not long ago.
    pub suspects: Suspects,
    /// Reading takes the CPU and memory, so no more read at once than there are cores.
    pub reading: Semaphore,
    /// SQLite has one writer. Its members wait for each other here, where nothing times out, so that of them one at most is before the relay and
    /// people's requests in the queue for it.
    pub writing: Semaphore,
}

impl<H: Handler> Worker<H> {
    /// Takes in as many of the records, from the first on, as fill a batch, together or not at all. Answers how many are done. Reading and
    /// writing may each take so long.
    pub(super) async fn attempt(&self, records: &[&Delivered], limit: Duration) -> Result<usize, Failure> {
        let consumer = self.consumer;
        let identities: Vec<String> = records.iter().map(|record| inbox::identity(record)).collect();
        // If another member takes one of them in from here on, the inbox refuses ours as a duplicate, and all is undone.
        let seen = inbox::seen(self.database.reader(), consumer, &identities).await?;
        let mut known: HashSet<&str> = seen.iter().map(String::as_str).collect();
        let fresh: Vec<usize> = (0..).zip(&identities).filter(|(_, identity)| known.insert(identity)).map(|(place, _)| place).collect();
        if fresh.is_empty() {
            self.outcomes.count("duplicate", records.len() as u64);
            return Ok(records.len());
        }

        let unread = fresh.iter().filter_map(|place| records.get(*place)).map(|record| (*record).clone()).collect();
        let read = {
            let _permit = self.reading.acquire().await.ok();
            processing::read(&self.handler, consumer, &self.abandoned, unread, limit).await?
        };
        let handled = read.records.len();
        // Up to the next one that did not fit.
        let done = fresh.get(handled).copied().unwrap_or(records.len());
        let _permit = self.writing.acquire().await.ok();
        let rejected = self.write(read, limit).await?;
        self.outcomes.count("handled", handled as u64);
        self.outcomes.count("duplicate", (done - handled) as u64);
        self.outcomes.count("part_dead_lettered", rejected);
        Ok(done)
    }

    /// Whether the inbox knows a record.
    pub(super) async fn is_done(&self, record: &Delivered) -> StoreResult<bool> {
        let seen = inbox::seen(self.database.reader(), self.consumer, &[inbox::identity(record)]).await?;
        if !seen.is_empty() {
            self.outcomes.count("duplicate", 1);
        }
        Ok(!seen.is_empty())
    }

    /// Answers how many parts were refused.
    async fn write(&self, mut read: processing::Read<H::Batch>, limit: Duration) -> Result<u64, Failure> {
        let consumer = self.consumer;
        let txn = self.database.begin().await?;
        let written = processing::write(self.handler.as_ref(), &txn, &mut read, limit).await;
        if let Err(failure) = written {
            drop(txn);
            return Err(self.or_slow_database(failure).await);
        }
        let now = self.clock.now();
        let with_letters: HashSet<_> = read.parts.iter().map(|(position, _)| *position).collect();
        let rejected = read.parts.len() as u64;
        for (position, part) in read.parts {
            let letter = Letter::new(consumer, position, part.record, part.reason, part.detail);
            dead_letter::add(&txn, self.ids.next(), now, letter).await?;
        }
        let of_letters = read.records.iter().filter(|record| with_letters.contains(&record.position));
        let gave_way = letter_bounds::keep_within(&txn, consumer, &self.settings, of_letters, now).await?;
        inbox::remember(&txn, consumer, read.records.iter().map(inbox::identity).collect(), now).await?;
        txn.commit().await?;
        self.handler.committed(read.batch);
        self.tell(gave_way, now).await;
        Ok(rejected)
    }

    /// Says which schools lost letters, in the log and to the handler.
    async fn tell(&self, gave_way: Vec<GaveWay>, now: DateTime<Utc>) {
        for gave_way in gave_way {
            let Some(letters) = self.outcomes.gave_way(&gave_way, now) else { continue };
            if let Err(failure) = self.tell_handler(&gave_way.key, letters).await {
                self.outcomes.was_not_told(&gave_way, letters);
                let error = runtime::error::chain(&failure);
                tracing::warn!(
                    name: "dead_letter.not_told", consumer = self.consumer, error = %error,
                    "a school is not told that its dead letters reached their bound; the next time they do it is"
                );
            }
        }
    }

    async fn tell_handler(&self, key: &[u8], letters: u64) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let telling = self.handler.letters_gave_way(&txn, key, letters);
        tokio::time::timeout(self.settings.record_timeout(), telling).await.map_err(|elapsed| Failure::Transient(Box::new(elapsed)))??;
        Ok(txn.commit().await?)
    }

    /// A database that does not answer is why it took so long, and no fault of the record.
    async fn or_slow_database(&self, failure: Failure) -> Failure {
        if matches!(failure, Failure::Stuck(_)) {
            match tokio::time::timeout(PING, self.database.check()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error.into(),
                Err(elapsed) => return Failure::Transient(Box::new(elapsed)),
            }
        }
        failure
    }

    /// Sets a record aside, whole, as a dead letter.
    pub(super) async fn set_aside(&self, record: &Delivered, reason: &str, detail: String) -> StoreResult<()> {
        let _permit = self.writing.acquire().await.ok();
        let (consumer, position, now) = (self.consumer, record.position, self.clock.now());
        let txn = self.database.begin().await?;
        let letter = Letter::new(consumer, position, record.record.clone(), reason, detail.clone());
        dead_letter::add(&txn, self.ids.next(), now, letter).await?;
        let gave_way = letter_bounds::keep_within(&txn, consumer, &self.settings, [record], now).await?;
        let stored = match inbox::remember(&txn, consumer, vec![inbox::identity(record)], now).await {
            Ok(()) => txn.commit().await,
            Err(error) => Err(error),
        };
        match stored {
            // Somebody else was done with it meanwhile.
            Err(StoreError::Duplicate(_)) => {
                self.outcomes.count("duplicate", 1);
                return Ok(());
            }
            other => other?,
        }
        let (topic, partition, offset) = (position.topic.spec().name, position.partition, position.offset);
        if reason == QUARANTINED {
            self.suspects.add(&record.record.key, now);
            tracing::error!(
                name: "consumer.quarantined", consumer, topic, partition, offset, why = detail,
                "record is set aside as a dead letter: it is slow, or ends the process"
            );
            self.outcomes.count("quarantined", 1);
        } else {
            tracing::warn!(name: "consumer.dead_lettered", consumer, topic, partition, offset, reason, "record goes to the dead letters");
            self.outcomes.count("dead_lettered", 1);
        }
        self.tell(gave_way, now).await;
        Ok(())
    }
}
