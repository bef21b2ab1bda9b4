//! Checks, kept: rows that are only added.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, IntoActiveModel as _, QueryOrder as _, QuerySelect as _, entity::prelude::*};
use storage::{StoreError, StoreResult, Txn, chunks};

use crate::domain::{Check, CheckKind, EvidenceHash, Subject};

/// Table `organisation_check`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organisation_check")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub check_id: Uuid,
    /// `school:<id>`, `vendor:<id>`.
    pub subject: String,
    pub kind: String,
    pub value: String,
    pub made_by: String,
    pub check_time: DateTimeUtc,
    pub end_time: Option<DateTimeUtc>,
    pub evidence_sha256: Vec<u8>,
    pub outcome: String,
    pub reason: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Enrolments {
    Internal: CheckId, Subject, Kind, CheckTime, EndTime, EvidenceSha256, Outcome;
    Personal: Value, MadeBy;
    Special: Reason;
}}

/// All checks of these organisations, the oldest first.
pub async fn of_subjects(connection: &impl ConnectionTrait, subjects: &[Subject]) -> StoreResult<BTreeMap<Subject, Vec<Check>>> {
    let mut found: BTreeMap<Subject, Vec<Check>> = BTreeMap::new();
    for some in chunks(subjects) {
        let query = Entity::find().filter(Column::Subject.is_in(some.iter().map(ToString::to_string)));
        for row in query.order_by_asc(Column::CheckTime).order_by_asc(Column::CheckId).all(connection).await? {
            let check = read(row)?;
            found.entry(check.subject).or_default().push(check);
        }
    }
    Ok(found)
}

/// Whether this was ever checked of an organisation.
pub async fn is_known(connection: &impl ConnectionTrait, subject: Subject, kind: CheckKind, value: &str) -> StoreResult<bool> {
    let query = Entity::find().filter(Column::Subject.eq(subject.to_string())).filter(Column::Kind.eq(kind.into_str()));
    Ok(query.filter(Column::Value.eq(value)).limit(1).count(connection).await? > 0)
}

pub async fn insert(txn: &Txn, checks: &[Check]) -> StoreResult<()> {
    for some in chunks(checks) {
        let rows = some.into_iter().map(|check| row_of(check).into_active_model());
        Entity::insert_many(rows).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

fn row_of(check: &Check) -> Model {
    Model {
        check_id: check.id.as_uuid(),
        subject: check.subject.to_string(),
        kind: check.kind.into_str().to_owned(),
        value: check.value.clone(),
        made_by: check.made_by.clone(),
        check_time: check.at,
        end_time: check.until,
        evidence_sha256: check.evidence.as_bytes().to_vec(),
        outcome: check.outcome.into_str().to_owned(),
        reason: check.reason.clone(),
    }
}

fn read(row: Model) -> StoreResult<Check> {
    let evidence: Result<[u8; 32], _> = row.evidence_sha256.try_into();
    Ok(Check {
        id: row.check_id.into(),
        subject: row.subject.parse().map_err(|error| StoreError::unreadable("organisation_check.subject", error))?,
        kind: row.kind.parse().map_err(|error| StoreError::unreadable("organisation_check.kind", error))?,
        value: row.value,
        made_by: row.made_by,
        at: row.check_time,
        until: row.end_time,
        evidence: EvidenceHash::from_bytes(
            evidence.map_err(|_| StoreError::unreadable("organisation_check.evidence_sha256", "is no hash"))?,
        ),
        outcome: row.outcome.parse().map_err(|error| StoreError::unreadable("organisation_check.outcome", error))?,
        reason: row.reason,
    })
}
