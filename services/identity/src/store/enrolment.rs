//! How far organisations are proven: what their checks come to, a row for each, so that lists can filter by it.

use std::collections::BTreeSet;

use auth::{Resource, Scope};
use chrono::{DateTime, Utc};
use sea_orm::{Condition, ConnectionTrait, IntoActiveModel as _, QueryOrder as _, QuerySelect as _, entity::prelude::*};
use storage::{Page, Paging, StoreError, StoreResult, Txn, asc, chunks, holding, or_update};

use super::{school, vendor};
use crate::domain::{Claimed, EnrolmentLevel, Standing, Subject};

/// Table `enrolment`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enrolment")]
pub struct Model {
    /// `school:<id>`, `vendor:<id>`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    pub is_vendor: bool,
    pub name: String,
    pub number: String,
    pub domain: Option<String>,
    /// The name in small letters: lists are in its order.
    pub sort_name: String,
    /// Name and number in small letters: searches look in it.
    pub search_text: String,
    /// Until when the first rung holds, or held; empty: never reached.
    pub first_end_time: Option<DateTimeUtc>,
    /// Until when a school is confirmed, or was.
    pub top_end_time: Option<DateTimeUtc>,
    pub struck_off: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Enrolments {
    Public: Subject, IsVendor, Name, Number, Domain, SortName, SearchText;
    Internal: FirstEndTime, TopEndTime, StruckOff;
}}

/// Which organisations a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Kind {
    Schools,
    Vendors,
}

/// What a list is narrowed by.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'a> {
    pub kind: Option<Kind>,
    /// Only at one of these; empty: at any.
    pub levels: &'a [EnrolmentLevel],
    /// Only those whose level falls before then, and has not yet.
    pub ends_before: Option<DateTime<Utc>>,
    /// Part of a name or a number.
    pub text: &'a str,
}

/// Who an organisation says it is now. The caller asks whether it may be seen.
pub async fn claimed(connection: &impl ConnectionTrait, subject: Subject) -> StoreResult<Option<Claimed>> {
    Ok(match subject {
        Subject::School(id) => school::find(connection, &Scope::Everything, id).await?.as_ref().map(Claimed::from),
        Subject::Vendor(id) => vendor::find(connection, &Scope::Everything, id).await?.as_ref().map(Claimed::from),
    })
}

/// Locks what these organisations come to until the transaction ends, so that their checks are counted one after the other. Before the
/// audit chain of any of them: two that lock both in different orders wait for each other.
pub async fn lock(txn: &Txn, subjects: &[Subject]) -> StoreResult<()> {
    let names: BTreeSet<String> = subjects.iter().map(ToString::to_string).collect();
    for some in chunks(names) {
        let query = Entity::find().filter(Column::Subject.is_in(some));
        query.order_by_asc(Column::Subject).lock_exclusive().all(&**txn).await?;
    }
    Ok(())
}

/// Keeps what organisations come to, new or changed.
pub async fn save(txn: &Txn, standings: &[Standing]) -> StoreResult<()> {
    for some in chunks(standings) {
        let rows = some.into_iter().map(|standing| row_of(standing).into_active_model());
        Entity::insert_many(rows).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

/// By name.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: Filter<'_>,
    now: DateTime<Utc>,
    paging: &Paging,
) -> StoreResult<Page<Standing>> {
    let mut query = Entity::find();
    if let Some(kind) = filter.kind {
        query = query.filter(Column::IsVendor.eq(kind == Kind::Vendors));
    }
    if !filter.levels.is_empty() {
        let at_any = filter.levels.iter().fold(Condition::any(), |any, level| any.add(at_level(*level, now)));
        query = query.filter(at_any);
    }
    if let Some(before) = filter.ends_before {
        let first_ends = at_first_rung(now).add(Column::FirstEndTime.lt(before));
        let top_ends = Condition::all().add(Column::TopEndTime.gt(now)).add(Column::TopEndTime.lt(before));
        query = query.filter(Condition::any().add(first_ends).add(top_ends));
    }
    if !filter.text.is_empty() {
        query = query.filter(holding(Column::SearchText, filter.text));
    }
    paging.read(connection, query, [asc(Column::SortName), asc(Column::Subject)]).await?.try_map(read)
}

/// The condition of [`Standing::level`]; a test compares the two.
fn at_level(level: EnrolmentLevel, now: DateTime<Utc>) -> Condition {
    let of = |is_vendor: bool| Condition::all().add(Column::IsVendor.eq(is_vendor));
    match level {
        EnrolmentLevel::Suspended => Condition::all().add(Column::StruckOff.eq(true)),
        EnrolmentLevel::Confirmed => Condition::all().add(Column::TopEndTime.gt(now)),
        EnrolmentLevel::Provisional => of(false).add(at_first_rung(now)),
        EnrolmentLevel::MaySubmit => of(true).add(at_first_rung(now)),
        EnrolmentLevel::Lapsed => Condition::all().add(Column::FirstEndTime.lte(now)).add(Column::StruckOff.eq(false)),
        EnrolmentLevel::Unproven => of(false).add(Column::FirstEndTime.is_null()),
        EnrolmentLevel::Draft => of(true).add(Column::FirstEndTime.is_null()).add(Column::StruckOff.eq(false)),
    }
}

/// The first rung holds, and no more than that.
fn at_first_rung(now: DateTime<Utc>) -> Condition {
    let top_does_not = Condition::any().add(Column::TopEndTime.is_null()).add(Column::TopEndTime.lte(now));
    Condition::all().add(Column::FirstEndTime.gt(now)).add(Column::StruckOff.eq(false)).add(top_does_not)
}

fn row_of(standing: &Standing) -> Model {
    let Claimed { subject, name, number, domain } = &standing.claimed;
    Model {
        subject: subject.to_string(),
        is_vendor: matches!(subject.resource(), Resource::Vendor(_)),
        name: name.clone(),
        number: number.clone(),
        domain: domain.clone(),
        sort_name: name.to_lowercase(),
        search_text: format!("{name} {number} {}", number.replace('.', "")).to_lowercase(),
        first_end_time: standing.first_until,
        top_end_time: standing.top_until,
        struck_off: standing.struck_off,
    }
}

fn read(row: Model) -> StoreResult<Standing> {
    let subject = row.subject.parse().map_err(|error| StoreError::unreadable("enrolment.subject", error))?;
    Ok(Standing {
        claimed: Claimed { subject, name: row.name, number: row.number, domain: row.domain },
        first_until: row.first_end_time,
        top_until: row.top_end_time,
        struck_off: row.struck_off,
    })
}
