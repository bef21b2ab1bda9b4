//! From when on the targets of a case are near, so that lists can be in the order in which clocks are shown. Those of open cases
//! are filled in afterwards, since this holds up every reader.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Table},
    schema::timestamp_with_time_zone_null,
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddNearTargets;

impl MigrationName for AddNearTargets {
    fn name(&self) -> &'static str {
        "m20261127_add_near_targets"
    }
}

#[derive(DeriveIden)]
enum IncidentCase {
    Table,
    ReactSoonAt,
    ResolveSoonAt,
}

#[async_trait::async_trait]
impl MigrationTrait for AddNearTargets {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [IncidentCase::ReactSoonAt, IncidentCase::ResolveSoonAt] {
            let mut column = timestamp_with_time_zone_null(column);
            manager.alter_table(Table::alter().table(IncidentCase::Table).add_column(&mut column).to_owned()).await?;
        }
        Ok(())
    }
}
