//! Getting events out of one service's database and into another's, each exactly once in effect.
//!
//! ```text
//!  change + outbox row ──commit──▶ relay ──▶ log ──▶ consumer ──▶ inbox row + effect ──commit──▶ offset committed
//! ```
//!
//! A crash anywhere repeats work, never loses it, and the inbox makes the repetition harmless.

pub mod api;
mod attempt;
mod backoff;
pub mod consumer;
pub mod dead_letter;
pub mod handler;
mod headers;
pub mod inbox;
mod letter_bounds;
mod order;
pub mod outbox;
mod outcomes;
mod processing;
pub mod pruning;
mod quarantine;
pub mod settings;
mod suspects;
mod turn;

use storage::{
    classified::ClassifiedTable,
    migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait, table},
};

/// Makes the outbox; for a service that publishes.
#[derive(Debug)]
pub struct AddOutbox;

impl MigrationName for AddOutbox {
    fn name(&self) -> &'static str {
        "m20260105_add_outbox"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddOutbox {
    async fn up(&self, manager: &SchemaManager) -> Result<(), sea_orm::DbErr> {
        manager.create_table(table(manager, outbox::row::Entity)).await
    }
}

/// Makes the inbox, the dead letters and the notes of the quarantine; for a service that consumes.
#[derive(Debug)]
pub struct AddInbox;

impl MigrationName for AddInbox {
    fn name(&self) -> &'static str {
        "m20260105_add_inbox"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddInbox {
    async fn up(&self, manager: &SchemaManager) -> Result<(), sea_orm::DbErr> {
        use sea_orm::sea_query::Index;
        manager.create_table(table(manager, inbox::row::Entity)).await?;
        manager.create_table(table(manager, dead_letter::row::Entity)).await?;
        manager.create_table(table(manager, quarantine::row::Entity)).await?;
        let by_age = Index::create().name("inbox_at").table(inbox::row::Entity).col(inbox::row::Column::At).to_owned();
        manager.create_index(by_age).await?;
        let by_consumer = Index::create()
            .name("dead_letter_consumer_at")
            .table(dead_letter::row::Entity)
            .col(dead_letter::row::Column::Consumer)
            .col(dead_letter::row::Column::At)
            .to_owned();
        manager.create_index(by_consumer).await?;
        let by_school = Index::create()
            .name("dead_letter_consumer_topic_key")
            .table(dead_letter::row::Entity)
            .col(dead_letter::row::Column::Consumer)
            .col(dead_letter::row::Column::Topic)
            .col(dead_letter::row::Column::Key)
            .col(dead_letter::row::Column::DeadLetterId)
            // What `letter_bounds` sums up: with it, the index alone answers.
            .col(dead_letter::row::Column::StoredBytes)
            .to_owned();
        manager.create_index(by_school).await
    }
}

/// What is said of these tables.
pub fn tables() -> Vec<ClassifiedTable> {
    vec![
        ClassifiedTable::of(outbox::row::Entity),
        ClassifiedTable::of(inbox::row::Entity),
        ClassifiedTable::of(dead_letter::row::Entity),
        ClassifiedTable::of(quarantine::row::Entity),
    ]
}
