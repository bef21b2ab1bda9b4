//! Sessions: who is signed in, by the cookie their browser holds.
//!
//! Tokens stay here; the browser holds 256 random bits, and the cache knows only their hash. A session ends when it is signed
//! out, when nothing was asked for a while (idle), and in any case some hours after signing in (absolute).
//!
//! It is kept in parts, so that no part is ever overwritten with an older one: what never changes, the access token, the
//! refresh token, and the sign of life.
//!
//! # Renewal
//!
//! The issuer accepts a refresh token once, and ends the session when it sees it twice. So:
//!
//! - *Who may renew*: the request that **takes** the refresh token from the cache; of several requests, and several replicas, one gets
//!   it. It leaves a mark for as long as a renewal can last, so that the others can tell one that is under way from one that
//!   died with its process. What it gets goes into the cache; when the issuer is unavailable, the old refresh token goes back.
//! - *Cancellation*: a browser that leaves drops the handler's future at any point. Taking, renewing and keeping therefore run
//!   in a task of the process, which ends with the tokens in the cache, also when no request waits for it any more, and which a stop waits for.
//! - *The others* use the old token while it holds, else they look for the new one, and when their patience ends they try to
//!   take the refresh token themselves: the first may have put it back.
//! - *`Ok(None)`* means that the session is over, for certain: never begun, ended, too old, refused by the issuer
//!   (`invalid_grant`), or without anybody left who holds its refresh token. What is merely not known now (issuer or cache unavailable,
//!   a renewal that goes on) is an error, and the next request tries again.
//! - *Who may forget*: signing out, `find` after such a certain end, and anyone who ends a session from elsewhere ([`elsewhere`]): its owner, an
//!   operator, or the issuer. Nothing else removes a session's parts. A renewal that was under way meanwhile finds that the
//!   session is gone, and has the issuer end what it was given.

mod access;
mod cookies;
mod csrf;
mod device;
mod elsewhere;
mod register;
mod renewal;

use std::{sync::Arc, time::Duration};

use auth::{Condition, Policies, Resource, SignIn, TokenError, Verifier};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use content::NotInForce;
use runtime::{Clock, Process, SchoolId, StepUp, security::SecurityEvent};
use serde::{Deserialize, Serialize};
use storage::Cache;

pub use self::{
    access::SessionError,
    cookies::{Cookies, Keep},
    csrf::CsrfSecret,
    device::{Browser, Device, System},
    elsewhere::OpenSession,
};
use self::{access::SessionKey, register::Register, renewal::Renewals};
use crate::{
    config::SessionConfig,
    issuer::{Issuer, Redeemed, Whose},
    visitor::Visitor,
};

/// A sign of life is written at most this often.
const LIFE_SIGN_EVERY: TimeDelta = TimeDelta::seconds(60);

/// How much longer the cache keeps a session than it counts, so that its end can be put on record.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// All sessions.
pub struct Sessions {
    cache: Cache,
    register: Register,
    renewals: Renewals,
    verifier: Arc<Verifier>,
    policies: Arc<Policies>,
    clock: Clock,
    limits: SessionConfig,
}

/// A session that holds at this moment.
#[derive(Clone)]
pub struct SignedIn {
    pub visitor: Visitor,
    /// To act for this person at the services.
    pub access_token: Arc<str>,
    pub csrf: CsrfSecret,
    pub since: DateTime<Utc>,
    /// As the issuer says it.
    pub sign_in: SignIn,
    /// What asked for its sign-in, if it was a surer or a more recent one.
    pub step_up: Option<StepUp>,
    /// Which of several organisations this person looks at; `None`: all of them.
    pub organisation: Option<Resource>,
    key: SessionKey,
}

impl SignedIn {
    /// The school that pages begin with: the one that was chosen, or the only one.
    pub fn school(&self) -> Option<SchoolId> {
        match self.organisation {
            Some(Resource::School(school)) => Some(school),
            Some(_) => None,
            None => self.visitor.only_school(),
        }
    }
}

