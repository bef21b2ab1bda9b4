//! Suppressions, kept.

use auth::Scope;
use chrono::{DateTime, Utc};
use runtime::{PersonId, SchoolId};
use sea_orm::{ActiveValue::Set, Condition, ConnectionTrait, entity::prelude::*};
use storage::{Page, Paging, RequestKey, StoreError, StoreResult, Txn, desc, is_within};

use crate::domain::{
    detection::SignatureId,
    suppression::{Reason, Suppression, SuppressionId},
};

/// Table `suppression`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "suppression")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub suppression_id: Uuid,
    /// Null: every school.
    pub school_id: Option<Uuid>,
    pub signature_id: String,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    pub expires_at: DateTimeUtc,
    pub created_at: DateTimeUtc,
    /// Their name; empty for a person who was erased.
    pub creator: String,
    /// Who asked for it under which id, so that asking again gives the same suppression.
    pub requested_by: String,
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Suppressions {
    Internal: SuppressionId, SchoolId, SignatureId, ExpiresAt, CreatedAt, RequestId;
    Personal: Creator, RequestedBy;
    Special: Reason;
}}

/// Keeps a new one.
pub async fn insert(txn: &Txn, suppression: &Suppression, key: &RequestKey) -> StoreResult<()> {
    let row = ActiveModel {
        suppression_id: Set(suppression.id.as_uuid()),
        school_id: Set(suppression.school.map(Uuid::from)),
        signature_id: Set(suppression.signature_id.as_str().to_owned()),
        reason: Set(suppression.reason.as_str().to_owned()),
        expires_at: Set(suppression.expires),
        created_at: Set(suppression.created),
        creator: Set(suppression.creator.clone()),
        requested_by: Set(key.requested_by.clone()),
        request_id: Set(key.request_id.map(Into::into)),
    };
    row.insert(&**txn).await?;
    Ok(())
}

/// The suppression that this request made before.
pub async fn find_by_request(connection: &impl ConnectionTrait, key: &RequestKey) -> StoreResult<Option<Suppression>> {
    let Some(query) = key.made(Entity::find(), Column::RequestedBy, Column::RequestId) else { return Ok(None) };
    query.one(connection).await?.map(read).transpose()
}

/// One within the caller's scope; those for all schools are within every scope.
pub async fn find(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, id: SuppressionId) -> StoreResult<Option<Suppression>> {
    within_or_everywhere(scope).filter(Column::SuppressionId.eq(id.as_uuid())).one(connection).await?.map(read).transpose()
}

/// Removes one. Returns false when it was gone already.
pub async fn delete(txn: &Txn, id: SuppressionId) -> StoreResult<bool> {
    Ok(Entity::delete_by_id(id.as_uuid()).exec(&**txn).await?.rows_affected > 0)
}

/// Takes the name of a person out of those that they made.
pub async fn erase_name(txn: &Txn, person: PersonId) -> StoreResult<()> {
    let made = Entity::update_many().filter(Column::RequestedBy.eq(format!("person:{person}")));
    made.col_expr(Column::Creator, Expr::value("")).exec(&**txn).await?;
    Ok(())
}

/// Those in force within the caller's scope, newest first: of one school (with those for all schools), or all.
pub async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: Option<SchoolId>,
    now: DateTime<Utc>,
    paging: &Paging,
) -> StoreResult<Page<Suppression>> {
    let mut query = within_or_everywhere(scope).filter(Column::ExpiresAt.gt(now));
    if let Some(school) = school {
        query = query.filter(of(school));
    }
    paging.read(connection, query, [desc(Column::SuppressionId)]).await?.try_map(read)
}

/// Those in force at a school, its own and those for all.
pub async fn in_force(txn: &Txn, school: SchoolId, now: DateTime<Utc>) -> StoreResult<Vec<Suppression>> {
    let rows = Entity::find().filter(of(school)).filter(Column::ExpiresAt.gt(now)).all(&**txn).await?;
    rows.into_iter().map(read).collect()
}

fn of(school: SchoolId) -> Condition {
    Condition::any().add(Column::SchoolId.eq(school.as_uuid())).add(Column::SchoolId.is_null())
}

fn within_or_everywhere(scope: &Scope<SchoolId>) -> Select<Entity> {
    match is_within(Column::SchoolId, scope) {
        Some(own) => Entity::find().filter(Condition::any().add(own).add(Column::SchoolId.is_null())),
        None => Entity::find(),
    }
}

fn read(row: Model) -> StoreResult<Suppression> {
    Ok(Suppression {
        id: row.suppression_id.into(),
        school: row.school_id.map(Into::into),
        signature_id: SignatureId::from_store(row.signature_id),
        reason: Reason::parse(&row.reason).map_err(|error| StoreError::unreadable("suppression.reason", error))?,
        expires: row.expires_at,
        created: row.created_at,
        creator: row.creator,
    })
}
