//! What a token must say, once its signature holds: by whom, for whom, until when; and who it is that calls.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{error::TokenError, verified::VerifiedToken};
use crate::{AcmClaims, Function, Principal, SignIn, Subject};

/// How far clocks may differ. Little, since a token of somebody who was disabled lives on for it: with the 45 seconds that people's
/// tokens live, they are out within a minute. Machines that keep time by NTP differ by milliseconds.
pub(super) const SKEW: TimeDelta = TimeDelta::seconds(10);

#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    sub: String,
    /// Keycloak says `Bearer` or `ID` here instead of in the header.
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    acr: Option<String>,
    #[serde(default)]
    auth_time: Option<i64>,
    #[serde(default, rename = "schildwacht_functions")]
    functions: Vec<String>,
    /// Through which identity provider the session was begun; the issuer's own accounts have none.
    #[serde(default)]
    identity_provider: Option<String>,
    /// What that provider said for `acr`.
    #[serde(default)]
    identity_provider_acr: Option<String>,
    #[serde(default)]
    vo_doelgroepcode: Texts,
    #[serde(default)]
    vo_orgcode: Texts,
    #[serde(default)]
    acm_roles: Texts,
}

/// The name of ACM at the issuer.
const ACM: &str = "acm";

/// One text or several. Anything else counts as none: it must not keep its bearer out.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
    Other(serde::de::IgnoredAny),
}

impl Default for Texts {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Texts {
    fn take(&mut self) -> Vec<String> {
        match std::mem::take(self) {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
            Self::Other(_) => Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    pub(super) fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

impl Claims {
    /// Who calls, if these are the claims of an access token of this issuer for this audience that holds now.
    pub(super) fn accept(
        mut self,
        header_type: Option<&str>,
        issuer: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<VerifiedToken, TokenError> {
        if self.iss != issuer {
            return Err(TokenError::WrongIssuer);
        }
        if !self.aud.contains(audience) {
            return Err(TokenError::WrongAudience);
        }
        let is_access_token = header_type
            .is_some_and(|name| name.eq_ignore_ascii_case("at+jwt") || name.eq_ignore_ascii_case("application/at+jwt"))
            || self.typ.as_deref() == Some("Bearer");
        if !is_access_token {
            return Err(TokenError::NotAnAccessToken);
        }
        let expires_at = moment(self.exp)?.checked_add_signed(SKEW).ok_or(TokenError::Malformed)?;
        if now >= expires_at {
            return Err(TokenError::Expired);
        }
        if let Some(not_before) = self.nbf
            && now + SKEW < moment(not_before)?
        {
            return Err(TokenError::NotYetValid);
        }
        let acm = self.said_by_acm();
        let at = self.auth_time.map(moment).transpose()?;
        let sign_in = SignIn { method: self.method(), at, provider: self.identity_provider.take() };
        let principal = principal_of(self)?;
        let acm = acm.filter(|_| principal.person_id().is_some());
        Ok(VerifiedToken { principal, sign_in, expires_at, acm })
    }

    /// How they signed in. Of who came through an identity provider only that provider knows.
    fn method(&mut self) -> Option<String> {
        if self.identity_provider.is_some() { self.identity_provider_acr.take() } else { self.acr.take() }
    }

    /// What ACM said. Claims of its names that did not come through it count for nothing.
    fn said_by_acm(&mut self) -> Option<AcmClaims> {
        (self.identity_provider.as_deref() == Some(ACM)).then(|| AcmClaims {
            target_groups: self.vo_doelgroepcode.take(),
            organisations: self.vo_orgcode.take(),
            roles: self.acm_roles.take(),
        })
    }
}

pub(super) fn moment(seconds: i64) -> Result<DateTime<Utc>, TokenError> {
    DateTime::from_timestamp(seconds, 0).ok_or(TokenError::Malformed)
}

/// Machines are told by a function `gateway@<id>` or `service@<name>` that agrees with the client the token was given to.
fn principal_of(claims: Claims) -> Result<Principal, TokenError> {
    let client = claims.client_id.or(claims.azp).unwrap_or_default();
    let mut functions = Vec::new();
    let mut machine = None;
    for text in &claims.functions {
        if let Some(id) = text.strip_prefix("gateway@") {
            let id = id.parse().map_err(|_| TokenError::NoSubject)?;
            if client != format!("gateway-{id}") {
                return Err(TokenError::NoSubject);
            }
            machine = Some(Subject::Gateway(id));
        } else if let Some(name) = text.strip_prefix("service@") {
            if client != format!("schildwacht-{name}") {
                return Err(TokenError::NoSubject);
            }
            machine = Some(Subject::Service(name.to_owned()));
        } else if let Ok(function) = text.parse::<Function>() {
            functions.push(function);
        } else {
            // A function of a later version: the caller simply does not have it here.
            tracing::debug!(name: "token.function_unknown", "token states a function this version does not know");
        }
    }
    let subject = match machine {
        Some(machine) => machine,
        None => Subject::Person(claims.sub.parse().map_err(|_| TokenError::NoSubject)?),
    };
    Ok(Principal { subject, name: claims.name.unwrap_or(client), functions })
}