/// What does not change during a session.
#[derive(Serialize, Deserialize)]
struct Origin {
    since: DateTime<Utc>,
    csrf: CsrfSecret,
    id_token: Option<String>,
    #[serde(default)]
    step_up: Option<StepUp>,
    /// As audit rows name them; of sessions from before there was this field, nobody's.
    #[serde(default)]
    actor: String,
    /// Of sessions from before there was this field, not known: those are not listed.
    #[serde(default)]
    whose: Option<Whose>,
    #[serde(default)]
    device: Device,
}

/// Whose doing a request is. A page that reconnects by itself is no sign that anybody still sits there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Person,
    Script,
}

/// What a new session is recognised by.
pub struct NewSession {
    pub cookie_value: String,
    /// As audit rows name them.
    pub actor: String,
}

impl Sessions {
    pub fn new(
        cache: Cache,
        issuer: Arc<Issuer>,
        verifier: Arc<Verifier>,
        policies: Arc<Policies>,
        process: &Process,
        limits: SessionConfig,
    ) -> Self {
        let clock = process.clock.clone();
        let register = Register { cache: cache.clone(), issuer: issuer.url().to_owned() };
        let renewals = Renewals { cache: cache.clone(), issuer, clock: clock.clone(), tasks: process.tasks.clone(), limits };
        Self { cache, register, renewals, verifier, policies, clock, limits }
    }

    /// What a sign-in by any method asks for: each of them. An issuer may say how somebody signed in only where that was asked for, and
    /// the Flemish access management (ACM) does.
    ///
    /// # Errors
    /// When no version of the content about signing in holds today.
    pub fn any_method(&self) -> Result<StepUp, NotInForce> {
        let any = Condition { level: 1, within_minutes: None, phishing_resistant: false };
        let policy = &self.policies.sign_in_policy(self.clock.now())?.body;
        Ok(StepUp { acr_values: policy.sufficing(any), max_age: None })
    }

    /// Begins a session. Its id is always new: one that existed before signing in is never kept.
    pub async fn begin(&self, redeemed: Redeemed, step_up: Option<StepUp>, device: Device) -> Result<NewSession, SessionError> {
        let Redeemed { tokens, whose } = redeemed;
        let cookie_value = random_text()?;
        let key = SessionKey::of_cookie(&cookie_value);
        let now = self.clock.now();
        let actor = format!("person:{}", whose.person);
        let origin = Origin {
            since: now,
            csrf: CsrfSecret::random()?,
            id_token: tokens.id_token.clone(),
            step_up,
            actor: actor.clone(),
            whose: Some(whose.clone()),
            device,
        };
        // For longer than it counts: a session that ends by itself is to be seen to end.
        let keep = self.limits.absolute() + REMEMBERED;
        self.renewals.keep_tokens(&key, &tokens, keep).await?;
        self.cache.put(&key.origin(), &origin, keep).await?;
        self.cache.put(&key.life_sign(), &now, self.limits.idle() + REMEMBERED).await?;
        // Last: who reads the register takes out what is not there. No browser has the cookie yet.
        self.register.enter(&key, &whose, keep).await?;
        self.end_oldest_beyond_bound(whose.person, &key).await?;
        Ok(NewSession { cookie_value, actor })
    }

