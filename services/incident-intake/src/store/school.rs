//! A copy of what identity says of schools, and the queue of writers per school.

use runtime::SchoolId;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseBackend, EntityTrait as _, QueryFilter as _, Statement, sea_query::Expr,
};
use storage::{StoreResult, Txn, or_update};

use super::entity::{incident_case, school};
use crate::domain::school::School;

/// What identity last said of a school; `None` when it has not yet.
pub async fn find(connection: &impl ConnectionTrait, id: SchoolId) -> StoreResult<Option<School>> {
    let row = school::Entity::find_by_id(id.as_uuid()).one(connection).await?;
    Ok(row.map(|row| School {
        id: row.school_id.into(),
        name: row.name,
        municipality: row.municipality,
        contact_name: row.contact_name,
        contact_phone: row.contact_phone,
    }))
}

/// Keeps what identity says now, also in the school's cases.
pub async fn save(txn: &Txn, school: &School) -> StoreResult<()> {
    let row = school::ActiveModel {
        school_id: Set(school.id.as_uuid()),
        name: Set(school.name.clone()),
        municipality: Set(school.municipality.clone()),
        contact_name: Set(school.contact_name.clone()),
        contact_phone: Set(school.contact_phone.clone()),
        search_text: Set(format!("{} {}", school.name, school.municipality).to_lowercase()),
    };
    school::Entity::insert(row).on_conflict(or_update::<school::Entity>(&[])).exec_without_returning(&**txn).await?;
    incident_case::Entity::update_many()
        .col_expr(incident_case::Column::SchoolName, Expr::value(school.name.as_str()))
        .col_expr(incident_case::Column::Municipality, Expr::value(school.municipality.as_str()))
        .col_expr(incident_case::Column::ContactName, Expr::value(school.contact_name.as_str()))
        .col_expr(incident_case::Column::ContactPhone, Expr::value(school.contact_phone.as_str()))
        .filter(incident_case::Column::SchoolId.eq(school.id.as_uuid()))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Forgets a school that identity no longer has. Its cases keep its name.
pub async fn remove(txn: &Txn, id: SchoolId) -> StoreResult<()> {
    school::Entity::delete_by_id(id.as_uuid()).exec(&**txn).await?;
    Ok(())
}

/// Waits until no other transaction changes this school's cases, and keeps others waiting until this one ends.
///
/// People's transactions change one school, so they never wait in a circle with anybody. The consumer's may change several; two
/// of them can only meet when one replica reads alerts while another reads names of schools, and then PostgreSQL ends one,
/// which is tried again.
pub async fn lock(txn: &Txn, id: SchoolId) -> StoreResult<()> {
    // SQLite has one writer anyway.
    if txn.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    let (high, low) = id.as_uuid().as_u64_pair();
    // Different schools that meet in one number only wait a little.
    let number = i64::from_ne_bytes((high ^ low).to_ne_bytes());
    let lock = Statement::from_sql_and_values(DatabaseBackend::Postgres, "SELECT pg_advisory_xact_lock($1)", [number.into()]);
    txn.execute_raw(lock).await?;
    Ok(())
}
