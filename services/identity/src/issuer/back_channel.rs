//! Tells the portal that a session has ended (OpenID Connect Back-Channel Logout 1.0), as Keycloak does: once, and nobody waits for it. A portal
//! that does not hear it finds out when it renews the session's tokens.

use std::{convert::Infallible, sync::Arc};

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Issuer, keys::SignError, metadata::below, session::Session};

/// Where the portal is told.
pub const PORTAL_BACK_CHANNEL: &str = "/afmelden/achtergrond";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const LIFE: TimeDelta = TimeDelta::minutes(2);

/// 2.4.
#[derive(Serialize)]
struct LogoutClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    exp: i64,
    events: serde_json::Value,
}

/// Why the portal was not told.
#[derive(Debug, thiserror::Error)]
enum NotTold {
    #[error("logout token not signed")]
    Signing(#[from] SignError),
    #[error("the portal does not answer")]
    Away(#[from] reqwest::Error),
    #[error("the portal answered {0}")]
    Refused(StatusCode),
}

impl Issuer {
    /// Ends a session, if it is there, and tells the portal.
    pub(super) fn end(self: &Arc<Self>, session: Uuid) {
        if let Some(ended) = self.sessions.end(session) {
            self.tell_portal(ended);
        }
    }

    /// Of a session that has ended.
    pub(super) fn tell_portal(self: &Arc<Self>, ended: Session) {
        let issuer = Arc::clone(self);
        self.tasks.spawn("back-channel logout", async move {
            if let Err(error) = issuer.post_logout_token(&ended).await {
                let error = runtime::error::chain(&error);
                tracing::warn!(name: "session.end_not_told", session = %ended.id, error, "portal not told that a session has ended");
            }
            Ok::<_, Infallible>(())
        });
    }

    async fn post_logout_token(&self, ended: &Session) -> Result<(), NotTold> {
        let Some(persona) = self.personas.find(&ended.persona) else { return Ok(()) };
        let now = self.clock.now();
        let token = self.keys.sign_logout_token(&LogoutClaims {
            iss: self.url.as_str(),
            aud: &ended.client_id,
            sub: persona.person.to_string(),
            sid: ended.id,
            jti: self.ids.next(),
            iat: now.timestamp(),
            exp: (now + LIFE).timestamp(),
            events: json!({ EVENT: {} }),
        })?;
        let address = below(&self.portal, PORTAL_BACK_CHANNEL);
        let answer = self.http.post(address).form(&[("logout_token", token)]).send().await?;
        if answer.status().is_success() { Ok(()) } else { Err(NotTold::Refused(answer.status())) }
    }
}
