//! Signed-in sessions and their refresh tokens, in memory: after a restart one signs in again.
//!
//! A refresh token is `<session>.<secret>` and is replaced at every use. One that was used before ends its session: either
//! the thief or the owner holds the newer one, and nobody can tell which (RFC 9700, 4.14.2). A client therefore refreshes a
//! session one request at a time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::RefreshToken;
use uuid::Uuid;

use crate::domain::{Secret, SecretHash};

/// Who is signed in, where and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The `sid` of its ID tokens.
    pub id: Uuid,
    /// The persona's id in the content pack.
    pub persona: String,
    /// The client that signed in.
    pub client_id: String,
    /// When the persona was chosen.
    pub authenticated_at: DateTime<Utc>,
}

/// What came of a refresh token.
#[derive(Debug)]
pub enum Refreshed {
    Next(Session, RefreshToken),
    /// It was not good any more, and its session has ended with it.
    Ended(Session),
    /// Made up, of another client, or of a session that ended before.
    Unknown,
}

/// Sessions by id, in memory.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<Uuid, Live>>);

struct Live {
    session: Session,
    current: SecretHash,
    used_at: DateTime<Utc>,
}

impl Live {
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        now >= self.session.authenticated_at + Sessions::LONGEST || now >= self.used_at + Sessions::IDLE
    }
}

impl Sessions {
    /// A school day.
    const LONGEST: TimeDelta = TimeDelta::hours(10);
    /// Unused for this long, a session is over.
    const IDLE: TimeDelta = TimeDelta::minutes(60);
    const AT_MOST: usize = 10_000;

    /// Begins a session and returns its first refresh token.
    pub fn begin(&self, session: Session, now: DateTime<Utc>) -> Result<RefreshToken, getrandom::Error> {
        let secret = Secret::generate()?;
        let token = refresh_token(session.id, &secret);
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, live| !live.is_over(now));
        if sessions.len() >= Self::AT_MOST {
            let oldest = sessions.values().min_by_key(|live| live.used_at).map(|live| live.session.id);
            oldest.and_then(|id| sessions.remove(&id));
        }
        sessions.insert(session.id, Live { session, current: secret.hash(), used_at: now });
        Ok(token)
    }

    /// Takes a refresh token and gives the next.
    pub fn refresh(&self, token: &str, client_id: &str, now: DateTime<Utc>) -> Result<Refreshed, getrandom::Error> {
        let next = Secret::generate()?;
        let Some((id, secret)) = parts(token) else { return Ok(Refreshed::Unknown) };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(live) = sessions.get_mut(&id).filter(|live| live.session.client_id == client_id) else { return Ok(Refreshed::Unknown) };
        if live.is_over(now) || !live.current.matches(secret) {
            let ended = live.session.clone();
            sessions.remove(&id);
            return Ok(Refreshed::Ended(ended));
        }
        live.current = next.hash();
        live.used_at = now;
        Ok(Refreshed::Next(live.session.clone(), refresh_token(id, &next)))
    }

    /// Ends a session; its refresh token is worth nothing from now on.
    pub fn end(&self, id: Uuid) -> Option<Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id).map(|live| live.session)
    }

    /// Ends the session of a refresh token that its client gives up (RFC 7009). Any of the session's own will do: who has an old one ends it too.
    pub fn give_up(&self, token: &str, client_id: &str) {
        let Some((id, _)) = parts(token) else { return };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.get(&id).is_some_and(|live| live.session.client_id == client_id) {
            sessions.remove(&id);
        }
    }
}

/// The session of a refresh token, and its secret.
fn parts(token: &str) -> Option<(Uuid, &str)> {
    let (id, secret) = token.split_once('.')?;
    Some((Uuid::try_parse(id).ok()?, secret))
}

fn refresh_token(session: Uuid, secret: &Secret) -> RefreshToken {
    RefreshToken::new(format!("{session}.{}", secret.reveal()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
    }

    impl Refreshed {
        fn next(self) -> Option<RefreshToken> {
            match self {
                Self::Next(_, next) => Some(next),
                Self::Ended(_) | Self::Unknown => None,
            }
        }
    }

    fn session() -> Session {
        Session { id: Uuid::from_u128(7), persona: "noor".into(), client_id: "portal".into(), authenticated_at: moment(0) }
    }

    #[test]
    fn each_refresh_token_works_once_and_the_chain_goes_on() {
        let sessions = Sessions::default();
        let first = sessions.begin(session(), moment(0)).unwrap();
        let second = sessions.refresh(first.secret(), "portal", moment(1)).unwrap().next().unwrap();
        assert!(sessions.refresh(second.secret(), "portal", moment(2)).unwrap().next().is_some());
    }

    #[test]
    fn a_refresh_token_used_twice_ends_the_session() {
        let sessions = Sessions::default();
        let first = sessions.begin(session(), moment(0)).unwrap();
        let second = sessions.refresh(first.secret(), "portal", moment(1)).unwrap().next().unwrap();
        assert!(matches!(sessions.refresh(first.secret(), "portal", moment(2)), Ok(Refreshed::Ended(ended)) if ended == session()));
        assert!(sessions.refresh(second.secret(), "portal", moment(2)).unwrap().next().is_none());
    }

    #[test]
    fn another_client_cannot_refresh_and_does_no_harm() {
        let sessions = Sessions::default();
        let token = sessions.begin(session(), moment(0)).unwrap();
        assert!(sessions.refresh(token.secret(), "other", moment(1)).unwrap().next().is_none());
        assert!(sessions.refresh(token.secret(), "portal", moment(1)).unwrap().next().is_some());
    }

    #[test]
    fn a_session_ends_when_idle_and_at_the_end_of_the_day() {
        let sessions = Sessions::default();
        let token = sessions.begin(session(), moment(0)).unwrap();
        assert!(sessions.refresh(token.secret(), "portal", moment(60)).unwrap().next().is_none());
        let mut token = sessions.begin(session(), moment(0)).unwrap();
        for minute in (30..600).step_by(30) {
            token = sessions.refresh(token.secret(), "portal", moment(minute)).unwrap().next().unwrap();
        }
        assert!(sessions.refresh(token.secret(), "portal", moment(600)).unwrap().next().is_none());
    }

    #[test]
    fn signing_out_ends_the_session() {
        let sessions = Sessions::default();
        let token = sessions.begin(session(), moment(0)).unwrap();
        assert_eq!(sessions.end(session().id), Some(session()));
        assert!(sessions.refresh(token.secret(), "portal", moment(1)).unwrap().next().is_none());
    }

    #[test]
    fn a_client_gives_up_its_own_sessions_alone() {
        let sessions = Sessions::default();
        let token = sessions.begin(session(), moment(0)).unwrap();
        sessions.give_up(token.secret(), "other");
        let next = sessions.refresh(token.secret(), "portal", moment(1)).unwrap().next().unwrap();
        sessions.give_up(next.secret(), "portal");
        assert!(matches!(sessions.refresh(next.secret(), "portal", moment(2)), Ok(Refreshed::Unknown)));
    }

    #[test]
    fn nonsense_is_no_refresh_token() {
        let sessions = Sessions::default();
        for token in ["", ".", "nonsense", "00000000-0000-0000-0000-000000000007.x"] {
            assert!(sessions.refresh(token, "portal", moment(0)).unwrap().next().is_none(), "{token}");
        }
    }
}
