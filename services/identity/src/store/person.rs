//! People, kept.

use runtime::PersonId;
use sea_orm::{IntoActiveModel as _, QuerySelect as _, entity::prelude::*};
use storage::{StoreError, StoreResult, Txn, or_update};

use crate::domain::Person;

/// Table `person`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: Uuid,
    pub name: String,
    pub email: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Functions { Personal: PersonId, Name, Email; }}

/// A person, locked until the transaction ends: what is published of them last is what was stored last.
pub async fn find_to_change(txn: &Txn, id: PersonId) -> StoreResult<Option<Person>> {
    Entity::find_by_id(id.as_uuid()).lock_exclusive().one(&**txn).await?.map(read).transpose()
}

/// Keeps a person, new or changed.
pub async fn save(txn: &Txn, person: &Person) -> StoreResult<()> {
    let row = Model { person_id: person.id.as_uuid(), name: person.name.as_str().to_owned(), email: person.email.as_str().to_owned() };
    Entity::insert(row.into_active_model()).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    Ok(())
}

pub(super) fn read(row: Model) -> StoreResult<Person> {
    Ok(Person {
        id: row.person_id.into(),
        name: row.name.as_str().try_into().map_err(|error| StoreError::unreadable("person.name", error))?,
        email: row.email.as_str().try_into().map_err(|error| StoreError::unreadable("person.email", error))?,
    })
}
