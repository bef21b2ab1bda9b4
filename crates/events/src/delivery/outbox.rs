//! The outbox: an event is written beside the change it tells of, and published afterwards.
//!
//! One relay per database publishes in the order of the rows. On PostgreSQL the replicas elect it by an advisory lock; a SQLite
//! file belongs to one process. A crash between publishing and deleting publishes again: consumers know the event's id.
//!
//! Two changes of one aggregate keep their order because the second waits for the first's row before it writes to the outbox.
//! Changes that do not wait for each other have no order to keep.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use opentelemetry::{KeyValue, metrics::Gauge};
use runtime::{Clock, Error, Shutdown};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseBackend, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};
use storage::{Database, StoreError, StoreResult, Txn};

use super::{backoff::Backoff, headers};
use crate::{Envelope, LogError, Record, SharedLog, Topic};

const RELAY_LOCK: i64 = 0x5343_4849_4c45;
const RELAY_BATCH: u64 = 200;
/// A batch ends after the event that passes this size, so that it finds room beside other traffic.
const RELAY_BYTES: usize = 1024 * 1024;
/// How soon a commit of another process, or a relay that died, is noticed.
const POLL: Duration = Duration::from_secs(1);
/// Tries to delete what was published, each as long as a wait for the writer may take.
const DELETE_TRIES: u32 = 20;
/// How long a process that stops still tries to publish.
const LAST_CHANCE: Duration = Duration::from_secs(5);

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbox")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub seq: i64,
        pub topic: String,
        pub key: Vec<u8>,
        #[sea_orm(column_type = "Text")]
        pub headers: String,
        pub value: Option<Vec<u8>>,
        pub at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    storage::classified! { Technical {
        Internal: Seq, Topic, Key, Headers, At;
        Special: Value;
    }}
}

/// Adds an event to be published once the transaction commits.
///
/// # Errors
/// When the event is larger than its topic takes, or the database refuses.
pub async fn add(txn: &Txn, topic: Topic, envelope: Envelope) -> Result<(), Error> {
    let at = envelope.time;
    let record = envelope.into_record();
    let size = record.size();
    let limit = topic.spec().max_record_bytes;
    if size > limit {
        return Err(Error::internal(LogError::TooLarge { topic, size, limit }));
    }
    let row = row::ActiveModel {
        topic: Set(topic.spec().name.to_owned()),
        key: Set(record.key.to_vec()),
        headers: Set(headers::write(&record.headers)?),
        value: Set(record.value.map(|value| value.to_vec())),
        at: Set(at),
        ..Default::default()
    };
    row.insert(&**txn).await.map_err(StoreError::from)?;
    Ok(())
}

/// Publishes a database's outbox until shutdown.
#[derive(Debug)]
pub struct Relay {
    /// The service, for logs and metrics.
    pub service: &'static str,
    /// Whose outbox.
    pub database: Database,
    /// Where to.
    pub log: LogHandle,
    /// For the age of the oldest event.
    pub clock: Clock,
}

/// The log, without a `Debug` of its own.
#[derive(Clone)]
pub struct LogHandle(pub SharedLog);

impl std::fmt::Debug for LogHandle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EventLog")
    }
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("publishing takes too long")]
    TooLong(#[from] tokio::time::error::Elapsed),
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Published some; there may be more.
    Published,
    /// Nothing is left.
    Empty,
    /// Another process is the relay now.
    NotElected,
}

