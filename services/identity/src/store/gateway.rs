//! Gateways, kept.

use std::collections::BTreeSet;

use auth::Scope;
use chrono::{DateTime, Utc};
use runtime::{GatewayId, SchoolId, SiteId};
use sea_orm::{
    ActiveValue::NotSet,
    Condition, ConnectionTrait, IntoActiveModel as _, IntoSimpleExpr as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{Func, SimpleExpr},
};
use storage::{Page, Paging, RequestKey, StoreError, StoreResult, Txn, asc, audit::Things, within};

use crate::domain::{Gateway, GatewayName, GatewayState, GatewaysOfSchool, OpenCode, RevokeReason, SecretHash};

/// Table `gateway`. Which columns are set in which state is a constraint of the table.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gateway")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub gateway_id: Uuid,
    pub school_id: Uuid,
    pub site_id: Option<Uuid>,
    pub name: String,
    pub enrolled_at: DateTimeUtc,
    pub state: String,
    pub secret_hash: Option<Vec<u8>>,
    pub secret_since: Option<DateTimeUtc>,
    #[sea_orm(unique)]
    pub code_hash: Option<Vec<u8>>,
    pub code_expires: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    pub revoked_by: Option<String>,
    pub revoke_reason: Option<String>,
    pub version: i32,
    /// Who asked for it under which id, so that asking again gives the same gateway.
    pub requested_by: String,
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Gateways {
    Internal: GatewayId, SchoolId, SiteId, Name, EnrolledAt, State, SecretHash, SecretSince, CodeHash, CodeExpires, RevokedAt, Version, RequestId;
    Personal: RevokedBy, RequestedBy;
    Special: RevokeReason;
}}

/// The gateway that claims to call, whosever it is: nobody is authenticated yet. For the issuer only.
pub async fn find_to_authenticate(connection: &impl ConnectionTrait, id: GatewayId) -> StoreResult<Option<Gateway>> {
    Entity::find_by_id(id.as_uuid()).one(connection).await?.map(read).transpose()
}

/// A gateway within the caller's scope.
pub async fn find(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, id: GatewayId) -> StoreResult<Option<Gateway>> {
    let query = within(Entity::find_by_id(id.as_uuid()), Column::SchoolId, scope);
    query.one(connection).await?.map(read).transpose()
}

/// The same, locked until the transaction ends.
pub async fn find_to_change(txn: &Txn, scope: &Scope<SchoolId>, id: GatewayId) -> StoreResult<Option<Gateway>> {
    let query = within(Entity::find_by_id(id.as_uuid()), Column::SchoolId, scope);
    query.lock_exclusive().one(&**txn).await?.map(read).transpose()
}

/// The gateway that this code is of, whosever it is: nobody is authenticated yet.
pub async fn find_by_code(connection: &impl ConnectionTrait, code: SecretHash) -> StoreResult<Option<Gateway>> {
    let query = Entity::find().filter(Column::CodeHash.eq(code.as_bytes().to_vec()));
    query.one(connection).await?.map(read).transpose()
}

/// The gateway that this request made before.
pub async fn find_by_request(connection: &impl ConnectionTrait, key: &RequestKey) -> StoreResult<Option<Gateway>> {
    let Some(query) = key.made(Entity::find(), Column::RequestedBy, Column::RequestId) else { return Ok(None) };
    query.one(connection).await?.map(read).transpose()
}

/// Gateways within the caller's scope, oldest first: of one school or of all, with those that may no longer post or without.
pub async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: Option<SchoolId>,
    include_revoked: bool,
    paging: &Paging,
) -> StoreResult<Page<Gateway>> {
    let mut query = within(Entity::find(), Column::SchoolId, scope);
    if let Some(school) = school {
        query = query.filter(Column::SchoolId.eq(school.as_uuid()));
    }
    if !include_revoked {
        query = query.filter(Column::State.eq(ACTIVE));
    }
    paging.read(connection, query, [asc(Column::GatewayId)]).await?.try_map(read)
}

/// What gateways of a school are called, by id.
pub async fn names(connection: &impl ConnectionTrait, school: SchoolId, things: &Things<'_>) -> StoreResult<Vec<(Uuid, String)>> {
    let query = Entity::find().select_only().columns([Column::GatewayId, Column::Name]).filter(Column::SchoolId.eq(school.as_uuid()));
    let in_small_letters = SimpleExpr::from(Func::lower(Column::Name.into_simple_expr()));
    let named = query.filter(things.are(Column::GatewayId, in_small_letters)).limit(Things::MOST);
    Ok(named.into_tuple().all(connection).await?)
}

/// How many a school has, and how many of all were enrolled since. Stays true while the school is locked.
pub async fn count(connection: &impl ConnectionTrait, school: SchoolId, since: DateTime<Utc>) -> StoreResult<GatewaysOfSchool> {
    let of_school = || Entity::find().filter(Column::SchoolId.eq(school.as_uuid()));
    let active = of_school().filter(Column::State.eq(ACTIVE)).count(connection).await?;
    let enrolled_of_late = of_school().filter(Column::EnrolledAt.gt(since)).count(connection).await?;
    Ok(GatewaysOfSchool { active, enrolled_of_late })
}

/// How many other gateways of the school have a code that is good. Stays true while the school is locked.
pub async fn count_codes(connection: &impl ConnectionTrait, gateway: &Gateway, now: DateTime<Utc>) -> StoreResult<u64> {
    let of_others =
        Entity::find().filter(Column::SchoolId.eq(gateway.school_id.as_uuid())).filter(Column::GatewayId.ne(gateway.id.as_uuid()));
    Ok(of_others.filter(Column::CodeExpires.gt(now)).count(connection).await?)
}

