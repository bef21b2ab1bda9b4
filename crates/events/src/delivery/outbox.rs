//! The outbox: an event is written beside the change it tells of, and published afterwards.
//!
//! One relay per database publishes in order. On PostgreSQL the replicas elect it by an advisory lock; a SQLite file belongs
//! to one process. A crash between publishing and deleting publishes again: consumers know the event's id.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use opentelemetry::metrics::Gauge;
use runtime::{Clock, Error, Shutdown};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, DatabaseBackend, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement, TransactionTrait as _,
};
use storage::{Database, StoreError, StoreResult, Txn};

use crate::{Envelope, LogError, Record, SharedLog, Topic};

const RELAY_LOCK: i64 = 0x5343_4849_4c45;
const RELAY_BATCH: u64 = 200;
/// How soon a commit of another process, or a relay that died, is noticed.
const POLL: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

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
        headers: Set(write_headers(&record.headers)?),
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
}

impl Relay {
    /// Publishes whenever something was committed. What cannot be published stays and is tried again.
    ///
    /// # Errors
    /// Never: every trouble is logged and tried again. The type fits `Tasks::spawn`.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), std::convert::Infallible> {
        let meter = opentelemetry::global::meter("schildwacht.events");
        let backlog = meter.u64_gauge("outbox.backlog").with_description("events waiting to be published").build();
        let age = meter.u64_gauge("outbox.oldest_age").with_unit("s").with_description("age of the oldest waiting event").build();
        let mut backoff = POLL;
        while !shutdown.is_requested() {
            match self.publish_all(&shutdown).await {
                Ok(()) => {
                    backoff = POLL;
                    tokio::select! {
                        () = shutdown.requested() => {}
                        () = self.database.committed() => {}
                        () = tokio::time::sleep(POLL) => {}
                    }
                }
                Err(error) => {
                    let error = runtime::error::chain(&error);
                    tracing::warn!(name: "outbox.not_published", service = self.service, error = %error, "events not published, will retry");
                    shutdown.sleep(backoff).await;
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                }
            }
            self.measure(&backlog, &age).await;
        }
        // What was committed before the shutdown is published now if it can be, else at the next start.
        if let Err(error) = self.publish_all(&Shutdown::default()).await {
            tracing::warn!(name: "outbox.left_over", service = self.service, error = %error, "events left for the next start");
        }
        Ok(())
    }

    async fn publish_all(&self, shutdown: &Shutdown) -> Result<(), RelayError> {
        let Some(elected) = self.elect().await? else { return Ok(()) };
        while !shutdown.is_requested() && self.publish_some().await? == RELAY_BATCH {}
        elected.end().await?;
        Ok(())
    }

    /// `None` when another process is the relay now.
    async fn elect(&self) -> StoreResult<Option<Elected>> {
        if self.database.backend() != DatabaseBackend::Postgres {
            return Ok(Some(Elected(None)));
        }
        let txn = self.database.reader().begin().await?;
        let question = Statement::from_sql_and_values(
            DatabaseBackend::Postgres,
            "SELECT pg_try_advisory_xact_lock($1) AS elected",
            [RELAY_LOCK.into()],
        );
        let row = txn.query_one_raw(question).await?;
        let is_elected = row.map(|row| row.try_get::<bool>("", "elected")).transpose()?.unwrap_or(false);
        Ok(is_elected.then_some(Elected(Some(txn))))
    }

    async fn publish_some(&self) -> Result<u64, RelayError> {
        let rows = row::Entity::find()
            .order_by_asc(row::Column::Seq)
            .limit(RELAY_BATCH)
            .all(self.database.reader())
            .await
            .map_err(StoreError::from)?;
        let count = rows.len() as u64;
        if count == 0 {
            return Ok(0);
        }
        let published: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        // Order matters within a key, and a key has one topic.
        let mut by_topic: BTreeMap<Topic, Vec<Record>> = BTreeMap::new();
        for row in rows {
            let topic = Topic::from_name(&row.topic).ok_or_else(|| StoreError::unreadable("outbox.topic", &row.topic))?;
            by_topic.entry(topic).or_default().push(read_row(row)?);
        }
        for (topic, records) in by_topic {
            self.log.0.append(topic, records).await?;
        }
        let txn = self.database.begin().await?;
        row::Entity::delete_many().filter(row::Column::Seq.is_in(published)).exec(&*txn).await.map_err(StoreError::from)?;
        txn.commit().await?;
        Ok(count)
    }

    async fn measure(&self, backlog: &Gauge<u64>, age: &Gauge<u64>) {
        let service = [opentelemetry::KeyValue::new("service", self.service)];
        let Ok(waiting) = row::Entity::find().count(self.database.reader()).await else { return };
        backlog.record(waiting, &service);
        let oldest = row::Entity::find().order_by_asc(row::Column::Seq).one(self.database.reader()).await.ok().flatten();
        let seconds = oldest.map_or(0, |row| (self.clock.now() - row.at).num_seconds());
        age.record(u64::try_from(seconds).unwrap_or_default(), &service);
    }
}

struct Elected(Option<sea_orm::DatabaseTransaction>);

impl Elected {
    async fn end(self) -> StoreResult<()> {
        match self.0 {
            Some(txn) => txn.rollback().await.map_err(StoreError::from),
            None => Ok(()),
        }
    }
}

fn read_row(row: row::Model) -> StoreResult<Record> {
    Ok(Record { key: row.key.into(), headers: read_headers("outbox.headers", &row.headers)?, value: row.value.map(Bytes::from) })
}

/// Headers as JSON pairs; all of ours are text.
pub(super) fn write_headers(headers: &[(String, Bytes)]) -> StoreResult<String> {
    let pairs: Vec<(&str, std::borrow::Cow<'_, str>)> =
        headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value))).collect();
    serde_json::to_string(&pairs).map_err(|error| StoreError::unreadable("headers", error))
}

pub(super) fn read_headers(what: &'static str, text: &str) -> StoreResult<Vec<(String, Bytes)>> {
    let pairs: Vec<(String, String)> = serde_json::from_str(text).map_err(|error| StoreError::unreadable(what, error))?;
    Ok(pairs.into_iter().map(|(name, value)| (name, Bytes::from(value))).collect())
}
