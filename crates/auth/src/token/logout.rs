//! Logout tokens: the issuer says that a session, or every session of a person, has ended (OpenID Connect Back-Channel Logout 1.0, 2.4).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::{
    claims::{Audience, SKEW, moment},
    error::TokenError,
};

/// What makes a token one of these.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logout {
    /// `jti`: the same for each copy of the token.
    pub id: String,
    pub issued_at: DateTime<Utc>,
    pub ended: Ended,
}

/// What has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The issuer's session of this `sid`; of this person, where they are named too.
    Session { sid: String, subject: Option<String> },
    /// Every session of this `sub`.
    Person(String),
}

impl Logout {
    /// A token that is older than this comes too late to be believed, whatever its `exp`. So the copies of one need to be known no longer.
    pub const OLDEST: TimeDelta = TimeDelta::minutes(5);
}

#[derive(Deserialize)]
pub(super) struct LogoutClaims {
    iss: String,
    aud: Audience,
    iat: i64,
    exp: i64,
    #[serde(default)]
    jti: String,
    #[serde(default)]
    events: BTreeMap<String, Value>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    nonce: Option<Value>,
}

impl LogoutClaims {
    /// What has ended, if these are the claims of a logout token of this issuer for this client that holds now.
    pub(super) fn accept(self, header_type: Option<&str>, issuer: &str, client_id: &str, now: DateTime<Utc>) -> Result<Logout, TokenError> {
        if self.iss != issuer {
            return Err(TokenError::WrongIssuer);
        }
        if !self.aud.contains(client_id) {
            return Err(TokenError::WrongAudience);
        }
        // The type is recommended only (2.4); what says that it is something else is something else.
        let has_sound_type = header_type.is_none_or(|name| ["logout+jwt", "jwt"].iter().any(|sound| name.eq_ignore_ascii_case(sound)));
        let has_event = self.events.get(EVENT).is_some_and(Value::is_object);
        if !has_sound_type || !has_event || self.nonce.is_some() || self.jti.is_empty() {
            return Err(TokenError::NotALogoutToken);
        }
        let (issued_at, expires_at) = (moment(self.iat)?, moment(self.exp)?);
        if now - SKEW >= expires_at || now - SKEW - Logout::OLDEST >= issued_at {
            return Err(TokenError::Expired);
        }
        if now + SKEW < issued_at {
            return Err(TokenError::NotYetValid);
        }
        let ended = match (self.sid, self.sub) {
            (Some(sid), subject) => Ended::Session { sid, subject },
            (None, Some(subject)) => Ended::Person(subject),
            (None, None) => return Err(TokenError::NotALogoutToken),
        };
        Ok(Logout { id: self.jti, issued_at, ended })
    }
}
