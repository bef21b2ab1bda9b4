//! Replaces a gateway's secret and gives the new one, once.

use auth::{Action, Context};
use runtime::{Error, Etag, GatewayId, Result};

use super::{App, record_gateway::record_gateway};
use crate::{
    domain::{Gateway, Secret},
    store,
};

/// Which gateway gets a new secret.
#[derive(Debug, Clone)]
pub struct RotateGatewaySecret {
    /// Which.
    pub gateway_id: GatewayId,
    /// The gateway as the caller read it.
    pub etag: Etag,
}

/// Answers the gateway and its new secret. The old one is refused from now on.
pub async fn rotate_gateway_secret(app: &App, cx: &Context, asked: RotateGatewaySecret) -> Result<(Gateway, Secret)> {
    let scope = cx.scope(Action::GatewayRotate)?;

    let txn = app.database.begin().await?;
    let found = store::gateway::find_to_change(&txn, &scope, asked.gateway_id).await?;
    let mut gateway = found.ok_or_else(|| Error::not_found("gateway"))?;
    asked.etag.require(&gateway.etag())?;

    let secret = Secret::generate().map_err(Error::internal)?;
    let change = gateway.rotate_secret(secret.hash(), cx.clock.now())?;

    store::gateway::update(&txn, &gateway).await?;
    record_gateway(&txn, cx, &gateway, change).await?;
    if let Some(keycloak) = &app.keycloak {
        keycloak.replace_secret(gateway.id, &secret).await?;
    }
    txn.commit().await?;

    app.metrics.gateway_changed(change);
    Ok((gateway, secret))
}
