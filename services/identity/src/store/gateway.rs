//! Gateways, kept.

use std::collections::BTreeSet;

use auth::Scope;
use runtime::{GatewayId, RequestId, SchoolId, SiteId};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::NotSet, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QuerySelect as _,
};
use storage::{Page, Paging, StoreError, StoreResult, Txn, asc, within};
use uuid::Uuid;

use super::entity::gateway::{ActiveModel, Column, Entity, Model};
use crate::domain::{Gateway, GatewayName, GatewayState, RevokeReason, SecretHash};

/// Who asked for a gateway, and under which id; the same again is the same request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestKey {
    /// As audit rows name them.
    pub requested_by: String,
    /// What they gave, if they gave one.
    pub request_id: Option<RequestId>,
}

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

/// The gateway that this request made before.
pub async fn find_by_request(connection: &impl ConnectionTrait, key: &RequestKey) -> StoreResult<Option<Gateway>> {
    let Some(request_id) = key.request_id else { return Ok(None) };
    let query = Entity::find().filter(Column::RequestedBy.eq(&key.requested_by)).filter(Column::RequestId.eq(request_id.as_uuid()));
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
        revoked_at: None,
        revoked_by: None,
        revoke_reason: None,
        version: i32::try_from(gateway.version).map_err(|error| StoreError::unreadable("gateway.version", error))?,
        requested_by: key.requested_by.clone(),
        request_id: key.request_id.map(RequestId::as_uuid),
    };
    Ok(match &gateway.state {
        GatewayState::Active { secret, secret_since } => {
            Model { secret_hash: Some(secret.as_bytes().to_vec()), secret_since: Some(*secret_since), ..blank }
        }
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

fn read_state(row: &Model) -> StoreResult<GatewayState> {
    let missing = |column| StoreError::unreadable(column, format!("missing in state {}", row.state));
    match row.state.as_str() {
        ACTIVE => {
            let hash = row.secret_hash.clone().ok_or_else(|| missing("gateway.secret_hash"))?;
            let hash = hash.try_into().map_err(|_| StoreError::unreadable("gateway.secret_hash", "not 32 bytes"))?;
            let secret_since = row.secret_since.ok_or_else(|| missing("gateway.secret_since"))?;
            Ok(GatewayState::Active { secret: SecretHash::from_bytes(hash), secret_since })
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
