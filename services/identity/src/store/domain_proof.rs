//! Tokens for the domains of vendors, kept: one for each vendor.

use chrono::{DateTime, Utc};
use runtime::VendorId;
use sea_orm::{
    ConnectionTrait, IntoActiveModel as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{LockBehavior, LockType},
};
use storage::{StoreError, StoreResult, Txn, or_update};

use crate::domain::{DomainProof, Look, OfDay};

/// Table `domain_proof`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "domain_proof")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub vendor_id: Uuid,
    pub domain: String,
    pub token: String,
    pub place_by_time: DateTimeUtc,
    pub last_look_time: Option<DateTimeUtc>,
    pub last_outcome: Option<String>,
    pub next_look_time: Option<DateTimeUtc>,
    pub issued_since: DateTimeUtc,
    pub issued: i32,
    pub looks_since: DateTimeUtc,
    pub looks: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Enrolments {
    Public: VendorId, Domain, Token;
    Internal: PlaceByTime, LastLookTime, LastOutcome, NextLookTime, IssuedSince, Issued, LooksSince, Looks;
}}

/// That of a vendor. The caller asks whether it may be seen; to change it, the vendor must be locked.
pub async fn find(connection: &impl ConnectionTrait, vendor: VendorId) -> StoreResult<Option<DomainProof>> {
    Entity::find_by_id(vendor.as_uuid()).one(connection).await?.map(read).transpose()
}

/// Those that we look at by ourselves by now, locked until the transaction ends; the longest due first, but for those that another replica
/// takes.
pub async fn find_due(txn: &Txn, now: DateTime<Utc>, at_most: u64) -> StoreResult<Vec<DomainProof>> {
    let query = Entity::find().filter(Column::NextLookTime.lte(now)).order_by_asc(Column::NextLookTime).order_by_asc(Column::VendorId);
    let rows = query.limit(at_most).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(&**txn).await?;
    rows.into_iter().map(read).collect()
}

/// Keeps it, new or changed.
pub async fn save(txn: &Txn, proof: &DomainProof) -> StoreResult<()> {
    let row = row_of(proof)?.into_active_model();
    Entity::insert(row).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    Ok(())
}

fn row_of(proof: &DomainProof) -> StoreResult<Model> {
    let count = |of_day: OfDay| i32::try_from(of_day.count).map_err(|error| StoreError::unreadable("domain_proof.looks", error));
    Ok(Model {
        vendor_id: proof.vendor_id.as_uuid(),
        domain: proof.domain.as_str().to_owned(),
        token: proof.token.clone(),
        place_by_time: proof.place_by,
        last_look_time: proof.last_look.map(|look| look.at),
        last_outcome: proof.last_look.map(|look| look.outcome.into_str().to_owned()),
        next_look_time: proof.next_look,
        issued_since: proof.issued_of_day.since,
        issued: count(proof.issued_of_day)?,
        looks_since: proof.looks_of_day.since,
        looks: count(proof.looks_of_day)?,
    })
}

fn read(row: Model) -> StoreResult<DomainProof> {
    let of_day = |since, count: i32| {
        let count = u32::try_from(count).map_err(|error| StoreError::unreadable("domain_proof.looks", error))?;
        Ok::<_, StoreError>(OfDay { since, count })
    };
    let last_look = match (row.last_look_time, row.last_outcome) {
        (Some(at), Some(outcome)) => {
            Some(Look { at, outcome: outcome.parse().map_err(|error| StoreError::unreadable("domain_proof.last_outcome", error))? })
        }
        _ => None,
    };
    Ok(DomainProof {
        vendor_id: row.vendor_id.into(),
        domain: row.domain.as_str().try_into().map_err(|error| StoreError::unreadable("domain_proof.domain", error))?,
        token: row.token,
        place_by: row.place_by_time,
        last_look,
        next_look: row.next_look_time,
        issued_of_day: of_day(row.issued_since, row.issued)?,
        looks_of_day: of_day(row.looks_since, row.looks)?,
    })
}
