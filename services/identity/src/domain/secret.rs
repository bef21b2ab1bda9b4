//! Secrets that machines hold, and what is kept of them.
//!
//! A secret is 256 bits of the system's randomness, never chosen by a person. There is nothing to guess, so a single
//! SHA-256 is enough to keep it by: a slow password hash would only make every token request slow. Comparison takes the
//! same time whatever differs.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// 256 random bits as base64url, 43 characters. Shown once to whom it is for; never logged.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A new secret. Fails only when the system has no randomness to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What may be kept of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }

    /// The secret itself, to hand over.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// SHA-256 of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of what somebody presents.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The hash as kept in the store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// For the store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is the secret's hash.
    pub fn matches(&self, presented: &str) -> bool {
        self.0.ct_eq(&Self::of(presented).0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_itself_matches() {
        let secret = Secret::generate().unwrap();
        assert!(secret.hash().matches(secret.reveal()));
        assert!(!secret.hash().matches(Secret::generate().unwrap().reveal()));
        assert!(!secret.hash().matches(""));
    }

    #[test]
    fn a_secret_shows_in_no_debug_output() {
        let secret = Secret::generate().unwrap();
        assert_eq!(secret.reveal().len(), 43);
        assert!(!format!("{secret:?}{:?}", secret.hash()).contains(secret.reveal()));
    }
}
