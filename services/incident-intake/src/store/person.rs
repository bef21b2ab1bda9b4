//! People who have worked on cases, as they were last named: those whom a case can be given to.

use runtime::PersonId;
use sea_orm::{ActiveValue::Set, QuerySelect as _, entity::prelude::*};
use storage::{StoreResult, Txn, or_update};

use crate::domain::person::Person;

/// Table `person`. People who have worked on cases, as they were last named.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: Uuid,
    pub name: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Incidents { Personal: PersonId, Name; }}

/// Somebody who has worked on a case before. Nobody forgets them until the transaction ends.
pub async fn find_to_name(txn: &Txn, id: PersonId) -> StoreResult<Option<Person>> {
    let row = Entity::find_by_id(id.as_uuid()).lock_exclusive().one(&**txn).await?;
    Ok(row.map(|row| Person { id: row.person_id.into(), name: row.name }))
}

/// Forgets somebody: no case can be given to them.
pub async fn remove(txn: &Txn, id: PersonId) -> StoreResult<()> {
    Entity::delete_by_id(id.as_uuid()).exec(&**txn).await?;
    Ok(())
}

/// Remembers somebody who works on a case now.
pub async fn remember(txn: &Txn, person: &Person) -> StoreResult<()> {
    let row = ActiveModel { person_id: Set(person.id.as_uuid()), name: Set(person.name.clone()) };
    Entity::insert(row).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    Ok(())
}