/// All that may post, whosever they are: for the service's own work.
pub async fn active(connection: &impl ConnectionTrait) -> StoreResult<BTreeSet<GatewayId>> {
    active_where(connection, Condition::all()).await
}

/// Those of them that may post, whosever they are: for the service's own work.
pub async fn active_among(connection: &impl ConnectionTrait, ids: Vec<GatewayId>) -> StoreResult<BTreeSet<GatewayId>> {
    let among = Column::GatewayId.is_in(ids.into_iter().map(GatewayId::as_uuid));
    active_where(connection, Condition::all().add(among)).await
}

async fn active_where(connection: &impl ConnectionTrait, condition: Condition) -> StoreResult<BTreeSet<GatewayId>> {
    let query = Entity::find().select_only().column(Column::GatewayId).filter(condition).filter(Column::State.eq(ACTIVE));
    let found: Vec<Uuid> = query.into_tuple().all(connection).await?;
    Ok(found.into_iter().map(GatewayId::from).collect())
}

/// Keeps a new gateway.
pub async fn insert(txn: &Txn, gateway: &Gateway, key: &RequestKey) -> StoreResult<()> {
    let row = row_of(gateway, key)?.into_active_model();
    Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Keeps a gateway as it is now.
pub async fn update(txn: &Txn, gateway: &Gateway) -> StoreResult<()> {
    let row = row_of(gateway, &RequestKey::default())?.into_active_model().reset_all();
    let as_requested = ActiveModel { requested_by: NotSet, request_id: NotSet, ..row };
    as_requested.update(&**txn).await?;
    Ok(())
}

const ACTIVE: &str = "active";
const REVOKED: &str = "revoked";

fn row_of(gateway: &Gateway, key: &RequestKey) -> StoreResult<Model> {
    let blank = Model {
        gateway_id: gateway.id.as_uuid(),
        school_id: gateway.school_id.as_uuid(),
        site_id: gateway.site_id.map(SiteId::as_uuid),
        name: gateway.name.as_str().to_owned(),
        enrolled_at: gateway.enrolled_at,
        state: ACTIVE.to_owned(),
        secret_hash: None,
        secret_since: None,
        code_hash: None,
        code_expires: None,
        revoked_at: None,
        revoked_by: None,
        revoke_reason: None,
        version: i32::try_from(gateway.version).map_err(|error| StoreError::unreadable("gateway.version", error))?,
        requested_by: key.requested_by.clone(),
        request_id: key.request_id.map(Into::into),
    };
    Ok(match &gateway.state {
        GatewayState::Active { secret, secret_since, code } => Model {
            secret_hash: Some(secret.as_bytes().to_vec()),
            secret_since: Some(*secret_since),
            code_hash: code.map(|code| code.hash.as_bytes().to_vec()),
            code_expires: code.map(|code| code.expires),
            ..blank
        },
        GatewayState::Revoked { at, by, reason } => Model {
            state: REVOKED.to_owned(),
            revoked_at: Some(*at),
            revoked_by: Some(by.clone()),
            revoke_reason: Some(reason.as_str().to_owned()),
            ..blank
        },
    })
}

fn read(row: Model) -> StoreResult<Gateway> {
    let state = read_state(&row)?;
    Ok(Gateway {
        id: row.gateway_id.into(),
        school_id: row.school_id.into(),
        site_id: row.site_id.map(SiteId::from),
        name: GatewayName::try_from(row.name.as_str()).map_err(|error| StoreError::unreadable("gateway.name", error))?,
        enrolled_at: row.enrolled_at,
        state,
        version: u32::try_from(row.version).map_err(|error| StoreError::unreadable("gateway.version", error))?,
    })
}

fn read_hash(column: &'static str, bytes: &[u8]) -> StoreResult<SecretHash> {
    bytes.try_into().map(SecretHash::from_bytes).map_err(|_| StoreError::unreadable(column, "not 32 bytes"))
}

fn read_state(row: &Model) -> StoreResult<GatewayState> {
    let missing = |column| StoreError::unreadable(column, format!("missing in state {}", row.state));
    match row.state.as_str() {
        ACTIVE => {
            let secret = read_hash("gateway.secret_hash", row.secret_hash.as_deref().ok_or_else(|| missing("gateway.secret_hash"))?)?;
            let secret_since = row.secret_since.ok_or_else(|| missing("gateway.secret_since"))?;
            let code = row.code_hash.as_deref().zip(row.code_expires);
            let code = code.map(|(hash, expires)| Ok::<_, StoreError>(OpenCode { hash: read_hash("gateway.code_hash", hash)?, expires }));
            Ok(GatewayState::Active { secret, secret_since, code: code.transpose()? })
        }
        REVOKED => {
            let at = row.revoked_at.ok_or_else(|| missing("gateway.revoked_at"))?;
            let by = row.revoked_by.clone().ok_or_else(|| missing("gateway.revoked_by"))?;
            let reason = row.revoke_reason.as_deref().ok_or_else(|| missing("gateway.revoke_reason"))?;
            let reason = RevokeReason::try_from(reason).map_err(|error| StoreError::unreadable("gateway.revoke_reason", error))?;
            Ok(GatewayState::Revoked { at, by, reason })
        }
        other => Err(StoreError::unreadable("gateway.state", format!("{other} is no state"))),
    }
}
