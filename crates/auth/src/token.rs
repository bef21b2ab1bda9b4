//! Verifies access tokens (RFC 9068) with the issuer's keys.
//!
//! Checked: `iss`, `aud`, `exp` and `nbf` (10 s skew), the type (an ID token is no access token), and an allow-list of
//! algorithms taken from the *key*, never from the token alone. `jku`, `x5u` and embedded keys are ignored. Keys are fetched
//! when first needed, again at most once a minute when a token names a key that is not known, and every five minutes, so that
//! a key that the issuer withdrew opens nothing any more; when the issuer is unavailable, the keys at hand go on serving. A token is
//! called wrong for its key only when the issuer has just been asked; while it may not be asked again, or does not answer, its
//! bearer is told to come back: the key may be the issuer's newest. A verified token is recognised by its SHA-256 until it
//! expires or a key is withdrawn.
//!
//! [`keys`] gets the keys and [`claims`] judges what a token says. The issuer's logout tokens ([`logout`]) are verified with the same keys.

mod claims;
mod error;
mod keys;
mod logout;
mod verified;

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation};
use runtime::{
    Clock,
    security::{SecurityEvent, UNVERIFIED},
};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use self::{
    claims::Claims,
    keys::{Keyring, Keys},
    logout::LogoutClaims,
};
pub use self::{
    error::TokenError,
    logout::{Ended, Logout},
    verified::VerifiedToken,
};

const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// `[auth]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The issuer's URL, as it stands in tokens; `/.well-known/openid-configuration` is read below it.
    pub issuer: String,
}

/// Verifies the tokens of one issuer for one audience.
pub struct Verifier {
    issuer: String,
    audience: &'static str,
    clock: Clock,
    keys: Keyring,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Verifier").field("issuer", &self.issuer).field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl Verifier {
    /// A verifier that has fetched nothing yet.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(config: &AuthConfig, audience: &'static str, clock: Clock) -> Result<Self, reqwest::Error> {
        let keys = Keyring::new(&config.issuer, clock.clone())?;
        Ok(Self { issuer: config.issuer.clone(), audience, clock, keys })
    }

    /// Fetches the issuer's keys before anybody calls, so that a wrong address is said in the log at the start and not at the first
    /// token. Returns when they are there; the caller ends it otherwise.
    pub async fn fetch_ahead(&self) {
        self.keys.fetch_first().await;
    }

    /// Verifies a token, or recognises one that was verified before.
    ///
    /// # Errors
    /// Says what is wrong with the token, or that the issuer would have to be asked and cannot be just now.
    pub async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        let verified = self.verify_or_recognise(token).await;
        if let Err(error) = &verified
            && error.is_refusal()
        {
            SecurityEvent::TokenRefused.record(UNVERIFIED, "authenticate", self.audience, error.reason());
        }
        verified
    }

    async fn verify_or_recognise(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        let fingerprint: [u8; 32] = Sha256::digest(token).into();
        let recognised = &self.keys.known().recognised;
        if let Some(known) = recognised.get(&fingerprint) {
            if self.clock.now() < known.expires_at {
                return Ok(known);
            }
            recognised.invalidate(&fingerprint);
            return Err(TokenError::Expired);
        }
        self.verify_anew(token, fingerprint).await
    }

    async fn verify_anew(&self, token: &str, fingerprint: [u8; 32]) -> Result<Arc<VerifiedToken>, TokenError> {
        let Signed { claims, kind, keys } = self.signed::<Claims>(token).await?;
        let verified = Arc::new(claims.accept(kind.as_deref(), &self.issuer, self.audience, self.clock.now())?);
        keys.recognised.insert(fingerprint, Arc::clone(&verified));
        Ok(verified)
    }

    /// Verifies a logout token for a client. Whether it was seen before is for the caller to know.
    ///
    /// # Errors
    /// Says what is wrong with the token, or that the issuer would have to be asked and cannot be just now.
    pub async fn verify_logout(&self, token: &str, client_id: &str) -> Result<Logout, TokenError> {
        let verified = match self.signed::<LogoutClaims>(token).await {
            Ok(Signed { claims, kind, .. }) => claims.accept(kind.as_deref(), &self.issuer, client_id, self.clock.now()),
            Err(error) => Err(error),
        };
        if let Err(error) = &verified
            && error.is_refusal()
        {
            SecurityEvent::TokenRefused.record(UNVERIFIED, "logout", client_id, error.reason());
        }
        verified
    }

    /// What a token says, once its signature holds.
    async fn signed<C: DeserializeOwned>(&self, token: &str) -> Result<Signed<C>, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        let key_id = header.kid.as_deref().ok_or(TokenError::UnknownKey)?;
        let keys = self.keys.with(key_id).await?;
        let key = keys.named(key_id).ok_or(TokenError::UnknownKey)?;
        if header.alg != key.algorithm {
            return Err(TokenError::BadSignature);
        }
        let decoded = jsonwebtoken::decode::<C>(token, &key.decoding, &signature_only(key.algorithm)).map_err(|error| {
            let is_shape = matches!(error.kind(), jsonwebtoken::errors::ErrorKind::Json(_) | jsonwebtoken::errors::ErrorKind::Base64(_));
            if is_shape { TokenError::Malformed } else { TokenError::BadSignature }
        })?;
        Ok(Signed { claims: decoded.claims, kind: header.typ, keys })
    }
}

/// A token whose signature holds.
struct Signed<C> {
    claims: C,
    /// `typ` of its header.
    kind: Option<String>,
    /// Among which is the one that it is signed with.
    keys: Arc<Keys>,
}

/// The signature alone: issuer, audience and times are judged by [`Claims`], with our clock.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.set_required_spec_claims::<&str>(&[]);
    validation
}
