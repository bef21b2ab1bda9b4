//! Erasures, kept.

use chrono::{DateTime, Utc};
use runtime::PersonId;
use sea_orm::{ActiveValue::NotSet, ConnectionTrait, IntoActiveModel as _, QuerySelect as _, entity::prelude::*};
use storage::{Page, Paging, RequestKey, StoreError, StoreResult, Txn, desc};

use super::{appointment, person};
use crate::domain::{Erasure, ErasureDetails, ErasureEffect, ErasureId, ErasureState, administers};

/// Table `erasure`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub erasure_id: Uuid,
    pub person_id: Uuid,
    pub reason: String,
    pub proposed_by: Uuid,
    pub propose_time: DateTimeUtc,
    pub state: String,
    /// Until when somebody may, or might, agree.
    pub expire_time: DateTimeUtc,
    /// Who agreed or withdrew it, and when.
    pub decided_by: Option<Uuid>,
    pub decide_time: Option<DateTimeUtc>,
    pub version: i32,
    /// Who asked for it under which id, so that asking again gives the same proposal.
    pub requested_by: String,
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Erasures {
    Internal: ErasureId, ProposeTime, State, ExpireTime, DecideTime, Version, RequestId;
    Personal: PersonId, ProposedBy, DecidedBy, RequestedBy;
    Special: Reason;
}}

/// `state` of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum State {
    Proposed,
    Agreed,
    Withdrawn,
}

/// An erasure, locked until the transaction ends.
pub async fn find_to_change(txn: &Txn, id: ErasureId) -> StoreResult<Option<Erasure>> {
    Entity::find_by_id(id.as_uuid()).lock_exclusive().one(&**txn).await?.map(read).transpose()
}

/// The one that this request proposed before.
pub async fn find_by_request(connection: &impl ConnectionTrait, key: &RequestKey) -> StoreResult<Option<Erasure>> {
    let Some(query) = key.made(Entity::find(), Column::RequestedBy, Column::RequestId) else { return Ok(None) };
    query.one(connection).await?.map(read).transpose()
}

/// The newest first; with `only_open` those that somebody may agree to now.
pub async fn list(connection: &impl ConnectionTrait, only_open: bool, now: DateTime<Utc>, paging: &Paging) -> StoreResult<Page<Erasure>> {
    let open = || Entity::find().filter(Column::State.eq(<&str>::from(State::Proposed))).filter(Column::ExpireTime.gt(now));
    let query = if only_open { open() } else { Entity::find() };
    paging.read(connection, query, [desc(Column::ProposeTime), desc(Column::ErasureId)]).await?.try_map(read)
}

/// The proposal about a person that somebody may agree to.
pub async fn find_open(txn: &Txn, person: PersonId, now: DateTime<Utc>) -> StoreResult<Option<Erasure>> {
    let open = Entity::find().filter(Column::State.eq(<&str>::from(State::Proposed))).filter(Column::ExpireTime.gt(now));
    open.filter(Column::PersonId.eq(person.as_uuid())).one(&**txn).await?.map(read).transpose()
}

/// With what agreeing leads to, while somebody may.
pub async fn details(connection: &impl ConnectionTrait, erasure: Erasure, now: DateTime<Utc>) -> StoreResult<ErasureDetails> {
    if !erasure.is_open(now) {
        return Ok(ErasureDetails { erasure, effect: ErasureEffect::default() });
    }
    let person = person::find(connection, erasure.person).await?;
    let held = appointment::of_person(connection, erasure.person, now).await?;
    let mut effect = ErasureEffect {
        name: person.and_then(|person| person.details).map(|details| details.name),
        functions: held.iter().map(|appointment| appointment.function).collect(),
        last_functions: Vec::new(),
    };
    for appointment in held.iter().filter(|appointment| administers(appointment.function)) {
        if appointment::count_others(connection, appointment, now).await? == 0 {
            effect.last_functions.push(appointment.function);
        }
    }
    Ok(ErasureDetails { erasure, effect })
}

pub async fn insert(txn: &Txn, proposed: &Erasure, key: &RequestKey) -> StoreResult<()> {
    Entity::insert(row_of(proposed, key)?.into_active_model()).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Keeps an erasure as it is now.
pub async fn update(txn: &Txn, changed: &Erasure) -> StoreResult<()> {
    let row = row_of(changed, &RequestKey::default())?.into_active_model().reset_all();
    let as_requested = ActiveModel { requested_by: NotSet, request_id: NotSet, ..row };
    as_requested.update(&**txn).await?;
    Ok(())
}

fn row_of(of: &Erasure, key: &RequestKey) -> StoreResult<Model> {
    let (state, decided) = match of.state {
        ErasureState::Proposed => (State::Proposed, None),
        ErasureState::Agreed { by, at } => (State::Agreed, Some((by, at))),
        ErasureState::Withdrawn { by, at } => (State::Withdrawn, Some((by, at))),
    };
    Ok(Model {
        erasure_id: of.id.as_uuid(),
        person_id: of.person.as_uuid(),
        reason: of.reason.as_str().to_owned(),
        proposed_by: of.proposed_by.as_uuid(),
        propose_time: of.proposed_at,
        state: <&str>::from(state).to_owned(),
        expire_time: of.expires(),
        decided_by: decided.map(|(by, _)| by.as_uuid()),
        decide_time: decided.map(|(_, at)| at),
        version: i32::try_from(of.version).map_err(|error| StoreError::unreadable("erasure.version", error))?,
        requested_by: key.requested_by.clone(),
        request_id: key.request_id.map(Into::into),
    })
}

fn read(row: Model) -> StoreResult<Erasure> {
    let missing = |column| StoreError::unreadable(column, "is empty");
    let decided = || {
        let by = row.decided_by.ok_or_else(|| missing("erasure.decided_by"))?.into();
        Ok::<_, StoreError>((by, row.decide_time.ok_or_else(|| missing("erasure.decide_time"))?))
    };
    let state = match row.state.parse().map_err(|error| StoreError::unreadable("erasure.state", error))? {
        State::Proposed => ErasureState::Proposed,
        State::Agreed => decided().map(|(by, at)| ErasureState::Agreed { by, at })?,
        State::Withdrawn => decided().map(|(by, at)| ErasureState::Withdrawn { by, at })?,
    };
    Ok(Erasure {
        id: row.erasure_id.into(),
        person: row.person_id.into(),
        reason: row.reason.as_str().try_into().map_err(|error| StoreError::unreadable("erasure.reason", error))?,
        proposed_by: row.proposed_by.into(),
        proposed_at: row.propose_time,
        state,
        version: u32::try_from(row.version).map_err(|error| StoreError::unreadable("erasure.version", error))?,
    })
}
