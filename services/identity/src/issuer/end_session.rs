//! Signing out (OpenID Connect RP-Initiated Logout 1.0).
//!
//! The ID token says which session ends; that it has expired meanwhile does not matter. The browser goes back only to the
//! portal's own address, given exactly.

use std::{str::FromStr as _, sync::Arc};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use openidconnect::{ClientId, Nonce, core::CoreIdTokenVerifier};
use serde::Deserialize;
use uuid::Uuid;

use super::{Issuer, authorize::go_to, claims::IdToken, client::PORTAL, keys::SigningKeys};

#[derive(Deserialize)]
pub(super) struct EndSessionRequest {
    id_token_hint: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

pub(super) async fn end_session(State(issuer): State<Arc<Issuer>>, query: Result<Query<EndSessionRequest>, QueryRejection>) -> Response {
    let Ok(Query(request)) = query else {
        return (StatusCode::BAD_REQUEST, "the parameters of this request cannot be read, or one of them is there twice\n").into_response();
    };
    if let Some(session) = request.id_token_hint.as_deref().and_then(|hint| issuer.session_of(hint)) {
        issuer.end(session);
    }
    let is_registered = request.post_logout_redirect_uri.as_deref() == Some(issuer.portal.as_str());
    if !is_registered {
        return ([(header::CACHE_CONTROL, "no-store")], "signed out\n").into_response();
    }
    let mut back = issuer.portal.clone();
    if let Some(state) = &request.state {
        back.query_pairs_mut().append_pair("state", state);
    }
    go_to(&back)
}

impl Issuer {
    /// The session that an ID token of ours names.
    fn session_of(&self, hint: &str) -> Option<Uuid> {
        let verifier = CoreIdTokenVerifier::new_public_client(ClientId::new(PORTAL.to_owned()), self.url.clone(), self.keys.public())
            .set_allowed_algs([SigningKeys::ALGORITHM])
            .set_time_fn(|| DateTime::UNIX_EPOCH);
        let any_nonce = |_: Option<&Nonce>| Ok(());
        let token = IdToken::from_str(hint).ok()?;
        let claims = token.claims(&verifier, any_nonce).ok()?;
        Some(claims.additional_claims().sid)
    }
}