    /// The session of a cookie, renewed where that is needed; `None` when there is none (any more).
    pub async fn find(&self, cookie_value: &str, sender: Sender) -> Result<Option<SignedIn>, SessionError> {
        let key = SessionKey::of_cookie(cookie_value);
        let now = self.clock.now();
        let Some(origin) = self.cache.get::<Origin>(&key.origin()).await? else { return Ok(None) };
        let Some(last_sign) = self.cache.get::<DateTime<Utc>>(&key.life_sign()).await? else { return Ok(None) };
        // The cache forgets by itself, but by its own clock; what counts is ours.
        if let Some(reason) = self.is_over(&origin, last_sign) {
            return self.end_by_itself(&key, &origin, reason).await;
        }
        let Some(access) = self.renewals.access(&key, origin.since).await? else {
            return self.end_by_itself(&key, &origin, "not_renewed").await;
        };
        let verified = match self.verifier.verify(&access.token).await {
            Ok(verified) => verified,
            Err(error @ TokenError::IssuerAway) => return Err(SessionError::Unchecked(error)),
            Err(error) => {
                tracing::info!(name: "session.token_refused", reason = error.reason(), "access token no longer holds, session ends");
                return self.end_by_itself(&key, &origin, "token_refused").await;
            }
        };
        if sender == Sender::Person && now - last_sign >= LIFE_SIGN_EVERY {
            self.cache.put(&key.life_sign(), &now, self.limits.idle() + REMEMBERED).await?;
        }
        let (principal, held) = self.policies.caller(&verified, now)?;
        let visitor = Visitor::new(principal, held, Arc::clone(&self.policies));
        let organisation = self.organisation(&key, &visitor).await?;
        let Origin { since, csrf, step_up, .. } = origin;
        let sign_in = verified.sign_in.clone();
        Ok(Some(SignedIn { visitor, access_token: access.token.into(), csrf, since, sign_in, step_up, organisation, key }))
    }

    /// What was chosen and is still theirs. Who has no choice costs no look.
    async fn organisation(&self, key: &SessionKey, visitor: &Visitor) -> Result<Option<Resource>, SessionError> {
        let organisations = visitor.organisations();
        if organisations.len() < 2 {
            return Ok(None);
        }
        let chosen = self.cache.get::<String>(&key.organisation()).await?;
        Ok(organisations.into_iter().find(|organisation| Some(organisation.to_string()) == chosen))
    }

    /// Looks at this organisation from now on, until the session ends. What is none of theirs means all of them.
    pub async fn choose(&self, session: &SignedIn, code: &str) -> Result<(), SessionError> {
        let is_theirs = session.visitor.organisations().iter().any(|organisation| organisation.to_string() == code);
        if is_theirs {
            self.cache.put(&session.key.organisation(), &code, self.limits.absolute()).await?;
        } else {
            self.cache.remove(&session.key.organisation()).await?;
        }
        Ok(())
    }

    /// Why a session has ended by itself, if it has.
    fn is_over(&self, origin: &Origin, last_sign: DateTime<Utc>) -> Option<&'static str> {
        let now = self.clock.now();
        if now - origin.since >= within(self.limits.absolute()) {
            return Some("too_old");
        }
        (now - last_sign >= within(self.limits.idle())).then_some("idle")
    }

    /// Forgets a session that is over for certain.
    async fn end_by_itself(&self, key: &SessionKey, origin: &Origin, reason: &'static str) -> Result<Option<SignedIn>, SessionError> {
        self.forget(key, origin.whose.as_ref()).await?;
        SecurityEvent::SessionEnded.record(&origin.actor, "session", crate::NAME, reason);
        Ok(None)
    }

    /// Ends a session here, and returns its ID token so that it can be ended at the issuer too.
    pub async fn end(&self, session: &SignedIn) -> Result<Option<String>, SessionError> {
        let origin = self.cache.take::<Origin>(&session.key.origin()).await?;
        self.forget(&session.key, origin.as_ref().and_then(|origin| origin.whose.as_ref())).await?;
        Ok(origin.and_then(|origin| origin.id_token))
    }

    /// Ends the session of a cookie, if there is one.
    pub async fn end_of_cookie(&self, cookie_value: &str) -> Result<(), SessionError> {
        let key = SessionKey::of_cookie(cookie_value);
        let origin = self.cache.take::<Origin>(&key.origin()).await?;
        self.forget(&key, origin.and_then(|origin| origin.whose).as_ref()).await
    }

    async fn forget(&self, key: &SessionKey, whose: Option<&Whose>) -> Result<(), SessionError> {
        for part in [key.origin(), key.access(), key.refresh(), key.life_sign(), key.organisation()] {
            self.cache.remove(&part).await?;
        }
        if let Some(whose) = whose {
            self.register.leave(key, whose).await?;
        }
        Ok(())
    }
}

fn within(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// 256 bits of randomness as text.
pub fn random_text() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
