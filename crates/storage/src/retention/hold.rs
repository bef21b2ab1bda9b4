//! Legal hold: what must stay, although its period is over.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use runtime::{CaseId, PersonId, SchoolId};
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    Condition, ConnectionTrait, DbErr, IntoActiveModel as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::OnConflict,
};

use crate::{
    StoreError, StoreResult, Txn,
    migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait, table},
    reach,
};

runtime::typed_ids! {
    /// A hold; the same in every service of a process.
    HoldId,
}

/// Holds that one list shows, at most.
const MOST: u64 = 1_000;

/// Table `retention_hold`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "retention_hold")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hold_id: Uuid,
    /// `school:<id>`, `case:<id>`, `person:<id>`.
    pub subject: String,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    pub placed_by: String,
    pub placed_at: DateTimeUtc,
    pub ends_at: DateTimeUtc,
    pub lifted_by: Option<String>,
    pub lifted_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

crate::classified! { Holds {
    Internal: HoldId, PlacedAt, EndsAt, LiftedAt;
    Personal: Subject, PlacedBy, LiftedBy;
    Special: Reason;
}}

/// Makes the table of holds.
#[derive(Debug)]
pub struct AddHolds;

impl MigrationName for AddHolds {
    fn name(&self) -> &'static str {
        "m20261130_add_holds"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddHolds {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table(manager, Entity)).await?;
        // No caller reads it within their reach.
        reach::guard(manager, Entity, "false").await
    }
}

/// What is on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    School(SchoolId),
    Case(CaseId),
    Person(PersonId),
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::School(id) => write!(formatter, "school:{id}"),
            Self::Case(id) => write!(formatter, "case:{id}"),
            Self::Person(id) => write!(formatter, "person:{id}"),
        }
    }
}

/// A text that names nothing that can be on hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("give school:<id>, case:<id> or person:<id>")]
pub struct UnknownSubject;

impl FromStr for Subject {
    type Err = UnknownSubject;

    fn from_str(text: &str) -> Result<Self, UnknownSubject> {
        let (kind, id) = text.split_once(':').ok_or(UnknownSubject)?;
        let id: Uuid = id.parse().map_err(|_| UnknownSubject)?;
        match kind {
            "school" => Ok(Self::School(id.into())),
            "case" => Ok(Self::Case(id.into())),
            "person" => Ok(Self::Person(id.into())),
            _ => Err(UnknownSubject),
        }
    }
}

/// Something that stays until the hold ends or is lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub subject: Subject,
    pub reason: String,
    pub placed_by: String,
    pub placed_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// By whom it was lifted before its end, and when.
    pub lifted: Option<(String, DateTime<Utc>)>,
}

/// Rows of no school, case or person: no hold keeps them.
pub fn never(_: &Held) -> Condition {
    Condition::any()
}

/// What is on hold at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held(Vec<Subject>);

impl From<Subject> for Held {
    fn from(subject: Subject) -> Self {
        Self(vec![subject])
    }
}

impl Held {
    /// The schools.
    pub fn schools(&self) -> impl Iterator<Item = SchoolId> + Clone {
        self.0.iter().filter_map(|subject| if let Subject::School(id) = subject { Some(*id) } else { None })
    }

    /// The rows whose column names a school on hold.
    pub fn school_in(&self, column: impl ColumnTrait) -> Condition {
        Condition::any().add(column.is_in(self.schools().map(SchoolId::as_uuid)))
    }

    /// The rows whose column names a case on hold.
    pub fn case_in(&self, column: impl ColumnTrait) -> Condition {
        let cases = self.0.iter().filter_map(|subject| if let Subject::Case(id) = subject { Some(id.as_uuid()) } else { None });
        Condition::any().add(column.is_in(cases))
    }

    /// The rows whose column names a person on hold.
    pub fn person_in(&self, column: impl ColumnTrait) -> Condition {
        let people = self.0.iter().filter_map(|subject| if let Subject::Person(id) = subject { Some(id.as_uuid()) } else { None });
        Condition::any().add(column.is_in(people))
    }
}

