//! Verifies access tokens (RFC 9068) with the issuer's keys.
//!
//! Checked: `iss`, `aud`, `exp` and `nbf` (60 s skew), the type (an ID token is no access token), and an allow-list of
//! algorithms taken from the *key*, never from the token alone. `jku`, `x5u` and embedded keys are ignored. Keys are fetched
//! when first needed, again at most once a minute when a token names a key that is not known, and every five minutes, so that
//! a key that the issuer withdrew opens nothing any more; when the issuer is away, the keys at hand go on serving. A token is
//! called wrong for its key only when the issuer has just been asked; while it may not be asked again, or does not answer, its
//! bearer is told to come back: the key may be the issuer's newest. A verified token is recognised by its SHA-256 until it
//! expires or a key is withdrawn.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};
use runtime::{Clock, Error};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::{Function, Principal, Subject};

const SKEW: TimeDelta = TimeDelta::seconds(60);
/// A stranger's tokens make us ask the issuer no more often than this.
const REFRESH_PAUSE: Duration = Duration::from_secs(60);
/// While no key is known at all (the issuer starts later than we do), ask again this soon.
const FIRST_FETCH_PAUSE: Duration = Duration::from_secs(1);
/// How long keys serve before the issuer is asked whether they still stand.
const KEYS_STAND: TimeDelta = TimeDelta::minutes(5);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_JWKS_BYTES: usize = 256 * 1024;
const MAX_TOKEN_BYTES: usize = 8 * 1024;
const RECOGNISED_TOKENS: u64 = 100_000;
const ALGORITHMS: [Algorithm; 5] = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::ES384, Algorithm::RS256, Algorithm::PS256];

/// `[auth]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The issuer's URL, as it stands in tokens; `/.well-known/openid-configuration` is read below it.
    pub issuer: String,
}

/// Why a token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a signed token of ours.
    #[error("token is malformed")]
    Malformed,
    /// Signed with a key the issuer does not have.
    #[error("token is signed with an unknown key")]
    UnknownKey,
    /// Signed with a key we do not know, and the issuer cannot be asked just now whether it is a new one.
    #[error("token is signed with a key that is not known yet")]
    KeyNotKnownYet {
        /// When it can be asked again.
        retry_after: Duration,
    },
    /// The signature does not hold.
    #[error("token's signature is wrong")]
    BadSignature,
    /// From another issuer.
    #[error("token comes from another issuer")]
    WrongIssuer,
    /// For another audience.
    #[error("token is meant for another audience")]
    WrongAudience,
    /// Too old.
    #[error("token has expired")]
    Expired,
    /// Not valid yet.
    #[error("token is not valid yet")]
    NotYetValid,
    /// An ID token, or another kind.
    #[error("token is not an access token")]
    NotAnAccessToken,
    /// Its subject or functions make no sense.
    #[error("token names no person, service or gateway")]
    NoSubject,
    /// The issuer's keys could not be had, and none are known yet.
    #[error("the issuer cannot be reached")]
    IssuerAway,
}

impl TokenError {
    /// Stable, snake_case.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::UnknownKey => "token_key_unknown",
            Self::KeyNotKnownYet { .. } => "token_key_not_known_yet",
            Self::BadSignature => "token_signature_wrong",
            Self::WrongIssuer => "token_issuer_wrong",
            Self::WrongAudience => "token_audience_wrong",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::NotAnAccessToken => "token_type_wrong",
            Self::NoSubject => "token_subject_missing",
            Self::IssuerAway => "issuer_unavailable",
        }
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::IssuerAway => Self::unavailable(error.reason(), error).with_retry_after(FIRST_FETCH_PAUSE),
            TokenError::KeyNotKnownYet { retry_after } => Self::unavailable(error.reason(), error).with_retry_after(retry_after),
            _ => Self::unauthenticated(error.reason(), format!("{error}; sign in again")),
        }
    }
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// Who.
    pub principal: Principal,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    sub: String,
    /// Keycloak says `Bearer` or `ID` here instead of in the header.
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, rename = "schildwacht_functions")]
    functions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

