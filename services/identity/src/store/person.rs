//! People, kept.

use runtime::PersonId;
use sea_orm::{
    ConnectionTrait, IntoActiveModel as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Func, SimpleExpr},
};
use storage::{StoreError, StoreResult, Txn, or_update};

use crate::domain::{Person, PersonDetails};

/// Table `person`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: Uuid,
    /// Both empty: the person was erased.
    pub name: Option<String>,
    pub email: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Functions { Personal: PersonId, Name, Email; }}

/// A person.
pub async fn find(connection: &impl ConnectionTrait, id: PersonId) -> StoreResult<Option<Person>> {
    Entity::find_by_id(id.as_uuid()).one(connection).await?.map(read).transpose()
}

/// A person, locked until the transaction ends: what is published of them last is what was stored last.
pub async fn find_to_change(txn: &Txn, id: PersonId) -> StoreResult<Option<Person>> {
    Entity::find_by_id(id.as_uuid()).lock_exclusive().one(&**txn).await?.map(read).transpose()
}

/// Keeps a person, new or changed.
pub async fn save(txn: &Txn, person: &Person) -> StoreResult<()> {
    let details = person.details.as_ref();
    let name = details.map(|details| details.name.as_str().to_owned());
    let row = Model { person_id: person.id.as_uuid(), name, email: details.map(|details| details.email.as_str().to_owned()) };
    Entity::insert(row.into_active_model()).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Those of these addresses, in small letters, that are somebody else's too.
pub async fn addresses_of_others(connection: &impl ConnectionTrait, id: PersonId, addresses: &[String]) -> StoreResult<Vec<String>> {
    let lower = || SimpleExpr::from(Func::lower(Expr::col(Column::Email)));
    let others = Entity::find().select_only().expr(lower()).distinct().filter(Column::PersonId.ne(id.as_uuid()));
    Ok(others.filter(lower().is_in(addresses)).into_tuple().all(connection).await?)
}

/// Erases who a person is.
pub async fn erase(txn: &Txn, id: PersonId) -> StoreResult<()> {
    let nothing: Option<String> = None;
    let person = Entity::update_many().filter(Column::PersonId.eq(id.as_uuid()));
    person.col_expr(Column::Name, Expr::value(nothing.clone())).col_expr(Column::Email, Expr::value(nothing)).exec(&**txn).await?;
    Ok(())
}

pub(super) fn read(row: Model) -> StoreResult<Person> {
    let details = match (row.name.as_deref(), row.email.as_deref()) {
        (Some(name), Some(email)) => Some(PersonDetails {
            name: name.try_into().map_err(|error| StoreError::unreadable("person.name", error))?,
            email: email.try_into().map_err(|error| StoreError::unreadable("person.email", error))?,
        }),
        (None, None) => None,
        _ => return Err(StoreError::unreadable("person.name", "name and address go together")),
    };
    Ok(Person { id: row.person_id.into(), details })
}
