//! A token issuer for tests: tokens for any principal, verified by the real verifier over HTTP.

use std::sync::{Arc, Mutex, PoisonError};

use auth::{
    AUDIENCE_PLATFORM, AuthConfig, Authenticator, FUNCTIONS_CLAIM, Function, HeldFunctions, Hierarchy, Policies, Principal, Subject,
    Verifier,
};
use axum::{Json, Router, routing::get};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet},
};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use runtime::{Clock, Ids, PersonId, SchoolId};
use serde_json::json;
use uuid::Uuid;

use crate::server::Running;

const FIRST_KEY: &str = "test-key";
const PORTAL: &str = "schildwacht-portal";
/// Where an issuer says what it is.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";

/// A running issuer.
pub struct TestIssuer {
    tokens: TestTokens,
    published: Arc<Mutex<JwkSet>>,
    policies: Arc<Policies>,
    _server: Running,
}

/// Signs tokens in the name of a [`TestIssuer`].
#[derive(Clone)]
pub struct TestTokens {
    url: String,
    key_id: String,
    key: EncodingKey,
    clock: Clock,
}

impl TestIssuer {
    /// Starts on a free port with a fresh key.
    pub async fn start(clock: Clock) -> Self {
        Self::start_with(clock, |tokens| {
            let discovery = tokens.discovery();
            Router::new().route(DISCOVERY, get(move || async move { Json(discovery) }))
        })
        .await
    }

    /// Starts one that can do more: everything but its keys is served by these routes, discovery at [`DISCOVERY`] too.
    pub async fn start_with(clock: Clock, routes: impl FnOnce(&TestTokens) -> Router) -> Self {
        let (key, jwk) = new_key(FIRST_KEY);
        let published = Arc::new(Mutex::new(JwkSet { keys: vec![jwk] }));
        let keys = Arc::clone(&published);
        let keys = move || async move { Json(keys.lock().unwrap_or_else(PoisonError::into_inner).clone()) };
        let mut tokens = TestTokens { url: String::new(), key_id: FIRST_KEY.to_owned(), key, clock };
        let server = Running::start_with(|base| {
            base.clone_into(&mut tokens.url);
            routes(&tokens).route("/keys", get(keys))
        })
        .await;
        Self { tokens, published, policies: Arc::new(Policies::load().expect("policies")), _server: server }
    }

    /// Rotates the signing key and withdraws the old one.
    pub fn replace_key(&mut self) {
        self.tokens.key_id.push('+');
        let (key, jwk) = new_key(&self.tokens.key_id);
        self.tokens.key = key;
        self.published.lock().unwrap_or_else(PoisonError::into_inner).keys = vec![jwk];
    }

