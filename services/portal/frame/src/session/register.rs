//! Which sessions a person has, and which began with one session of the issuer, so that they are found from elsewhere: to be listed, or ended.
//!
//! It has names of sessions only; what is known of one is with the session. Sets of names change name by name, so that replicas undo
//! nothing of each other.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use runtime::PersonId;
use sha2::{Digest as _, Sha256};
use storage::{Cache, cache::CacheError};

use super::access::SessionKey;
use crate::issuer::Whose;

/// All sets.
pub struct Register {
    pub cache: Cache,
    /// Whose subjects and sessions they are.
    pub issuer: String,
}

/// What a set holds, in no order.
pub struct Names {
    set: String,
    pub sessions: Vec<SessionKey>,
}

impl Register {
    pub async fn enter(&self, session: &SessionKey, whose: &Whose, keep: Duration) -> Result<(), CacheError> {
        for set in self.sets(whose) {
            self.cache.add(&set, session.id(), keep).await?;
        }
        Ok(())
    }

    pub async fn leave(&self, session: &SessionKey, whose: &Whose) -> Result<(), CacheError> {
        for set in self.sets(whose) {
            self.cache.remove_member(&set, session.id()).await?;
        }
        Ok(())
    }

    pub async fn of_person(&self, person: PersonId) -> Result<Names, CacheError> {
        self.read(self.set_of(person)).await
    }

    /// Those that began with the issuer's session of this name.
    pub async fn of_issuer_session(&self, sid: &str) -> Result<Names, CacheError> {
        self.read(self.set_at(sid)).await
    }

    /// Takes out a name whose session the cache no longer has.
    pub async fn strike(&self, names: &Names, session: &SessionKey) -> Result<(), CacheError> {
        self.cache.remove_member(&names.set, session.id()).await
    }

    async fn read(&self, set: String) -> Result<Names, CacheError> {
        let sessions = self.cache.members(&set).await?.into_iter().map(SessionKey::of_id).collect();
        Ok(Names { set, sessions })
    }

    fn sets(&self, whose: &Whose) -> impl Iterator<Item = String> {
        [Some(self.set_of(whose.person)), whose.sid.as_deref().map(|sid| self.set_at(sid))].into_iter().flatten()
    }

    fn set_of(&self, person: PersonId) -> String {
        format!("sessions-of:{}", self.hashed(&person.to_string()))
    }

    fn set_at(&self, sid: &str) -> String {
        format!("sessions-at:{}", self.hashed(sid))
    }

    /// A subject, a session and a token have the issuer's own names: another's may be the same.
    pub fn hashed(&self, name: &str) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{}\n{name}", self.issuer)))
    }
}
