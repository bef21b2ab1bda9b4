#![cfg(test)]
//! What is believed of an issuer, and which of its keys serve.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use axum::{Json, Router, response::Redirect, routing::get};
use http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair},
};
use runtime::{Clock, ManualClock};
use schildwacht_auth::{AUDIENCE_PLATFORM, Function, TokenError, Verifier};
use serde_json::{Value, json};
use testkit::{DISCOVERY, TestIssuer, person};

fn clock() -> Clock {
    ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap()).into()
}

fn verifier(issuer: &TestIssuer) -> Verifier {
    runtime::install_tls_provider();
    Verifier::new(&issuer.config(), AUDIENCE_PLATFORM, clock()).unwrap()
}

/// One that says of itself what the test says.
async fn issuer_that_says(discovery: impl Fn(Value) -> Value) -> TestIssuer {
    TestIssuer::start_with(clock(), |tokens| {
        let discovery = discovery(tokens.discovery());
        let elsewhere = tokens.discovery();
        Router::new()
            .route(DISCOVERY, get(move || async move { Json(discovery) }))
            .route("/moved", get(|| async { Redirect::temporary("/keys") }))
            .route("/elsewhere", get(move || async move { Json(elsewhere) }))
    })
    .await
}

/// What a token of a person leads to.
async fn outcome(issuer: &TestIssuer) -> Result<(), TokenError> {
    verifier(issuer).verify(&issuer.token(&person(1, &[Function::Responder]))).await.map(drop)
}

#[tokio::test]
async fn an_issuer_that_calls_itself_otherwise_is_not_believed() {
    assert_eq!(outcome(&issuer_that_says(|said| said).await).await, Ok(()));
    let other = issuer_that_says(|mut said| {
        said["issuer"] = json!("https://elsewhere.example");
        said
    });
    assert_eq!(outcome(&other.await).await, Err(TokenError::IssuerAway));
}

#[tokio::test]
async fn nothing_is_looked_for_behind_a_redirect() {
    let keys_moved = issuer_that_says(|mut said| {
        said["jwks_uri"] = json!(format!("{}/moved", said["issuer"].as_str().unwrap()));
        said
    });
    assert_eq!(outcome(&keys_moved.await).await, Err(TokenError::IssuerAway));
    let moved = TestIssuer::start_with(clock(), |tokens| {
        let said = tokens.discovery();
        Router::new()
            .route(DISCOVERY, get(|| async { Redirect::temporary("/elsewhere") }))
            .route("/elsewhere", get(move || async move { Json(said) }))
    });
    assert_eq!(outcome(&moved.await).await, Err(TokenError::IssuerAway));
}

#[tokio::test]
async fn no_more_than_256_kibibytes_of_keys_are_read() {
    let issuer = TestIssuer::start(clock()).await;
    let with_size = |bytes: usize| {
        issuer.publish(|set| {
            set.keys[0].common.x509_chain = Some(vec![String::new()]);
            let without = serde_json::to_vec(&set).unwrap().len();
            set.keys[0].common.x509_chain = Some(vec!["c".repeat(bytes - without)]);
        });
    };
    with_size(256 * 1024);
    assert_eq!(outcome(&issuer).await, Ok(()));
    with_size(256 * 1024 + 1);
    assert_eq!(outcome(&issuer).await, Err(TokenError::IssuerAway));
}

/// A new key of this algorithm, and how it is published without naming the algorithm.
fn nameless_key(algorithm: Algorithm) -> (EncodingKey, Jwk) {
    let curve = if algorithm == Algorithm::ES384 { &ECDSA_P384_SHA384_FIXED_SIGNING } else { &ECDSA_P256_SHA256_FIXED_SIGNING };
    let key = EncodingKey::from_ec_der(EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).unwrap().as_ref());
    let mut jwk = Jwk::from_encoding_key(&key, algorithm).unwrap();
    jwk.common.key_algorithm = None;
    jwk.common.key_id = Some(format!("{algorithm:?}"));
    (key, jwk)
}

#[tokio::test]
async fn a_key_that_names_no_algorithm_is_for_the_one_of_its_curve() {
    let issuer = TestIssuer::start(clock()).await;
    let keys = [Algorithm::ES256, Algorithm::ES384].map(|algorithm| (algorithm, nameless_key(algorithm)));
    issuer.publish(|set| set.keys.extend(keys.iter().map(|(_, (_, jwk))| jwk.clone())));
    let verifier = verifier(&issuer);
    for (algorithm, (key, jwk)) in &keys {
        let mut header = Header::new(*algorithm);
        header.typ = Some("at+jwt".to_owned());
        header.kid.clone_from(&jwk.common.key_id);
        let claims = issuer.claims_of(&person(1, &[]));
        let token = jsonwebtoken::encode(&header, &claims, key).unwrap();
        assert!(verifier.verify(&token).await.is_ok(), "{algorithm:?}");
        // The name of one key with the algorithm of another.
        header.kid = Some(if *algorithm == Algorithm::ES256 { "ES384" } else { "ES256" }.to_owned());
        let confused = jsonwebtoken::encode(&header, &claims, key).unwrap();
        assert_eq!(verifier.verify(&confused).await.unwrap_err(), TokenError::BadSignature, "{algorithm:?}");
    }
}

#[tokio::test]
async fn keys_fetched_ahead_serve_when_the_issuer_is_gone_at_the_first_token() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let issuer = TestIssuer::start_with(clock(), |tokens| {
        let said = tokens.discovery();
        let answer = move || {
            let nth = count.fetch_add(1, Relaxed);
            let said = said.clone();
            async move { if nth == 0 { Err(StatusCode::SERVICE_UNAVAILABLE) } else { Ok(Json(said)) } }
        };
        Router::new().route(DISCOVERY, get(answer))
    })
    .await;
    let verifier = verifier(&issuer);
    verifier.fetch_ahead().await;
    assert_eq!(asked.load(Relaxed), 2, "asked again after it did not answer");
    let token = issuer.token(&person(1, &[]));
    drop(issuer);
    verifier.verify(&token).await.unwrap();
}
