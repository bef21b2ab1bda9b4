//! A copy of what identity says of schools, and the queue of writers per school.

use runtime::SchoolId;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseBackend, Statement, entity::prelude::*};
use storage::{StoreResult, Txn, or_update};

use crate::domain::school::School;

/// Table `school`. A copy of what identity says of schools.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: Uuid,
    pub name: String,
    pub municipality: String,
    pub contact_name: String,
    pub contact_phone: String,
    /// Both in small letters: searches look in it.
    pub search_text: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Organisations {
    Public: SchoolId, Name, Municipality, SearchText;
    Personal: ContactName, ContactPhone;
}}

/// What identity last said of a school; `None` when it has not yet.
pub async fn find(connection: &impl ConnectionTrait, id: SchoolId) -> StoreResult<Option<School>> {
    let row = Entity::find_by_id(id.as_uuid()).one(connection).await?;
    Ok(row.map(|row| School {
        id: row.school_id.into(),
        name: row.name,
        municipality: row.municipality,
        contact_name: row.contact_name,
        contact_phone: row.contact_phone,
    }))
}

/// Keeps what identity says now. The school's cases keep a copy: [`super::case::describe_school`].
pub async fn save(txn: &Txn, school: &School) -> StoreResult<()> {
    let row = ActiveModel {
        school_id: Set(school.id.as_uuid()),
        name: Set(school.name.clone()),
        municipality: Set(school.municipality.clone()),
        contact_name: Set(school.contact_name.clone()),
        contact_phone: Set(school.contact_phone.clone()),
        search_text: Set(format!("{} {}", school.name, school.municipality).to_lowercase()),
    };
    Entity::insert(row).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Forgets a school that identity no longer has. Its cases keep its name.
pub async fn remove(txn: &Txn, id: SchoolId) -> StoreResult<()> {
    Entity::delete_by_id(id.as_uuid()).exec(&**txn).await?;
    Ok(())
}

/// Waits until no other transaction changes this school's cases, and keeps others waiting until this one ends.
///
/// People's transactions change one school, so they never wait in a circle with anybody. The consumer's may change several; two
/// of them can only meet when one replica reads alerts while another reads names of schools or erases a person, and then
/// PostgreSQL ends one, which is tried again.
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
