//! Contacts, kept.

use auth::Scope;
use runtime::SchoolId;
use sea_orm::{ActiveValue::NotSet, ConnectionTrait, IntoActiveModel as _, QueryOrder as _, QuerySelect as _, entity::prelude::*};
use storage::{Page, Paging, RequestKey, StoreError, StoreResult, Txn, asc, audit::Things, within};

use super::school;
use crate::domain::{Contact, ContactDetails, ContactId};

/// Table `contact`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub contact_id: Uuid,
    pub school_id: Uuid,
    pub name: String,
    pub phone: String,
    pub out_of_hours: bool,
    /// 0 in office hours, 1 outside, then the name in small letters: lists are in its order.
    pub sort_key: String,
    pub version: i32,
    /// Who asked for it under which id, so that asking again gives the same contact.
    pub requested_by: String,
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { StaffContacts {
    Internal: ContactId, SchoolId, OutOfHours, Version, RequestId;
    Personal: Name, Phone, SortKey, RequestedBy;
}}

/// A contact within the caller's scope.
pub async fn find(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, id: ContactId) -> StoreResult<Option<Contact>> {
    let query = within(Entity::find_by_id(id.as_uuid()), Column::SchoolId, scope);
    query.one(connection).await?.map(read).transpose()
}

/// The same, with its school locked until the transaction ends.
pub async fn find_to_change(txn: &Txn, scope: &Scope<SchoolId>, id: ContactId) -> StoreResult<Option<Contact>> {
    let Some(seen) = find(&**txn, scope, id).await? else { return Ok(None) };
    school::find_to_change(txn, scope, seen.school_id).await?;
    // Read again: it may have changed while this transaction waited.
    find(&**txn, scope, id).await
}

/// The contact that this request made before.
pub async fn find_by_request(connection: &impl ConnectionTrait, key: &RequestKey) -> StoreResult<Option<Contact>> {
    let Some(query) = key.made(Entity::find(), Column::RequestedBy, Column::RequestId) else { return Ok(None) };
    query.one(connection).await?.map(read).transpose()
}

/// What contacts of a school are called, by id.
pub async fn names(connection: &impl ConnectionTrait, school: SchoolId, things: &Things<'_>) -> StoreResult<Vec<(Uuid, String)>> {
    let query = Entity::find().select_only().columns([Column::ContactId, Column::Name]).filter(Column::SchoolId.eq(school.as_uuid()));
    let named = query.filter(things.are(Column::ContactId, Column::SortKey)).limit(Things::MOST);
    Ok(named.into_tuple().all(connection).await?)
}

/// Contacts of a school within the caller's scope: those of office hours first, then by name.
pub async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: SchoolId,
    paging: &Paging,
) -> StoreResult<Page<Contact>> {
    let query = within(Entity::find(), Column::SchoolId, scope).filter(Column::SchoolId.eq(school.as_uuid()));
    paging.read(connection, query, [asc(Column::SortKey), asc(Column::ContactId)]).await?.try_map(read)
}

/// All contacts of a school in the order of lists: for the service's own work.
pub async fn of_school(connection: &impl ConnectionTrait, school: SchoolId) -> StoreResult<Vec<Contact>> {
    let query = Entity::find().filter(Column::SchoolId.eq(school.as_uuid()));
    let rows = query.order_by_asc(Column::SortKey).order_by_asc(Column::ContactId).all(connection).await?;
    rows.into_iter().map(read).collect()
}

pub async fn insert(txn: &Txn, contact: &Contact, key: &RequestKey) -> StoreResult<()> {
    Entity::insert(row_of(contact, key)?.into_active_model()).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Keeps a contact as it is now.
pub async fn update(txn: &Txn, contact: &Contact) -> StoreResult<()> {
    let row = row_of(contact, &RequestKey::default())?.into_active_model().reset_all();
    let as_requested = ActiveModel { requested_by: NotSet, request_id: NotSet, ..row };
    as_requested.update(&**txn).await?;
    Ok(())
}

pub async fn delete(txn: &Txn, id: ContactId) -> StoreResult<()> {
    Entity::delete_by_id(id.as_uuid()).exec(&**txn).await?;
    Ok(())
}

fn row_of(contact: &Contact, key: &RequestKey) -> StoreResult<Model> {
    let ContactDetails { name, phone, out_of_hours } = &contact.details;
    Ok(Model {
        contact_id: contact.id.as_uuid(),
        school_id: contact.school_id.as_uuid(),
        name: name.as_str().to_owned(),
        phone: phone.as_str().to_owned(),
        out_of_hours: *out_of_hours,
        sort_key: format!("{} {}", u8::from(*out_of_hours), name.as_str().to_lowercase()),
        version: i32::try_from(contact.version).map_err(|error| StoreError::unreadable("contact.version", error))?,
        requested_by: key.requested_by.clone(),
        request_id: key.request_id.map(Into::into),
    })
}

fn read(row: Model) -> StoreResult<Contact> {
    Ok(Contact {
        id: row.contact_id.into(),
        school_id: row.school_id.into(),
        details: ContactDetails {
            name: row.name.as_str().try_into().map_err(|error| StoreError::unreadable("contact.name", error))?,
            phone: row.phone.as_str().try_into().map_err(|error| StoreError::unreadable("contact.phone", error))?,
            out_of_hours: row.out_of_hours,
        },
        version: u32::try_from(row.version).map_err(|error| StoreError::unreadable("contact.version", error))?,
    })
}
