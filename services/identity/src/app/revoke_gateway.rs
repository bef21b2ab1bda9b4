//! Ends a gateway's access: no token from now on, and telemetry-ingest refuses the tokens it has within seconds.

use auth::{Action, Context};
use events::{Topic, outbox};
use runtime::{Error, GatewayId, Result};

use super::{App, record_gateway::record_gateway};
use crate::{
    domain::{Gateway, RevokeReason},
    events::gateway_entry,
    store,
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct RevokeGateway {
    /// Which.
    pub gateway_id: GatewayId,
    /// Why.
    pub reason: RevokeReason,
    /// As seen by the caller; empty: whatever it is.
    pub etag: String,
}

/// See the module.
pub async fn revoke_gateway(app: &App, cx: &Context, asked: RevokeGateway) -> Result<Gateway> {
    let scope = cx.scope(Action::GatewayRevoke)?;

    let txn = app.database.begin().await?;
    let found = store::gateway::find_to_change(&txn, &scope, asked.gateway_id).await?;
    let gateway = found.ok_or_else(|| Error::not_found("gateway"))?;
    super::require_etag(&asked.etag, &gateway)?;

    let gateway = gateway
        .revoke(cx.actor(), asked.reason, cx.clock.now())
        .map_err(|revoked| Error::failed_precondition("gateway_revoked", revoked.to_string()))?;

    store::gateway::update(&txn, &gateway).await?;
    outbox::add(&txn, Topic::Gateway, gateway_entry(cx, &gateway)).await?;
    record_gateway(&txn, cx, Action::GatewayRevoke, &gateway).await?;
    txn.commit().await?;

    if let Some(keycloak) = &app.keycloak {
        app.told_later(keycloak.shut_out(gateway.id).await);
    }
    app.metrics.gateway_changed(Action::GatewayRevoke.name());
    Ok(gateway)
}
