//! Devices, their addresses and their use.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Expr, ExprTrait as _, ForeignKey, ForeignKeyAction, Index, Table},
    schema::{big_integer, date, integer, string, text, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid},
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddDevices;

impl MigrationName for AddDevices {
    fn name(&self) -> &'static str {
        "m20261124_add_devices"
    }
}

#[derive(DeriveIden)]
enum Device {
    Table,
    DeviceId,
    SchoolId,
    DeviceKey,
    Names,
    Software,
    Services,
    FirstSeenAt,
    LastSeenAt,
    HeardAt,
    SortName,
    SearchText,
}

#[derive(DeriveIden)]
enum DeviceAddress {
    Table,
    DeviceId,
    Ip,
    SchoolId,
    Source,
    ObservedAt,
    ClaimedFirstAt,
    ClaimedLastAt,
}

#[derive(DeriveIden)]
enum DeviceDay {
    Table,
    DeviceId,
    Day,
    SlotsLow,
    SlotsHigh,
    SlotCount,
}

#[derive(DeriveIden)]
enum SchoolContact {
    Table,
    SchoolId,
    HeardAt,
}

#[async_trait::async_trait]
impl MigrationTrait for AddDevices {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let contacts = Table::create()
            .table(SchoolContact::Table)
            .col(uuid(SchoolContact::SchoolId).primary_key())
            .col(timestamp_with_time_zone(SchoolContact::HeardAt))
            .to_owned();
        manager.create_table(contacts).await?;

        let devices = Table::create()
            .table(Device::Table)
            .col(uuid(Device::DeviceId).primary_key())
            .col(uuid(Device::SchoolId))
            .col(string(Device::DeviceKey))
            .col(text(Device::Names))
            .col(text(Device::Software))
            .col(text(Device::Services))
            .col(timestamp_with_time_zone(Device::FirstSeenAt))
            .col(timestamp_with_time_zone(Device::LastSeenAt))
            .col(timestamp_with_time_zone(Device::HeardAt))
            .col(string(Device::SortName))
            .col(text(Device::SearchText))
            .to_owned();
        manager.create_table(devices).await?;
        let by_key =
            Index::create().name("device_by_key").table(Device::Table).col(Device::SchoolId).col(Device::DeviceKey).unique().to_owned();
        manager.create_index(by_key).await?;
        for (name, column) in [
            ("device_by_last_seen", Device::LastSeenAt),
            ("device_by_first_seen", Device::FirstSeenAt),
            ("device_by_name", Device::SortName),
        ] {
            let index = Index::create().name(name).table(Device::Table).col(Device::SchoolId).col(column).col(Device::DeviceId).to_owned();
            manager.create_index(index).await?;
        }
        let by_heard = Index::create().name("device_by_heard").table(Device::Table).col(Device::HeardAt).to_owned();
        manager.create_index(by_heard).await?;

        let claim_is_whole = Expr::col(DeviceAddress::ClaimedFirstAt).is_null().eq(Expr::col(DeviceAddress::ClaimedLastAt).is_null());
        let device_of_address = ForeignKey::create()
            .from(DeviceAddress::Table, DeviceAddress::DeviceId)
            .to(Device::Table, Device::DeviceId)
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        let addresses = Table::create()
            .table(DeviceAddress::Table)
            .col(uuid(DeviceAddress::DeviceId))
            .col(string(DeviceAddress::Ip))
            .col(uuid(DeviceAddress::SchoolId))
            .col(string(DeviceAddress::Source))
            .col(timestamp_with_time_zone(DeviceAddress::ObservedAt))
            .col(timestamp_with_time_zone_null(DeviceAddress::ClaimedFirstAt))
            .col(timestamp_with_time_zone_null(DeviceAddress::ClaimedLastAt))
            .primary_key(Index::create().col(DeviceAddress::DeviceId).col(DeviceAddress::Ip))
            .foreign_key(&mut device_of_address.clone())
            .check(claim_is_whole)
            .to_owned();
        manager.create_table(addresses).await?;
        let by_ip = Index::create()
            .name("device_address_by_ip")
            .table(DeviceAddress::Table)
            .col(DeviceAddress::SchoolId)
            .col(DeviceAddress::Ip)
            .to_owned();
        manager.create_index(by_ip).await?;

        let device_of_day = ForeignKey::create()
            .from(DeviceDay::Table, DeviceDay::DeviceId)
            .to(Device::Table, Device::DeviceId)
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        let days = Table::create()
            .table(DeviceDay::Table)
            .col(uuid(DeviceDay::DeviceId))
            .col(date(DeviceDay::Day))
            .col(big_integer(DeviceDay::SlotsLow))
            .col(big_integer(DeviceDay::SlotsHigh))
            .col(integer(DeviceDay::SlotCount))
            .primary_key(Index::create().col(DeviceDay::DeviceId).col(DeviceDay::Day))
            .foreign_key(&mut device_of_day.clone())
            .to_owned();
        manager.create_table(days).await?;
        let by_day = Index::create().name("device_day_by_day").table(DeviceDay::Table).col(DeviceDay::Day).to_owned();
        manager.create_index(by_day).await
    }
}
