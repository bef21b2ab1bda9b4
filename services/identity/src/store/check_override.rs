//! Overrides, kept.

use sea_orm::{ConnectionTrait, IntoActiveModel as _, QueryOrder as _, QuerySelect as _, entity::prelude::*};
use storage::{StoreError, StoreResult, Txn};

use crate::domain::{Override, OverrideId, OverrideState, Subject};

/// Table `check_override`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "check_override")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub override_id: Uuid,
    /// `school:<id>`, `vendor:<id>`.
    pub subject: String,
    pub kind: String,
    /// The name or the domain that the check is about.
    pub about: Option<String>,
    pub reason: String,
    pub end_time: DateTimeUtc,
    pub proposed_by: Uuid,
    pub propose_time: DateTimeUtc,
    pub state: String,
    /// Of a proposal: until when somebody may agree.
    pub expire_time: Option<DateTimeUtc>,
    /// Who agreed or ended it, and when.
    pub decided_by: Option<Uuid>,
    pub decide_time: Option<DateTimeUtc>,
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Enrolments {
    Public: About;
    Internal: OverrideId, Subject, Kind, EndTime, ProposeTime, State, ExpireTime, DecideTime, Version;
    Personal: ProposedBy, DecidedBy;
    Special: Reason;
}}

/// `state` of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum State {
    Proposed,
    Agreed,
    Ended,
}

/// An override. The caller asks whether it may be seen.
pub async fn find(connection: &impl ConnectionTrait, id: OverrideId) -> StoreResult<Option<Override>> {
    Entity::find_by_id(id.as_uuid()).one(connection).await?.map(read).transpose()
}

/// The newest of an organisation first.
pub async fn of_subject(connection: &impl ConnectionTrait, subject: Subject, at_most: u64) -> StoreResult<Vec<Override>> {
    let query = Entity::find().filter(Column::Subject.eq(subject.to_string())).order_by_desc(Column::ProposeTime);
    query.order_by_desc(Column::OverrideId).limit(at_most).all(connection).await?.into_iter().map(read).collect()
}

/// How many proposals of an organisation somebody may agree to.
pub async fn count_open(connection: &impl ConnectionTrait, subject: Subject, now: DateTimeUtc) -> StoreResult<u64> {
    let query = Entity::find().filter(Column::Subject.eq(subject.to_string())).filter(Column::State.eq(<&str>::from(State::Proposed)));
    Ok(query.filter(Column::ExpireTime.gt(now)).count(connection).await?)
}

pub async fn insert(txn: &Txn, proposed: &Override) -> StoreResult<()> {
    Entity::insert(row_of(proposed)?.into_active_model()).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Keeps an override as it is now.
pub async fn update(txn: &Txn, changed: &Override) -> StoreResult<()> {
    row_of(changed)?.into_active_model().reset_all().update(&**txn).await?;
    Ok(())
}

fn row_of(of: &Override) -> StoreResult<Model> {
    let (state, expires, decided) = match of.state {
        OverrideState::Proposed { expires } => (State::Proposed, Some(expires), None),
        OverrideState::Agreed { by, at } => (State::Agreed, None, Some((by, at))),
        OverrideState::Ended { by, at } => (State::Ended, None, Some((by, at))),
    };
    Ok(Model {
        override_id: of.id.as_uuid(),
        subject: of.subject.to_string(),
        kind: of.kind.into_str().to_owned(),
        about: of.about.clone(),
        reason: of.reason.as_str().to_owned(),
        end_time: of.until,
        proposed_by: of.proposed_by.as_uuid(),
        propose_time: of.proposed_at,
        state: <&str>::from(state).to_owned(),
        expire_time: expires,
        decided_by: decided.map(|(by, _)| by.as_uuid()),
        decide_time: decided.map(|(_, at)| at),
        version: i32::try_from(of.version).map_err(|error| StoreError::unreadable("check_override.version", error))?,
    })
}

fn read(row: Model) -> StoreResult<Override> {
    let missing = |column| StoreError::unreadable(column, "is empty");
    let decided = || {
        let by = row.decided_by.ok_or_else(|| missing("check_override.decided_by"))?.into();
        Ok::<_, StoreError>((by, row.decide_time.ok_or_else(|| missing("check_override.decide_time"))?))
    };
    let state = match row.state.parse().map_err(|error| StoreError::unreadable("check_override.state", error))? {
        State::Proposed => OverrideState::Proposed { expires: row.expire_time.ok_or_else(|| missing("check_override.expire_time"))? },
        State::Agreed => decided().map(|(by, at)| OverrideState::Agreed { by, at })?,
        State::Ended => decided().map(|(by, at)| OverrideState::Ended { by, at })?,
    };
    Ok(Override {
        id: row.override_id.into(),
        subject: row.subject.parse().map_err(|error| StoreError::unreadable("check_override.subject", error))?,
        kind: row.kind.parse().map_err(|error| StoreError::unreadable("check_override.kind", error))?,
        about: row.about,
        reason: row.reason.as_str().try_into().map_err(|error| StoreError::unreadable("check_override.reason", error))?,
        until: row.end_time,
        proposed_by: row.proposed_by.into(),
        proposed_at: row.propose_time,
        state,
        version: u32::try_from(row.version).map_err(|error| StoreError::unreadable("check_override.version", error))?,
    })
}
