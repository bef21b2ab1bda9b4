//! Keycloak's admin API: each gateway is a client there, whose secret Keycloak checks and which it can be told to refuse.
//!
//! The development issuer needs none of this, because it looks into identity's own table. Where Keycloak is the issuer, the table
//! stays the truth and Keycloak follows it:
//!
//! - *Enrolling* prepares a client that may not sign in yet, commits, then lets it in.
//! - *Rotating* gives the client the new secret, then commits. If the commit fails, or Keycloak's answer is lost, neither secret may
//!   work, and rotating again mends it.
//! - *Revoking* commits, then shuts the client out. Its tokens are refused by telemetry-ingest already, which hears of it from
//!   `identity.gateway.v1`.
//!
//! What a call after a commit did not reach is put right by [`crate::jobs::keep_in_step`].
//!
//! Shapes: <https://www.keycloak.org/docs-api/latest/rest-api/>, `ClientRepresentation`. The client itself is
//! `k8s/keycloak/gateway-client.json`; how the realm is set up, `k8s/keycloak/README.md`.

use std::time::Duration;

use auth::{ClientCredentials, GrantError, MachineTokens};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use runtime::{Error, GatewayId};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::{config::KeycloakConfig, domain::Secret};

const CLIENT: &str = include_str!("../../../k8s/keycloak/gateway-client.json");
/// Below the issuer: where tokens are asked for.
pub const TOKEN: &str = "/protocol/openid-connect/token";
const PREFIX: &str = "gateway-";
/// For one request.
const TIMEOUT: Duration = Duration::from_secs(5);
/// For one thing that is asked, its token and a second try included: a caller may hold a transaction meanwhile.
const DEADLINE: Duration = Duration::from_secs(8);
/// Only a token asked for with this opens the admin API: those that we send to other services open nothing there.
const SCOPE: &str = "schildwacht-gateway-administration";
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Clients asked for at once.
const PAGE: usize = 200;

/// Why Keycloak did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum KeycloakError {
    /// It cannot be reached, or its answer broke off.
    #[error("keycloak does not answer; see auth.issuer and identity.keycloak.admin_url")]
    Away(#[from] reqwest::Error),
    /// It gives no token, and did not say why in a way we can read.
    #[error("keycloak does not answer; see auth.issuer and identity.keycloak.admin_url")]
    Silent(#[source] GrantError),
    /// It takes too long.
    #[error("keycloak does not answer in time; see auth.issuer and identity.keycloak.admin_url")]
    Slow,
    /// Our account there is not accepted, or may not do this.
    #[error("keycloak refuses to {what} ({status}); see {}", place(*.status))]
    Refused { what: &'static str, status: StatusCode },
    /// There is no such client, though there should be.
    #[error("keycloak knows no client of gateway {0}; enrol another gateway and revoke this one")]
    Unknown(GatewayId),
    /// It cannot be addressed.
    #[error("{0} is no address")]
    Address(String),
}

/// What to look at when Keycloak refuses.
fn place(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "auth.issuer and identity.keycloak.admin_url: it has no such realm",
        StatusCode::FORBIDDEN => "the roles and scopes of the client in identity.keycloak.client_id",
        _ => "identity.keycloak.client_id and client_secret",
    }
}

impl From<GrantError> for KeycloakError {
    fn from(error: GrantError) -> Self {
        match error.refused_with {
            Some(status) => Self::Refused { what: "give us a token", status },
            None => Self::Silent(error),
        }
    }
}

impl From<KeycloakError> for Error {
    fn from(error: KeycloakError) -> Self {
        match error {
            KeycloakError::Unknown(_) => {
                let advice = "the issuer has no client of this gateway, so it gets no tokens; enrol another gateway and revoke this one";
                Self::failed_precondition("gateway_client_missing", advice).with_source(error)
            }
            error => Self::unavailable("issuer_unavailable", error).with_retry_after(RETRY_AFTER),
        }
    }
}

/// A gateway's client, as Keycloak has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownClient {
    pub gateway: GatewayId,
    /// Whether it gets tokens.
    pub is_let_in: bool,
}

/// Keycloak, with our account there.
pub struct Keycloak {
    http: reqwest::Client,
    /// `https://id.example/admin/realms/schildwacht`.
    admin: Url,
    tokens: MachineTokens,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientAnswer {
    id: String,
    client_id: String,
    enabled: bool,
}

impl std::fmt::Debug for Keycloak {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keycloak").field("admin", &self.admin.as_str()).finish_non_exhaustive()
    }
}

