//! Gateways.

use sea_orm_migration::{
    prelude::{DbErr, Expr, ExprTrait as _, ForeignKey, Index, Table},
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

#[async_trait::async_trait]
impl MigrationTrait for AddGateways {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_active = Expr::col("state")
            .eq("active")
            .and(Expr::col("secret_hash").is_not_null())
            .and(Expr::col("secret_since").is_not_null())
            .and(Expr::col("revoked_at").is_null());
        let is_revoked = Expr::col("state")
            .eq("revoked")
            .and(Expr::col("secret_hash").is_null())
            .and(Expr::col("revoked_at").is_not_null())
            .and(Expr::col("revoked_by").is_not_null())
            .and(Expr::col("revoke_reason").is_not_null());
        let gateways = Table::create()
            .table("gateway")
            .col(uuid("gateway_id").primary_key())
            .col(uuid("school_id"))
            .col(uuid_null("site_id"))
            .col(string("name"))
            .col(timestamp_with_time_zone("enrolled_at"))
            .col(string("state"))
            .col(binary_null("secret_hash"))
            .col(timestamp_with_time_zone_null("secret_since"))
            .col(timestamp_with_time_zone_null("revoked_at"))
            .col(string_null("revoked_by"))
            .col(text_null("revoke_reason"))
            .col(integer("version"))
            .col(string("requested_by"))
            .col(uuid_null("request_id"))
            .foreign_key(ForeignKey::create().from("gateway", "school_id").to("school", "school_id"))
            .foreign_key(ForeignKey::create().from("gateway", "site_id").to("site", "site_id"))
            .check(is_active.or(is_revoked))
            .to_owned();
        manager.create_table(gateways).await?;
        let by_school = Index::create().name("gateway_by_school").table("gateway").col("school_id").col("gateway_id").to_owned();
        manager.create_index(by_school).await?;
        let by_request =
            Index::create().name("gateway_by_request").table("gateway").col("requested_by").col("request_id").unique().to_owned();
        manager.create_index(by_request).await
    }
}
