//! Sessions seen from elsewhere: a person's own, in other browsers; those that an operator or the issuer ends.

use std::{cmp::Reverse, time::Duration};

use auth::{Ended, Logout, TokenError};
use chrono::{DateTime, Utc};
use runtime::{PersonId, security::SecurityEvent};

use super::{Device, Origin, SessionError, SessionKey, Sessions, SignedIn, register::Names};

/// Of one person; the oldest makes room. Somebody has a few devices, and signs in again on each every day.
const MOST_OF_A_PERSON: usize = 20;
/// Longer than a logout token is believed, differences of clocks included.
const LOGOUT_REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// A session that holds, as its owner may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    pub id: String,
    pub device: Device,
    pub since: DateTime<Utc>,
    /// To the minute.
    pub last_seen: DateTime<Utc>,
    /// The one that asks.
    pub is_this: bool,
}

/// A session in the cache.
struct Kept {
    key: SessionKey,
    origin: Origin,
    last_seen: DateTime<Utc>,
}

impl Sessions {
    /// All sessions of this person, this one first, then as they were last seen.
    pub async fn of_same_person(&self, session: &SignedIn) -> Result<Vec<OpenSession>, SessionError> {
        let shown = self.kept_of_owner(session).await?.into_iter().map(|Kept { key, origin, last_seen }| OpenSession {
            is_this: key == session.key,
            id: key.id().to_owned(),
            device: origin.device,
            since: origin.since,
            last_seen,
        });
        let mut shown: Vec<OpenSession> = shown.collect();
        shown.sort_by_key(|open| (!open.is_this, Reverse(open.last_seen)));
        Ok(shown)
    }

    /// Ends another session of this person. One that is not theirs, or is over, is left alone.
    pub async fn end_other(&self, session: &SignedIn, id: &str) -> Result<(), SessionError> {
        self.end_others_where(session, |key| key.id() == id).await
    }

    /// Ends all sessions of this person but this one.
    pub async fn end_all_others(&self, session: &SignedIn) -> Result<(), SessionError> {
        self.end_others_where(session, |_| true).await
    }

    /// Ends all sessions of a person, here and at the issuer.
    pub async fn end_all_of(&self, person: PersonId) -> Result<(), SessionError> {
        for kept in self.kept(self.register.of_person(person).await?).await? {
            self.renewals.end_at_issuer(&kept.key).await?;
            self.end_kept(&kept, "ended_by_operator").await?;
        }
        Ok(())
    }

    /// What a logout token says.
    pub async fn verify_logout(&self, token: &str, client_id: &str) -> Result<Logout, TokenError> {
        self.verifier.verify_logout(token, client_id).await
    }

    /// Ends what has ended at the issuer. `false` when the same was said before: then nothing ends, since newer sessions may have begun.
    pub async fn end_as_issuer_says(&self, logout: &Logout) -> Result<bool, SessionError> {
        let (names, subject) = match &logout.ended {
            Ended::Session { sid, subject } => (Some(self.register.of_issuer_session(sid).await?), subject.as_deref()),
            // A subject that is no person of ours has no session here.
            Ended::Person(subject) => match subject.parse() {
                Ok(person) => (Some(self.register.of_person(person).await?), None),
                Err(_) => (None, None),
            },
        };
        let ended = match names {
            Some(names) => self.kept(names).await?,
            None => Vec::new(),
        };
        // Those of one minute together, so that they are forgotten together.
        let seen = format!("logout-tokens:{}", logout.issued_at.timestamp() / 60);
        let id = self.register.hashed(&logout.id);
        if !self.cache.add(&seen, &id, LOGOUT_REMEMBERED).await? {
            return Ok(false);
        }
        for kept in ended {
            let is_theirs = |subject: &str| kept.origin.whose.as_ref().is_some_and(|whose| whose.person.to_string() == subject);
            if subject.is_some_and(|subject| !is_theirs(subject)) {
                continue;
            }
            if let Err(error) = self.end_kept(&kept, "ended_by_issuer").await {
                // The issuer may say it again.
                self.cache.remove_member(&seen, &id).await?;
                return Err(error);
            }
        }
        Ok(true)
    }

    /// So that nobody fills the cache, and a list of sessions can be read. The one that has just begun stays, whatever began at the same moment.
    pub(super) async fn end_oldest_beyond_bound(&self, person: PersonId, just_begun: &SessionKey) -> Result<(), SessionError> {
        let names = self.register.of_person(person).await?;
        if names.sessions.len() <= MOST_OF_A_PERSON {
            return Ok(());
        }
        let mut kept = self.kept(names).await?;
        kept.sort_by_key(|kept| (kept.key != *just_begun, Reverse(kept.origin.since)));
        for oldest in kept.iter().skip(MOST_OF_A_PERSON) {
            self.renewals.end_at_issuer(&oldest.key).await?;
            self.end_kept(oldest, "too_many").await?;
        }
        Ok(())
    }

    async fn end_others_where(&self, session: &SignedIn, is_meant: impl Fn(&SessionKey) -> bool) -> Result<(), SessionError> {
        let all = self.kept_of_owner(session).await?;
        let (this, others): (Vec<Kept>, Vec<Kept>) = all.into_iter().partition(|kept| kept.key == session.key);
        let sid_of = |kept: &Kept| kept.origin.whose.as_ref().and_then(|whose| whose.sid.clone());
        let this_sid = this.first().and_then(sid_of);
        for other in others.iter().filter(|other| is_meant(&other.key)) {
            // A browser that lost our cookie has signed in again with the same session of the issuer.
            let shares_the_issuers = this_sid.is_some() && sid_of(other) == this_sid;
            if !shares_the_issuers {
                self.renewals.end_at_issuer(&other.key).await?;
            }
            self.end_kept(other, "ended_by_owner").await?;
        }
        Ok(())
    }

    async fn kept_of_owner(&self, session: &SignedIn) -> Result<Vec<Kept>, SessionError> {
        let Some(person) = session.visitor.principal().person_id() else { return Ok(Vec::new()) };
        self.kept(self.register.of_person(person).await?).await
    }

    /// Those that hold. What has ended by itself is put on record; a name whose session the cache no longer has is taken out.
    async fn kept(&self, names: Names) -> Result<Vec<Kept>, SessionError> {
        let mut kept = Vec::new();
        for key in &names.sessions {
            let origin = self.cache.get::<Origin>(&key.origin()).await?;
            let last_seen = self.cache.get::<DateTime<Utc>>(&key.life_sign()).await?;
            let Some((origin, last_seen)) = origin.zip(last_seen) else {
                self.register.strike(&names, key).await?;
                continue;
            };
            match self.is_over(&origin, last_seen) {
                Some(reason) => drop(self.end_by_itself(key, &origin, reason).await?),
                None => kept.push(Kept { key: key.clone(), origin, last_seen }),
            }
        }
        Ok(kept)
    }

    async fn end_kept(&self, Kept { key, origin, .. }: &Kept, reason: &'static str) -> Result<(), SessionError> {
        self.forget(key, origin.whose.as_ref()).await?;
        SecurityEvent::SessionEnded.record(&origin.actor, "session", crate::NAME, reason);
        Ok(())
    }
}