impl Keycloak {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// When an address is none, or the HTTP client cannot be made.
    pub fn new(config: KeycloakConfig, issuer: &Url) -> Result<Self, KeycloakError> {
        let parse = |text: String| Url::parse(&text).map_err(|_| KeycloakError::Address(text));
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        let address = issuer.as_str().trim_end_matches('/');
        let admin = config.admin_url(address).ok_or_else(|| KeycloakError::Address(address.to_owned()))?;
        let token_endpoint = parse(format!("{address}{TOKEN}"))?;
        let KeycloakConfig { client_id, client_secret: secret, .. } = config;
        let credentials = ClientCredentials { issuer: issuer.clone(), client_id, secret };
        Ok(Self { http, admin: parse(admin)?, tokens: MachineTokens::new(credentials, TIMEOUT)?.at(token_endpoint, SCOPE) })
    }

    /// Makes a client that gets no tokens yet.
    pub async fn prepare(&self, gateway: GatewayId, secret: &Secret) -> Result<(), KeycloakError> {
        let mut client = client_of(gateway);
        client["secret"] = json!(secret.reveal());
        client["enabled"] = json!(false);
        let made = self.ask("make a client", Method::POST, "clients", |request| request.json(&client)).await;
        made.map(drop)
    }

    /// Removes the client of a gateway that was not kept.
    pub async fn remove(&self, gateway: GatewayId) -> Result<(), KeycloakError> {
        let path = format!("clients/{}", self.find(gateway).await?.id);
        self.ask("remove a client", Method::DELETE, &path, |request| request).await.map(drop)
    }

    /// Lets it have tokens.
    pub async fn let_in(&self, gateway: GatewayId) -> Result<(), KeycloakError> {
        self.change(gateway, &json!({ "enabled": true })).await
    }

    /// Gives it no tokens any more.
    pub async fn shut_out(&self, gateway: GatewayId) -> Result<(), KeycloakError> {
        self.change(gateway, &json!({ "enabled": false })).await
    }

    /// From now on it proves itself with another secret.
    pub async fn replace_secret(&self, gateway: GatewayId, secret: &Secret) -> Result<(), KeycloakError> {
        self.change(gateway, &json!({ "secret": secret.reveal() })).await
    }

    /// Gateways' clients, a page at a time, in which there may be none; `None` past the last.
    pub async fn clients(&self, page: usize) -> Result<Option<Vec<KnownClient>>, KeycloakError> {
        let query = [
            ("clientId", PREFIX.to_owned()),
            ("search", "true".to_owned()),
            ("first", (page * PAGE).to_string()),
            ("max", PAGE.to_string()),
        ];
        let answer = self.ask("list clients", Method::GET, "clients", |request| request.query(&query)).await?;
        let listed: Vec<ClientAnswer> = answer.json().await?;
        if listed.is_empty() {
            return Ok(None);
        }
        // The search finds the text anywhere in a name; what is no gateway's is none of our business.
        let known = listed.iter().filter_map(|client| {
            let gateway = client.client_id.strip_prefix(PREFIX)?.parse().ok()?;
            Some(KnownClient { gateway, is_let_in: client.enabled })
        });
        Ok(Some(known.collect()))
    }

    /// Changes what is given of a client, and leaves the rest as it is.
    async fn change(&self, gateway: GatewayId, change: &Value) -> Result<(), KeycloakError> {
        let client = self.find(gateway).await?;
        let path = format!("clients/{}", client.id);
        let mut change = change.clone();
        // Keycloak takes a client without its name for a nameless one.
        change["clientId"] = json!(client.client_id);
        self.ask("change a client", Method::PUT, &path, |request| request.json(&change)).await.map(drop)
    }

    async fn find(&self, gateway: GatewayId) -> Result<ClientAnswer, KeycloakError> {
        let client_id = format!("{PREFIX}{gateway}");
        let query = [("clientId", client_id.as_str())];
        let answer = self.ask("find a client", Method::GET, "clients", |request| request.query(&query)).await?;
        let found: Vec<ClientAnswer> = answer.json().await?;
        found.into_iter().find(|client| client.client_id == client_id).ok_or(KeycloakError::Unknown(gateway))
    }

