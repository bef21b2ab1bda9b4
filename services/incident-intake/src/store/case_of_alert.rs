//! Which case an alert belongs to, and which cases go together.

use std::collections::HashMap;

use auth::Scope;
use runtime::{AlertId, CaseId, SchoolId};
use sea_orm::{ConnectionTrait, QueryOrder as _, QuerySelect as _, entity::prelude::*, sea_query::Query};
use storage::{StoreResult, Txn, within};

use super::{
    case::{Column, Entity, is_open, read},
    evidence,
};
use crate::domain::{alert::Alert, case::Case};

/// The open case that an alert belongs to: the one that has it as evidence, else the one of its signature. The school must be
/// locked.
pub async fn find_open_for(txn: &Txn, school: SchoolId, alert: AlertId, signature_id: &str) -> StoreResult<Option<Case>> {
    let cases_of_alert = Query::select()
        .column(evidence::Column::CaseId)
        .from(evidence::Entity)
        .and_where(evidence::Column::AlertId.eq(alert.as_uuid()))
        .to_owned();
    let with_alert = oldest(open_at(school).filter(Column::CaseId.in_subquery(cases_of_alert))).one(&**txn).await?;
    if let Some(row) = with_alert {
        return read(row).map(Some);
    }
    find_open_of_signature(txn, school, signature_id).await
}

/// The open case of a signature at a school: there is at most one. The school must be locked.
pub async fn find_open_of_signature(txn: &Txn, school: SchoolId, signature_id: &str) -> StoreResult<Option<Case>> {
    open_at(school).filter(Column::SignatureId.eq(signature_id)).one(&**txn).await?.map(read).transpose()
}

/// The oldest open case that shares evidence with a closed one. The school must be locked.
pub async fn find_open_sharing_evidence(txn: &Txn, closed: &Case) -> StoreResult<Option<Case>> {
    let alerts_of_closed = Query::select()
        .column(evidence::Column::AlertId)
        .from(evidence::Entity)
        .and_where(evidence::Column::CaseId.eq(closed.id.as_uuid()))
        .to_owned();
    let cases_of_alerts = Query::select()
        .column(evidence::Column::CaseId)
        .from(evidence::Entity)
        .and_where(evidence::Column::AlertId.in_subquery(alerts_of_closed))
        .to_owned();
    let sharing =
        open_at(closed.school.id).filter(Column::CaseId.ne(closed.id.as_uuid())).filter(Column::CaseId.in_subquery(cases_of_alerts));
    oldest(sharing).one(&**txn).await?.map(read).transpose()
}

fn oldest(cases: Select<Entity>) -> Select<Entity> {
    cases.order_by_asc(Column::OpenedAt).order_by_asc(Column::CaseId)
}

fn open_at(school: SchoolId) -> Select<Entity> {
    Entity::find().filter(Column::SchoolId.eq(school.as_uuid())).filter(is_open())
}

/// The latest case of a signature at a school, open or closed. The school must be locked.
pub async fn find_latest(txn: &Txn, school: SchoolId, signature_id: &str) -> StoreResult<Option<Case>> {
    let row = Entity::find()
        .filter(Column::SchoolId.eq(school.as_uuid()))
        .filter(Column::SignatureId.eq(signature_id))
        .order_by_desc(Column::OpenedAt)
        .order_by_desc(Column::CaseId)
        .one(&**txn)
        .await?;
    row.map(read).transpose()
}

/// The case that each of these alerts of a school is in, within the caller's scope; alerts in no case are left out.
///
/// An alert may be in several cases, one after the other: the open one counts, else the newest. One that came when its case had
/// evidence enough is in the open case of its signature, if that was open by then.
pub async fn cases_of(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: SchoolId,
    alerts: &[Alert],
) -> StoreResult<HashMap<AlertId, Case>> {
    let rows: Vec<(Uuid, Uuid)> = evidence::Entity::find()
        .select_only()
        .columns([evidence::Column::AlertId, evidence::Column::CaseId])
        .filter(evidence::Column::AlertId.is_in(alerts.iter().map(|alert| alert.id.as_uuid())))
        .into_tuple()
        .all(connection)
        .await?;
    let ids = rows.iter().map(|(_, case)| CaseId::from(*case));
    let cases: HashMap<CaseId, Case> = of_school(connection, scope, school, ids).await?.into_iter().map(|case| (case.id, case)).collect();

    let mut found: HashMap<AlertId, Case> = HashMap::new();
    for (alert, case) in rows {
        let Some(case) = cases.get(&case.into()) else { continue };
        let counts_more = |other: &Case| (case.is_active(), case.opened_at) > (other.is_active(), other.opened_at);
        if found.get(&alert.into()).is_none_or(counts_more) {
            found.insert(alert.into(), case.clone());
        }
    }

    let elsewhere: Vec<&Alert> = alerts.iter().filter(|alert| !found.contains_key(&alert.id)).collect();
    let open = open_of_signatures(connection, scope, school, elsewhere.iter().map(|alert| alert.signature.id.as_str())).await?;
    for alert in elsewhere {
        let case = open.iter().find(|case| case.signature.id == alert.signature.id && case.opened_at <= alert.last_at);
        found.extend(case.map(|case| (alert.id, case.clone())));
    }
    Ok(found)
}

/// Those of some cases that are of a school and within the caller's scope.
async fn of_school(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: SchoolId,
    ids: impl Iterator<Item = CaseId>,
) -> StoreResult<Vec<Case>> {
    let query = within(Entity::find(), Column::SchoolId, scope).filter(Column::SchoolId.eq(school.as_uuid()));
    let rows = query.filter(Column::CaseId.is_in(ids.map(CaseId::as_uuid))).all(connection).await?;
    rows.into_iter().map(read).collect()
}

/// The open cases of some signatures at a school, within the caller's scope.
async fn open_of_signatures(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: SchoolId,
    signatures: impl Iterator<Item = &str>,
) -> StoreResult<Vec<Case>> {
    let rows = within(open_at(school), Column::SchoolId, scope).filter(Column::SignatureId.is_in(signatures)).all(connection).await?;
    rows.into_iter().map(read).collect()
}
