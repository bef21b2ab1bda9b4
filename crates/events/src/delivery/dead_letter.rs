//! Dead letters: what a consumer could not take in, kept with its reason in the consumer's own database.
//!
//! They are written in the transaction that takes in the rest, so nothing falls between. A replay gives a letter to its
//! handler again, in a transaction of its own: taken in, it is gone; refused again, it stays with its new reason.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use runtime::DeadLetterId;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use storage::{Database, StoreError, StoreResult, Txn};

use super::{
    consumer::{HandleError, Handler},
    outbox::{read_headers, write_headers},
};
use crate::{Delivered, Position, Record, Topic};

/// Letters replayed in one call, at most.
const REPLAY_LIMIT: u64 = 10_000;

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "dead_letter")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub dead_letter_id: Uuid,
        pub consumer: String,
        pub topic: String,
        pub partition: i32,
        pub record_offset: i64,
        pub key: Vec<u8>,
        #[sea_orm(column_type = "Text")]
        pub headers: String,
        pub value: Option<Vec<u8>>,
        pub reason: String,
        #[sea_orm(column_type = "Text")]
        pub detail: String,
        pub at: DateTimeUtc,
        pub attempts: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Something that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Who did not take it in.
    pub consumer: String,
    /// Where it stood.
    pub position: Position,
    /// What it was, or the part of it that was refused.
    pub record: Record,
    /// Stable, snake_case.
    pub reason: String,
    /// For operators.
    pub detail: String,
}

impl Letter {
    pub(super) fn new(consumer: &str, position: Position, record: Record, reason: &str, detail: String) -> Self {
        Self { consumer: consumer.to_owned(), position, record, reason: reason.to_owned(), detail }
    }
}

/// A letter as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: DeadLetterId,
    /// The letter.
    pub letter: Letter,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// How often it was given to the handler.
    pub attempts: i32,
}

/// Adds a letter.
pub(super) async fn add(txn: &Txn, id: DeadLetterId, at: DateTime<Utc>, letter: Letter) -> StoreResult<()> {
    let row = row::ActiveModel {
        dead_letter_id: Set(id.as_uuid()),
        consumer: Set(letter.consumer),
        topic: Set(letter.position.topic.spec().name.to_owned()),
        partition: Set(letter.position.partition),
        record_offset: Set(letter.position.offset),
        key: Set(letter.record.key.to_vec()),
        headers: Set(write_headers(&letter.record.headers)?),
        value: Set(letter.record.value.map(|value| value.to_vec())),
        reason: Set(letter.reason),
        detail: Set(letter.detail),
        at: Set(at),
        attempts: Set(1),
    };
    row.insert(&**txn).await?;
    Ok(())
}

/// Which letters.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Filter {
    /// Only with this reason; empty: any.
    pub reason: String,
    /// Only these; empty: any.
    pub ids: Vec<DeadLetterId>,
}

fn select(consumer: &str, filter: &Filter) -> sea_orm::Select<row::Entity> {
    let mut letters = row::Entity::find().filter(row::Column::Consumer.eq(consumer));
    if !filter.reason.is_empty() {
        letters = letters.filter(row::Column::Reason.eq(&filter.reason));
    }
    if !filter.ids.is_empty() {
        letters = letters.filter(row::Column::DeadLetterId.is_in(filter.ids.iter().map(|id| id.as_uuid())));
    }
    letters
}

/// Letters, newest first, after a letter already seen.
///
/// # Errors
/// When the database refuses.
pub async fn list(database: &Database, consumer: &str, filter: &Filter, after: Option<DeadLetterId>, limit: u64) -> StoreResult<Vec<Kept>> {
    let mut letters = select(consumer, filter);
    if let Some(after) = after {
        // Ids are UUIDv7: their order is the order of time.
        letters = letters.filter(row::Column::DeadLetterId.lt(after.as_uuid()));
    }
    let rows = letters.order_by_desc(row::Column::DeadLetterId).limit(limit).all(database.reader()).await?;
    rows.into_iter().map(read).collect()
}

/// How many letters there are.
///
/// # Errors
/// When the database refuses.
pub async fn count(database: &Database, consumer: &str, filter: &Filter) -> StoreResult<u64> {
    Ok(select(consumer, filter).count(database.reader()).await?)
}

/// What came of a replay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Taken in, and gone from the letters.
    pub taken_in: u64,
    /// Refused again.
    pub refused: u64,
}

/// Gives letters to their handler again, oldest first, each in its own transaction.
///
/// # Errors
/// When the database is away; letters replayed before stay replayed.
pub async fn replay<H: Handler>(database: &Database, consumer: &str, handler: &H, filter: &Filter) -> StoreResult<Replayed> {
    let rows = select(consumer, filter).order_by_asc(row::Column::DeadLetterId).limit(REPLAY_LIMIT).all(database.reader()).await?;
    let mut replayed = Replayed::default();
    for row in rows {
        match replay_one(database, handler, &row).await {
            Ok(()) => replayed.taken_in += 1,
            Err(HandleError::Poison { reason, detail }) => {
                keep(database, row, reason, detail).await?;
                replayed.refused += 1;
            }
            Err(HandleError::Transient(error)) => {
                keep(database, row, "unavailable", error.to_string()).await?;
                replayed.refused += 1;
            }
        }
    }
    Ok(replayed)
}

async fn replay_one<H: Handler>(database: &Database, handler: &H, row: &row::Model) -> Result<(), HandleError> {
    let kept = read(row.clone())?;
    let delivered = Delivered { position: kept.letter.position, time: kept.at, record: kept.letter.record };
    let txn = database.begin().await?;
    let mut batch = H::Batch::default();
    if let Some(part) = handler.handle(&txn, &mut batch, &delivered).await?.into_iter().next() {
        return Err(HandleError::Poison { reason: part.reason, detail: part.detail });
    }
    handler.finish(&txn, batch).await?;
    row::Entity::delete_by_id(row.dead_letter_id).exec(&*txn).await.map_err(StoreError::from)?;
    txn.commit().await?;
    handler.committed();
    Ok(())
}

async fn keep(database: &Database, row: row::Model, reason: &str, detail: String) -> StoreResult<()> {
    let attempts = row.attempts + 1;
    let mut row = row.into_active_model();
    row.reason = Set(reason.to_owned());
    row.detail = Set(detail);
    row.attempts = Set(attempts);
    let txn = database.begin().await?;
    row.update(&*txn).await?;
    txn.commit().await
}

/// Removes letters older than this.
///
/// # Errors
/// When the database refuses.
pub async fn prune(database: &Database, before: DateTime<Utc>) -> StoreResult<u64> {
    let txn = database.begin().await?;
    let removed = row::Entity::delete_many().filter(row::Column::At.lt(before)).exec(&*txn).await.map_err(StoreError::from)?;
    txn.commit().await?;
    Ok(removed.rows_affected)
}

fn read(row: row::Model) -> StoreResult<Kept> {
    let topic = Topic::from_name(&row.topic).ok_or_else(|| StoreError::unreadable("dead_letter.topic", &row.topic))?;
    let record =
        Record { key: row.key.into(), headers: read_headers("dead_letter.headers", &row.headers)?, value: row.value.map(Bytes::from) };
    let position = Position { topic, partition: row.partition, offset: row.record_offset };
    let letter = Letter { consumer: row.consumer, position, record, reason: row.reason, detail: row.detail };
    Ok(Kept { id: row.dead_letter_id.into(), letter, at: row.at, attempts: row.attempts })
}
