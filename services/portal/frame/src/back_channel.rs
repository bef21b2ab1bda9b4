//! Where the issuer says that sessions have ended (OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8).
//!
//! Anyone can post here, and nobody has a session: what counts is the signature of the token. So a body is small and soon
//! there, and of what comes in one second only so much is read: each costs memory and a signature.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use chrono::{DateTime, TimeDelta, Utc};
use http::{StatusCode, header};
use runtime::error::chain;
use serde_json::json;

use crate::{fields::Fields, portal::Portal};

/// As the issuer is told it (`backchannel.logout.url`).
pub const BACK_CHANNEL: &str = "/afmelden/achtergrond";
/// A token is about 1 KiB.
const MOST_BYTES: usize = 16 * 1024;
/// How long one may take to arrive.
const PATIENCE: Duration = Duration::from_secs(5);
/// When an administrator ends the sessions of a school, that many come at once; more wait for their second.
const MOST_IN_A_SECOND: u32 = 100;

struct BackChannel {
    portal: Arc<Portal>,
    pace: Mutex<Pace>,
}

/// How many came in the second at hand.
#[derive(Clone, Copy, Default)]
struct Pace {
    since: DateTime<Utc>,
    count: u32,
}

/// Why nothing has ended, as the standard has it said.
struct Refusal(&'static str, String);

pub(crate) fn routes(portal: Arc<Portal>) -> Router {
    let state = Arc::new(BackChannel { portal, pace: Mutex::default() });
    Router::new().route(BACK_CHANNEL, post(log_out)).with_state(state)
}

async fn log_out(State(channel): State<Arc<BackChannel>>, request: Request) -> Response {
    const NO_STORE: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];
    if !channel.may_come() {
        return (StatusCode::TOO_MANY_REQUESTS, NO_STORE, [(header::RETRY_AFTER, "1")]).into_response();
    }
    match channel.end(request).await {
        Ok(()) => (StatusCode::OK, NO_STORE).into_response(),
        Err(Refusal(error, description)) => {
            let told = Json(json!({ "error": error, "error_description": description }));
            (StatusCode::BAD_REQUEST, NO_STORE, told).into_response()
        }
    }
}

impl BackChannel {
    async fn end(&self, request: Request) -> Result<(), Refusal> {
        let refused = |description: &str| Refusal("invalid_request", description.to_owned());
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !content_type.starts_with("application/x-www-form-urlencoded") {
            return Err(refused("send a form with a logout_token"));
        }
        let body = tokio::time::timeout(PATIENCE, to_bytes(request.into_body(), MOST_BYTES)).await;
        let body = body.ok().and_then(Result::ok).ok_or_else(|| refused("send at most 16 KiB, within five seconds"))?;
        let Portal { sessions, issuer, .. } = &*self.portal;
        let fields = Fields::of_body(&body);
        let logout = sessions.verify_logout(fields.text("logout_token"), issuer.client_id()).await;
        let logout = logout.map_err(|error| refused(&error.to_string()))?;
        match sessions.end_as_issuer_says(&logout).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused("this logout_token was sent before")),
            // The standard knows no other status for a logout that failed.
            Err(error) => {
                tracing::warn!(name: "session.not_ended", error = %chain(&error), "issuer ended a session, which is still here");
                Err(Refusal("temporarily_unavailable", "sessions cannot be ended just now".to_owned()))
            }
        }
    }

    fn may_come(&self) -> bool {
        let now = self.portal.clock.now();
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if (now - pace.since).abs() >= TimeDelta::seconds(1) {
            *pace = Pace { since: now, count: 0 };
        }
        pace.count += 1;
        pace.count <= MOST_IN_A_SECOND
    }
}
