//! Replaces a gateway's secret and gives the new one, once.
//!
//! Nothing is published: who may post for which school stays the same, and no other service knows secrets.

use auth::{Action, Context};
use runtime::{Error, GatewayId, Result};

use super::{App, record_gateway::record_gateway};
use crate::{
    domain::{Gateway, Secret},
    store,
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct RotateGatewaySecret {
    /// Which.
    pub gateway_id: GatewayId,
    /// As seen by the caller; empty: whatever it is.
    pub etag: String,
}

/// See the module.
pub async fn rotate_gateway_secret(app: &App, cx: &Context, asked: RotateGatewaySecret) -> Result<(Gateway, Secret)> {
    let scope = cx.scope(Action::GatewayRotate)?;

    let txn = app.database.begin().await?;
    let found = store::gateway::find_to_change(&txn, &scope, asked.gateway_id).await?;
    let gateway = found.ok_or_else(|| Error::not_found("gateway"))?;
    super::require_etag(&asked.etag, &gateway)?;

    let secret = Secret::generate().map_err(Error::internal)?;
    let gateway = gateway
        .rotate_secret(secret.hash(), cx.clock.now())
        .map_err(|revoked| Error::failed_precondition("gateway_revoked", revoked.to_string()))?;

    store::gateway::update(&txn, &gateway).await?;
    record_gateway(&txn, cx, Action::GatewayRotate, &gateway).await?;
    if let Some(keycloak) = &app.keycloak {
        keycloak.replace_secret(gateway.id, &secret).await?;
    }
    txn.commit().await?;

    app.metrics.gateway_changed(Action::GatewayRotate.name());
    Ok((gateway, secret))
}
