//! From when on the targets of older cases are near: of the open ones, which is all that lists ask for.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Expr, ExprTrait, Query},
    sea_orm::ConnectionTrait as _,
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};
use uuid::Uuid;

pub struct FillInNearTargets;

impl MigrationName for FillInNearTargets {
    fn name(&self) -> &'static str {
        "m20261127_fill_in_near_targets"
    }
}

#[derive(DeriveIden)]
enum IncidentCase {
    Table,
    CaseId,
    Phase,
    OpenedAt,
    ReactBy,
    ResolveBy,
    ReactSoonAt,
    ResolveSoonAt,
}

const CLOSED: i16 = 7;

#[async_trait::async_trait]
impl MigrationTrait for FillInNearTargets {
    /// As if their clocks had begun when they opened, which is so unless they grew worse or were reopened.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let open = Query::select()
            .columns([IncidentCase::CaseId, IncidentCase::OpenedAt, IncidentCase::ReactBy, IncidentCase::ResolveBy])
            .from(IncidentCase::Table)
            .and_where(ExprTrait::lt(Expr::col(IncidentCase::Phase), CLOSED))
            .and_where(Expr::col(IncidentCase::ReactSoonAt).is_null())
            .to_owned();
        for row in connection.query_all(&open).await? {
            let opened: DateTime<Utc> = row.try_get("", "opened_at")?;
            let react_soon = near_from(opened, row.try_get("", "react_by")?);
            let resolve_soon = near_from(opened, row.try_get("", "resolve_by")?);
            let case_id: Uuid = row.try_get("", "case_id")?;
            let fill = Query::update()
                .table(IncidentCase::Table)
                .values([(IncidentCase::ReactSoonAt, react_soon.into()), (IncidentCase::ResolveSoonAt, resolve_soon.into())])
                .and_where(ExprTrait::eq(Expr::col(IncidentCase::CaseId), case_id))
                .and_where(Expr::col(IncidentCase::ReactSoonAt).is_null())
                .to_owned();
            connection.execute(&fill).await?;
        }
        Ok(())
    }
}

/// Half of what is short, a day of what is longer, a quarter at least.
fn near_from(begin: DateTime<Utc>, by: DateTime<Utc>) -> DateTime<Utc> {
    let allowed = std::cmp::max(by - begin, TimeDelta::zero());
    by - std::cmp::max(allowed / 4, std::cmp::min(allowed / 2, TimeDelta::days(1)))
}
