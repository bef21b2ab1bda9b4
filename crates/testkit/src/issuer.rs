//! An issuer that gives tokens to whomever a test names, verified by the real verifier over real HTTP.

use std::sync::Arc;

use auth::{AUDIENCE_PLATFORM, AuthConfig, Authenticator, FUNCTIONS_CLAIM, Function, Policies, Principal, Subject, Verifier};
use axum::{Json, Router, routing::get};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet},
};
use ring::signature::Ed25519KeyPair;
use runtime::{Clock, Ids, PersonId, SchoolId};
use serde_json::json;
use uuid::Uuid;

use crate::server::Running;

const KEY_ID: &str = "test-key";

/// A running issuer.
pub struct TestIssuer {
    server: Running,
    key: EncodingKey,
    clock: Clock,
}

impl TestIssuer {
    /// Starts on a free port with a fresh key.
    pub async fn start(clock: Clock) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).expect("a signing key");
        let key = EncodingKey::from_ed_der(pkcs8.as_ref());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA).expect("the key as JWK");
        jwk.common.key_id = Some(KEY_ID.to_owned());
        let keys = JwkSet { keys: vec![jwk] };
        let server = Running::start_with(|base| {
            let discovery = json!({ "issuer": base, "jwks_uri": format!("{base}/keys") });
            Router::new()
                .route("/.well-known/openid-configuration", get(move || async move { Json(discovery) }))
                .route("/keys", get(move || async move { Json(keys) }))
        })
        .await;
        Self { server, key, clock }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The configuration of a service that trusts it.
    pub fn config(&self) -> AuthConfig {
        AuthConfig { issuer: self.url() }
    }

    /// A real authenticator that trusts it.
    pub fn authenticator(&self) -> Authenticator {
        runtime::install_tls_provider();
        let verifier = Verifier::new(&self.config(), AUDIENCE_PLATFORM, self.clock.clone()).expect("a verifier");
        let policies = Policies::load().expect("policies");
        Authenticator::new(Arc::new(verifier), Arc::new(policies), self.clock.clone(), Ids::random(self.clock.clone()))
    }

    /// A token for this principal and the platform, valid for an hour.
    pub fn token(&self, principal: &Principal) -> String {
        self.token_for(principal, AUDIENCE_PLATFORM, 3_600)
    }

    /// A token for this principal and audience, valid for so many seconds (negative: expired).
    pub fn token_for(&self, principal: &Principal, audience: &str, seconds: i64) -> String {
        let mut functions: Vec<String> = principal.functions.iter().map(ToString::to_string).collect();
        let (subject, client) = match &principal.subject {
            Subject::Person(id) => (id.to_string(), "schildwacht-portal".to_owned()),
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
        let claims = json!({
            "iss": self.url(), "aud": audience, "sub": subject, "client_id": client, "name": principal.name,
            "iat": now, "exp": now + seconds, "jti": Uuid::from(Ids::random(self.clock.clone()).next::<runtime::EventId>()),
            FUNCTIONS_CLAIM: functions,
        });
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(KEY_ID.to_owned());
        jsonwebtoken::encode(&header, &claims, &self.key).expect("a token")
    }

    /// A gRPC request of this principal.
    pub fn request<T>(&self, principal: &Principal, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let value = format!("Bearer {}", self.token(principal)).parse().expect("a header value");
        request.metadata_mut().insert("authorization", value);
        request
    }
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
