//! Which phases a case has been in. Those of older cases are filled in afterwards, since this holds up every reader.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Table},
    schema::small_integer,
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddPhasesSeen;

impl MigrationName for AddPhasesSeen {
    fn name(&self) -> &'static str {
        "m20261127_add_phases_seen"
    }
}

#[derive(DeriveIden)]
enum IncidentCase {
    Table,
    PhasesSeen,
}

#[async_trait::async_trait]
impl MigrationTrait for AddPhasesSeen {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = small_integer(IncidentCase::PhasesSeen).default(1).to_owned();
        manager.alter_table(Table::alter().table(IncidentCase::Table).add_column(column).to_owned()).await
    }
}
