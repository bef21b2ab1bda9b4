//! Invitations, kept: of their links, the hash alone.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use runtime::PersonId;
use sea_orm::{
    ActiveValue::NotSet,
    Condition, ConnectionTrait, IntoActiveModel as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Func, SimpleExpr},
};
use storage::{Page, Paging, RequestKey, StoreError, StoreResult, Txn, desc};

use super::{appointment, person};
use crate::domain::{Answer, Email, Invitation, InvitationId, Place, SecretHash};

/// Table `invitation`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub invitation_id: Uuid,
    pub email: String,
    /// As in tokens: `director@<school id>`.
    pub function: String,
    /// Where it holds: `school:<id>`, `platform`.
    pub place: String,
    /// Until when the function is to be held.
    pub end_time: Option<DateTimeUtc>,
    pub invited_by: String,
    pub create_time: DateTimeUtc,
    pub state: String,
    #[sea_orm(unique)]
    pub token_hash: Option<Vec<u8>>,
    pub expire_time: Option<DateTimeUtc>,
    pub appointment_id: Option<Uuid>,
    pub version: i32,
    /// Who asked for it under which id, so that asking again gives the same invitation.
    pub requested_by: String,
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Invitations {
    Internal: InvitationId, Place, EndTime, CreateTime, State, TokenHash, ExpireTime, AppointmentId, Version, RequestId;
    Personal: Email, Function, InvitedBy, RequestedBy;
}}

/// `state` of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum State {
    Awaited,
    Accepted,
    Withdrawn,
}

/// Which invitations of a place a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Filter {
    Open,
    Expired,
    Accepted,
    Withdrawn,
}

/// An invitation. The caller asks whether it may be seen.
pub async fn find(connection: &impl ConnectionTrait, id: InvitationId) -> StoreResult<Option<Invitation>> {
    Entity::find_by_id(id.as_uuid()).one(connection).await?.map(read).transpose()
}

/// The same, locked until the transaction ends.
pub async fn find_to_change(txn: &Txn, id: InvitationId) -> StoreResult<Option<Invitation>> {
    Entity::find_by_id(id.as_uuid()).lock_exclusive().one(&**txn).await?.map(read).transpose()
}

/// The one that this link belongs to.
pub async fn find_by_token(connection: &impl ConnectionTrait, token: SecretHash) -> StoreResult<Option<Invitation>> {
    let query = Entity::find().filter(Column::TokenHash.eq(token.as_bytes().to_vec()));
    query.one(connection).await?.map(read).transpose()
}

/// The invitation that this request made before.
pub async fn find_by_request(connection: &impl ConnectionTrait, key: &RequestKey) -> StoreResult<Option<Invitation>> {
    let Some(query) = key.made(Entity::find(), Column::RequestedBy, Column::RequestId) else { return Ok(None) };
    query.one(connection).await?.map(read).transpose()
}

/// How many of a place wait for an answer, also those whose link is too old.
pub async fn count_open(connection: &impl ConnectionTrait, place: Place) -> StoreResult<u64> {
    let query = Entity::find().filter(Column::Place.eq(place.to_string()));
    Ok(query.filter(Column::State.eq(<&str>::from(State::Awaited))).count(connection).await?)
}

/// How many were made for a place since then, whatever became of them.
pub async fn count_made(connection: &impl ConnectionTrait, place: Place, since: DateTime<Utc>) -> StoreResult<u64> {
    let query = Entity::find().filter(Column::Place.eq(place.to_string()));
    Ok(query.filter(Column::CreateTime.gt(since)).count(connection).await?)
}

/// How often somebody was written to by the invitations that were sent to this address since then. All letters of each count.
pub async fn count_letters(connection: &impl ConnectionTrait, email: &Email, since: DateTime<Utc>) -> StoreResult<u64> {
    let sent_since = Condition::any().add(Column::CreateTime.gt(since)).add(Column::ExpireTime.gt(Invitation::good_until(since)));
    let query = Entity::find().filter(Column::Email.eq(email.as_str())).filter(sent_since);
    let versions: Vec<i32> = query.select_only().column(Column::Version).into_tuple().all(connection).await?;
    Ok(versions.into_iter().map(|version| u64::try_from(version).unwrap_or_default()).sum())
}

/// Invitations of a place, newest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    place: Place,
    filter: Option<Filter>,
    now: DateTime<Utc>,
    paging: &Paging,
) -> StoreResult<Page<Invitation>> {
    let query = Entity::find().filter(Column::Place.eq(place.to_string()));
    let is = |state: State| Column::State.eq(<&str>::from(state));
    let query = match filter {
        None => query,
        Some(Filter::Open) => query.filter(is(State::Awaited)).filter(Column::ExpireTime.gt(now)),
        Some(Filter::Expired) => query.filter(is(State::Awaited)).filter(Column::ExpireTime.lte(now)),
        Some(Filter::Accepted) => query.filter(is(State::Accepted)),
        Some(Filter::Withdrawn) => query.filter(is(State::Withdrawn)),
    };
    paging.read(connection, query, [desc(Column::CreateTime), desc(Column::InvitationId)]).await?.try_map(read)
}

