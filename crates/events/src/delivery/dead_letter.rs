//! Dead letters: what a consumer could not process, kept with its reason in the consumer's own database.
//!
//! They are written in the transaction that processes the rest, so nothing is lost. A replay gives a letter to its
//! handler again, in a transaction of its own: processed, it is gone; refused again, it stays with its new reason. Where the
//! handler now processes most of it, the parts it still refuses become letters of their own.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use runtime::{DeadLetterId, Ids, SchoolId};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, sea_query::Expr,
};
use storage::{
    Database, Page, Paging, StoreError, StoreResult, Txn, desc,
    retention::{Aging, Held},
};

use super::{
    handler::{Handler, Rejected},
    headers,
    processing::{self, Abandoned, Failure},
};
use crate::{Delivered, Position, Record, Topic};

/// Letters replayed in one call, at most.
const REPLAY_LIMIT: u64 = 10_000;
/// How long a replay may read or write one letter. Long, because somebody asked for it: what was quarantined as slow may get through.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(120);
/// The reason of a record that took too long, or during which the process died.
pub const QUARANTINED: &str = "quarantined";

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
        /// Bytes of key, headers and value.
        pub stored_bytes: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    storage::classified! { DeadLetters {
        Internal: DeadLetterId, Consumer, Topic, Partition, RecordOffset, Key, Reason, At, Attempts, StoredBytes;
        Special: Headers, Value, Detail;
    }}
}

/// Something that was not processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The consumer that did not take it in.
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

/// A letter as it is listed: all but what it says, which may be anybody's traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: DeadLetterId,
    /// Where the record stood.
    pub position: Position,
    /// The school that its key names.
    pub school: Option<SchoolId>,
    /// Stable, snake_case.
    pub reason: String,
    /// For operators.
    pub detail: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// How often it was given to the handler.
    pub attempts: i32,
    /// Bytes of the whole value.
    pub size: i64,
}

/// How much of a value is shown.
pub const EXCERPT_BYTES: usize = 4 * 1024;

/// Adds a letter.
pub(super) async fn add(txn: &Txn, id: DeadLetterId, at: DateTime<Utc>, letter: Letter) -> StoreResult<()> {
    add_again(txn, id, at, letter, 1).await
}

async fn add_again(txn: &Txn, id: DeadLetterId, at: DateTime<Utc>, letter: Letter, attempts: i32) -> StoreResult<()> {
    let stored_bytes = i64::try_from(letter.record.size()).unwrap_or(i64::MAX);
    let row = row::ActiveModel {
        dead_letter_id: Set(id.as_uuid()),
        consumer: Set(letter.consumer),
        topic: Set(letter.position.topic.spec().name.to_owned()),
        partition: Set(letter.position.partition),
        record_offset: Set(letter.position.offset),
        key: Set(letter.record.key.to_vec()),
        headers: Set(headers::write(&letter.record.headers)?),
        value: Set(letter.record.value.map(|value| value.to_vec())),
        reason: Set(letter.reason),
        detail: Set(letter.detail),
        at: Set(at),
        attempts: Set(attempts),
        stored_bytes: Set(stored_bytes),
    };
    row.insert(&**txn).await?;
    Ok(())
}

/// Which letters.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only with this reason; empty: any.
    pub reason: String,
    /// Only these; empty: any.
    pub ids: Vec<DeadLetterId>,
    /// Only of this school; none: any.
    pub school: Option<SchoolId>,
}

fn select(consumer: &str, filter: &Filter) -> sea_orm::Select<row::Entity> {
    let mut letters = row::Entity::find().filter(row::Column::Consumer.eq(consumer));
    if !filter.reason.is_empty() {
        letters = letters.filter(row::Column::Reason.eq(&filter.reason));
    }
    if !filter.ids.is_empty() {
        letters = letters.filter(row::Column::DeadLetterId.is_in(filter.ids.iter().map(|id| id.as_uuid())));
    }
    if let Some(school) = filter.school {
        letters = letters.filter(row::Column::Key.eq(school.to_string().into_bytes()));
    }
    letters
}

