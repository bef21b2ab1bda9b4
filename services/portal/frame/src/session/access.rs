//! What a session's parts are kept under, its access token, and why neither may be known.

use auth::TokenError;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use storage::cache::CacheError;

use crate::issuer::IssuerError;

/// Under what a session is kept: the hash of the cookie's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKey(String);

/// The access token of a session.
#[derive(Clone, Serialize, Deserialize)]
pub struct Access {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    /// Whether a refresh token came with it; without one, the session ends with it.
    pub is_renewable: bool,
}

/// Why it is unknown whether a visitor is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("the session cannot be renewed")]
    Renewal(#[source] IssuerError),
    #[error("another request is still renewing the session")]
    RenewalGoesOn,
    #[error("the process stops, so the session is not renewed")]
    Stopping,
    #[error("the access token cannot be checked")]
    Unchecked(#[source] TokenError),
    #[error("it is not known what the visitor may do")]
    FunctionsUnknown(#[from] runtime::Error),
    #[error("no randomness to be had")]
    NoRandomness(#[from] getrandom::Error),
}

impl SessionKey {
    pub fn of_cookie(value: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(value)))
    }

    /// Of a name that [`SessionKey::id`] gave.
    pub const fn of_id(id: String) -> Self {
        Self(id)
    }

    /// By which a session is named; nobody gets into it by its name.
    pub fn id(&self) -> &str {
        &self.0
    }

    pub fn origin(&self) -> String {
        format!("session:{}", self.0)
    }

    pub fn access(&self) -> String {
        format!("access:{}", self.0)
    }

    pub fn refresh(&self) -> String {
        format!("refresh:{}", self.0)
    }

    /// Left by who took the refresh token.
    pub fn renewing(&self) -> String {
        format!("renewing:{}", self.0)
    }

    /// Which of several organisations its person looks at.
    pub fn organisation(&self) -> String {
        format!("organisation:{}", self.0)
    }

    pub fn life_sign(&self) -> String {
        format!("seen:{}", self.0)
    }
}
