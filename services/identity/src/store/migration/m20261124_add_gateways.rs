//! Gateways.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Expr, ExprTrait as _, ForeignKey, Index, Table},
    schema::{
        binary_null, integer, string, string_null, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
    },
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddGateways;

impl MigrationName for AddGateways {
    fn name(&self) -> &'static str {
        "m20261124_add_gateways"
    }
}

#[derive(DeriveIden)]
enum Gateway {
    Table,
    GatewayId,
    SchoolId,
    SiteId,
    Name,
    EnrolledAt,
    State,
    SecretHash,
    SecretSince,
    RevokedAt,
    RevokedBy,
    RevokeReason,
    Version,
    RequestedBy,
    RequestId,
}

#[derive(DeriveIden)]
enum School {
    Table,
    SchoolId,
}

#[derive(DeriveIden)]
enum Site {
    Table,
    SiteId,
}

#[async_trait::async_trait]
impl MigrationTrait for AddGateways {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let school = ForeignKey::create().from(Gateway::Table, Gateway::SchoolId).to(School::Table, School::SchoolId).to_owned();
        let site = ForeignKey::create().from(Gateway::Table, Gateway::SiteId).to(Site::Table, Site::SiteId).to_owned();
        let is_active = Expr::col(Gateway::State)
            .eq("active")
            .and(Expr::col(Gateway::SecretHash).is_not_null())
            .and(Expr::col(Gateway::SecretSince).is_not_null())
            .and(Expr::col(Gateway::RevokedAt).is_null());
        let is_revoked = Expr::col(Gateway::State)
            .eq("revoked")
            .and(Expr::col(Gateway::SecretHash).is_null())
            .and(Expr::col(Gateway::RevokedAt).is_not_null())
            .and(Expr::col(Gateway::RevokedBy).is_not_null())
            .and(Expr::col(Gateway::RevokeReason).is_not_null());
        let gateways = Table::create()
            .table(Gateway::Table)
            .col(uuid(Gateway::GatewayId).primary_key())
            .col(uuid(Gateway::SchoolId))
            .col(uuid_null(Gateway::SiteId))
            .col(string(Gateway::Name))
            .col(timestamp_with_time_zone(Gateway::EnrolledAt))
            .col(string(Gateway::State))
            .col(binary_null(Gateway::SecretHash))
            .col(timestamp_with_time_zone_null(Gateway::SecretSince))
            .col(timestamp_with_time_zone_null(Gateway::RevokedAt))
            .col(string_null(Gateway::RevokedBy))
            .col(text_null(Gateway::RevokeReason))
            .col(integer(Gateway::Version))
            .col(string(Gateway::RequestedBy))
            .col(uuid_null(Gateway::RequestId))
            .foreign_key(&mut school.clone())
            .foreign_key(&mut site.clone())
            .check(is_active.or(is_revoked))
            .to_owned();
        manager.create_table(gateways).await?;
        let by_school =
            Index::create().name("gateway_by_school").table(Gateway::Table).col(Gateway::SchoolId).col(Gateway::GatewayId).to_owned();
        manager.create_index(by_school).await?;
        let by_request = Index::create()
            .name("gateway_by_request")
            .table(Gateway::Table)
            .col(Gateway::RequestedBy)
            .col(Gateway::RequestId)
            .unique()
            .to_owned();
        manager.create_index(by_request).await
    }
}
