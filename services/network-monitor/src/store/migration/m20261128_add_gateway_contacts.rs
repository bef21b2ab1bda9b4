//! When gateways were last heard.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Table},
    schema::{timestamp_with_time_zone, uuid},
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddGatewayContacts;

impl MigrationName for AddGatewayContacts {
    fn name(&self) -> &'static str {
        "m20261128_add_gateway_contacts"
    }
}

#[derive(DeriveIden)]
enum GatewayContact {
    Table,
    GatewayId,
    SchoolId,
    HeardAt,
}

#[async_trait::async_trait]
impl MigrationTrait for AddGatewayContacts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let contacts = Table::create()
            .table(GatewayContact::Table)
            .col(uuid(GatewayContact::GatewayId).primary_key())
            .col(uuid(GatewayContact::SchoolId))
            .col(timestamp_with_time_zone(GatewayContact::HeardAt))
            .to_owned();
        manager.create_table(contacts).await
    }
}
