//! Devices with their addresses and use, alerts and what keeps them quiet, when schools and gateways were last heard.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, Expr, ExprTrait as _, ForeignKey, ForeignKeyAction};
use storage::{
    migrate::{MigrationTrait, SchemaManager, async_trait, index, table},
    reach,
};

use crate::store::{alert, alert_device, device, device_address, device_day, gateway_contact, school_contact, suppression};

#[derive(DeriveMigrationName)]
pub struct CreateTables;

#[async_trait::async_trait]
impl MigrationTrait for CreateTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let claim_is_whole = Expr::col("claimed_first_at").is_null().eq(Expr::col("claimed_last_at").is_null());
        let device_of = |table: &'static str| {
            ForeignKey::create().from(table, "device_id").to("device", "device_id").on_delete(ForeignKeyAction::Cascade).to_owned()
        };
        let tables = [
            table(manager, school_contact::Entity),
            table(manager, gateway_contact::Entity),
            table(manager, device::Entity),
            table(manager, device_address::Entity).foreign_key(&mut device_of("device_address")).check(claim_is_whole).to_owned(),
            table(manager, device_day::Entity).foreign_key(&mut device_of("device_day")).to_owned(),
            // The devices of an alert are no foreign keys: an alert outlives a device that is forgotten.
            table(manager, alert::Entity),
            table(manager, alert_device::Entity)
                .foreign_key(
                    ForeignKey::create().from("alert_device", "alert_id").to("alert", "alert_id").on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
            table(manager, suppression::Entity),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }

        use alert::Column as Alert;
        use device::Column as Device;
        let indexes = [
            index("device_by_key", device::Entity, [Device::SchoolId, Device::DeviceKey]).unique().to_owned(),
            index("device_by_last_seen", device::Entity, [Device::SchoolId, Device::LastSeenAt, Device::DeviceId]),
            index("device_by_first_seen", device::Entity, [Device::SchoolId, Device::FirstSeenAt, Device::DeviceId]),
            index("device_by_name", device::Entity, [Device::SchoolId, Device::SortName, Device::DeviceId]),
            index("device_by_heard", device::Entity, [Device::HeardAt]),
            index("device_address_by_ip", device_address::Entity, [device_address::Column::SchoolId, device_address::Column::Ip]),
            index("device_day_by_day", device_day::Entity, [device_day::Column::Day]),
            index("alert_by_key", alert::Entity, [Alert::SchoolId, Alert::SourceIp, Alert::SignatureId, Alert::LastAt]),
            index("alert_by_school", alert::Entity, [Alert::SchoolId, Alert::LastAt, Alert::AlertId]),
            index("alert_by_last", alert::Entity, [Alert::LastAt]),
            index("alert_by_received", alert::Entity, [Alert::ReceivedAt]),
            index("alert_by_growth_due", alert::Entity, [Alert::GrowthDueAt, Alert::SchoolId]),
            index("alert_device_by_device", alert_device::Entity, [alert_device::Column::DeviceId]),
            index("suppression_by_request", suppression::Entity, [suppression::Column::RequestedBy, suppression::Column::RequestId])
                .unique()
                .to_owned(),
            index("suppression_by_signature", suppression::Entity, [suppression::Column::SignatureId, suppression::Column::ExpiresAt]),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        guard(manager).await
    }
}

async fn guard(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let of_school = reach::reaches("school_id");
    reach::guard(manager, school_contact::Entity, &of_school).await?;
    reach::guard(manager, gateway_contact::Entity, &of_school).await?;
    reach::guard(manager, device::Entity, &of_school).await?;
    reach::guard(manager, device_address::Entity, &of_school).await?;
    reach::guard(manager, device_day::Entity, &of_school).await?;
    reach::guard(manager, alert::Entity, &of_school).await?;
    reach::guard(manager, alert_device::Entity, &reach::with(alert_device::Entity, alert::Entity, alert::Column::AlertId)).await?;
    reach::guard(manager, suppression::Entity, &of_school).await?;
    // Those for every school.
    reach::show(manager, suppression::Entity, "school_id IS NULL").await
}
