//! What machines at schools reach without a token: `POST /gateways/enrol` gives a gateway its secret for a code.
//!
//! Anyone can post here: what counts is the code. So a body is small, each address has a pace, and wrong codes of all together have one.

mod pace;

use std::{sync::Arc, time::Duration};

use auth::{Action, Context, Resource};
use axum::{
    Extension, Form, Json, Router,
    extract::{DefaultBodyLimit, Query, State, rejection::FormRejection},
    response::{IntoResponse, Response},
    routing::post,
};
use http::header;
use ipnet::IpNet;
use runtime::{
    Error, ErrorKind, Result,
    listener::PeerAddress,
    security::{SecurityEvent, UNVERIFIED},
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use url::Url;

use self::pace::Pace;
use crate::{
    app::{App, redeem_gateway_code},
    domain::{Gateway, GatewayCode, Secret},
};

/// Where a gateway's machine gets its secret.
pub const ENROL: &str = "/gateways/enrol";
/// A code is 35 characters.
const MOST_BYTES: usize = 1024;
/// Codes that are looked up at the same time.
const AT_ONCE: usize = 4;

struct Desk {
    app: App,
    /// The service's own.
    cx: Context,
    pace: Pace,
    /// Few look codes up at once: a flood of wrong ones costs the database little, and good ones wait a moment.
    turns: Semaphore,
    addresses: Addresses,
}

/// What a gateway's agent needs beside its secret.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Where it gets its tokens.
    pub token_url: Url,
    /// Where it sends, as schools reach it; `None` where that was not configured.
    pub endpoint: Option<Url>,
}

#[derive(Deserialize)]
struct Posted {
    code: String,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    format: Format,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    /// Lines of a file that shells and systemd read.
    Env,
}

/// A gateway set up, by the names of agents' configurations.
#[derive(Serialize)]
struct Enrolled<'a> {
    gateway_id: String,
    client_id: String,
    client_secret: &'a str,
    token_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
}

/// `cx` is the service's own; `proxies` those in front of it, which speak for everybody.
pub fn routes(app: App, cx: Context, proxies: Vec<IpNet>, addresses: Addresses) -> Router {
    let pace = Pace::new(cx.clock.clone(), proxies);
    let routes = Router::new().route(ENROL, post(enrol)).layer(DefaultBodyLimit::max(MOST_BYTES));
    routes.with_state(Arc::new(Desk { app, cx, pace, turns: Semaphore::new(AT_ONCE), addresses }))
}

async fn enrol(
    State(desk): State<Arc<Desk>>,
    peer: Option<Extension<PeerAddress>>,
    Query(Wanted { format }): Query<Wanted>,
    posted: Result<Form<Posted>, FormRejection>,
) -> Response {
    let answer = desk.enrol(peer.map(|Extension(peer)| peer), posted, format).await;
    ([(header::CACHE_CONTROL, "no-store")], answer).into_response()
}

impl Desk {
    async fn enrol(&self, peer: Option<PeerAddress>, posted: Result<Form<Posted>, FormRejection>, format: Format) -> Result<Response> {
        self.pace.admit(peer).map_err(too_many)?;
        let Form(Posted { code }) = posted.map_err(|_| Error::invalid_field("code", "send a form with the code: code=…"))?;
        let turn = self.turns.acquire().await.map_err(Error::internal)?;
        let redeemed = redeem_gateway_code(&self.app, &self.cx, GatewayCode::hash_of(&code)).await;
        drop(turn);
        let (gateway, secret) = match redeemed {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.pace.missed().map_err(too_many)?;
                return Err(error);
            }
            other => other?,
        };
        let enrolled = Enrolled::new(&gateway, &secret, &self.addresses);
        Ok(match format {
            Format::Json => Json(enrolled).into_response(),
            Format::Env => enrolled.as_env().into_response(),
        })
    }
}

fn too_many(wait: Duration) -> Error {
    SecurityEvent::GatewayCodeRefused.record(UNVERIFIED, Action::GatewayRedeem.name(), Resource::Platform, "rate_limited");
    Error::new(ErrorKind::RateLimited, "rate_limited", "too many codes were tried; try again later").with_retry_after(wait)
}

impl<'a> Enrolled<'a> {
    fn new(gateway: &Gateway, secret: &'a Secret, addresses: &'a Addresses) -> Self {
        Self {
            gateway_id: gateway.id.to_string(),
            client_id: gateway.client_id(),
            client_secret: secret.reveal(),
            token_url: addresses.token_url.as_str(),
            endpoint: addresses.endpoint.as_ref().map(|url| url.as_str().trim_end_matches('/')),
        }
    }

    fn as_env(&self) -> String {
        let Self { client_id, client_secret, token_url, .. } = self;
        let endpoint = self.endpoint.map_or_else(
            || "# SCHILDWACHT_ENDPOINT: ask the platform team where this gateway sends to".to_owned(),
            |endpoint| format!("SCHILDWACHT_ENDPOINT={endpoint}"),
        );
        format!(
            "SCHILDWACHT_CLIENT_ID={client_id}\nSCHILDWACHT_CLIENT_SECRET={client_secret}\nSCHILDWACHT_TOKEN_URL={token_url}\n{endpoint}\n"
        )
    }
}
