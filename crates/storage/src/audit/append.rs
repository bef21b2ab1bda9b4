//! Adding a row to a chain.

use auth::{Action, Context, Resource};
use chrono::{DateTime, Utc};
use runtime::{AuditId, BoardId, SchoolId, VendorId};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _, QuerySelect as _, sea_query::OnConflict};

use super::{
    actor,
    table::{head, row},
};
use crate::{StoreError, StoreResult, Txn};

/// Which chain a row belongs to: that of an organisation, or the platform's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chain {
    /// What concerns one board.
    Board(BoardId),
    /// What concerns one school.
    School(SchoolId),
    /// Who read what is kept of one school. A chain of its own, so that a reader never waits for the transaction of an alert.
    ReadsOfSchool(SchoolId),
    /// What concerns one vendor.
    Vendor(VendorId),
    /// What concerns the platform itself.
    Platform,
}

impl Chain {
    pub(super) fn name(self) -> String {
        let owner: Resource = match self {
            Self::Board(board) => board.into(),
            Self::School(school) => school.into(),
            Self::ReadsOfSchool(school) => return format!("{}/reads", Resource::from(school)),
            Self::Vendor(vendor) => vendor.into(),
            Self::Platform => Resource::Platform,
        };
        owner.to_string()
    }
}

/// What happened. Who did it, and when, is taken from the context.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What was done, as policies name it.
    pub action: Action,
    /// To what: `case:<id>`.
    pub resource: String,
    /// What changed, without free text of people: `{"from":"open","to":"containment"}`. Of a text that a person wrote it holds `text_sha256`.
    pub detail: serde_json::Value,
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its number in the chain, from 1.
    pub seq: i64,
    /// SHA-256.
    pub hash: Vec<u8>,
    /// When it was written.
    pub at: DateTime<Utc>,
}

impl Receipt {
    /// The first 12 hexadecimal digits of the hash, as people read them.
    pub fn short_hash(&self) -> String {
        self.hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Adds a row to a chain, in the caller's transaction.
///
/// # Errors
/// When the database refuses.
pub async fn append(txn: &Txn, cx: &Context, chain: Chain, entry: Entry) -> StoreResult<Receipt> {
    actor::remember(txn, cx).await?;
    let chain = chain.name();
    let head = locked_head(txn, &chain).await?;
    let mut row = row::Model {
        chain: chain.clone(),
        seq: head.seq + 1,
        audit_id: cx.ids.next::<AuditId>().as_uuid(),
        at: cx.clock.now(),
        actor: cx.actor(),
        action: entry.action.name().to_owned(),
        resource: entry.resource,
        detail: entry.detail.to_string(),
        column_digests: Vec::new(),
        hash: Vec::new(),
    };
    row.column_digests = row.digests();
    row.hash = row.chained_to(&head.hash);
    let receipt = Receipt { seq: row.seq, hash: row.hash.clone(), at: row.at };
    row::Entity::insert(row.into_active_model()).exec_without_returning(&**txn).await?;
    head::ActiveModel { chain: Set(chain), seq: Set(receipt.seq), hash: Set(receipt.hash.clone()) }.update(&**txn).await?;
    Ok(receipt)
}

/// The head of a chain, locked until the transaction ends; made when this is the chain's first row.
async fn locked_head(txn: &Txn, chain: &str) -> StoreResult<head::Model> {
    let first = head::ActiveModel { chain: Set(chain.to_owned()), seq: Set(0), hash: Set(Vec::new()) };
    head::Entity::insert(first)
        .on_conflict(OnConflict::column(head::Column::Chain).do_nothing().to_owned())
        .exec_without_returning(&**txn)
        .await?;
    let head = head::Entity::find_by_id(chain).lock_exclusive().one(&**txn).await?;
    head.ok_or_else(|| StoreError::unreadable("audit_head", format!("no head for chain {chain}")))
}