/// Verifies the tokens of one issuer for one audience.
pub struct Verifier {
    issuer: String,
    audience: &'static str,
    http: reqwest::Client,
    clock: Clock,
    keys: RwLock<Arc<Keys>>,
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
struct Keys {
    by_id: HashMap<String, Key>,
    /// When the issuer was last asked, successfully or not.
    asked: Option<DateTime<Utc>>,
    /// Shared with the keys before, unless one of those was withdrawn.
    recognised: moka::sync::Cache<[u8; 32], Arc<VerifiedToken>>,
}

impl Keys {
    fn none() -> Self {
        Self { by_id: HashMap::new(), asked: None, recognised: moka::sync::Cache::new(RECOGNISED_TOKENS) }
    }

    /// Whether a key is gone, or another has taken its name.
    fn lacks_one_of(&self, before: &Self) -> bool {
        before.by_id.iter().any(|(id, key)| self.by_id.get(id).is_none_or(|now| now.public != key.public))
    }
}

#[derive(Clone)]
struct Key {
    public: AlgorithmParameters,
    algorithm: Algorithm,
    decoding: DecodingKey,
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
        let http = reqwest::Client::builder().timeout(FETCH_TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self {
            issuer: config.issuer.clone(),
            audience,
            http,
            clock,
            keys: RwLock::new(Arc::new(Keys::none())),
            asking: Mutex::default(),
        })
    }

