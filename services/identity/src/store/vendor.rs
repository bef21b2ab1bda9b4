//! Vendors, kept.

use auth::Scope;
use chrono::{DateTime, Utc};
use runtime::VendorId;
use sea_orm::{ActiveValue::NotSet, ConnectionTrait, IntoActiveModel as _, QuerySelect as _, entity::prelude::*};
use storage::{RequestKey, StoreError, StoreResult, Txn, within};

use crate::domain::{EnterpriseNumber, Vendor, VendorDetails};

/// Table `vendor`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "vendor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub vendor_id: Uuid,
    /// Ten digits.
    #[sea_orm(unique)]
    pub enterprise_number: String,
    pub name: String,
    pub domain: String,
    pub security_contact: String,
    pub create_time: DateTimeUtc,
    pub version: i32,
    /// Who asked for it under which id, so that asking again gives the same vendor.
    pub requested_by: String,
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Enrolments {
    Public: VendorId, EnterpriseNumber, Name, Domain;
    Internal: CreateTime, Version, RequestId;
    Personal: SecurityContact, RequestedBy;
}}

/// A vendor within the caller's scope.
pub async fn find(connection: &impl ConnectionTrait, scope: &Scope<VendorId>, id: VendorId) -> StoreResult<Option<Vendor>> {
    within(Entity::find_by_id(id.as_uuid()), Column::VendorId, scope).one(connection).await?.map(read).transpose()
}

/// The same, locked until the transaction ends.
pub async fn find_to_change(txn: &Txn, scope: &Scope<VendorId>, id: VendorId) -> StoreResult<Option<Vendor>> {
    let query = within(Entity::find_by_id(id.as_uuid()), Column::VendorId, scope).lock_exclusive();
    query.one(&**txn).await?.map(read).transpose()
}

/// The vendor that this request made before.
pub async fn find_by_request(connection: &impl ConnectionTrait, key: &RequestKey) -> StoreResult<Option<Vendor>> {
    let Some(query) = key.made(Entity::find(), Column::RequestedBy, Column::RequestId) else { return Ok(None) };
    query.one(connection).await?.map(read).transpose()
}

/// Whether some vendor has this number.
pub async fn has(connection: &impl ConnectionTrait, number: EnterpriseNumber) -> StoreResult<bool> {
    Ok(Entity::find().filter(Column::EnterpriseNumber.eq(number.digits())).count(connection).await? > 0)
}

/// How many somebody asked for since then.
pub async fn count_requested(connection: &impl ConnectionTrait, key: &RequestKey, since: DateTime<Utc>) -> StoreResult<u64> {
    let query = Entity::find().filter(Column::RequestedBy.eq(&key.requested_by)).filter(Column::CreateTime.gt(since));
    Ok(query.count(connection).await?)
}

pub async fn insert(txn: &Txn, vendor: &Vendor, created_at: DateTime<Utc>, key: &RequestKey) -> StoreResult<()> {
    let row = row_of(vendor, created_at, key)?;
    Entity::insert(row.into_active_model()).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Keeps a vendor as it is now.
pub async fn update(txn: &Txn, vendor: &Vendor) -> StoreResult<()> {
    let row = row_of(vendor, DateTime::UNIX_EPOCH, &RequestKey::default())?.into_active_model().reset_all();
    let as_created = ActiveModel { create_time: NotSet, requested_by: NotSet, request_id: NotSet, ..row };
    as_created.update(&**txn).await?;
    Ok(())
}

fn row_of(vendor: &Vendor, created_at: DateTime<Utc>, key: &RequestKey) -> StoreResult<Model> {
    let VendorDetails { name, domain, security_contact } = &vendor.details;
    Ok(Model {
        vendor_id: vendor.id.as_uuid(),
        enterprise_number: vendor.number.digits(),
        name: name.as_str().to_owned(),
        domain: domain.as_str().to_owned(),
        security_contact: security_contact.as_str().to_owned(),
        create_time: created_at,
        version: i32::try_from(vendor.version).map_err(|error| StoreError::unreadable("vendor.version", error))?,
        requested_by: key.requested_by.clone(),
        request_id: key.request_id.map(Into::into),
    })
}

fn read(row: Model) -> StoreResult<Vendor> {
    Ok(Vendor {
        id: row.vendor_id.into(),
        number: row.enterprise_number.parse().map_err(|error| StoreError::unreadable("vendor.enterprise_number", error))?,
        details: VendorDetails {
            name: row.name.as_str().try_into().map_err(|error| StoreError::unreadable("vendor.name", error))?,
            domain: row.domain.as_str().try_into().map_err(|error| StoreError::unreadable("vendor.domain", error))?,
            security_contact: row
                .security_contact
                .as_str()
                .try_into()
                .map_err(|error| StoreError::unreadable("vendor.security_contact", error))?,
        },
        version: u32::try_from(row.version).map_err(|error| StoreError::unreadable("vendor.version", error))?,
    })
}
