//! The token endpoint (RFC 6749, 3.2): codes, refresh tokens and client credentials for access tokens.

use std::sync::Arc;

use axum::{
    Form, Json,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use openidconnect::{
    ExtraTokenFields, Nonce, RefreshToken, StandardErrorResponse, StandardTokenResponse,
    core::{CoreErrorResponseType, CoreTokenType},
};
use runtime::Error;
use serde::Deserialize;
use storage::Reach;

use super::{
    Issuer,
    claims::{MachineResponse, SignInResponse},
    client::{Client, Role},
    once::Redeemed,
    pending::Grant,
    session::{Refreshed, Session},
};
use crate::{domain::Gateway, store};

/// The parameters of all grants; those of other grants are left alone.
#[derive(Deserialize)]
pub(super) struct TokenRequest {
    grant_type: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// RFC 7009, 2.1.
#[derive(Deserialize)]
pub(super) struct RevocationRequest {
    token: String,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Why there is no token.
enum NoToken {
    /// The request is at fault; said as RFC 6749, 5.2.
    Refused { error: CoreErrorResponseType, description: &'static str },
    /// We are.
    Ours(Error),
}

impl NoToken {
    const fn refused(error: CoreErrorResponseType, description: &'static str) -> Self {
        Self::Refused { error, description }
    }
}

impl<E: Into<Error>> From<E> for NoToken {
    fn from(error: E) -> Self {
        Self::Ours(error.into())
    }
}

/// Who asks.
enum Caller<'a> {
    Client(&'a Client),
    Gateway(Box<Gateway>),
}

impl Caller<'_> {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Gateway(_) => "gateway",
            Self::Client(Client { role: Role::Portal, .. }) => "portal",
            Self::Client(Client { role: Role::Machine { .. }, .. }) => "machine",
        }
    }
}

/// Giving up a refresh token (RFC 7009): its session ends. Whether there was one is told to nobody.
pub(super) async fn revoke(
    State(issuer): State<Arc<Issuer>>,
    headers: HeaderMap,
    form: Result<Form<RevocationRequest>, FormRejection>,
) -> Response {
    match issuer.give_up(&headers, form).await {
        Ok(()) => (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")]).into_response(),
        Err(NoToken::Refused { error, description }) => refuse(error, description),
        Err(NoToken::Ours(error)) => error.into_response(),
    }
}

pub(super) async fn token(
    State(issuer): State<Arc<Issuer>>,
    headers: HeaderMap,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> Response {
    let answer = match form {
        Ok(Form(request)) => issuer.grant(&headers, request).await,
        Err(_) => {
            let description = "send the parameters once each as application/x-www-form-urlencoded";
            Err(NoToken::refused(CoreErrorResponseType::InvalidRequest, description))
        }
    };
    match answer {
        Ok(response) => response,
        Err(NoToken::Refused { error, description }) => {
            issuer.metrics.refused(error.as_ref());
            refuse(error, description)
        }
        Err(NoToken::Ours(error)) => {
            issuer.metrics.refused(error.reason());
            error.into_response()
        }
    }
}

fn refuse(error: CoreErrorResponseType, description: &'static str) -> Response {
    let status = if error == CoreErrorResponseType::InvalidClient { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    let body = StandardErrorResponse::new(error, Some(description.to_owned()), None);
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Basic realm=\"schildwacht\""));
    }
    response
}

fn answer<F: ExtraTokenFields>(response: StandardTokenResponse<F, CoreTokenType>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(response)).into_response()
}

impl Issuer {
    async fn give_up(&self, headers: &HeaderMap, form: Result<Form<RevocationRequest>, FormRejection>) -> Result<(), NoToken> {
        let unreadable = |_| NoToken::refused(CoreErrorResponseType::InvalidRequest, "send token as application/x-www-form-urlencoded");
        let Form(RevocationRequest { token, client_id, client_secret }) = form.map_err(unreadable)?;
        let (client_id, secret) = credentials(headers, client_id, client_secret)?;
        if let Caller::Client(client) = self.authenticate(&client_id, &secret).await? {
            self.sessions.give_up(&token, &client.id);
        }
        Ok(())
    }

    async fn grant(self: &Arc<Self>, headers: &HeaderMap, request: TokenRequest) -> Result<Response, NoToken> {
        let (client_id, secret) = credentials(headers, request.client_id.clone(), request.client_secret.clone())?;
        let caller = self.authenticate(&client_id, &secret).await?;
        let grant_type = request.grant_type.clone().unwrap_or_default();
        let response = match (grant_type.as_str(), &caller) {
            ("authorization_code", Caller::Client(client @ Client { role: Role::Portal, .. })) => {
                answer(self.for_code(client, &request).await?)
            }
            ("refresh_token", Caller::Client(client @ Client { role: Role::Portal, .. })) => {
                answer(self.for_refresh(client, &request).await?)
            }
            ("client_credentials", Caller::Client(client)) => answer(self.for_machine(client)?),
            ("client_credentials", Caller::Gateway(gateway)) => answer(self.mint().for_gateway(gateway).map_err(Error::internal)?),
            ("authorization_code" | "refresh_token", _) => return Err(not_for_this_client()),
            ("", _) => return Err(NoToken::refused(CoreErrorResponseType::InvalidRequest, "grant_type is needed")),
            _ => {
                let description = "grant_type must be authorization_code, client_credentials or refresh_token";
                return Err(NoToken::refused(CoreErrorResponseType::UnsupportedGrantType, description));
            }
        };
        self.metrics.issued(caller.kind());
        Ok(response)
    }

