//! Renewing the tokens of a session. The protocol is in the docs of [`super`].

use std::{convert::Infallible, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use runtime::{Clock, Tasks, error::chain};
use serde::de::IgnoredAny;
use storage::Cache;
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

use super::access::{Access, SessionError, SessionKey};
use crate::{
    config::SessionConfig,
    issuer::{Issuer, IssuerError, Tokens},
};

/// An access token is renewed this long before it expires, so that it lives through the request at hand.
const RENEW_AHEAD: TimeDelta = TimeDelta::seconds(30);
/// How long one request waits for another that renews the same session, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A renewal asks the issuer twice at most (discovery, tokens), for five seconds each. A mark older than this was left by a
/// process that died.
const UNDER_WAY_AT_MOST: Duration = Duration::from_secs(20);

/// Renews tokens; cheap to clone.
#[derive(Clone)]
pub struct Renewals {
    pub cache: Cache,
    pub issuer: Arc<Issuer>,
    pub clock: Clock,
    pub tasks: Tasks,
    pub limits: SessionConfig,
}

/// How trying to renew ended.
enum Attempt {
    Renewed(Access),
    /// The issuer ends the session.
    Over,
    /// The issuer cannot say; the refresh token is back where it was.
    Away(IssuerError),
    /// There is no refresh token to take.
    NothingToTake,
}

impl Renewals {
    /// A token that lives through this request; `None` when the session is over.
    pub async fn access(&self, key: &SessionKey, since: DateTime<Utc>) -> Result<Option<Access>, SessionError> {
        let Some(access) = self.cache.get::<Access>(&key.access()).await? else { return Ok(None) };
        if self.is_fresh(&access) {
            return Ok(Some(access));
        }
        let still_holds = self.clock.now() < access.expires_at;
        match self.attempt(key, since).await? {
            Attempt::Renewed(access) => Ok(Some(access)),
            Attempt::Over => Ok(None),
            Attempt::Away(_) | Attempt::NothingToTake if still_holds => Ok(Some(access)),
            Attempt::Away(error) => Err(gave_up(error)),
            Attempt::NothingToTake if access.is_renewable => self.wait_for_another(key, since).await,
            Attempt::NothingToTake => Ok(None),
        }
    }

    async fn wait_for_another(&self, key: &SessionKey, since: DateTime<Utc>) -> Result<Option<Access>, SessionError> {
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            tokio::time::sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
            match self.cache.get::<Access>(&key.access()).await? {
                Some(access) if self.is_fresh(&access) => return Ok(Some(access)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
        match self.attempt(key, since).await? {
            Attempt::Renewed(access) => Ok(Some(access)),
            Attempt::Over => Ok(None),
            Attempt::Away(error) => Err(gave_up(error)),
            Attempt::NothingToTake => {
                let goes_on = self.cache.get::<()>(&key.renewing()).await?.is_some();
                if goes_on { Err(SessionError::RenewalGoesOn) } else { Ok(None) }
            }
        }
    }

    /// Tries to renew, in a task that ends well also when the request does not.
    async fn attempt(&self, key: &SessionKey, since: DateTime<Utc>) -> Result<Attempt, SessionError> {
        let (tell, told) = oneshot::channel();
        let (this, key) = (self.clone(), key.clone());
        let renewal = async move {
            // The receiver may be gone; the tokens are in the cache.
            let _unheard = tell.send(this.take_and_renew(&key, since).await);
            Ok::<_, Infallible>(())
        };
        self.tasks.spawn("session renewal", renewal.instrument(Span::current()));
        told.await.unwrap_or(Err(SessionError::Stopping))
    }

    async fn take_and_renew(&self, key: &SessionKey, since: DateTime<Utc>) -> Result<Attempt, SessionError> {
        let Some(refresh_token) = self.cache.take::<String>(&key.refresh()).await? else { return Ok(Attempt::NothingToTake) };
        // From here on the refresh token is in our hands only, so nothing that merely helps may end this early.
        let _without_mark = self.cache.put(&key.renewing(), &(), UNDER_WAY_AT_MOST).await;
        let keep = self.time_left(since);

        // Another may have renewed between our look and our taking: then this is already the next refresh token.
        let known = self.cache.get::<Access>(&key.access()).await.ok().flatten();
        if let Some(access) = known.filter(|access| self.is_fresh(access)) {
            self.cache.put(&key.refresh(), &refresh_token, keep).await?;
            return Ok(Attempt::Renewed(access));
        }
        match self.issuer.refresh(refresh_token.clone()).await {
            Ok(tokens) => {
                // An issuer that sends no new refresh token still accepts the old one (RFC 6749, 6).
                let tokens = Tokens { refresh_token: tokens.refresh_token.or(Some(refresh_token)), ..tokens };
                let access = self.keep_tokens(key, &tokens, keep).await?;
                let was_ended = self.cache.get::<IgnoredAny>(&key.origin()).await?.is_none();
                if was_ended {
                    self.end_at_issuer(key).await?;
                    self.cache.remove(&key.access()).await?;
                    return Ok(Attempt::Over);
                }
                Ok(Attempt::Renewed(access))
            }
            Err(IssuerError::Refused(reason)) => {
                tracing::info!(name: "session.renewal_refused", reason, "issuer does not renew, session ends");
                Ok(Attempt::Over)
            }
            Err(error) => {
                self.cache.put(&key.refresh(), &refresh_token, keep).await?;
                Ok(Attempt::Away(error))
            }
        }
    }

    /// Takes a session's refresh token, so that nobody renews it any more, and has the issuer end its session too. Nobody waits for that: here
    /// the session ends in any case.
    pub async fn end_at_issuer(&self, key: &SessionKey) -> Result<(), SessionError> {
        let Some(refresh_token) = self.cache.take::<String>(&key.refresh()).await? else { return Ok(()) };
        let issuer = Arc::clone(&self.issuer);
        let revocation = async move {
            if let Err(error) = issuer.revoke(refresh_token).await {
                tracing::warn!(name: "session.not_ended_at_issuer", error = %chain(&error), "issuer did not end its session, here it has ended");
            }
            Ok::<_, Infallible>(())
        };
        self.tasks.spawn("session revocation", revocation.instrument(Span::current()));
        Ok(())
    }

    pub async fn keep_tokens(&self, key: &SessionKey, tokens: &Tokens, keep: Duration) -> Result<Access, SessionError> {
        let is_renewable = tokens.refresh_token.is_some();
        let access = Access { token: tokens.access_token.clone(), expires_at: tokens.expires_at, is_renewable };
        self.cache.put(&key.access(), &access, keep).await?;
        if let Some(refresh_token) = &tokens.refresh_token {
            self.cache.put(&key.refresh(), refresh_token, keep).await?;
        }
        Ok(access)
    }

    fn is_fresh(&self, access: &Access) -> bool {
        self.clock.now() + RENEW_AHEAD < access.expires_at
    }

    fn time_left(&self, since: DateTime<Utc>) -> Duration {
        let age = (self.clock.now() - since).to_std().unwrap_or_default();
        self.limits.absolute().saturating_sub(age)
    }
}

fn gave_up(error: IssuerError) -> SessionError {
    tracing::warn!(name: "session.renewal_failed", error = %chain(&error), "issuer is unavailable, session not renewed");
    SessionError::Renewal(error)
}
