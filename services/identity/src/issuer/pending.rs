//! What is under way in a sign-in: a choice that is waited for, and what a code stands for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use openidconnect::Nonce;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::Url;
use uuid::Uuid;

/// A request that waits for a persona to be chosen.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) redirect_uri: Url,
    pub(super) state: String,
    pub(super) nonce: Nonce,
    pub(super) challenge: Challenge,
}

/// What a code stands for.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) session_id: Uuid,
    pub(super) persona: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: Url,
    pub(super) nonce: Nonce,
    pub(super) challenge: Challenge,
    pub(super) authenticated_at: DateTime<Utc>,
}

/// The S256 challenge of PKCE (RFC 7636).
#[derive(Debug, Clone)]
pub(super) struct Challenge([u8; 32]);

impl Challenge {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Whether this is the verifier that the challenge was made from.
    pub(super) fn is_met_by(&self, verifier: &str) -> bool {
        let has_right_length = (43..=128).contains(&verifier.len());
        let digest: [u8; 32] = Sha256::digest(verifier).into();
        has_right_length && bool::from(self.0.ct_eq(&digest))
    }
}
