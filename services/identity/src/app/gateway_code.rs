//! Use cases of codes: a gateway's machine gets its secret by itself, so that nobody copies one by hand.

use auth::{Action, Context, Resource};
use runtime::{
    Error, ErrorKind, Etag, GatewayId, Result,
    security::{SecurityEvent, UNVERIFIED},
};

use super::{
    App,
    gateway::{action_of, record, require_few_codes, to_change},
};
use crate::{
    domain::{CodeRefusal, Gateway, GatewayCode, Secret, SecretHash},
    store,
};

/// Which gateway gets a code.
#[derive(Debug, Clone)]
pub struct IssueGatewayCode {
    pub gateway_id: GatewayId,
    /// The gateway as the caller read it.
    pub etag: Etag,
}

/// Answers the gateway and its code. Its secret is good until the code is used.
pub async fn issue_gateway_code(app: &App, cx: &Context, asked: IssueGatewayCode) -> Result<(Gateway, GatewayCode)> {
    let scope = cx.scope(Action::GatewayCode)?;

    let reader = app.database.reader_within(&scope).await?;
    let seen = store::gateway::find(&reader, &scope, asked.gateway_id).await?.ok_or_else(|| Error::not_found("gateway"))?;
    drop(reader);
    let txn = app.database.begin_within(&scope).await?;
    // Its school first, of which codes are counted.
    store::school::find_to_change(&txn, &scope, seen.school_id).await?.ok_or_else(|| Error::not_found("gateway"))?;
    let mut gateway = to_change(&txn, &scope, asked.gateway_id, &asked.etag).await?;

    let code = GatewayCode::generate().map_err(Error::internal)?;
    let change = gateway.issue_code(code.hash(), cx.clock.now())?;
    require_few_codes(&txn, cx, Action::GatewayCode, &gateway).await?;

    store::gateway::update(&txn, &gateway).await?;
    record(&txn, cx, &gateway, change).await?;
    txn.commit().await?;

    app.metrics.gateway_changed(action_of(change));
    Ok((gateway, code))
}

/// Answers the gateway and the secret that was made for its machine. Its bearer has proven nothing but the code, so `cx` is the service's own.
pub async fn redeem_gateway_code(app: &App, cx: &Context, code: SecretHash) -> Result<(Gateway, Secret)> {
    let scope = cx.scope(Action::GatewayRedeem)?;
    let refused = |resource: Resource, refusal: CodeRefusal| {
        SecurityEvent::GatewayCodeRefused.record(UNVERIFIED, Action::GatewayRedeem.name(), resource, refusal.into());
        not_good()
    };

    let found = store::gateway::find_by_code(&app.database.reader_within(&scope).await?, code).await?;
    let seen = found.ok_or_else(|| refused(Resource::Platform, CodeRefusal::Unknown))?;
    let txn = app.database.begin_within(&scope).await?;
    let found = store::gateway::find_to_change(&txn, &scope, seen.id).await?;
    let mut gateway = found.ok_or_else(|| refused(Resource::Platform, CodeRefusal::Unknown))?;

    let secret = Secret::generate().map_err(Error::internal)?;
    let change = gateway.redeem_code(code, secret.hash(), cx.clock.now());
    let change = change.map_err(|refusal| refused(Resource::School(gateway.school_id), refusal))?;

    store::gateway::update(&txn, &gateway).await?;
    record(&txn, cx, &gateway, change).await?;
    if let Some(keycloak) = &app.keycloak {
        // If the commit fails after it, the code is still good, and using it again mends that.
        keycloak.replace_secret(gateway.id, &secret).await?;
    }
    txn.commit().await?;

    let bearer = format!("gateway:{}", gateway.id);
    SecurityEvent::GatewayCodeRedeemed.record(&bearer, Action::GatewayRedeem.name(), Resource::School(gateway.school_id), "");
    app.metrics.gateway_changed(action_of(change));
    Ok((gateway, secret))
}

/// The same for every code, so that nobody learns which ones there are.
fn not_good() -> Error {
    let advice = "this code is not known, was used, or is more than 24 hours old; ask the school for a new one";
    Error::new(ErrorKind::NotFound, "code_not_good", advice)
}
