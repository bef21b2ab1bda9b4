//! When gateways were last heard before that was kept: their last alert says it of those that had one.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Expr, ExprTrait as _, OnConflict, Query},
    sea_orm::ConnectionTrait as _,
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct FillInGatewayContacts;

impl MigrationName for FillInGatewayContacts {
    fn name(&self) -> &'static str {
        "m20261128_fill_in_gateway_contacts"
    }
}

#[derive(DeriveIden)]
enum GatewayContact {
    Table,
    GatewayId,
    SchoolId,
    HeardAt,
}

#[derive(DeriveIden)]
enum Alert {
    Table,
    GatewayId,
    SchoolId,
    ReceivedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for FillInGatewayContacts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let last_alerts = Query::select()
            .columns([Alert::GatewayId, Alert::SchoolId])
            .expr(Expr::col(Alert::ReceivedAt).max())
            .from(Alert::Table)
            .and_where(Expr::col(Alert::GatewayId).is_not_null())
            .group_by_columns([Alert::GatewayId, Alert::SchoolId])
            .to_owned();
        let mut insert = Query::insert();
        insert.into_table(GatewayContact::Table).columns([GatewayContact::GatewayId, GatewayContact::SchoolId, GatewayContact::HeardAt]);
        insert.select_from(last_alerts).map_err(|error| DbErr::Custom(error.to_string()))?;
        // What has been heard meanwhile is later.
        insert.on_conflict(OnConflict::column(GatewayContact::GatewayId).do_nothing().to_owned());
        manager.get_connection().execute(&insert).await?;
        Ok(())
    }
}
