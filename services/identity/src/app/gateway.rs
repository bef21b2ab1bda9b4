//! Use cases of gateways: a school's sensors, and their access.

use auth::{Action, Context, Resource, Scope};
use chrono::{DateTime, Duration, Utc};
use events::{Topic, outbox};
use runtime::{Error, Etag, GatewayId, RequestId, Result, SchoolId, SiteId, security::SecurityEvent};
use serde::Serialize;
use storage::{
    Page, PageRequest, Paging, RequestKey, Txn,
    audit::{self, Chain, Entry},
};

use super::App;
use crate::{
    config::GatewayBounds,
    domain::{Gateway, GatewayChange, GatewayCode, GatewayName, GatewayRefusal, GatewaysOfSchool, OpenCode, RevokeReason, Secret},
    outbound::gateway_entry,
    store,
};

/// A page of gateways.
#[derive(Debug, Clone, Serialize)]
pub struct ListGateways {
    /// Of this school; of all the caller may see when not said.
    pub school_id: Option<SchoolId>,
    /// Revoked ones too.
    pub include_revoked: bool,
    pub page: PageRequest,
}

/// A gateway to be.
#[derive(Debug, Clone)]
pub struct EnrolGateway {
    pub school_id: SchoolId,
    /// At which of its sites.
    pub site_id: Option<SiteId>,
    /// For people.
    pub name: GatewayName,
    /// Unique for this caller.
    pub request_id: Option<RequestId>,
    /// A code is handed over, not the secret.
    pub with_code: bool,
}

/// The gateway; its secret or code only the first time.
#[derive(Debug, Clone)]
pub struct EnrolledGateway {
    pub gateway: Gateway,
    /// Shown now or never.
    pub handed_over: Option<HandedOver>,
}

/// By what a gateway is set up.
#[derive(Debug, Clone)]
pub enum HandedOver {
    Secret(Secret),
    Code(GatewayCode),
}

/// Which gateway gets a new secret.
#[derive(Debug, Clone)]
pub struct RotateGatewaySecret {
    pub gateway_id: GatewayId,
    /// The gateway as the caller read it.
    pub etag: Etag,
}

/// Which gateway may no longer post.
#[derive(Debug, Clone)]
pub struct RevokeGateway {
    pub gateway_id: GatewayId,
    pub reason: RevokeReason,
    /// The gateway as the caller read it.
    pub etag: Etag,
}

/// `NotFound` also when the caller may not see it.
pub async fn get_gateway(app: &App, cx: &Context, id: GatewayId) -> Result<Gateway> {
    let scope = cx.scope(Action::GatewayRead)?;
    store::gateway::find(&app.database.reader_within(&scope).await?, &scope, id).await?.ok_or_else(|| Error::not_found("gateway"))
}

/// Those within the caller's scope, oldest first.
pub async fn list_gateways(app: &App, cx: &Context, asked: ListGateways) -> Result<Page<Gateway>> {
    if let Some(school) = asked.school_id {
        cx.require(Action::GatewayRead, school)?;
    }
    let scope = cx.scope(Action::GatewayRead)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    Ok(store::gateway::list(&app.database.reader_within(&scope).await?, &scope, asked.school_id, asked.include_revoked, &paging).await?)
}

