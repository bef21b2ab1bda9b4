//! Alerts and what keeps them quiet.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Index, Table},
    schema::{big_integer, binary, integer_null, small_integer, string, text, timestamp_with_time_zone, uuid, uuid_null},
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddAlerts;

impl MigrationName for AddAlerts {
    fn name(&self) -> &'static str {
        "m20261124_add_alerts"
    }
}

#[derive(DeriveIden)]
enum Alert {
    Table,
    AlertId,
    SchoolId,
    GatewayId,
    SignatureId,
    Signature,
    Category,
    Severity,
    Sensor,
    SourceIp,
    SourcePort,
    SourceDeviceId,
    DestinationIp,
    DestinationPort,
    DestinationDeviceId,
    Protocol,
    FirstAt,
    LastAt,
    EventCount,
    ToldEventCount,
    ReceivedAt,
    Remembered,
    RawEvent,
}

#[derive(DeriveIden)]
enum Suppression {
    Table,
    SuppressionId,
    SchoolId,
    SignatureId,
    Reason,
    ExpiresAt,
    CreatedAt,
    Creator,
}

#[async_trait::async_trait]
impl MigrationTrait for AddAlerts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The devices of an alert are no foreign keys: an alert outlives a device that is forgotten.
        let alerts = Table::create()
            .table(Alert::Table)
            .col(uuid(Alert::AlertId).primary_key())
            .col(uuid(Alert::SchoolId))
            .col(uuid_null(Alert::GatewayId))
            .col(string(Alert::SignatureId))
            .col(text(Alert::Signature))
            .col(text(Alert::Category))
            .col(small_integer(Alert::Severity))
            .col(string(Alert::Sensor))
            .col(string(Alert::SourceIp))
            .col(integer_null(Alert::SourcePort))
            .col(uuid_null(Alert::SourceDeviceId))
            .col(string(Alert::DestinationIp))
            .col(integer_null(Alert::DestinationPort))
            .col(uuid_null(Alert::DestinationDeviceId))
            .col(text(Alert::Protocol))
            .col(timestamp_with_time_zone(Alert::FirstAt))
            .col(timestamp_with_time_zone(Alert::LastAt))
            .col(big_integer(Alert::EventCount))
            .col(big_integer(Alert::ToldEventCount))
            .col(timestamp_with_time_zone(Alert::ReceivedAt))
            .col(binary(Alert::Remembered))
            .col(text(Alert::RawEvent))
            .to_owned();
        manager.create_table(alerts).await?;
        let by_key = Index::create()
            .name("alert_by_key")
            .table(Alert::Table)
            .col(Alert::SchoolId)
            .col(Alert::SourceIp)
            .col(Alert::SignatureId)
            .col(Alert::LastAt)
            .to_owned();
        manager.create_index(by_key).await?;
        let by_school = Index::create()
            .name("alert_by_school")
            .table(Alert::Table)
            .col(Alert::SchoolId)
            .col(Alert::LastAt)
            .col(Alert::AlertId)
            .to_owned();
        manager.create_index(by_school).await?;
        for (name, column) in [
            ("alert_by_last", Alert::LastAt),
            ("alert_by_received", Alert::ReceivedAt),
            ("alert_by_source_device", Alert::SourceDeviceId),
            ("alert_by_destination_device", Alert::DestinationDeviceId),
        ] {
            manager.create_index(Index::create().name(name).table(Alert::Table).col(column).to_owned()).await?;
        }

        let suppressions = Table::create()
            .table(Suppression::Table)
            .col(uuid(Suppression::SuppressionId).primary_key())
            .col(uuid_null(Suppression::SchoolId))
            .col(string(Suppression::SignatureId))
            .col(text(Suppression::Reason))
            .col(timestamp_with_time_zone(Suppression::ExpiresAt))
            .col(timestamp_with_time_zone(Suppression::CreatedAt))
            .col(string(Suppression::Creator))
            .to_owned();
        manager.create_table(suppressions).await?;
        let by_signature = Index::create()
            .name("suppression_by_signature")
            .table(Suppression::Table)
            .col(Suppression::SignatureId)
            .col(Suppression::ExpiresAt)
            .to_owned();
        manager.create_index(by_signature).await
    }
}
