//! Ends a gateway's access: no token from now on, and telemetry-ingest refuses the tokens it has within seconds.

use auth::{Action, Context};
use runtime::{Error, Etag, GatewayId, Result};

use super::{App, record_gateway::record_gateway};
use crate::{
    domain::{Gateway, RevokeReason},
    store,
};

/// Which gateway may no longer post.
#[derive(Debug, Clone)]
pub struct RevokeGateway {
    /// Which.
    pub gateway_id: GatewayId,
    /// Why.
    pub reason: RevokeReason,
    /// The gateway as the caller read it.
    pub etag: Etag,
}

/// Answers the gateway as it is now. Refused when it was revoked before.
pub async fn revoke_gateway(app: &App, cx: &Context, asked: RevokeGateway) -> Result<Gateway> {
    let scope = cx.scope(Action::GatewayRevoke)?;

    let txn = app.database.begin().await?;
    let found = store::gateway::find_to_change(&txn, &scope, asked.gateway_id).await?;
    let mut gateway = found.ok_or_else(|| Error::not_found("gateway"))?;
    asked.etag.require(&gateway.etag())?;

    let change = gateway.revoke(cx.actor(), asked.reason, cx.clock.now())?;

    store::gateway::update(&txn, &gateway).await?;
    record_gateway(&txn, cx, &gateway, change).await?;
    txn.commit().await?;

    if let Some(keycloak) = &app.keycloak {
        app.told_later(keycloak.shut_out(gateway.id).await);
    }
    app.metrics.gateway_changed(change);
    Ok(gateway)
}
