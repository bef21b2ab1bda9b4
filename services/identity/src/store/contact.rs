//! Contacts, kept.

use auth::Scope;
use runtime::{ContactId, RequestId, SchoolId};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::NotSet, ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _,
};
use storage::{Page, Paging, StoreError, StoreResult, Txn, asc, within};

use super::{
    entity::contact::{ActiveModel, Column, Entity, Model},
    gateway::RequestKey,
    school,
};
use crate::domain::{Contact, ContactDetails};

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
    let Some(request_id) = key.request_id else { return Ok(None) };
    let query = Entity::find().filter(Column::RequestedBy.eq(&key.requested_by)).filter(Column::RequestId.eq(request_id.as_uuid()));
    query.one(connection).await?.map(read).transpose()
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
        request_id: key.request_id.map(RequestId::as_uuid),
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