#[derive(FromQueryResult)]
struct ListedRow {
    dead_letter_id: uuid::Uuid,
    topic: String,
    partition: i32,
    record_offset: i64,
    key: Vec<u8>,
    reason: String,
    detail: String,
    at: DateTime<Utc>,
    attempts: i32,
    size: Option<i64>,
}

/// Letters, newest first.
///
/// # Errors
/// When the database refuses.
pub async fn list(database: &Database, consumer: &str, filter: &Filter, paging: &Paging) -> StoreResult<Page<Listed>> {
    let letters = without_value(select(consumer, filter));
    // Ids are UUIDv7: their order is the order of time.
    paging.read(database.reader(), letters, [desc(row::Column::DeadLetterId)]).await?.try_map(listed)
}

/// One letter, and the first [`EXCERPT_BYTES`] of its value.
///
/// # Errors
/// When the database refuses.
pub async fn show(database: &Database, consumer: &str, id: DeadLetterId) -> StoreResult<Option<(Listed, Vec<u8>)>> {
    let letter = select(consumer, &Filter { ids: vec![id], ..Filter::default() });
    let Some(row) = without_value(letter.clone()).into_model::<ListedRow>().one(database.reader()).await? else { return Ok(None) };
    let beginning = letter.select_only().expr_as(Expr::cust(format!("substr(value, 1, {EXCERPT_BYTES})")), "excerpt");
    let excerpt: Option<Option<Vec<u8>>> = beginning.into_tuple().one(database.reader()).await?;
    Ok(Some((listed(row)?, excerpt.flatten().unwrap_or_default())))
}

fn without_value(letters: sea_orm::Select<row::Entity>) -> sea_orm::Select<row::Entity> {
    letters
        .select_only()
        .columns([row::Column::DeadLetterId, row::Column::Topic, row::Column::Partition, row::Column::RecordOffset])
        .columns([row::Column::Key, row::Column::Reason, row::Column::Detail, row::Column::At, row::Column::Attempts])
        .expr_as(Expr::cust("CAST(length(value) AS BIGINT)"), "size")
}

/// The school that the key of a record names, if it names one.
pub(super) fn school_of(key: &[u8]) -> Option<SchoolId> {
    std::str::from_utf8(key).ok()?.parse().ok()
}

fn listed(row: ListedRow) -> StoreResult<Listed> {
    Ok(Listed {
        id: row.dead_letter_id.into(),
        position: position(&row.topic, row.partition, row.record_offset)?,
        school: school_of(&row.key),
        reason: row.reason,
        detail: row.detail,
        at: row.at,
        attempts: row.attempts,
        size: row.size.unwrap_or_default(),
    })
}

/// What came of a replay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Processed, and gone from the letters.
    pub taken_in: u64,
    /// Refused again.
    pub refused: u64,
}

/// Replays the letters of one consumer. Reads of letters that hang are counted apart from those of the consumer, which goes on.
#[derive(Debug)]
pub struct Replays<H> {
    consumer: &'static str,
    database: Database,
    handler: Arc<H>,
    abandoned: Abandoned,
}

impl<H: Handler> Replays<H> {
    /// With the handler that letters are given to.
    pub fn new(consumer: &'static str, database: Database, handler: Arc<H>) -> Self {
        Self { consumer, database, handler, abandoned: Abandoned::default() }
    }