    /// The caller these credentials belong to. Unknown, revoked and wrong sound the same.
    async fn authenticate(&self, client_id: &str, secret: &str) -> Result<Caller<'_>, NoToken> {
        if let Some(client) = self.clients.find(client_id).filter(|client| client.admits(secret)) {
            return Ok(Caller::Client(client));
        }
        if let Some(gateway_id) = Gateway::id_from_client_id(client_id) {
            let reader = self.database.reader_within(Reach::Everything).await?;
            let gateway = store::gateway::find_to_authenticate(&reader, gateway_id).await?;
            drop(reader);
            if let Some(gateway) = gateway.filter(|gateway| gateway.admits(secret)) {
                return Ok(Caller::Gateway(Box::new(gateway)));
            }
        }
        tracing::info!(name: "client.refused", is_gateway = client_id.starts_with("gateway-"), "client credentials refused");
        Err(NoToken::refused(CoreErrorResponseType::InvalidClient, "client_id and client_secret do not belong together"))
    }

    async fn for_code(self: &Arc<Self>, client: &Client, request: &TokenRequest) -> Result<SignInResponse, NoToken> {
        let code = request.code.as_deref().ok_or(NoToken::refused(CoreErrorResponseType::InvalidRequest, "code is needed"))?;
        let now = self.clock.now();
        let grant = match self.codes.redeem(code, now) {
            Redeemed::First(grant) => grant,
            Redeemed::Again(grant) => {
                tracing::warn!(name: "code.used_twice", session = %grant.session_id, "authorization code used twice, its session ends");
                self.end(grant.session_id);
                return Err(bad_code());
            }
            Redeemed::Unknown => return Err(bad_code()),
        };
        let is_same_client = grant.client_id == client.id;
        let is_same_place = request.redirect_uri.as_deref() == Some(grant.redirect_uri.as_str());
        let is_same_browser = request.code_verifier.as_deref().is_some_and(|verifier| grant.challenge.is_met_by(verifier));
        if !(is_same_client && is_same_place && is_same_browser) {
            return Err(bad_code());
        }
        let Grant { session_id, persona, client_id, nonce, authenticated_at, .. } = grant;
        let session = Session { id: session_id, persona, client_id, authenticated_at };
        let refresh = self.sessions.begin(session.clone(), now).map_err(Error::internal)?;
        self.for_session(&session, Some(nonce), refresh).await
    }

    async fn for_refresh(self: &Arc<Self>, client: &Client, request: &TokenRequest) -> Result<SignInResponse, NoToken> {
        let token = request.refresh_token.as_deref();
        let token = token.ok_or(NoToken::refused(CoreErrorResponseType::InvalidRequest, "refresh_token is needed"))?;
        match self.sessions.refresh(token, &client.id, self.clock.now()).map_err(Error::internal)? {
            Refreshed::Next(session, next) => return self.for_session(&session, None, next).await,
            Refreshed::Ended(session) => self.tell_portal(session),
            Refreshed::Unknown => {}
        }
        Err(NoToken::refused(CoreErrorResponseType::InvalidGrant, "sign in again"))
    }

    async fn for_session(&self, session: &Session, nonce: Option<Nonce>, refresh: RefreshToken) -> Result<SignInResponse, NoToken> {
        let gone = NoToken::refused(CoreErrorResponseType::InvalidGrant, "this persona is no longer there; sign in as another");
        let Some(persona) = self.personas.find(&session.persona) else { return Err(gone) };
        let schools = self.persona_schools().await?;
        let Some(functions) = persona.functions(&schools) else { return Err(gone) };
        let functions: Vec<String> = functions.iter().map(ToString::to_string).collect();
        Ok(self.mint().for_person(persona, &functions, session, nonce, refresh).map_err(Error::internal)?)
    }

    fn for_machine(&self, client: &Client) -> Result<MachineResponse, NoToken> {
        let response = self.mint().for_machine(client).map_err(Error::internal)?;
        response.ok_or_else(not_for_this_client)
    }
}

fn bad_code() -> NoToken {
    NoToken::refused(
        CoreErrorResponseType::InvalidGrant,
        "the code is used, too old, or not meant for this client, redirect_uri and verifier",
    )
}

fn not_for_this_client() -> NoToken {
    NoToken::refused(CoreErrorResponseType::UnauthorizedClient, "this client may not use this grant_type")
}

/// Client id and secret, from the `Authorization` header or from the body, not from both (RFC 6749, 2.3.1).
fn credentials(headers: &HeaderMap, client_id: Option<String>, client_secret: Option<String>) -> Result<(String, String), NoToken> {
    let unreadable = || NoToken::refused(CoreErrorResponseType::InvalidClient, "send client_id and client_secret");
    let Some(header) = headers.get(header::AUTHORIZATION) else {
        return client_id.zip(client_secret).ok_or_else(unreadable);
    };
    let repeats_the_body = client_secret.is_some();
    if repeats_the_body {
        return Err(NoToken::refused(CoreErrorResponseType::InvalidRequest, "send the client's secret in one way, not in two"));
    }
    let credentials = header.to_str().ok().and_then(basic_credentials).ok_or_else(unreadable)?;
    let names_another_client = client_id.as_ref().is_some_and(|id| *id != credentials.0);
    if names_another_client {
        return Err(NoToken::refused(CoreErrorResponseType::InvalidRequest, "client_id differs between header and body"));
    }
    Ok(credentials)
}

/// Both halves are form-encoded before they are joined and encoded again.
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    let as_pair = format!("v={text}");
    let mut pairs = url::form_urlencoded::parse(as_pair.as_bytes());
    let (_, value) = pairs.next()?;
    Some(value.into_owned())
}
