//! Alerts attached to cases.

use std::collections::BTreeSet;

use runtime::{AlertId, CaseId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, entity::prelude::*, sea_query::OnConflict};
use storage::{Page, Paging, StoreResult, Txn, asc, chunks};

use super::{case_device, evidence_key, from_json, to_json};
use crate::domain::alert::Alert;

/// Table `evidence`. Alerts attached to cases, as last heard of.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub alert_id: Uuid,
    /// From 1, in the order they were attached.
    pub position: i64,
    /// JSON of the alert.
    pub alert: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Incidents {
    Internal: CaseId, AlertId, Position;
    Special: Alert;
}}

/// An alert that a case has.
#[derive(Debug)]
pub struct Kept {
    position: i64,
    /// As it stood until now; `None` when that cannot be read.
    alert: Option<Alert>,
}

/// The alert as a case has it; `None` when it does not.
pub async fn kept(txn: &Txn, case: CaseId, alert: AlertId) -> StoreResult<Option<Kept>> {
    let Some(row) = Entity::find_by_id((case.as_uuid(), alert.as_uuid())).one(&**txn).await? else { return Ok(None) };
    // What cannot be read is about to be replaced.
    Ok(Some(Kept { position: row.position, alert: from_json("evidence.alert", &row.alert).ok() }))
}

/// An alert of a case.
pub async fn find(connection: &impl ConnectionTrait, case: CaseId, alert: AlertId) -> StoreResult<Option<Alert>> {
    let row = Entity::find_by_id((case.as_uuid(), alert.as_uuid())).one(connection).await?;
    row.map(|row| from_json("evidence.alert", &row.alert)).transpose()
}

/// How many alerts of a case are kept.
pub async fn count(connection: &impl ConnectionTrait, case: CaseId) -> StoreResult<u64> {
    Ok(Entity::find().filter(Column::CaseId.eq(case.as_uuid())).count(connection).await?)
}

/// Adds alerts after those that are there, in the order given. All must be new to the case.
pub async fn add(txn: &Txn, case: CaseId, kept_before: u64, alerts: &[&Alert]) -> StoreResult<()> {
    let placed: Vec<(i64, &Alert)> = (super::to_column(kept_before) + 1..).zip(alerts.iter().copied()).collect();
    let mut rows = Vec::with_capacity(alerts.len());
    for (position, alert) in placed.iter().copied() {
        let json = to_json("evidence.alert", alert)?;
        rows.push(ActiveModel {
            case_id: Set(case.as_uuid()),
            alert_id: Set(alert.id.as_uuid()),
            position: Set(position),
            alert: Set(json),
        });
    }
    for some in chunks(rows) {
        Entity::insert_many(some).exec_without_returning(&**txn).await?;
    }
    case_device::keep(txn, case, &placed, None).await?;
    let keys = alerts.iter().flat_map(|alert| alert.search_keys()).collect();
    add_keys(txn, case, keys).await
}

/// Makes a case found by these addresses and names.
async fn add_keys(txn: &Txn, case: CaseId, keys: BTreeSet<String>) -> StoreResult<()> {
    let already_there = OnConflict::columns([evidence_key::Column::SearchKey, evidence_key::Column::CaseId]).do_nothing().to_owned();
    for some in chunks(keys) {
        let rows = some.into_iter().map(|key| evidence_key::ActiveModel { search_key: Set(key), case_id: Set(case.as_uuid()) });
        evidence_key::Entity::insert_many(rows).on_conflict(already_there.clone()).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

/// Replaces what is known of an alert that the case has.
pub async fn refresh(txn: &Txn, case: CaseId, alert: &Alert, kept: &Kept) -> StoreResult<()> {
    let json = to_json("evidence.alert", alert)?;
    Entity::update_many()
        .set(ActiveModel { alert: Set(json), ..Default::default() })
        .filter(Column::CaseId.eq(case.as_uuid()))
        .filter(Column::AlertId.eq(alert.id.as_uuid()))
        .exec(&**txn)
        .await?;
    // A device may have got its name meanwhile; mostly the alert only grew.
    let before = kept.alert.as_ref();
    if before.is_none_or(|before| before.involved() != alert.involved()) {
        case_device::keep(txn, case, &[(kept.position, alert)], before).await?;
    }
    let known_keys = before.map(Alert::search_keys).unwrap_or_default();
    let new_keys = alert.search_keys().difference(&known_keys).cloned().collect();
    add_keys(txn, case, new_keys).await
}

/// Alerts of a case in the order they were attached.
pub async fn list(connection: &impl ConnectionTrait, case: CaseId, paging: &Paging) -> StoreResult<Page<Alert>> {
    let rows = Entity::find().filter(Column::CaseId.eq(case.as_uuid()));
    let page: Page<Model> = paging.read(connection, rows, [asc(Column::Position)]).await?;
    page.try_map(|row| from_json("evidence.alert", &row.alert))
}
