//! Enrols a gateway at a school and gives its secret, once.

use auth::{Action, Context};
use runtime::{Error, RequestId, Result, SchoolId, SiteId};
use storage::StoreError;

use super::{App, record_gateway::record_gateway};
use crate::{
    domain::{Gateway, GatewayName, Secret},
    store::{self, gateway::RequestKey},
};

/// A gateway to be.
#[derive(Debug, Clone)]
pub struct EnrolGateway {
    /// Where.
    pub school_id: SchoolId,
    /// At which of its sites.
    pub site_id: Option<SiteId>,
    /// For people.
    pub name: GatewayName,
    /// Unique for this caller.
    pub request_id: Option<RequestId>,
}

/// The gateway; its secret only the first time.
#[derive(Debug, Clone)]
pub struct EnrolledGateway {
    /// The gateway.
    pub gateway: Gateway,
    /// Shown now or never.
    pub secret: Option<Secret>,
}

/// Answers the gateway made before, without its secret, when the request is a repetition.
pub async fn enrol_gateway(app: &App, cx: &Context, asked: EnrolGateway) -> Result<EnrolledGateway> {
    cx.require(Action::GatewayEnrol, asked.school_id)?;
    let scope = cx.scope(Action::GatewayEnrol)?;
    let key = RequestKey { requested_by: cx.actor(), request_id: asked.request_id };

    if let Some(before) = store::gateway::find_by_request(app.database.reader(), &key).await? {
        return the_same_again(before, &asked);
    }
    let school = store::school::find(app.database.reader(), &scope, asked.school_id).await?.ok_or_else(|| Error::not_found("school"))?;
    let site_is_elsewhere = asked.site_id.is_some_and(|site| school.site(site).is_none());
    if site_is_elsewhere {
        return Err(Error::invalid_field("site_id", "give a site of this school, or leave it empty"));
    }

    let secret = Secret::generate().map_err(Error::internal)?;
    let (gateway, change) = Gateway::enrol(cx.ids.next(), school.id, asked.site_id, asked.name.clone(), secret.hash(), cx.clock.now());
    if let Some(keycloak) = &app.keycloak {
        // First, since a secret that Keycloak does not know is worth nothing, and no transaction should wait for Keycloak. A client
        // whose gateway is not kept in the end never gets a token.
        keycloak.prepare(gateway.id, &secret).await?;
    }

    let txn = app.database.begin().await?;
    match store::gateway::insert(&txn, &gateway, &key).await {
        Ok(()) => {}
        Err(StoreError::Duplicate(_)) => {
            // The same request, sent twice at once, was faster on another connection.
            txn.roll_back().await?;
            let before = store::gateway::find_by_request(app.database.reader(), &key).await?;
            return the_same_again(before.ok_or_else(|| Error::conflict("request_in_progress", "ask again in a moment"))?, &asked);
        }
        Err(error) => return Err(error.into()),
    }
    record_gateway(&txn, cx, &gateway, change).await?;
    txn.commit().await?;

    if let Some(keycloak) = &app.keycloak {
        app.told_later(keycloak.let_in(gateway.id).await);
    }
    app.metrics.gateway_changed(change);
    Ok(EnrolledGateway { gateway, secret: Some(secret) })
}

fn the_same_again(before: Gateway, asked: &EnrolGateway) -> Result<EnrolledGateway> {
    let asks_the_same = before.school_id == asked.school_id && before.site_id == asked.site_id && before.name == asked.name;
    RequestId::require_repetition(asks_the_same)?;
    Ok(EnrolledGateway { gateway: before, secret: None })
}
