//! What counts towards thresholds.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Index, Table},
    schema::{big_integer, string, text, timestamp_with_time_zone, uuid},
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddThresholds;

impl MigrationName for AddThresholds {
    fn name(&self) -> &'static str {
        "m20261124_add_thresholds"
    }
}

#[derive(DeriveIden)]
enum Sighting {
    Table,
    SightingId,
    SchoolId,
    ClassId,
    AlertId,
    At,
    Events,
    Counted,
    HeardAt,
}

#[derive(DeriveIden)]
enum WaitingAlert {
    Table,
    AlertId,
    Alert,
    HeardAt,
}

#[async_trait::async_trait]
impl MigrationTrait for AddThresholds {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sightings = Table::create()
            .table(Sighting::Table)
            .col(uuid(Sighting::SightingId).primary_key())
            .col(uuid(Sighting::SchoolId))
            .col(string(Sighting::ClassId))
            .col(uuid(Sighting::AlertId))
            .col(timestamp_with_time_zone(Sighting::At))
            .col(big_integer(Sighting::Events))
            .col(big_integer(Sighting::Counted))
            .col(timestamp_with_time_zone(Sighting::HeardAt))
            .to_owned();
        manager.create_table(sightings).await?;
        let window = Index::create()
            .name("sighting_window")
            .table(Sighting::Table)
            .col(Sighting::SchoolId)
            .col(Sighting::ClassId)
            .col(Sighting::At)
            .to_owned();
        manager.create_index(window).await?;
        let by_age = Index::create().name("sighting_heard").table(Sighting::Table).col(Sighting::HeardAt).to_owned();
        manager.create_index(by_age).await?;

        let alerts = Table::create()
            .table(WaitingAlert::Table)
            .col(uuid(WaitingAlert::AlertId).primary_key())
            .col(text(WaitingAlert::Alert))
            .col(timestamp_with_time_zone(WaitingAlert::HeardAt))
            .to_owned();
        manager.create_table(alerts).await?;
        let by_age = Index::create().name("waiting_alert_heard").table(WaitingAlert::Table).col(WaitingAlert::HeardAt).to_owned();
        manager.create_index(by_age).await
    }
}