    /// Publishes its keys otherwise than it does: without what may be left out, with others beside them.
    pub fn publish(&self, alter: impl FnOnce(&mut JwkSet)) {
        alter(&mut self.published.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The configuration of a service that trusts it.
    pub fn config(&self) -> AuthConfig {
        AuthConfig { issuer: self.url() }
    }

    /// A real authenticator that trusts it.
    pub fn authenticator(&self) -> Authenticator {
        runtime::install_tls_provider();
        let clock = &self.tokens.clock;
        let verifier = Verifier::new(&self.config(), AUDIENCE_PLATFORM, clock.clone()).expect("a verifier");
        Authenticator::new(Arc::new(verifier), Arc::clone(&self.policies), clock.clone(), Ids::random(clock.clone()))
    }

    /// Which school is below which board, for the services that trust it. Nothing is placed yet.
    pub fn hierarchy(&self) -> &Hierarchy {
        self.policies.hierarchy()
    }

    /// Who holds which function beside what tokens say, for the services that trust it. Nobody does yet.
    pub fn functions(&self) -> &HeldFunctions {
        self.policies.functions()
    }

    /// A gRPC request of this principal.
    pub fn request<T>(&self, principal: &Principal, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let value = format!("Bearer {}", self.token(principal)).parse().expect("a header value");
        request.metadata_mut().insert("authorization", value);
        request
    }
}

impl std::ops::Deref for TestIssuer {
    type Target = TestTokens;

    fn deref(&self) -> &TestTokens {
        &self.tokens
    }
}

impl TestTokens {
    /// The issuer's URL.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// What every issuer says of itself.
    pub fn discovery(&self) -> serde_json::Value {
        json!({
            "issuer": self.url, "jwks_uri": format!("{}/keys", self.url), "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
        })
    }

    /// A token for this principal and the platform, valid for an hour.
    pub fn token(&self, principal: &Principal) -> String {
        self.token_for(principal, AUDIENCE_PLATFORM, 3_600)
    }

    /// A token for this principal and audience, valid for so many seconds (negative: expired).
    pub fn token_for(&self, principal: &Principal, audience: &str, seconds: i64) -> String {
        self.sign("at+jwt", &self.claims(principal, audience, seconds))
    }

    /// The token of [`Self::token`] with claims that the test alters: another client, another function, `nbf`.
    pub fn token_with(&self, principal: &Principal, alter: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut claims = self.claims_of(principal);
        alter(&mut claims);
        self.sign("at+jwt", &claims)
    }

    /// What is in the token of [`Self::token`], for a test that signs it itself.
    pub fn claims_of(&self, principal: &Principal) -> serde_json::Value {
        self.claims(principal, AUDIENCE_PLATFORM, 3_600)
    }

    /// A token of the wrong kind.
    pub fn id_token(&self, principal: &Principal) -> String {
        self.sign("JWT", &self.claims_of(principal))
    }

    fn claims(&self, principal: &Principal, audience: &str, seconds: i64) -> serde_json::Value {
        let mut functions: Vec<String> = principal.functions.iter().map(ToString::to_string).collect();
        let (subject, client) = match &principal.subject {
            Subject::Person(id) => (id.to_string(), PORTAL.to_owned()),
            Subject::Gateway(id) => {
                functions.push(format!("gateway@{id}"));
                (format!("gateway-{id}"), format!("gateway-{id}"))
            }
            Subject::Service(name) => {
                functions.push(format!("service@{name}"));
                (format!("schildwacht-{name}"), format!("schildwacht-{name}"))
            }
        };
        let now = self.clock.now().timestamp();
        json!({
            "iss": self.url, "aud": audience, "sub": subject, "client_id": client, "name": principal.name,
            "iat": now, "exp": now + seconds, "acr": "urn:be:vlaanderen:authmech:eid", "auth_time": now, "jti": Uuid::from(Ids::random(self.clock.clone()).next::<runtime::EventId>()),
            FUNCTIONS_CLAIM: functions,
        })
    }

    /// Any claims as a token of this kind: `at+jwt`, `JWT`.
    pub fn sign(&self, kind: &str, claims: &serde_json::Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.key).expect("a token")
    }
}

fn new_key(id: &str) -> (EncodingKey, Jwk) {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &ring::rand::SystemRandom::new()).expect("a signing key");
    let key = EncodingKey::from_ec_der(pkcs8.as_ref());
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("the key as JWK");
    jwk.common.key_id = Some(id.to_owned());
    (key, jwk)
}

/// A person with these functions. The same number is the same person.
pub fn person(number: u64, functions: &[Function]) -> Principal {
    let id = PersonId::from(Uuid::from_u64_pair(0x0190_0000_0000_7000, 0x8000_0000_0000_0000 | number));
    Principal { subject: Subject::Person(id), name: format!("Person {number}"), functions: functions.to_vec() }
}

/// A responder with a name.
pub fn responder_named(name: &str) -> Principal {
    Principal { name: name.to_owned(), ..person(name.bytes().map(u64::from).sum(), &[Function::Responder]) }
}

/// The director of a school.
pub fn director_of(school: SchoolId) -> Principal {
    person(2, &[Function::Director(school)])
}
