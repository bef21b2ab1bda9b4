//! Sessions: who is signed in, by the cookie their browser holds.
//!
//! Tokens stay here; the browser holds 256 random bits, and the cache knows only their hash. A session ends when it is signed
//! out, when nothing was asked for a while (idle), and in any case some hours after signing in (absolute).
//!
//! It is kept in parts, so that no part is ever overwritten with an older one: what never changes, the access token, the
//! refresh token, and the sign of life. The refresh token is *taken* from the cache by whoever uses it: the issuer accepts it
//! once, and ends the session when it sees it twice.

mod cookies;
mod csrf;

use std::{sync::Arc, time::Duration};

use auth::{Policies, Verifier};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use runtime::{Clock, error::chain};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use storage::{Cache, cache::CacheError};

pub(crate) use self::{
    cookies::{Cookies, Keep},
    csrf::CsrfSecret,
};
use crate::{
    config::SessionConfig,
    issuer::{Issuer, IssuerError, Tokens},
    visitor::Visitor,
};

/// An access token is renewed this long before it expires, so that it lives through the request at hand.
const RENEW_AHEAD: TimeDelta = TimeDelta::seconds(30);
/// A sign of life is written at most this often.
const LIFE_SIGN_EVERY: TimeDelta = TimeDelta::seconds(60);
/// How long one request waits for another that renews the same session, and how often it looks.
const RENEWAL_PATIENCE: Duration = Duration::from_secs(5);
const RENEWAL_LOOK: Duration = Duration::from_millis(50);

/// All sessions.
pub(crate) struct Sessions {
    cache: Cache,
    issuer: Arc<Issuer>,
    verifier: Arc<Verifier>,
    policies: Arc<Policies>,
    clock: Clock,
    limits: SessionConfig,
}

/// A session that holds at this moment.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) visitor: Visitor,
    /// To act for this person at the services.
    pub(crate) access_token: Arc<str>,
    pub(crate) csrf: CsrfSecret,
    pub(crate) since: DateTime<Utc>,
    key: SessionKey,
}

/// Under what a session is kept: the hash of the cookie's value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SessionKey(String);

/// What does not change during a session.
#[derive(Serialize, Deserialize)]
struct Origin {
    since: DateTime<Utc>,
    csrf: CsrfSecret,
    id_token: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Access {
    token: String,
    expires_at: DateTime<Utc>,
}

/// Whose doing a request is. A page that reconnects by itself is no sign that anybody still sits there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Person,
    Script,
}

/// Why it cannot be said whether somebody is signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("the session cannot be renewed")]
    Renewal(#[source] IssuerError),
    #[error("no randomness to be had")]
    NoRandomness(#[from] getrandom::Error),
}

/// What a new session is recognised by.
pub(crate) struct NewSession {
    /// For the cookie.
    pub(crate) cookie_value: String,
}

impl SessionKey {
    fn of_cookie(value: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(value)))
    }

    fn origin(&self) -> String {
        format!("session:{}", self.0)
    }

    fn access(&self) -> String {
        format!("access:{}", self.0)
    }

    fn refresh(&self) -> String {
        format!("refresh:{}", self.0)
    }

    fn life_sign(&self) -> String {
        format!("seen:{}", self.0)
    }
}

impl Sessions {
    pub(crate) fn new(
        cache: Cache,
        issuer: Arc<Issuer>,
        verifier: Arc<Verifier>,
        policies: Arc<Policies>,
        clock: Clock,
        limits: SessionConfig,
    ) -> Self {
        Self { cache, issuer, verifier, policies, clock, limits }
    }

    /// Begins a session. Its id is always new: one that existed before signing in is never kept.
    pub(crate) async fn begin(&self, tokens: Tokens) -> Result<NewSession, SessionError> {
        let cookie_value = random_text()?;
        let key = SessionKey::of_cookie(&cookie_value);
        let now = self.clock.now();
        let origin = Origin { since: now, csrf: CsrfSecret::random()?, id_token: tokens.id_token.clone() };
        let keep = self.limits.absolute();
        self.keep_tokens(&key, &tokens, keep).await?;
        self.cache.put(&key.origin(), &origin, keep).await?;
        self.cache.put(&key.life_sign(), &now, self.limits.idle()).await?;
        Ok(NewSession { cookie_value })
    }