/// Keeps a hold; `false` when it is there already.
///
/// # Errors
/// When the database refuses.
pub async fn place(txn: &Txn, hold: &Hold) -> StoreResult<bool> {
    let row = Model {
        hold_id: hold.id.as_uuid(),
        subject: hold.subject.to_string(),
        reason: hold.reason.clone(),
        placed_by: hold.placed_by.clone(),
        placed_at: hold.placed_at,
        ends_at: hold.ends_at,
        lifted_by: None,
        lifted_at: None,
    };
    let once = OnConflict::column(Column::HoldId).do_nothing().to_owned();
    Ok(Entity::insert(row.into_active_model()).on_conflict(once).exec_without_returning(&**txn).await? > 0)
}

/// A hold, locked until the transaction ends.
///
/// # Errors
/// When the database refuses, or the row cannot be read.
pub async fn find_to_change(txn: &Txn, id: HoldId) -> StoreResult<Option<Hold>> {
    Entity::find_by_id(id.as_uuid()).lock_exclusive().one(&**txn).await?.map(read).transpose()
}

/// Ends a hold before its time.
///
/// # Errors
/// When the database refuses.
pub async fn lift(txn: &Txn, id: HoldId, by: String, now: DateTime<Utc>) -> StoreResult<()> {
    let lifted =
        ActiveModel { hold_id: Unchanged(id.as_uuid()), lifted_by: Set(Some(by)), lifted_at: Set(Some(now)), ..Default::default() };
    Entity::update(lifted).exec(&**txn).await?;
    Ok(())
}

/// Those that are in force, by their end; with `and_over` also those that were.
///
/// # Errors
/// When the database refuses, or a row cannot be read.
pub async fn list(connection: &impl ConnectionTrait, and_over: bool, now: DateTime<Utc>) -> StoreResult<Vec<Hold>> {
    let holds = if and_over { Entity::find() } else { in_force(now) };
    let rows = holds.order_by_asc(Column::EndsAt).order_by_asc(Column::HoldId).limit(MOST).all(connection).await?;
    rows.into_iter().map(read).collect()
}

/// What is on hold now. A hold that commits while a batch is being removed keeps from the next batch on.
///
/// # Errors
/// When the database refuses, or a row cannot be read.
pub async fn held(connection: &impl ConnectionTrait, now: DateTime<Utc>) -> StoreResult<Held> {
    let subjects: Vec<String> = in_force(now).select_only().column(Column::Subject).distinct().into_tuple().all(connection).await?;
    Ok(Held(subjects.iter().map(|text| read_subject(text)).collect::<StoreResult<_>>()?))
}

/// Since when a subject is on hold, by the first of the holds in force.
///
/// # Errors
/// When the database refuses.
pub async fn since(connection: &impl ConnectionTrait, subject: Subject, now: DateTime<Utc>) -> StoreResult<Option<DateTime<Utc>>> {
    let first = in_force(now).select_only().column(Column::PlacedAt).filter(Column::Subject.eq(subject.to_string()));
    Ok(first.order_by_asc(Column::PlacedAt).into_tuple().one(connection).await?)
}

fn in_force(now: DateTime<Utc>) -> Select<Entity> {
    Entity::find().filter(Column::LiftedAt.is_null()).filter(Column::EndsAt.gt(now))
}

fn read_subject(text: &str) -> StoreResult<Subject> {
    text.parse().map_err(|error| StoreError::unreadable("retention_hold.subject", error))
}

fn read(row: Model) -> StoreResult<Hold> {
    Ok(Hold {
        id: row.hold_id.into(),
        subject: read_subject(&row.subject)?,
        reason: row.reason,
        placed_by: row.placed_by,
        placed_at: row.placed_at,
        ends_at: row.ends_at,
        lifted: row.lifted_by.zip(row.lifted_at),
    })
}
