//! The inbox: which events a consumer has processed, written in the same transaction as what they led to.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use storage::{Database, StoreError, StoreResult, Txn};

use crate::Delivered;

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "inbox")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub consumer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub event: String,
        pub at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    storage::classified! { Technical { Internal: Consumer, Event, At; }}
}

/// What an event is known by: its id, or its place in the log where it has none.
pub(super) fn identity(delivered: &Delivered) -> String {
    match delivered.record.header("ce_id") {
        Some(id) => id.to_owned(),
        None => format!("{}/{}/{}", delivered.position.topic, delivered.position.partition, delivered.position.offset),
    }
}

/// Which of these the consumer has processed before.
pub(super) async fn seen(connection: &impl ConnectionTrait, consumer: &str, events: &[String]) -> StoreResult<HashSet<String>> {
    let known: Vec<String> = row::Entity::find()
        .select_only()
        .column(row::Column::Event)
        .filter(row::Column::Consumer.eq(consumer))
        .filter(row::Column::Event.is_in(events))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(known.into_iter().collect())
}

/// Remembers that the consumer took these in.
pub(super) async fn remember(txn: &Txn, consumer: &str, events: Vec<String>, at: DateTime<Utc>) -> StoreResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let rows = events.into_iter().map(|event| row::ActiveModel { consumer: Set(consumer.to_owned()), event: Set(event), at: Set(at) });
    row::Entity::insert_many(rows).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Forgets events older than this; choose it beyond the time that any topic keeps its records.
///
/// # Errors
/// When the database refuses.
pub async fn prune(database: &Database, before: DateTime<Utc>) -> StoreResult<u64> {
    let txn = database.begin().await?;
    let removed = row::Entity::delete_many().filter(row::Column::At.lt(before)).exec(&*txn).await.map_err(StoreError::from)?;
    txn.commit().await?;
    Ok(removed.rows_affected)
}