    /// The session of a cookie, renewed where that is needed; `None` when there is none (any more).
    pub(crate) async fn find(&self, cookie_value: &str, sender: Sender) -> Result<Option<SignedIn>, SessionError> {
        let key = SessionKey::of_cookie(cookie_value);
        let now = self.clock.now();
        let Some(origin) = self.cache.get::<Origin>(&key.origin()).await? else { return Ok(None) };
        let Some(last_sign) = self.cache.get::<DateTime<Utc>>(&key.life_sign()).await? else { return Ok(None) };
        // The cache forgets by itself, but by its own clock; what counts is ours.
        let is_over = now - origin.since >= within(self.limits.absolute()) || now - last_sign >= within(self.limits.idle());
        if is_over {
            return Ok(None);
        }
        let Some(access) = self.access(&key, &origin).await? else {
            self.forget(&key).await?;
            return Ok(None);
        };
        let verified = match self.verifier.verify(&access.token).await {
            Ok(verified) => verified,
            Err(error) => {
                tracing::info!(name: "session.token_refused", reason = error.reason(), "access token no longer holds, session ends");
                self.forget(&key).await?;
                return Ok(None);
            }
        };
        if sender == Sender::Person && now - last_sign >= LIFE_SIGN_EVERY {
            self.cache.put(&key.life_sign(), &now, self.limits.idle()).await?;
        }
        let visitor = Visitor::new(verified.principal.clone(), Arc::clone(&self.policies));
        Ok(Some(SignedIn { visitor, access_token: access.token.into(), csrf: origin.csrf, since: origin.since, key }))
    }

    /// Ends a session here, and returns its ID token so that it can be ended at the issuer too.
    pub(crate) async fn end(&self, session: &SignedIn) -> Result<Option<String>, SessionError> {
        let origin = self.cache.take::<Origin>(&session.key.origin()).await?;
        self.forget(&session.key).await?;
        Ok(origin.and_then(|origin| origin.id_token))
    }

    /// Ends the session of a cookie, if there is one.
    pub(crate) async fn end_of_cookie(&self, cookie_value: &str) -> Result<(), SessionError> {
        self.forget(&SessionKey::of_cookie(cookie_value)).await
    }

    async fn forget(&self, key: &SessionKey) -> Result<(), SessionError> {
        for part in [key.origin(), key.access(), key.refresh(), key.life_sign()] {
            self.cache.remove(&part).await?;
        }
        Ok(())
    }

    async fn keep_tokens(&self, key: &SessionKey, tokens: &Tokens, keep: Duration) -> Result<(), SessionError> {
        let access = Access { token: tokens.access_token.clone(), expires_at: tokens.expires_at };
        self.cache.put(&key.access(), &access, keep).await?;
        if let Some(refresh_token) = &tokens.refresh_token {
            self.cache.put(&key.refresh(), refresh_token, keep).await?;
        }
        Ok(())
    }

    /// A token that lives through this request; `None` when the session is over.
    async fn access(&self, key: &SessionKey, origin: &Origin) -> Result<Option<Access>, SessionError> {
        let Some(access) = self.cache.get::<Access>(&key.access()).await? else { return Ok(None) };
        let is_fresh = |access: &Access| self.clock.now() + RENEW_AHEAD < access.expires_at;
        if is_fresh(&access) {
            return Ok(Some(access));
        }
        match self.cache.take::<String>(&key.refresh()).await? {
            Some(refresh_token) => self.renew(key, origin, access, refresh_token).await,
            // Another request is at it, or the issuer gives no refresh tokens.
            None => self.wait_for_renewal(key, access, is_fresh).await,
        }
    }

    async fn renew(&self, key: &SessionKey, origin: &Origin, old: Access, refresh_token: String) -> Result<Option<Access>, SessionError> {
        let keep = self.time_left(origin);
        match self.issuer.refresh(refresh_token.clone()).await {
            Ok(tokens) => {
                self.keep_tokens(key, &tokens, keep).await?;
                Ok(Some(Access { token: tokens.access_token, expires_at: tokens.expires_at }))
            }
            Err(IssuerError::Refused(reason)) => {
                tracing::info!(name: "session.renewal_refused", reason, "issuer does not renew, session ends");
                Ok(None)
            }
            Err(error) => {
                self.cache.put(&key.refresh(), &refresh_token, keep).await?;
                if self.clock.now() < old.expires_at {
                    return Ok(Some(old));
                }
                tracing::warn!(name: "session.renewal_failed", error = %chain(&error), "issuer is away, session not renewed");
                Err(SessionError::Renewal(error))
            }
        }
    }

    async fn wait_for_renewal(
        &self,
        key: &SessionKey,
        old: Access,
        is_fresh: impl Fn(&Access) -> bool,
    ) -> Result<Option<Access>, SessionError> {
        let still_holds = self.clock.now() < old.expires_at;
        if still_holds {
            return Ok(Some(old));
        }
        let mut waited = Duration::ZERO;
        while waited < RENEWAL_PATIENCE {
            tokio::time::sleep(RENEWAL_LOOK).await;
            waited += RENEWAL_LOOK;
            match self.cache.get::<Access>(&key.access()).await? {
                Some(access) if is_fresh(&access) => return Ok(Some(access)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn time_left(&self, origin: &Origin) -> Duration {
        let age = (self.clock.now() - origin.since).to_std().unwrap_or_default();
        self.limits.absolute().saturating_sub(age)
    }
}

fn within(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// 256 bits of randomness as text.
pub(crate) fn random_text() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