    /// One request with our token, and with a new one when Keycloak no longer knows the first.
    async fn ask(
        &self,
        what: &'static str,
        method: Method,
        path: &str,
        fill: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, KeycloakError> {
        tokio::time::timeout(DEADLINE, self.ask_twice(what, method, path, fill)).await.map_err(|_| KeycloakError::Slow)?
    }

    async fn ask_twice(
        &self,
        what: &'static str,
        method: Method,
        path: &str,
        fill: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, KeycloakError> {
        let url = format!("{}/{path}", self.admin.as_str().trim_end_matches('/'));
        let send = async |token: &str| fill(self.http.request(method.clone(), &url)).bearer_auth(token).send().await;
        let token = self.tokens.get().await?;
        let mut answer = send(&token).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.tokens.forget(&token).await;
            answer = send(&self.tokens.get().await?).await?;
        }
        let status = answer.status();
        if status.is_success() { Ok(answer) } else { Err(KeycloakError::Refused { what, status }) }
    }
}

/// The client of a gateway, from the file that people read too.
fn client_of(gateway: GatewayId) -> Value {
    let text = CLIENT.replace("GATEWAY_ID", &gateway.to_string());
    // The file is part of the program, and tested.
    serde_json::from_str(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashMap,
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
    };

    use axum::{
        Json, Router,
        extract::Query,
        routing::{get, post},
    };
    use runtime::Ids;
    use testkit::Running;

    use super::*;

    async fn keycloak_of(routes: Router) -> (Running, Keycloak) {
        let server = Running::start(routes).await;
        let secret = runtime::config::Secret::new("secret");
        let config = KeycloakConfig { admin_url: String::new(), client_id: "schildwacht-identity".to_owned(), client_secret: secret };
        runtime::install_tls_provider();
        let keycloak = Keycloak::new(config, &format!("{}/realms/s", server.url()).parse().unwrap()).unwrap();
        (server, keycloak)
    }

    #[tokio::test]
    async fn a_page_of_strangers_is_not_taken_for_the_end() {
        let gateway: GatewayId = Ids::counted().next();
        let client = |id: String| json!({ "id": id, "clientId": id, "enabled": true });
        let strangers: Vec<Value> = (0..PAGE).map(|number| client(format!("a-gateway-{number}"))).collect();
        let pages = [strangers, vec![client(format!("gateway-{gateway}"))]];
        let clients = async move |Query(query): Query<HashMap<String, String>>| {
            let page = query["first"].parse::<usize>().unwrap() / PAGE;
            Json(pages.get(page).cloned().unwrap_or_default())
        };
        let token = post(async || Json(json!({ "access_token": "token", "expires_in": 60 })));
        let routes = Router::new().route("/admin/realms/s/clients", get(clients));
        let (_server, keycloak) = keycloak_of(routes.route("/realms/s/protocol/openid-connect/token", token)).await;

        assert_eq!(keycloak.clients(0).await.unwrap(), Some(Vec::new()));
        assert_eq!(keycloak.clients(1).await.unwrap(), Some(vec![KnownClient { gateway, is_let_in: true }]));
        assert_eq!(keycloak.clients(2).await.unwrap(), None);
    }

    /// Ten rotations at once, each with its transaction, must not wait for a silent Keycloak one after the other.
    #[tokio::test]
    async fn whoever_waits_while_keycloak_is_silent_waits_once() {
        let asked = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&asked);
        let silent = post(async move || {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(300)).await;
            StatusCode::SERVICE_UNAVAILABLE
        });
        let (_server, keycloak) = keycloak_of(Router::new().route("/realms/s/protocol/openid-connect/token", silent)).await;
        let gateway: GatewayId = Ids::counted().next();
        let together = futures::future::join_all((0..10).map(|_| keycloak.let_in(gateway))).await;
        assert!(together.iter().all(Result::is_err));
        assert_eq!(asked.load(Ordering::Relaxed), 1, "times that Keycloak was asked for a token");
        keycloak.let_in(gateway).await.unwrap_err();
        assert_eq!(asked.load(Ordering::Relaxed), 2, "who comes later asks again");
    }

    #[test]
    fn the_client_of_a_gateway_can_do_nothing_but_get_its_own_token() {
        let gateway: GatewayId = Ids::counted().next();
        let client = client_of(gateway);
        assert_eq!(client["clientId"], format!("gateway-{gateway}"));
        assert_eq!(client["serviceAccountsEnabled"], true);
        for door in ["standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled", "publicClient", "fullScopeAllowed"] {
            assert_eq!(client[door], false, "{door}");
        }
        let claim = &client["protocolMappers"][0]["config"]["claim.value"];
        assert_eq!(claim, &json!(format!("[\"gateway@{gateway}\"]")));
    }
}
