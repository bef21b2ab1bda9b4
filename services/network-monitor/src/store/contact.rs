//! When schools and their gateways were last heard.

use std::collections::{BTreeMap, BTreeSet};

use auth::Scope;
use chrono::{DateTime, Utc};
use runtime::{GatewayId, SchoolId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use storage::{StoreResult, Txn, chunks, within};
use uuid::Uuid;

use super::{device, gateway_contact, school_contact};
use crate::domain::{bounds::Allowance, contact::GatewayContact};

/// A school was heard. From now until the transaction ends no other writes what belongs to this school: take schools in the
/// order of their ids. Answers what of its bounds the school has used in this hour.
pub async fn hear(txn: &Txn, school: SchoolId, heard: DateTime<Utc>, now: DateTime<Utc>) -> StoreResult<Allowance> {
    use school_contact::{ActiveModel, Column, Entity};
    let unused = || ActiveModel {
        school_id: Set(school.as_uuid()),
        heard_at: Set(heard),
        counted_hour: Set(DateTime::UNIX_EPOCH),
        devices: Set(0),
        new_devices: Set(0),
        new_alerts: Set(0),
    };
    let or_later = or_later(Entity, Column::SchoolId, Column::HeardAt);
    Entity::insert(unused()).on_conflict(or_later).exec_without_returning(&**txn).await?;
    let row = Entity::find_by_id(school.as_uuid()).one(&**txn).await?;
    let known = row.filter(|row| row.counted_hour == Allowance::hour_of(now));
    let number = |column: i32| u32::try_from(column).unwrap_or(u32::MAX);
    if let Some(row) = known {
        return Ok(Allowance {
            hour: row.counted_hour,
            devices: number(row.devices),
            new_devices: number(row.new_devices),
            new_alerts: number(row.new_alerts),
        });
    }
    let begun = Allowance::begin(now, device::count(txn, school).await?);
    // At once, so that devices are counted once an hour also where nothing new appears in it.
    keep_allowance(txn, school, &begun).await?;
    Ok(begun)
}

/// Locks a school for work of our own. `false` when it was never heard: then nothing of it is kept either.
pub async fn lock(txn: &Txn, school: SchoolId) -> StoreResult<bool> {
    use school_contact::Entity;
    Ok(Entity::find_by_id(school.as_uuid()).lock_exclusive().one(&**txn).await?.is_some())
}

/// Locks schools for work of our own, in the order of their ids.
pub async fn lock_all(txn: &Txn, schools: Vec<Uuid>) -> StoreResult<()> {
    use school_contact::{Column, Entity};
    for some in chunks(BTreeSet::from_iter(schools)) {
        let query = Entity::find().filter(Column::SchoolId.is_in(some)).order_by_asc(Column::SchoolId);
        query.lock_exclusive().all(&**txn).await?;
    }
    Ok(())
}

/// Keeps what of its bounds a school has used. The school must be locked.
pub async fn keep_allowance(txn: &Txn, school: SchoolId, allowance: &Allowance) -> StoreResult<()> {
    use school_contact::{ActiveModel, Column, Entity};
    let column = |number: u32| Set(i32::try_from(number).unwrap_or(i32::MAX));
    let used = ActiveModel {
        counted_hour: Set(allowance.hour),
        devices: column(allowance.devices),
        new_devices: column(allowance.new_devices),
        new_alerts: column(allowance.new_alerts),
        ..Default::default()
    };
    Entity::update_many().set(used).filter(Column::SchoolId.eq(school.as_uuid())).exec(&**txn).await?;
    Ok(())
}

/// Gateways of a school were heard. The school must be locked.
pub async fn hear_gateways(txn: &Txn, school: SchoolId, heard: &BTreeMap<GatewayId, DateTime<Utc>>) -> StoreResult<()> {
    use gateway_contact::{ActiveModel, Column, Entity};
    if heard.is_empty() {
        return Ok(());
    }
    let rows = heard.iter().map(|(gateway, heard)| ActiveModel {
        gateway_id: Set(gateway.as_uuid()),
        school_id: Set(school.as_uuid()),
        heard_at: Set(*heard),
    });
    let or_later = or_later(Entity, Column::GatewayId, Column::HeardAt);
    Entity::insert_many(rows).on_conflict(or_later).exec_without_returning(&**txn).await?;
    Ok(())
}

/// What is told late does not make a contact older than it is known to be.
fn or_later<E: EntityTrait, C: ColumnTrait>(entity: E, key: C, heard: C) -> OnConflict {
    let known = || Expr::col((entity, heard));
    let told = || Expr::col(("excluded", heard));
    let later = Expr::case(known().lt(told()), told()).finally(known());
    OnConflict::column(key).value(heard, Expr::expr(later)).to_owned()
}

/// When a school within the caller's scope was last heard; `None` when never.
pub async fn last_heard(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: SchoolId,
) -> StoreResult<Option<DateTime<Utc>>> {
    use school_contact::{Column, Entity};
    let query = within(Entity::find_by_id(school.as_uuid()), Column::SchoolId, scope);
    Ok(query.one(connection).await?.map(|row| row.heard_at))
}

/// Those of these gateways that are within the caller's scope and were ever heard.
pub async fn of_gateways(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    gateways: &[GatewayId],
) -> StoreResult<Vec<GatewayContact>> {
    use gateway_contact::{Column, Entity};
    let wanted = Column::GatewayId.is_in(gateways.iter().map(|gateway| gateway.as_uuid()));
    let rows = within(Entity::find().filter(wanted), Column::SchoolId, scope).all(connection).await?;
    let contact =
        |row: gateway_contact::Model| GatewayContact { gateway: row.gateway_id.into(), school: row.school_id.into(), heard: row.heard_at };
    Ok(rows.into_iter().map(contact).collect())
}