    /// Verifies a token, or recognises one that was verified before.
    ///
    /// # Errors
    /// Says what is wrong with the token, or that the issuer would have to be asked and cannot be just now.
    pub async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let fingerprint: [u8; 32] = Sha256::digest(token).into();
        let recognised = &self.known_keys().recognised;
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
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        let key_id = header.kid.as_deref().ok_or(TokenError::UnknownKey)?;
        let keys = self.keys_with(key_id).await?;
        let key = keys.by_id.get(key_id).ok_or(TokenError::UnknownKey)?;
        if header.alg != key.algorithm {
            return Err(TokenError::BadSignature);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &signature_only(key.algorithm)).map_err(|error| {
            let is_shape = matches!(error.kind(), jsonwebtoken::errors::ErrorKind::Json(_) | jsonwebtoken::errors::ErrorKind::Base64(_));
            if is_shape { TokenError::Malformed } else { TokenError::BadSignature }
        })?;
        let verified = Arc::new(self.accept(header.typ.as_deref(), claims.claims)?);
        keys.recognised.insert(fingerprint, Arc::clone(&verified));
        Ok(verified)
    }

    fn accept(&self, header_type: Option<&str>, claims: Claims) -> Result<VerifiedToken, TokenError> {
        if claims.iss != self.issuer {
            return Err(TokenError::WrongIssuer);
        }
        if !claims.aud.contains(self.audience) {
            return Err(TokenError::WrongAudience);
        }
        let is_access_token = header_type
            .is_some_and(|name| name.eq_ignore_ascii_case("at+jwt") || name.eq_ignore_ascii_case("application/at+jwt"))
            || claims.typ.as_deref() == Some("Bearer");
        if !is_access_token {
            return Err(TokenError::NotAnAccessToken);
        }
        let now = self.clock.now();
        let expires_at = moment(claims.exp)?.checked_add_signed(SKEW).ok_or(TokenError::Malformed)?;
        if now >= expires_at {
            return Err(TokenError::Expired);
        }
        if let Some(not_before) = claims.nbf
            && now + SKEW < moment(not_before)?
        {
            return Err(TokenError::NotYetValid);
        }
        Ok(VerifiedToken { principal: principal_of(claims)?, expires_at })
    }

    async fn keys_with(&self, key_id: &str) -> Result<Arc<Keys>, TokenError> {
        let known = self.known_keys();
        if known.by_id.contains_key(key_id) {
            return Ok(self.still_standing(known).await);
        }
        // One fetch at a time; whoever waited looks again first.
        let mut asking = self.asking.lock().await;
        let known = self.known_keys();
        if known.by_id.contains_key(key_id) {
            return Ok(known);
        }
        if known.by_id.is_empty() {
            if left_of(FIRST_FETCH_PAUSE, asking.for_any).is_zero() {
                asking.for_any = Some(Instant::now());
                self.renew_keys().await;
            }
            let known = self.known_keys();
            return if known.by_id.is_empty() { Err(TokenError::IssuerAway) } else { Ok(known) };
        }
        let retry_after = left_of(REFRESH_PAUSE, asking.for_another);
        if !retry_after.is_zero() {
            return Err(TokenError::KeyNotKnownYet { retry_after });
        }
        asking.for_another = Some(Instant::now());
        let answered = self.renew_keys().await;
        if answered { Ok(self.known_keys()) } else { Err(TokenError::KeyNotKnownYet { retry_after: REFRESH_PAUSE }) }
    }

    /// These keys, or newer ones when it is time to ask the issuer again. One request asks; the others go on meanwhile.
    async fn still_standing(&self, known: Arc<Keys>) -> Arc<Keys> {
        let is_old = |keys: &Keys| keys.asked.is_none_or(|asked| self.clock.now() - asked >= KEYS_STAND);
        if !is_old(&known) {
            return known;
        }
        let Ok(_asking) = self.asking.try_lock() else { return known };
        if is_old(&self.known_keys()) {
            self.renew_keys().await;
        }
        self.known_keys()
    }

    /// Puts the issuer's present keys in place of those at hand, which stay when the issuer is away. Whether it answered.
    async fn renew_keys(&self) -> bool {
        let before = self.known_keys();
        let asked = Some(self.clock.now());
        let mut renewed = Keys { by_id: before.by_id.clone(), asked, recognised: before.recognised.clone() };
        let fetched = self.fetch_keys().await;
        let answered = fetched.is_ok();
        match fetched {
            Ok(by_id) => renewed.by_id = by_id,
            Err(error) => {
                tracing::warn!(name: "issuer.keys_not_fetched", error = %runtime::error::chain(&error), "issuer's keys not fetched");
            }
        }
        if renewed.lacks_one_of(&before) {
            tracing::info!(name: "issuer.key_withdrawn", "the issuer withdrew a key, tokens are verified anew");
            renewed.recognised = Keys::none().recognised;
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
        answered
    }

    fn known_keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn fetch_keys(&self) -> Result<HashMap<String, Key>, FetchError> {
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
    #[error("issuer does not answer")]
    Http(#[from] reqwest::Error),
    #[error("issuer's answer is not readable")]
    Json(#[from] serde_json::Error),
    #[error("issuer's answer is larger than {MAX_JWKS_BYTES} bytes")]
    TooLarge,
    #[error("issuer has no keys that we can use")]
    NoKeys,
    #[error("discovery document is of another issuer, {0}")]
    OtherIssuer(String),
}

fn left_of(pause: Duration, since: Option<Instant>) -> Duration {
    since.map_or(Duration::ZERO, |since| pause.saturating_sub(since.elapsed()))
}

/// The signature alone: issuer, audience and times are checked against our clock in `accept`.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.set_required_spec_claims::<&str>(&[]);
    validation
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

fn moment(seconds: i64) -> Result<DateTime<Utc>, TokenError> {
    DateTime::from_timestamp(seconds, 0).ok_or(TokenError::Malformed)
}

/// Machines are told by a function `gateway@<id>` or `service@<name>` that agrees with the client the token was given to.
fn principal_of(claims: Claims) -> Result<Principal, TokenError> {
    let client = claims.client_id.or(claims.azp).unwrap_or_default();
    let mut functions = Vec::new();
    let mut machine = None;
    for text in &claims.functions {
        if let Some(id) = text.strip_prefix("gateway@") {
            let id = id.parse().map_err(|_| TokenError::NoSubject)?;
            if client != format!("gateway-{id}") {
                return Err(TokenError::NoSubject);
            }
            machine = Some(Subject::Gateway(id));
        } else if let Some(name) = text.strip_prefix("service@") {
            if client != format!("schildwacht-{name}") {
                return Err(TokenError::NoSubject);
            }
            machine = Some(Subject::Service(name.to_owned()));
        } else if let Ok(function) = text.parse::<Function>() {
            functions.push(function);
        } else {
            // A function of a later version: the caller simply does not have it here.
            tracing::debug!(name: "token.function_unknown", "token states a function this version does not know");
        }
    }
    let subject = match machine {
        Some(machine) => machine,
        None => Subject::Person(claims.sub.parse().map_err(|_| TokenError::NoSubject)?),
    };
    Ok(Principal { subject, name: claims.name.unwrap_or(client), functions })
}
