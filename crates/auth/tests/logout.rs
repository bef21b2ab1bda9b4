#![cfg(test)]
//! Which logout tokens are believed, with a real issuer over HTTP.

use chrono::TimeDelta;
use runtime::ManualClock;
use schildwacht_auth::{AUDIENCE_PLATFORM, Ended, TokenError, Verifier};
use serde_json::{Value, json};
use testkit::{TestIssuer, person};

const CLIENT: &str = "schildwacht-portal";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

struct World {
    clock: ManualClock,
    issuer: TestIssuer,
    verifier: Verifier,
}

impl World {
    async fn new() -> Self {
        runtime::install_tls_provider();
        let clock = ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap());
        let issuer = TestIssuer::start(clock.clone().into()).await;
        let verifier = Verifier::new(&issuer.config(), AUDIENCE_PLATFORM, clock.clone().into()).unwrap();
        Self { clock, issuer, verifier }
    }

    /// What a sound one says.
    fn claims(&self) -> Value {
        let now = runtime::Clock::from(self.clock.clone()).now().timestamp();
        json!({
            "iss": self.issuer.url(), "aud": CLIENT, "iat": now, "exp": now + 120, "jti": "a", "sub": "els", "sid": "s",
            "events": { EVENT: {} },
        })
    }

    async fn verify(&self, kind: &str, claims: &Value) -> Result<Ended, TokenError> {
        self.verifier.verify_logout(&self.issuer.sign(kind, claims), CLIENT).await.map(|logout| logout.ended)
    }
}

#[tokio::test]
async fn a_logout_token_says_which_session_or_whose_have_ended() {
    let world = World::new().await;
    let without = |claim: &str| {
        let mut claims = world.claims();
        claims.as_object_mut().unwrap().remove(claim);
        claims
    };
    let of = |subject: Option<&str>| Ended::Session { sid: "s".to_owned(), subject: subject.map(str::to_owned) };
    // Keycloak's is of the second type.
    for kind in ["logout+jwt", "JWT", "Logout+JWT"] {
        assert_eq!(world.verify(kind, &world.claims()).await, Ok(of(Some("els"))), "{kind}");
    }
    assert_eq!(world.verify("JWT", &without("sub")).await, Ok(of(None)));
    assert_eq!(world.verify("JWT", &without("sid")).await, Ok(Ended::Person("els".to_owned())));
    let mut with_others = world.claims();
    with_others["aud"] = json!(["another", CLIENT]);
    assert!(world.verify("JWT", &with_others).await.is_ok());
}

#[tokio::test]
async fn what_is_no_logout_token_for_us_ends_nothing() {
    let world = World::new().await;
    let now = world.claims()["iat"].as_i64().unwrap();
    let changes: [(&str, Value, TokenError); 13] = [
        ("iss", json!("https://another.example"), TokenError::WrongIssuer),
        ("aud", json!("another"), TokenError::WrongAudience),
        ("nonce", json!("n"), TokenError::NotALogoutToken),
        ("events", json!({}), TokenError::NotALogoutToken),
        ("events", json!({ "http://schemas.openid.net/event/another": {} }), TokenError::NotALogoutToken),
        ("events", json!({ EVENT: true }), TokenError::NotALogoutToken),
        ("jti", json!(""), TokenError::NotALogoutToken),
        ("exp", json!(now - 10), TokenError::Expired),
        ("iat", json!(now - 5 * 60 - 10), TokenError::Expired),
        ("iat", json!(now + 11), TokenError::NotYetValid),
        ("iat", json!("now"), TokenError::Malformed),
        ("iat", json!(i64::MAX), TokenError::Malformed),
        ("exp", Value::Null, TokenError::Malformed),
    ];
    for (claim, value, expected) in changes {
        let mut claims = world.claims();
        claims[claim] = value.clone();
        assert_eq!(world.verify("logout+jwt", &claims).await, Err(expected), "{claim}: {value}");
    }
    let mut of_nobody = world.claims();
    for claim in ["sub", "sid"] {
        of_nobody.as_object_mut().unwrap().remove(claim);
    }
    assert_eq!(world.verify("logout+jwt", &of_nobody).await, Err(TokenError::NotALogoutToken));
    assert_eq!(world.verify("at+jwt", &world.claims()).await, Err(TokenError::NotALogoutToken));
}

#[tokio::test]
async fn other_tokens_of_the_issuer_and_those_of_others_end_nothing() {
    let world = World::new().await;
    let els = person(1, &[]);
    for token in [world.issuer.token(&els), world.issuer.id_token(&els)] {
        assert!(world.verifier.verify_logout(&token, AUDIENCE_PLATFORM).await.is_err_and(TokenError::is_refusal));
    }
    let stranger = TestIssuer::start(world.clock.clone().into()).await;
    let forged = stranger.sign("logout+jwt", &world.claims());
    assert_eq!(world.verifier.verify_logout(&forged, CLIENT).await, Err(TokenError::BadSignature));
    for nonsense in ["", "a.b.c", &"a".repeat(10_000)] {
        assert_eq!(world.verifier.verify_logout(nonsense, CLIENT).await, Err(TokenError::Malformed), "{nonsense:.20}");
    }
}

#[tokio::test]
async fn a_logout_token_opens_nothing() {
    let world = World::new().await;
    let mut claims = world.claims();
    claims["aud"] = json!(AUDIENCE_PLATFORM);
    claims["sub"] = json!(person(1, &[]).person_id().unwrap());
    let token = world.issuer.sign("logout+jwt", &claims);
    assert_eq!(world.verifier.verify(&token).await.unwrap_err(), TokenError::NotAnAccessToken);
}

#[tokio::test]
async fn clocks_may_differ_by_ten_seconds() {
    let world = World::new().await;
    let claims = world.claims();
    world.clock.advance(TimeDelta::seconds(129));
    assert!(world.verify("JWT", &claims).await.is_ok());
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(world.verify("JWT", &claims).await, Err(TokenError::Expired));
}
