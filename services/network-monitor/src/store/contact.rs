//! When schools were last heard.

use auth::Scope;
use chrono::{DateTime, Utc};
use runtime::SchoolId;
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, EntityTrait as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use storage::{StoreResult, Txn};

use super::{
    entity::school_contact::{ActiveModel, Column, Entity},
    within,
};

/// A school was heard. From now until the transaction ends no other writes what belongs to this school: take schools in the
/// order of their ids.
pub async fn hear(txn: &Txn, school: SchoolId, heard: DateTime<Utc>) -> StoreResult<()> {
    let known = || Expr::col((Entity, Column::HeardAt));
    let later = Expr::case(known().lt(heard), heard).finally(known());
    let or_later = OnConflict::column(Column::SchoolId).value(Column::HeardAt, Expr::expr(later)).to_owned();
    let row = ActiveModel { school_id: Set(school.as_uuid()), heard_at: Set(heard) };
    Entity::insert(row).on_conflict(or_later).exec_without_returning(&**txn).await?;
    Ok(())
}

/// When a school within the caller's scope was last heard; `None` when never.
pub async fn last_heard(connection: &impl ConnectionTrait, scope: &Scope, school: SchoolId) -> StoreResult<Option<DateTime<Utc>>> {
    let query = within(Entity::find_by_id(school.as_uuid()), Column::SchoolId, scope);
    Ok(query.one(connection).await?.map(|row| row.heard_at))
}