/// Gives the secret or the code, once. Answers the gateway made before, without either, when the request is a repetition.
pub async fn enrol_gateway(app: &App, cx: &Context, asked: EnrolGateway) -> Result<EnrolledGateway> {
    cx.require(Action::GatewayEnrol, asked.school_id)?;
    let scope = cx.scope(Action::GatewayEnrol)?;
    let key = RequestKey::of(cx, asked.request_id);

    let reader = app.database.reader_within(&scope).await?;
    if let Some(before) = store::gateway::find_by_request(&reader, &key).await? {
        return the_same_again(before, &asked);
    }
    let school = store::school::find(&reader, &scope, asked.school_id).await?.ok_or_else(|| Error::not_found("school"))?;
    // Asked before Keycloak gets a client, and again when the school is locked.
    let a_day_ago = cx.clock.now() - Duration::days(1);
    app.require_room(cx, school.id, store::gateway::count(&reader, school.id, a_day_ago).await?)?;
    drop(reader);
    let site_is_elsewhere = asked.site_id.is_some_and(|site| school.site(site).is_none());
    if site_is_elsewhere {
        return Err(Error::invalid_field("site_id", "give a site of this school, or leave it empty"));
    }

    let secret = Secret::generate().map_err(Error::internal)?;
    let code = asked.with_code.then(GatewayCode::generate).transpose().map_err(Error::internal)?;
    let hashes = (secret.hash(), code.as_ref().map(GatewayCode::hash));
    let (gateway, change) = Gateway::enrol(cx.ids.next(), school.id, asked.site_id, asked.name.clone(), hashes, cx.clock.now());
    if let Some(keycloak) = &app.keycloak {
        // First, since a secret that Keycloak does not know is worth nothing, and no transaction should wait for Keycloak. A client
        // whose gateway is not kept in the end never gets a token.
        keycloak.prepare(gateway.id, &secret).await?;
    }

    let kept = keep(app, cx, &scope, (&gateway, change), &key, a_day_ago).await;
    if let Some(keycloak) = &app.keycloak {
        match &kept {
            Ok(None) => app.told_later(keycloak.let_in(gateway.id).await),
            Ok(Some(_)) | Err(_) => {
                if let Err(error) = keycloak.remove(gateway.id).await {
                    let error = runtime::error::chain(&error);
                    tracing::warn!(name: "gateway.client_left_over", error, "the client of a gateway that was not kept is still there, disabled");
                }
            }
        }
    }
    if let Some(before) = kept? {
        return the_same_again(before, &asked);
    }
    app.metrics.gateway_changed(action_of(change));
    Ok(EnrolledGateway { gateway, handed_over: Some(code.map_or(HandedOver::Secret(secret), HandedOver::Code)) })
}

impl App {
    /// Refuses a gateway more than a school may have. Who asks is told at once; who watches over the platform finds it among the security events.
    fn require_room(&self, cx: &Context, school: SchoolId, has: GatewaysOfSchool) -> Result<()> {
        let GatewayBounds { gateways_of_a_school, enrolments_of_a_school_per_day } = self.bounds;
        let allowed = has.allow_one_more(gateways_of_a_school, enrolments_of_a_school_per_day);
        Ok(allowed.inspect_err(|refusal| bound_reached(cx, Action::GatewayEnrol, school, *refusal))?)
    }
}

/// Refuses a code more than a school may have. The school is locked.
pub(super) async fn require_few_codes(txn: &Txn, cx: &Context, action: Action, gateway: &Gateway) -> Result<()> {
    let most = OpenCode::MOST_OF_A_SCHOOL;
    if store::gateway::count_codes(&**txn, gateway, cx.clock.now()).await? < most {
        return Ok(());
    }
    let refusal = GatewayRefusal::TooManyCodes { most };
    bound_reached(cx, action, gateway.school_id, refusal);
    Err(refusal.into())
}

fn bound_reached(cx: &Context, action: Action, school: SchoolId, refusal: GatewayRefusal) {
    SecurityEvent::BoundReached.record(&cx.actor(), action.name(), Resource::School(school), refusal.into());
}

/// Keeps a new gateway; or answers the one that the same request, sent twice at once, made on another connection.
async fn keep(
    app: &App,
    cx: &Context,
    scope: &Scope<SchoolId>,
    (gateway, change): (&Gateway, GatewayChange),
    key: &RequestKey,
    a_day_ago: DateTime<Utc>,
) -> Result<Option<Gateway>> {
    let txn = app.database.begin_within(scope).await?;
    store::school::find_to_change(&txn, scope, gateway.school_id).await?.ok_or_else(|| Error::not_found("school"))?;
    if let Some(before) = store::gateway::find_by_request(&*txn, key).await? {
        return Ok(Some(before));
    }
    app.require_room(cx, gateway.school_id, store::gateway::count(&*txn, gateway.school_id, a_day_ago).await?)?;
    if gateway.code().is_some() {
        require_few_codes(&txn, cx, Action::GatewayEnrol, gateway).await?;
    }
    store::gateway::insert(&txn, gateway, key).await?;
    record(&txn, cx, gateway, change).await?;
    txn.commit().await?;
    Ok(None)
}