    /// Gives letters to their handler again, oldest first, each in its own transaction.
    ///
    /// # Errors
    /// When the database is unavailable; letters replayed before stay replayed.
    pub async fn replay(&self, filter: &Filter, ids: &Ids) -> StoreResult<Replayed> {
        let reader = self.database.reader();
        // Values may be large, so each is fetched when its turn comes.
        let letters: Vec<uuid::Uuid> = select(self.consumer, filter)
            .select_only()
            .column(row::Column::DeadLetterId)
            .order_by_asc(row::Column::DeadLetterId)
            .limit(REPLAY_LIMIT)
            .into_tuple()
            .all(reader)
            .await?;
        let mut replayed = Replayed::default();
        for letter in letters {
            // Someone else may have replayed it meanwhile.
            let Some(row) = row::Entity::find_by_id(letter).one(reader).await? else { continue };
            let refusal = match self.replay_one(&row, ids).await {
                Ok(taken_in) => {
                    replayed.taken_in += u64::from(taken_in);
                    continue;
                }
                Err(Failure::Poison { reason, detail }) => Some((reason.to_owned(), detail)),
                Err(Failure::Stuck(why)) => Some((QUARANTINED.to_owned(), why)),
                // A transient error says nothing about the letter, which keeps its reason.
                Err(Failure::Transient(_)) => None,
            };
            keep(&self.database, row, refusal).await?;
            replayed.refused += 1;
        }
        Ok(replayed)
    }

    /// Whether it was processed here; `false` when another replay was faster.
    async fn replay_one(&self, row: &row::Model, ids: &Ids) -> Result<bool, Failure> {
        let (at, attempts) = (row.at, row.attempts + 1);
        let delivered = delivered(row.clone())?;
        let mut read = processing::read(&self.handler, self.consumer, &self.abandoned, vec![delivered.clone()], REPLAY_TIMEOUT).await?;
        let txn = self.database.begin().await?;
        // First, so that of two concurrent replays the second waits here and then finds nothing left to do.
        let taken = row::Entity::delete_by_id(row.dead_letter_id).exec(&*txn).await.map_err(StoreError::from)?;
        if taken.rows_affected == 0 {
            return Ok(false);
        }
        processing::write(self.handler.as_ref(), &txn, &mut read, REPLAY_TIMEOUT).await?;
        if let [(_, Rejected { record, reason, detail })] = read.parts.as_slice()
            && record.value == delivered.record.value
        {
            return Err(Failure::Poison { reason, detail: detail.clone() });
        }
        for (position, part) in read.parts {
            let letter = Letter::new(self.consumer, position, part.record, part.reason, part.detail);
            add_again(&txn, ids.next(), at, letter, attempts).await?;
        }
        txn.commit().await?;
        self.handler.committed(read.batch);
        Ok(true)
    }
}

/// Counts an attempt, with the new reason if there is one. A letter that gave way meanwhile stays removed.
async fn keep(database: &Database, row: row::Model, refusal: Option<(String, String)>) -> StoreResult<()> {
    let mut update = row::ActiveModel { attempts: Set(row.attempts + 1), ..Default::default() };
    if let Some((reason, detail)) = refusal {
        update.reason = Set(reason);
        update.detail = Set(detail);
    }
    let txn = database.begin().await?;
    let updated = row::Entity::update_many().set(update).filter(row::Column::DeadLetterId.eq(row.dead_letter_id));
    updated.exec(&*txn).await.map_err(StoreError::from)?;
    txn.commit().await
}

/// How letters grow old, from when they failed. Those of a school on hold stay.
pub fn aging() -> Aging {
    let of_schools = |held: &Held| {
        let keys = held.schools().map(|school| school.to_string().into_bytes());
        Condition::any().add(row::Column::Key.is_in(keys))
    };
    Aging::of(row::Entity, Expr::col(row::Column::At), of_schools)
}

fn delivered(row: row::Model) -> StoreResult<Delivered> {
    let position = position(&row.topic, row.partition, row.record_offset)?;
    let headers = headers::read("dead_letter.headers", &row.headers)?;
    let record = Record { key: row.key.into(), headers, value: row.value.map(Bytes::from) };
    Ok(Delivered { position, time: row.at, record })
}

fn position(topic: &str, partition: i32, offset: i64) -> StoreResult<Position> {
    let topic = Topic::from_name(topic).ok_or_else(|| StoreError::unreadable("dead_letter.topic", topic))?;
    Ok(Position { topic, partition, offset })
}
