//! How a record that kills the process is recognised, so that it does not kill it for ever.
//!
//! A member leaves a row for each partition when it first receives something of it, and removes its rows at a clean end. A process that finds
//! the row of another knows that the other may have died in the middle of a batch. From there on it is careful: as many records as a batch holds
//! are tried alone, each after a note that is committed before the work. A record that was begun alone as often as is allowed, each time by a
//! process that never finished it, is quarantined.
//!
//! So the ordinary path writes one row for a partition and process, and nothing for a record. An unavailable database kills no process, and
//! while a process lives its tries of one record count once.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::OnConflict};
use storage::{Database, StoreError, StoreResult, Txn};
use uuid::Uuid;

use crate::{Position, Topic};

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consumer_partition")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub consumer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub topic: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub partition: i32,
        /// The member that works on it.
        pub holder: Uuid,
        /// The record that was begun alone, if any.
        pub begun_offset: Option<i64>,
        /// By how many processes it was begun.
        pub begun_by: i32,
        pub at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    storage::classified! { Technical { Internal: Consumer, Topic, Partition, Holder, BegunOffset, BegunBy, At; }}
}

/// One member of a consumer in one process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder {
    pub consumer: &'static str,
    /// New with each start.
    pub id: Uuid,
}

impl Holder {
    /// Leaves the row of a partition of which something was received. Answers who had left one there.
    pub(super) async fn take(self, database: &Database, topic: Topic, partition: i32, at: DateTime<Utc>) -> StoreResult<Option<Uuid>> {
        let txn = database.begin().await?;
        let found = self.find(&txn, topic, partition).await?;
        let before = found.as_ref().map(|row| row.holder);
        let (begun_offset, begun_by) = found.map_or((None, 0), |row| (row.begun_offset, row.begun_by));
        self.save(&txn, Note { topic, partition, begun_offset, begun_by }, at).await?;
        txn.commit().await?;
        Ok(before)
    }

    /// Notes that a record is tried alone, before it is. Answers how many processes began it before and never finished it.
    pub(super) async fn begin(self, database: &Database, record: Position, at: DateTime<Utc>) -> StoreResult<u32> {
        let Position { topic, partition, offset } = record;
        let txn = database.begin().await?;
        let found = self.find(&txn, topic, partition).await?;
        let begun_before = found.filter(|row| row.begun_offset == Some(offset)).map_or(0, |row| row.begun_by);
        self.save(&txn, Note { topic, partition, begun_offset: Some(offset), begun_by: begun_before.saturating_add(1) }, at).await?;
        txn.commit().await?;
        Ok(begun_before.unsigned_abs())
    }

    /// Notes that a record that was begun ended without a death.
    pub(super) async fn take_back(self, database: &Database, record: Position, begun_before: u32, at: DateTime<Utc>) -> StoreResult<()> {
        let Position { topic, partition, offset } = record;
        let begun_by = i32::try_from(begun_before).unwrap_or(i32::MAX);
        let txn = database.begin().await?;
        self.save(&txn, Note { topic, partition, begun_offset: Some(offset), begun_by }, at).await?;
        txn.commit().await
    }

    /// Removes what this member left: it ends cleanly, and nothing was under way.
    pub(super) async fn release(self, database: &Database) -> StoreResult<()> {
        let txn = database.begin().await?;
        let own = row::Entity::delete_many().filter(row::Column::Consumer.eq(self.consumer)).filter(row::Column::Holder.eq(self.id));
        own.exec(&*txn).await.map_err(StoreError::from)?;
        txn.commit().await
    }

    async fn find(self, txn: &Txn, topic: Topic, partition: i32) -> StoreResult<Option<row::Model>> {
        let key = (self.consumer.to_owned(), topic.spec().name.to_owned(), partition);
        Ok(row::Entity::find_by_id(key).one(&**txn).await?)
    }

    async fn save(self, txn: &Txn, note: Note, at: DateTime<Utc>) -> StoreResult<()> {
        let row = row::ActiveModel {
            consumer: Set(self.consumer.to_owned()),
            topic: Set(note.topic.spec().name.to_owned()),
            partition: Set(note.partition),
            holder: Set(self.id),
            begun_offset: Set(note.begun_offset),
            begun_by: Set(note.begun_by),
            at: Set(at),
        };
        let key = [row::Column::Consumer, row::Column::Topic, row::Column::Partition];
        let overwritten = [row::Column::Holder, row::Column::BegunOffset, row::Column::BegunBy, row::Column::At];
        let insert = row::Entity::insert(row).on_conflict(OnConflict::columns(key).update_columns(overwritten).to_owned());
        insert.exec_without_returning(&**txn).await?;
        Ok(())
    }
}

struct Note {
    topic: Topic,
    partition: i32,
    begun_offset: Option<i64>,
    begun_by: i32,
}