fn the_same_again(before: Gateway, asked: &EnrolGateway) -> Result<EnrolledGateway> {
    let asks_the_same = before.school_id == asked.school_id && before.site_id == asked.site_id && before.name == asked.name;
    RequestId::require_repetition(asks_the_same)?;
    Ok(EnrolledGateway { gateway: before, handed_over: None })
}

/// Answers the gateway and its new secret. The old one is refused from now on.
pub async fn rotate_gateway_secret(app: &App, cx: &Context, asked: RotateGatewaySecret) -> Result<(Gateway, Secret)> {
    let scope = cx.scope(Action::GatewayRotate)?;

    let txn = app.database.begin_within(&scope).await?;
    let mut gateway = to_change(&txn, &scope, asked.gateway_id, &asked.etag).await?;

    let secret = Secret::generate().map_err(Error::internal)?;
    let change = gateway.rotate_secret(secret.hash(), cx.clock.now())?;

    store::gateway::update(&txn, &gateway).await?;
    record(&txn, cx, &gateway, change).await?;
    if let Some(keycloak) = &app.keycloak {
        keycloak.replace_secret(gateway.id, &secret).await?;
    }
    txn.commit().await?;

    app.metrics.gateway_changed(action_of(change));
    Ok((gateway, secret))
}

/// Ends its access: no token from now on, and telemetry-ingest refuses the tokens it has within seconds. Refused when it was revoked
/// before.
pub async fn revoke_gateway(app: &App, cx: &Context, asked: RevokeGateway) -> Result<Gateway> {
    let scope = cx.scope(Action::GatewayRevoke)?;

    let txn = app.database.begin_within(&scope).await?;
    let mut gateway = to_change(&txn, &scope, asked.gateway_id, &asked.etag).await?;

    let change = gateway.revoke(cx.actor(), asked.reason, cx.clock.now())?;

    store::gateway::update(&txn, &gateway).await?;
    record(&txn, cx, &gateway, change).await?;
    txn.commit().await?;

    if let Some(keycloak) = &app.keycloak {
        app.told_later(keycloak.shut_out(gateway.id).await);
    }
    app.metrics.gateway_changed(action_of(change));
    Ok(gateway)
}

/// The gateway, locked, if the caller has read it as it is now.
pub(super) async fn to_change(txn: &Txn, scope: &Scope<SchoolId>, id: GatewayId, etag: &Etag) -> Result<Gateway> {
    let found = store::gateway::find_to_change(txn, scope, id).await?;
    let gateway = found.ok_or_else(|| Error::not_found("gateway"))?;
    etag.require(&gateway.etag())?;
    Ok(gateway)
}

/// The directory entry for telemetry-ingest, and the audit row.
pub(super) async fn record(txn: &Txn, cx: &Context, gateway: &Gateway, change: GatewayChange) -> Result<()> {
    match change {
        GatewayChange::Enrolled | GatewayChange::Revoked => outbox::add(txn, Topic::Gateway, gateway_entry(cx, gateway)).await?,
        // Who may post for which school stays the same with another secret, and no other service knows secrets.
        GatewayChange::SecretRotated | GatewayChange::CodeIssued | GatewayChange::CodeRedeemed => {}
    }
    let entry = Entry {
        action: action_of(change),
        resource: format!("gateway:{}", gateway.id),
        detail: serde_json::json!({
            "version": gateway.version,
            "site": gateway.site_id.map(|site| site.to_string()),
            "code_expires": gateway.code().map(|code| code.expires),
        }),
    };
    audit::append(txn, cx, Chain::School(gateway.school_id), entry).await?;
    Ok(())
}

/// As audit rows and metrics name the change.
pub(super) const fn action_of(change: GatewayChange) -> Action {
    match change {
        GatewayChange::Enrolled => Action::GatewayEnrol,
        GatewayChange::SecretRotated => Action::GatewayRotate,
        GatewayChange::CodeIssued => Action::GatewayCode,
        GatewayChange::CodeRedeemed => Action::GatewayRedeem,
        GatewayChange::Revoked => Action::GatewayRevoke,
    }
}
