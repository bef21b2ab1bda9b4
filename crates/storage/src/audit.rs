//! The audit trail: who did what to which thing, chained by hashes so that a change afterwards shows.
//!
//! One chain per organisation (board, school, vendor), and one for the platform. Row *n* holds `SHA-256(row n−1's hash ‖ its own fields)`, each field
//! with its length before it. The head of each chain stands in a table of its own: its row is the lock that keeps writers of
//! one chain in line, and it shows when rows at the end were cut off.

use auth::{Action, Context, Resource};
use chrono::{DateTime, Utc};
use runtime::{AuditId, BoardId, SchoolId, VendorId};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{OnConflict, Query},
};
use sha2::{Digest as _, Sha256};

use crate::{
    Database, StoreError, StoreResult, Txn,
    migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait},
};

/// Rows read at once when a chain is verified.
const VERIFY_STEP: u64 = 1_000;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_log")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub chain: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        #[sea_orm(unique)]
        pub audit_id: Uuid,
        pub at: DateTimeUtc,
        pub actor: String,
        pub action: String,
        pub resource: String,
        #[sea_orm(column_type = "Text")]
        pub detail: String,
        pub hash: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod head {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_head")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub chain: String,
        pub seq: i64,
        pub hash: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Makes the tables; every service that writes audit rows lists it among its migrations.
#[derive(Debug)]
pub struct AddAuditTrail;

impl MigrationName for AddAuditTrail {
    fn name(&self) -> &'static str {
        "m20260105_add_audit_trail"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddAuditTrail {
    async fn up(&self, manager: &SchemaManager) -> Result<(), sea_orm::DbErr> {
        let schema = sea_orm::Schema::new(manager.get_database_backend());
        manager.create_table(schema.create_table_from_entity(row::Entity)).await?;
        manager.create_table(schema.create_table_from_entity(head::Entity)).await
    }
}

/// Which chain a row belongs to: that of an organisation, or the platform's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chain {
    /// What concerns one board.
    Board(BoardId),
    /// What concerns one school.
    School(SchoolId),
    /// What concerns one vendor.
    Vendor(VendorId),
    /// What concerns the platform itself.
    Platform,
}

impl Chain {
    fn name(self) -> String {
        let owner: Resource = match self {
            Self::Board(board) => board.into(),
            Self::School(school) => school.into(),
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
    /// What changed, without free text of people: `{"from":"open","to":"containment"}`.
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
pub async fn append(txn: &Txn, cx: &Context, chain: Chain, entry: Entry) -> StoreResult<Receipt> {
    let Entry { action, resource, detail } = entry;
    let chain = chain.name();
    let head = locked_head(txn, &chain).await?;
    let (id, at, actor): (AuditId, _, _) = (cx.ids.next(), cx.clock.now(), cx.actor());
    let seq = head.seq + 1;
    let detail = detail.to_string();
    let hash = hash_row(&head.hash, &chain, seq, &actor, action.name(), &resource, &detail, id, at);
    let row = row::ActiveModel {
        chain: Set(chain.clone()),
        seq: Set(seq),
        audit_id: Set(id.as_uuid()),
        at: Set(at),
        actor: Set(actor),
        action: Set(action.name().to_owned()),
        resource: Set(resource),
        detail: Set(detail),
        hash: Set(hash.clone()),
    };
    row.insert(&**txn).await?;
    head::ActiveModel { chain: Set(chain), seq: Set(seq), hash: Set(hash.clone()) }.update(&**txn).await?;
    Ok(Receipt { seq, hash, at })
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

#[expect(clippy::too_many_arguments, reason = "every column of the row goes into its hash; a struct would only repeat them")]
fn hash_row(
    previous: &[u8],
    chain: &str,
    seq: i64,
    actor: &str,
    action: &str,
    resource: &str,
    detail: &str,
    id: AuditId,
    at: DateTime<Utc>,
) -> Vec<u8> {
    let mut hasher = Sha256::new();
    let seq = seq.to_be_bytes();
    let at = at.timestamp_micros().to_be_bytes();
    let id = id.as_uuid();
    let fields: [&[u8]; 9] =
        [previous, chain.as_bytes(), &seq, id.as_bytes(), &at, actor.as_bytes(), action.as_bytes(), resource.as_bytes(), detail.as_bytes()];
    for field in fields {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().to_vec()
}

/// What a check of one chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All rows are as they were written.
    Intact { rows: i64 },
    /// The first thing that is wrong.
    Broken {
        /// The row's number, or the first one that is missing.
        seq: i64,
        /// What is wrong.
        problem: &'static str,
    },
}

/// Checks every chain of a database, also while rows are added.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(database: &Database) -> StoreResult<Vec<(String, Verdict)>> {
    let heads = head::Entity::find().order_by_asc(head::Column::Chain).all(database.reader()).await?;
    let mut verdicts = Vec::with_capacity(heads.len());
    for head in heads {
        let verdict = verify_chain(database, &head).await?;
        verdicts.push((head.chain, verdict));
    }
    for (chain, seq) in headless_chains(database).await? {
        verdicts.push((chain, Verdict::Broken { seq, problem: "the head of the chain is missing" }));
    }
    Ok(verdicts)
}

/// Checks a chain up to this head; rows that came after the head was read are for the next time.
async fn verify_chain(database: &Database, head: &head::Model) -> StoreResult<Verdict> {
    let mut previous = Vec::new();
    let mut seq = 0;
    while seq < head.seq {
        let rows = row::Entity::find()
            .filter(row::Column::Chain.eq(&head.chain))
            .filter(row::Column::Seq.gt(seq))
            .filter(row::Column::Seq.lte(head.seq))
            .order_by_asc(row::Column::Seq)
            .limit(VERIFY_STEP)
            .all(database.reader())
            .await?;
        if rows.is_empty() {
            return Ok(Verdict::Broken { seq: seq + 1, problem: "rows at the end are missing" });
        }
        for row in rows {
            if row.seq != seq + 1 {
                return Ok(Verdict::Broken { seq: seq + 1, problem: "row is missing" });
            }
            seq = row.seq;
            let id = AuditId::from(row.audit_id);
            let expected = hash_row(&previous, &row.chain, seq, &row.actor, &row.action, &row.resource, &row.detail, id, row.at);
            if expected != row.hash {
                return Ok(Verdict::Broken { seq, problem: "row was changed after it was written" });
            }
            previous = expected;
        }
    }
    if previous != head.hash {
        return Ok(Verdict::Broken { seq, problem: "the head of the chain does not agree with its last row" });
    }
    if has_rows_after(database, head).await? && !has_moved_on(database, head).await? {
        return Ok(Verdict::Broken { seq: seq + 1, problem: "there are rows after the head of the chain" });
    }
    Ok(Verdict::Intact { rows: seq })
}

async fn has_rows_after(database: &Database, head: &head::Model) -> StoreResult<bool> {
    let after = row::Entity::find().filter(row::Column::Chain.eq(&head.chain)).filter(row::Column::Seq.gt(head.seq));
    Ok(after.one(database.reader()).await?.is_some())
}

/// Ask it after [`has_rows_after`]: a writer that added those rows in the right way had moved the head by then.
async fn has_moved_on(database: &Database, head: &head::Model) -> StoreResult<bool> {
    let now = head::Entity::find_by_id(&head.chain).one(database.reader()).await?;
    Ok(now.is_some_and(|now| now.seq > head.seq))
}

/// Chains that have rows and no head, with the number of their last row.
async fn headless_chains(database: &Database) -> StoreResult<Vec<(String, i64)>> {
    let heads = Query::select().column(head::Column::Chain).from(head::Entity).to_owned();
    let chains = row::Entity::find()
        .select_only()
        .column(row::Column::Chain)
        .column_as(row::Column::Seq.max(), "last")
        .filter(row::Column::Chain.not_in_subquery(heads))
        .group_by(row::Column::Chain)
        .order_by_asc(row::Column::Chain)
        .into_tuple()
        .all(database.reader())
        .await?;
    Ok(chains)
}
