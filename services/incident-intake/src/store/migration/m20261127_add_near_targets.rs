//! From when on the targets of a case are near, so that lists can be in the order in which clocks are shown.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Expr, ExprTrait, Query, Table},
    schema::timestamp_with_time_zone_null,
    sea_orm::ConnectionTrait as _,
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};
use uuid::Uuid;

pub struct AddNearTargets;

impl MigrationName for AddNearTargets {
    fn name(&self) -> &'static str {
        "m20261127_add_near_targets"
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
    ReactedAt,
    ReactSoonAt,
    ResolveSoonAt,
    QueueSoonAt,
}

const CLOSED: i16 = 7;

#[async_trait::async_trait]
impl MigrationTrait for AddNearTargets {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [IncidentCase::ReactSoonAt, IncidentCase::ResolveSoonAt, IncidentCase::QueueSoonAt] {
            let mut column = timestamp_with_time_zone_null(column);
            manager.alter_table(Table::alter().table(IncidentCase::Table).add_column(&mut column).to_owned()).await?;
        }
        fill_in_open_cases(manager).await
    }
}

/// As if their clocks had begun when they opened, which is so unless they grew worse or were reopened.
async fn fill_in_open_cases(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let open = Query::select()
        .columns([IncidentCase::CaseId, IncidentCase::OpenedAt, IncidentCase::ReactBy, IncidentCase::ResolveBy, IncidentCase::ReactedAt])
        .from(IncidentCase::Table)
        .and_where(ExprTrait::lt(Expr::col(IncidentCase::Phase), CLOSED))
        .to_owned();
    for row in connection.query_all(&open).await? {
        let opened: DateTime<Utc> = row.try_get("", "opened_at")?;
        let react_soon = near_from(opened, row.try_get("", "react_by")?);
        let resolve_soon = near_from(opened, row.try_get("", "resolve_by")?);
        let reacted: Option<DateTime<Utc>> = row.try_get("", "reacted_at")?;
        let queue_soon = if reacted.is_some() { resolve_soon } else { std::cmp::min(react_soon, resolve_soon) };
        let case_id: Uuid = row.try_get("", "case_id")?;
        let fill = Query::update()
            .table(IncidentCase::Table)
            .values([
                (IncidentCase::ReactSoonAt, react_soon.into()),
                (IncidentCase::ResolveSoonAt, resolve_soon.into()),
                (IncidentCase::QueueSoonAt, queue_soon.into()),
            ])
            .and_where(ExprTrait::eq(Expr::col(IncidentCase::CaseId), case_id))
            .to_owned();
        connection.execute(&fill).await?;
    }
    Ok(())
}

/// Half of what is short, a day of what is longer, a quarter at least.
fn near_from(begin: DateTime<Utc>, by: DateTime<Utc>) -> DateTime<Utc> {
    let allowed = std::cmp::max(by - begin, TimeDelta::zero());
    by - std::cmp::max(allowed / 4, std::cmp::min(allowed / 2, TimeDelta::days(1)))
}