impl Relay {
    /// Publishes whenever something was committed. What cannot be published stays and is tried again.
    ///
    /// # Errors
    /// Never: every trouble is logged and tried again. The type fits `Tasks::spawn`.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), std::convert::Infallible> {
        let gauges = Gauges::new(self.service);
        let mut backoff = Backoff::new();
        while !shutdown.is_requested() {
            match self.publish_all(&shutdown).await {
                Ok(turn) => {
                    backoff.reset();
                    match turn {
                        // Saves a count after every commit of the service.
                        Turn::Empty => gauges.record(0, 0),
                        Turn::Published | Turn::NotElected => self.measure(&gauges).await,
                    }
                    tokio::select! {
                        () = shutdown.requested() => {}
                        () = self.database.committed() => {}
                        () = tokio::time::sleep(POLL) => {}
                    }
                }
                Err(error) => {
                    let error = runtime::error::chain(&error);
                    tracing::warn!(name: "outbox.not_published", service = self.service, error = %error, "events not published, will retry");
                    self.measure(&gauges).await;
                    backoff.pause(&shutdown).await;
                }
            }
        }
        // What was committed before the shutdown is published now if it can be, else at the next start.
        let last_chance = tokio::time::timeout(LAST_CHANCE, self.publish_all(&Shutdown::default())).await;
        if let Err(error) = last_chance.map_err(RelayError::from).flatten() {
            let error = runtime::error::chain(&error);
            tracing::warn!(name: "outbox.left_over", service = self.service, error = %error, "events left for the next start");
        }
        Ok(())
    }

    async fn publish_all(&self, shutdown: &Shutdown) -> Result<Turn, RelayError> {
        loop {
            let turn = self.publish_some().await?;
            if turn != Turn::Published || shutdown.is_requested() {
                return Ok(turn);
            }
        }
    }

    /// Publishes the oldest events and then deletes them.
    async fn publish_some(&self) -> Result<Turn, RelayError> {
        if self.database.backend() != DatabaseBackend::Postgres {
            // While the log is at work, nothing should wait for the file's only writer.
            let oldest = oldest(self.database.reader()).await?;
            if oldest.is_empty() {
                return Ok(Turn::Empty);
            }
            let published = self.append(oldest).await?;
            self.delete_published(published).await?;
            return Ok(Turn::Published);
        }
        // The lock ends with the transaction that deletes: a relay that lost it deletes nothing.
        let txn = self.database.begin_kept().await?;
        if !is_elected(&txn).await? {
            return Ok(Turn::NotElected);
        }
        let oldest = oldest(&*txn).await?;
        if oldest.is_empty() {
            return Ok(Turn::Empty);
        }
        let published = self.append(oldest).await?;
        delete(&txn, published).await?;
        txn.commit().await?;
        Ok(Turn::Published)
    }

    /// Deletes what was published (SQLite). While its writer is busy this is tried again: another turn would publish the same once more.
    async fn delete_published(&self, published: Vec<i64>) -> StoreResult<()> {
        let mut tries = 1;
        loop {
            match self.try_to_delete(published.clone()).await {
                Err(StoreError::Unavailable(_)) if tries < DELETE_TRIES => tries += 1,
                other => return other,
            }
        }
    }

    async fn try_to_delete(&self, published: Vec<i64>) -> StoreResult<()> {
        let txn = self.database.begin_kept().await?;
        delete(&txn, published).await?;
        txn.commit().await
    }

    /// Appends as many of the rows as make a reasonable batch and answers which.
    async fn append(&self, rows: Vec<row::Model>) -> Result<Vec<i64>, RelayError> {
        let mut published = Vec::new();
        let mut bytes = 0;
        // Order matters within a key, and a key has one topic.
        let mut by_topic: BTreeMap<Topic, Vec<Record>> = BTreeMap::new();
        for row in rows {
            if bytes >= RELAY_BYTES {
                break;
            }
            let (seq, topic, record) = read_row(row)?;
            bytes += record.size();
            published.push(seq);
            by_topic.entry(topic).or_default().push(record);
        }
        for (topic, records) in by_topic {
            self.log.0.append(topic, records).await?;
        }
        Ok(published)
    }

    async fn measure(&self, gauges: &Gauges) {
        let Ok(waiting) = row::Entity::find().count(self.database.reader()).await else { return };
        let oldest = row::Entity::find().order_by_asc(row::Column::Seq).one(self.database.reader()).await.ok().flatten();
        let seconds = oldest.map_or(0, |row| (self.clock.now() - row.at).num_seconds());
        gauges.record(waiting, u64::try_from(seconds).unwrap_or_default());
    }
}

struct Gauges {
    backlog: Gauge<u64>,
    age: Gauge<u64>,
    service: [KeyValue; 1],
}

impl Gauges {
    fn new(service: &'static str) -> Self {
        let meter = opentelemetry::global::meter("schildwacht.events");
        Self {
            backlog: meter.u64_gauge("outbox.backlog").with_description("events waiting to be published").build(),
            age: meter.u64_gauge("outbox.oldest_age").with_unit("s").with_description("age of the oldest waiting event").build(),
            service: [KeyValue::new("service", service)],
        }
    }

    fn record(&self, backlog: u64, age_seconds: u64) {
        self.backlog.record(backlog, &self.service);
        self.age.record(age_seconds, &self.service);
    }
}

async fn is_elected(txn: &Txn) -> StoreResult<bool> {
    let question =
        Statement::from_sql_and_values(DatabaseBackend::Postgres, "SELECT pg_try_advisory_xact_lock($1) AS elected", [RELAY_LOCK.into()]);
    let row = txn.query_one_raw(question).await?;
    Ok(row.map(|row| row.try_get::<bool>("", "elected")).transpose()?.unwrap_or(false))
}

async fn oldest(connection: &impl ConnectionTrait) -> StoreResult<Vec<row::Model>> {
    Ok(row::Entity::find().order_by_asc(row::Column::Seq).limit(RELAY_BATCH).all(connection).await?)
}

async fn delete(txn: &Txn, published: Vec<i64>) -> StoreResult<()> {
    row::Entity::delete_many().filter(row::Column::Seq.is_in(published)).exec(&**txn).await?;
    Ok(())
}

fn read_row(row: row::Model) -> StoreResult<(i64, Topic, Record)> {
    let topic = Topic::from_name(&row.topic).ok_or_else(|| StoreError::unreadable("outbox.topic", &row.topic))?;
    let headers = headers::read("outbox.headers", &row.headers)?;
    Ok((row.seq, topic, Record { key: row.key.into(), headers, value: row.value.map(Bytes::from) }))
}