/// Those that were sent to one of these addresses, in small letters, or accepted by this person; locked until the transaction ends.
pub async fn find_to_erase(txn: &Txn, person: PersonId, addresses: &[String]) -> StoreResult<Vec<Invitation>> {
    let is_theirs = Condition::any().add(was_accepted_by(person)).add(in_small_letters().is_in(addresses));
    let rows = Entity::find().filter(is_theirs).order_by_asc(Column::InvitationId).lock_exclusive().all(&**txn).await?;
    rows.into_iter().map(read).collect()
}

/// The addresses, in small letters, at which a person accepted invitations.
pub async fn addresses_of(connection: &impl ConnectionTrait, person: PersonId) -> StoreResult<Vec<String>> {
    let query = Entity::find().select_only().expr(in_small_letters()).distinct().filter(was_accepted_by(person));
    Ok(query.into_tuple().all(connection).await?)
}

/// Those of these addresses, in small letters, at which somebody else was invited and came.
pub async fn addresses_of_others(
    connection: &impl ConnectionTrait,
    person: PersonId,
    addresses: &[String],
) -> StoreResult<BTreeSet<String>> {
    let by_others = appointment::Entity::find().select_only().column(appointment::Column::AppointmentId);
    let by_others = Column::AppointmentId.in_subquery(by_others.filter(appointment::Column::PersonId.ne(person.as_uuid())).into_query());
    let accepted = Entity::find().select_only().expr(in_small_letters()).distinct().filter(by_others);
    let accepted: Vec<String> = accepted.filter(in_small_letters().is_in(addresses)).into_tuple().all(connection).await?;
    let known = person::addresses_of_others(connection, person, addresses).await?;
    Ok(accepted.into_iter().chain(known).collect())
}

fn was_accepted_by(person: PersonId) -> SimpleExpr {
    let theirs = appointment::Entity::find().select_only().column(appointment::Column::AppointmentId);
    let theirs = theirs.filter(appointment::Column::PersonId.eq(person.as_uuid()));
    Column::AppointmentId.in_subquery(theirs.into_query())
}

fn in_small_letters() -> SimpleExpr {
    Func::lower(Expr::col(Column::Email)).into()
}

pub async fn remove(txn: &Txn, id: InvitationId) -> StoreResult<()> {
    Entity::delete_by_id(id.as_uuid()).exec(&**txn).await?;
    Ok(())
}

pub async fn insert(txn: &Txn, invitation: &Invitation, key: &RequestKey) -> StoreResult<()> {
    Entity::insert(row_of(invitation, key)?.into_active_model()).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Keeps an invitation as it is now.
pub async fn update(txn: &Txn, invitation: &Invitation) -> StoreResult<()> {
    let row = row_of(invitation, &RequestKey::default())?.into_active_model().reset_all();
    let as_requested = ActiveModel { requested_by: NotSet, request_id: NotSet, ..row };
    as_requested.update(&**txn).await?;
    Ok(())
}

fn row_of(invitation: &Invitation, key: &RequestKey) -> StoreResult<Model> {
    let place = Place::of(invitation.function).ok_or_else(|| StoreError::unreadable("invitation.function", "holds nowhere"))?;
    let (state, token, expires, appointment) = match &invitation.answer {
        Answer::Awaited { token, expires } => (State::Awaited, Some(token), Some(*expires), None),
        Answer::Accepted { appointment } => (State::Accepted, None, None, Some(*appointment)),
        Answer::Withdrawn => (State::Withdrawn, None, None, None),
    };
    Ok(Model {
        invitation_id: invitation.id.as_uuid(),
        email: invitation.email.as_str().to_owned(),
        function: invitation.function.to_string(),
        place: place.to_string(),
        end_time: invitation.until,
        invited_by: invitation.invited_by.clone(),
        create_time: invitation.created_at,
        state: <&str>::from(state).to_owned(),
        token_hash: token.map(|token| token.as_bytes().to_vec()),
        expire_time: expires,
        appointment_id: appointment.map(|id| id.as_uuid()),
        version: i32::try_from(invitation.version).map_err(|error| StoreError::unreadable("invitation.version", error))?,
        requested_by: key.requested_by.clone(),
        request_id: key.request_id.map(Into::into),
    })
}

fn read(row: Model) -> StoreResult<Invitation> {
    let missing = |column| StoreError::unreadable(column, "is empty");
    let answer = match row.state.parse().map_err(|error| StoreError::unreadable("invitation.state", error))? {
        State::Awaited => {
            let token = row.token_hash.ok_or_else(|| missing("invitation.token_hash"))?;
            let token: [u8; 32] = token.try_into().map_err(|_| StoreError::unreadable("invitation.token_hash", "is no hash"))?;
            let expires = row.expire_time.ok_or_else(|| missing("invitation.expire_time"))?;
            Answer::Awaited { token: SecretHash::from_bytes(token), expires }
        }
        State::Accepted => Answer::Accepted { appointment: row.appointment_id.ok_or_else(|| missing("invitation.appointment_id"))?.into() },
        State::Withdrawn => Answer::Withdrawn,
    };
    Ok(Invitation {
        id: row.invitation_id.into(),
        email: Email::try_from(row.email.as_str()).map_err(|error| StoreError::unreadable("invitation.email", error))?,
        function: row.function.parse().map_err(|error| StoreError::unreadable("invitation.function", error))?,
        until: row.end_time,
        invited_by: row.invited_by,
        created_at: row.create_time,
        answer,
        version: u32::try_from(row.version).map_err(|error| StoreError::unreadable("invitation.version", error))?,
    })
}
