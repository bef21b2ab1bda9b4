//! The issuer's keys: fetched when first needed, asked for again when a token names another, and kept through the issuer's outages.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};
use runtime::Clock;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{
    error::{FIRST_FETCH_PAUSE, TokenError},
    verified::VerifiedToken,
};

/// A stranger's tokens make us ask the issuer no more often than this.
const REFRESH_PAUSE: Duration = Duration::from_secs(60);
/// How long keys serve before the issuer is asked whether they still stand.
const KEYS_STAND: TimeDelta = TimeDelta::minutes(5);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_JWKS_BYTES: usize = 256 * 1024;
const RECOGNISED_TOKENS: u64 = 100_000;
const ALGORITHMS: [Algorithm; 5] = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::ES384, Algorithm::RS256, Algorithm::PS256];

/// The keys of one issuer, as far as we know them.
pub(super) struct Keyring {
    issuer: String,
    http: reqwest::Client,
    clock: Clock,
    known: RwLock<Arc<Keys>>,
    asking: Mutex<Asking>,
}

/// Held by the one who asks the issuer for its keys. Renewals are no part of the pauses.
#[derive(Default)]
struct Asking {
    /// When it was last asked for the first keys.
    for_any: Option<Instant>,
    /// When it was last asked because a token named a key that was not among those known.
    for_another: Option<Instant>,
}

/// The issuer's keys, and the tokens that were verified with them.
pub(super) struct Keys {
    by_id: HashMap<String, Key>,
    /// When the issuer was last asked, successfully or not.
    asked: Option<DateTime<Utc>>,
    /// Shared with the keys before, unless one of those was withdrawn.
    pub(super) recognised: moka::sync::Cache<[u8; 32], Arc<VerifiedToken>>,
}

impl Keys {
    fn none() -> Self {
        Self { by_id: HashMap::new(), asked: None, recognised: moka::sync::Cache::new(RECOGNISED_TOKENS) }
    }

    pub(super) fn named(&self, id: &str) -> Option<&Key> {
        self.by_id.get(id)
    }

    /// Whether a key is gone, or another has taken its name.
    fn lacks_one_of(&self, before: &Self) -> bool {
        before.by_id.iter().any(|(id, key)| self.by_id.get(id).is_none_or(|now| now.public != key.public))
    }
}

#[derive(Clone)]
pub(super) struct Key {
    public: AlgorithmParameters,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

impl Keyring {
    /// Nothing is fetched yet.
    pub(super) fn new(issuer: &str, clock: Clock) -> Result<Self, reqwest::Error> {
        // What an issuer at https names in its discovery document is asked over https too, whatever it says.
        let http = reqwest::Client::builder().timeout(FETCH_TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let http = http.https_only(issuer.starts_with("https://")).build()?;
        Ok(Self { issuer: issuer.to_owned(), http, clock, known: RwLock::new(Arc::new(Keys::none())), asking: Mutex::default() })
    }

    /// Those at hand, without asking anybody.
    pub(super) fn known(&self) -> Arc<Keys> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for the first keys until they are there; each failure is said in the log.
    pub(super) async fn fetch_first(&self) {
        let mut pause = FIRST_FETCH_PAUSE;
        loop {
            let mut asking = self.asking.lock().await;
            if !self.known().by_id.is_empty() || self.renew().await {
                return;
            }
            asking.for_any = Some(Instant::now());
            drop(asking);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(REFRESH_PAUSE);
        }
    }

    /// Those among which this one is, or is not for certain.
    pub(super) async fn with(&self, key_id: &str) -> Result<Arc<Keys>, TokenError> {
        let known = self.known();
        if known.by_id.contains_key(key_id) {
            return Ok(self.still_standing(known).await);
        }
        // One fetch at a time; a caller that waited looks again first.
        let mut asking = self.asking.lock().await;
        let known = self.known();
        if known.by_id.contains_key(key_id) {
            return Ok(known);
        }
        if known.by_id.is_empty() {
            if left_of(FIRST_FETCH_PAUSE, asking.for_any).is_zero() {
                self.renew().await;
                // Afterwards, so that those who waited for an issuer that keeps silent do not each wait for it again.
                asking.for_any = Some(Instant::now());
            }
            let known = self.known();
            return if known.by_id.is_empty() { Err(TokenError::IssuerAway) } else { Ok(known) };
        }
        let retry_after = left_of(REFRESH_PAUSE, asking.for_another);
        if !retry_after.is_zero() {
            return Err(TokenError::KeyNotKnownYet { retry_after });
        }
        asking.for_another = Some(Instant::now());
        let answered = self.renew().await;
        if answered { Ok(self.known()) } else { Err(TokenError::KeyNotKnownYet { retry_after: REFRESH_PAUSE }) }
    }

    /// These keys, or newer ones when it is time to ask the issuer again. One request asks; the others go on meanwhile.
    async fn still_standing(&self, known: Arc<Keys>) -> Arc<Keys> {
        let is_old = |keys: &Keys| keys.asked.is_none_or(|asked| self.clock.now() - asked >= KEYS_STAND);
        if !is_old(&known) {
            return known;
        }
        let Ok(_asking) = self.asking.try_lock() else { return known };
        if is_old(&self.known()) {
            self.renew().await;
        }
        self.known()
    }

    /// Puts the issuer's present keys in place of those at hand, which stay when the issuer is unavailable. Whether it answered.
    async fn renew(&self) -> bool {
        let before = self.known();
        let asked = Some(self.clock.now());
        let mut renewed = Keys { by_id: before.by_id.clone(), asked, recognised: before.recognised.clone() };
        let fetched = self.fetch().await;
        let answered = fetched.is_ok();
        match fetched {
            Ok(by_id) => renewed.by_id = by_id,
            Err(error) => {
                tracing::warn!(name: "issuer.keys_not_fetched", error = error.told(), "issuer's keys not fetched");
            }
        }
        if renewed.lacks_one_of(&before) {
            tracing::info!(name: "issuer.key_withdrawn", "the issuer withdrew a key, tokens are verified again");
            renewed.recognised = Keys::none().recognised;
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
        answered
    }

    async fn fetch(&self) -> Result<HashMap<String, Key>, FetchError> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
            jwks_uri: String,
        }
        let well_known = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let discovery: Discovery = self.fetch_json(&well_known).await?;
        if discovery.issuer != self.issuer {
            return Err(FetchError::OtherIssuer(discovery.issuer));
        }
        let set: JwkSet = self.fetch_json(&discovery.jwks_uri).await?;
        let usable: HashMap<String, Key> = set.keys.iter().filter_map(usable_key).collect();
        if usable.is_empty() { Err(FetchError::NoKeys) } else { Ok(usable) }
    }

