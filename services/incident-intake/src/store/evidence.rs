//! Alerts attached to cases.

use runtime::{AlertId, CaseId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use storage::{StoreResult, Txn};

use super::{
    entity::evidence::{ActiveModel, Column, Entity},
    from_json, to_json,
};
use crate::domain::alert::Alert;

/// One alert of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// From 1, in the order they were attached.
    pub position: i64,
    /// As it stood when last heard of.
    pub alert: Alert,
}

/// Whether a case has this alert already.
pub async fn has(txn: &Txn, case: CaseId, alert: AlertId) -> StoreResult<bool> {
    Ok(Entity::find_by_id((case.as_uuid(), alert.as_uuid())).count(&**txn).await? > 0)
}

/// How many alerts of a case are kept.
pub async fn count(connection: &impl ConnectionTrait, case: CaseId) -> StoreResult<u64> {
    Ok(Entity::find().filter(Column::CaseId.eq(case.as_uuid())).count(connection).await?)
}

/// Adds alerts after those that are there, in the order given. All must be new to the case.
pub async fn add(txn: &Txn, case: CaseId, kept_before: u64, alerts: &[&Alert]) -> StoreResult<()> {
    let mut rows = Vec::with_capacity(alerts.len());
    for (position, alert) in (super::to_column(kept_before) + 1..).zip(alerts) {
        let json = to_json("evidence.alert", alert)?;
        rows.push(ActiveModel {
            case_id: Set(case.as_uuid()),
            alert_id: Set(alert.id.as_uuid()),
            position: Set(position),
            alert: Set(json),
        });
    }
    Entity::insert_many(rows).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Replaces what is known of an alert that the case has.
pub async fn refresh(txn: &Txn, case: CaseId, alert: &Alert) -> StoreResult<()> {
    let json = to_json("evidence.alert", alert)?;
    Entity::update_many()
        .set(ActiveModel { alert: Set(json), ..Default::default() })
        .filter(Column::CaseId.eq(case.as_uuid()))
        .filter(Column::AlertId.eq(alert.id.as_uuid()))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Alerts of a case in the order they were attached, after a position.
pub async fn list(connection: &impl ConnectionTrait, case: CaseId, after: Option<i64>, limit: u64) -> StoreResult<Vec<Evidence>> {
    let rows = Entity::find()
        .filter(Column::CaseId.eq(case.as_uuid()))
        .filter(Column::Position.gt(after.unwrap_or_default()))
        .order_by_asc(Column::Position)
        .limit(limit)
        .all(connection)
        .await?;
    rows.into_iter().map(|row| Ok(Evidence { position: row.position, alert: from_json("evidence.alert", &row.alert)? })).collect()
}
