//! The key that signs tokens, kept in the data folder.
//!
//! Ed25519 (`EdDSA`): openidconnect signs and verifies it, jsonwebtoken verifies it, a debug build makes a key and signs in
//! well under a millisecond (an RSA key takes seconds there), and tokens stay short. Clients learn the algorithm from the
//! discovery document, so that Keycloak's RS256 in production changes nothing for them.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use jsonwebtoken::EncodingKey;
use openidconnect::{
    AccessToken, IdTokenClaims, JsonWebKeyId, PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreGenderClaim, CoreJsonWebKeySet, CoreJwsSigningAlgorithm},
};
use runtime::private_file::{self, PrivateFileError};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::claims::{IdToken, SessionClaims};

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The file holds something else.
    #[error("the issuer's signing key is not a readable Ed25519 key ({0}); remove the file to have a new one made")]
    Unreadable(String),
    /// The system has no randomness.
    #[error("the system gives no randomness for a signing key")]
    NoRandomness(#[from] getrandom::Error),
}

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("access token not signed")]
    AccessToken(#[source] jsonwebtoken::errors::Error),
    #[error("logout token not signed")]
    LogoutToken(#[source] jsonwebtoken::errors::Error),
    #[error("ID token not signed")]
    IdToken(#[from] openidconnect::JsonWebTokenError),
}

/// The signing key in the shapes that the two libraries want.
pub struct SigningKeys {
    key_id: String,
    id_tokens: CoreEdDsaPrivateSigningKey,
    other_tokens: EncodingKey,
}

impl SigningKeys {
    /// The algorithm of every token.
    pub const ALGORITHM: CoreJwsSigningAlgorithm = CoreJwsSigningAlgorithm::EdDsa;

    /// Reads the key from its file, or makes one and writes it there.
    pub fn load_or_create(file: &Path) -> Result<Self, KeyError> {
        let pem = match private_file::read(file)? {
            Some(pem) => pem,
            None => {
                let pem = new_key()?;
                private_file::write(file, &pem)?;
                pem
            }
        };
        Self::from_pem(&pem)
    }

    fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let unreadable = |problem: &dyn std::fmt::Display| KeyError::Unreadable(problem.to_string());
        let key = SigningKey::from_pkcs8_pem(pem).map_err(|error| unreadable(&error))?;
        let digest = Sha256::digest(key.verifying_key().as_bytes());
        let key_id = URL_SAFE_NO_PAD.encode(&digest[..12]);
        let id_tokens = CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, Some(JsonWebKeyId::new(key_id.clone())))
            .map_err(|error| unreadable(&error))?;
        let other_tokens = EncodingKey::from_ed_pem(pem.as_bytes()).map_err(|error| unreadable(&error))?;
        Ok(Self { key_id, id_tokens, other_tokens })
    }

    /// The public half.
    pub fn public(&self) -> CoreJsonWebKeySet {
        CoreJsonWebKeySet::new(vec![self.id_tokens.as_verification_key()])
    }

    /// Signs an access token of RFC 9068: its type `at+jwt` keeps it apart from an ID token.
    pub fn sign_access_token(&self, claims: &impl Serialize) -> Result<AccessToken, SignError> {
        Ok(AccessToken::new(self.sign("at+jwt", claims).map_err(SignError::AccessToken)?))
    }

    /// Signs a logout token.
    pub fn sign_logout_token(&self, claims: &impl Serialize) -> Result<String, SignError> {
        self.sign("logout+jwt", claims).map_err(SignError::LogoutToken)
    }

    fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let header = jsonwebtoken::Header {
            typ: Some(kind.to_owned()),
            kid: Some(self.key_id.clone()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, claims, &self.other_tokens)
    }

    /// Signs an ID token that belongs with an access token.
    pub fn sign_id_token(&self, claims: IdTokenClaims<SessionClaims, CoreGenderClaim>, with: &AccessToken) -> Result<IdToken, SignError> {
        Ok(IdToken::new(claims, &self.id_tokens, Self::ALGORITHM, Some(with), None)?)
    }
}

fn new_key() -> Result<String, KeyError> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed)?;
    let pem = SigningKey::from_bytes(&seed).to_pkcs8_pem(LineEnding::LF).map_err(|error| KeyError::Unreadable(error.to_string()))?;
    Ok(pem.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("issuer/signing-key.pem");
        let first = SigningKeys::load_or_create(&file).unwrap();
        let second = SigningKeys::load_or_create(&file).unwrap();
        assert_eq!(first.public(), second.public());
    }

    #[test]
    fn a_file_that_is_no_key_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signing-key.pem");
        private_file::write(&file, "hello").unwrap();
        let complaint = SigningKeys::load_or_create(&file).err().unwrap().to_string();
        assert!(complaint.contains("remove the file"), "{complaint}");
    }
}