    async fn fetch_json<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, FetchError> {
        let mut response = self.http.get(url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_JWKS_BYTES {
                return Err(FetchError::TooLarge);
            }
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("auth.issuer: no issuer answers there")]
    Http(#[from] reqwest::Error),
    #[error("auth.issuer: the server there gives no valid issuer response")]
    Json(#[from] serde_json::Error),
    #[error("auth.issuer: what is said there is larger than {MAX_JWKS_BYTES} bytes")]
    TooLarge,
    #[error("auth.issuer: the issuer has no keys that we can use")]
    NoKeys,
    #[error("auth.issuer: the server there calls itself {0}")]
    OtherIssuer(String),
}

impl FetchError {
    /// For the operator who wrote the address.
    fn told(&self) -> String {
        match runtime::tls::complaint(self, runtime::tls::SYSTEM) {
            Some(complaint) => format!("auth.issuer: the server there {complaint}"),
            None => runtime::error::chain(self),
        }
    }
}

fn left_of(pause: Duration, since: Option<Instant>) -> Duration {
    since.map_or(Duration::ZERO, |since| pause.saturating_sub(since.elapsed()))
}

fn usable_key(jwk: &Jwk) -> Option<(String, Key)> {
    let key_id = jwk.common.key_id.clone()?;
    let algorithm = algorithm_of(jwk)?;
    if !ALGORITHMS.contains(&algorithm) {
        return None;
    }
    let decoding = DecodingKey::from_jwk(jwk).ok()?;
    Some((key_id, Key { public: jwk.algorithm.clone(), algorithm, decoding }))
}

fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    if let Some(named) = jwk.common.key_algorithm {
        return named.to_string().parse().ok();
    }
    match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(parameters) => match parameters.curve {
            EllipticCurve::P256 => Some(Algorithm::ES256),
            EllipticCurve::P384 => Some(Algorithm::ES384),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(_) => Some(Algorithm::EdDSA),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a key is used for, as it is published.
    fn algorithm_for(jwk: serde_json::Value) -> Option<Algorithm> {
        usable_key(&serde_json::from_value(jwk).unwrap()).map(|(_, key)| key.algorithm)
    }

    #[test]
    fn a_key_serves_for_the_algorithm_it_names_if_we_take_it_or_else_for_that_of_its_kind() {
        const COORDINATE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        let rsa = json!({"kty": "RSA", "kid": "k", "n": "AQAB", "e": "AQAB"});
        let ec = |curve: &str| json!({"kty": "EC", "kid": "k", "crv": curve, "x": COORDINATE, "y": COORDINATE});
        let named = |mut jwk: serde_json::Value, algorithm: &str| {
            jwk["alg"] = json!(algorithm);
            algorithm_for(jwk)
        };
        for (jwk, expected) in [
            (rsa.clone(), Some(Algorithm::RS256)),
            (ec("P-256"), Some(Algorithm::ES256)),
            (ec("P-384"), Some(Algorithm::ES384)),
            (ec("P-521"), None),
            (json!({"kty": "OKP", "kid": "k", "crv": "Ed25519", "x": COORDINATE}), Some(Algorithm::EdDSA)),
            (json!({"kty": "oct", "kid": "k", "k": COORDINATE}), None),
            (json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}), None),
        ] {
            assert_eq!(algorithm_for(jwk.clone()), expected, "{jwk}");
        }
        assert_eq!(named(rsa.clone(), "PS256"), Some(Algorithm::PS256));
        for not_taken in ["RS512", "HS256", "RSA-OAEP"] {
            assert_eq!(named(rsa.clone(), not_taken), None, "{not_taken}");
        }
    }
}
