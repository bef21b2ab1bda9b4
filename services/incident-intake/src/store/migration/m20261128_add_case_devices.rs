//! Which devices of the school cases are about. Those in older evidence are filled in afterwards, since a reference to cases holds
//! up who writes them.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, ForeignKey, Index, Table},
    schema::{big_integer, boolean, string, text, uuid},
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddCaseDevices;

impl MigrationName for AddCaseDevices {
    fn name(&self) -> &'static str {
        "m20261128_add_case_devices"
    }
}

#[derive(DeriveIden)]
enum CaseDevice {
    Table,
    CaseId,
    DeviceKey,
    Position,
    IsKnown,
    Name,
    Ip,
}

#[derive(DeriveIden)]
enum IncidentCase {
    Table,
    CaseId,
}

#[async_trait::async_trait]
impl MigrationTrait for AddCaseDevices {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let case =
            ForeignKey::create().from(CaseDevice::Table, CaseDevice::CaseId).to(IncidentCase::Table, IncidentCase::CaseId).to_owned();
        let devices = Table::create()
            .table(CaseDevice::Table)
            .col(uuid(CaseDevice::CaseId))
            .col(string(CaseDevice::DeviceKey))
            .col(big_integer(CaseDevice::Position))
            .col(boolean(CaseDevice::IsKnown))
            .col(text(CaseDevice::Name))
            .col(text(CaseDevice::Ip))
            .primary_key(Index::create().col(CaseDevice::CaseId).col(CaseDevice::DeviceKey))
            .foreign_key(&mut case.clone())
            .to_owned();
        manager.create_table(devices).await
    }
}
