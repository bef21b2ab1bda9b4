//! What the issuer says behind the browser's back: that sessions have ended (OpenID Connect Back-Channel Logout 1.0).

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    account::another,
    caches::{in_both_caches, redis},
    support::{Town, browser::Browser, people},
};

const BACK_CHANNEL: &str = "/afmelden/achtergrond";

/// Posted as an issuer does, without a cookie.
async fn told(town: &Town, token: &str) -> (u16, Value) {
    let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", token).finish();
    post(town, "application/x-www-form-urlencoded", form).await
}

async fn post(town: &Town, content_type: &str, body: String) -> (u16, Value) {
    let request = testkit::http_client().post(format!("{}{BACK_CHANNEL}", town.url())).header("content-type", content_type);
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/account").await.status == 200
}

in_both_caches! {
    async fn a_session_that_ended_at_the_issuer_ends_here_at_once(town: Town) {
        let noor = another(people::noor());
        let mut phone = town.browser_of(&noor).await;
        let sid = town.issuer.last_sid();
        let mut other = town.browser_of(&noor).await;
        let token = town.issuer.logout_token(&town.issuer.logout_claims(json!({ "sid": sid, "sub": noor.person_id().unwrap() })));
        assert_eq!(told(&town, &token).await, (200, Value::Null));
        assert!(!is_signed_in(&mut phone).await);
        assert!(is_signed_in(&mut other).await, "of another session of the issuer");
        assert_eq!(town.issuer.revoked(), 0, "the issuer knows");

        let of_nobody = town.issuer.logout_token(&town.issuer.logout_claims(json!({ "sid": "unknown" })));
        assert_eq!(told(&town, &of_nobody).await.0, 200, "what is not here has ended");
    }

    async fn all_sessions_of_a_person_end_where_no_session_is_named(town: Town) {
        let noor = another(people::noor());
        let mut both = [town.browser_of(&noor).await, town.browser_of(&noor).await];
        let mut els = town.browser_of(&people::els()).await;
        let token = town.issuer.logout_token(&town.issuer.logout_claims(json!({ "sub": noor.person_id().unwrap() })));
        assert_eq!(told(&town, &token).await.0, 200);
        for browser in &mut both {
            assert!(!is_signed_in(browser).await);
        }
        assert!(is_signed_in(&mut els).await);
        let stranger = town.issuer.logout_token(&town.issuer.logout_claims(json!({ "sub": "no person of ours" })));
        assert_eq!(told(&town, &stranger).await.0, 200);
    }

    async fn a_logout_token_that_comes_again_ends_no_newer_session(town: Town) {
        let noor = another(people::noor());
        let token = town.issuer.logout_token(&town.issuer.logout_claims(json!({ "sub": noor.person_id().unwrap() })));
        let copies = [told(&town, &token), told(&town, &token), told(&town, &token)];
        let mut statuses: Vec<u16> = futures::future::join_all(copies).await.into_iter().map(|(status, _)| status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400, 400]);
        let mut browser = town.browser_of(&noor).await;
        town.clock.advance(TimeDelta::seconds(100));
        let (status, body) = told(&town, &token).await;
        assert_eq!((status, body["error"].as_str()), (400, Some("invalid_request")));
        assert!(is_signed_in(&mut browser).await);
    }

    async fn a_session_of_another_person_is_not_ended_by_a_token_that_names_both(town: Town) {
        let mut noor = town.browser_of(&another(people::noor())).await;
        let claims = town.issuer.logout_claims(json!({ "sid": town.issuer.last_sid(), "sub": people::els().person_id().unwrap() }));
        assert_eq!(told(&town, &town.issuer.logout_token(&claims)).await.0, 200);
        assert!(is_signed_in(&mut noor).await);
    }
}

#[tokio::test]
async fn what_is_no_logout_token_ends_nothing_and_is_told_so() {
    let town = Town::new().await;
    let noor = another(people::noor());
    let mut browser = town.browser_of(&noor).await;
    let ended = json!({ "sub": noor.person_id().unwrap(), "sid": town.issuer.last_sid() });
    let sound = town.issuer.logout_claims(ended.clone());
    let changed = |claim: &str, value: Value| {
        let mut claims = sound.clone();
        claims[claim] = value;
        town.issuer.logout_token(&claims)
    };
    let now = sound["iat"].as_i64().unwrap();
    let forged = crate::support::issuer::FakeIssuer::start(town.clock.clone().into()).await.logout_token(&sound);
    for (what, token) in [
        ("of another issuer", forged),
        ("for another client", changed("aud", json!("another"))),
        ("with a nonce", changed("nonce", json!("n"))),
        ("without the event", changed("events", json!({}))),
        ("too old", changed("iat", json!(now - 600))),
        ("expired", changed("exp", json!(now - 60))),
        ("nothing", String::new()),
        ("nonsense", "a.b.c".to_owned()),
    ] {
        let (status, body) = told(&town, &token).await;
        assert_eq!((status, body["error"].as_str()), (400, Some("invalid_request")), "{what}: {body}");
        assert!(!body["error_description"].as_str().unwrap().is_empty(), "{what}");
    }
    let as_json = post(&town, "application/json", json!({ "logout_token": town.issuer.logout_token(&sound) }).to_string()).await;
    assert_eq!(as_json.0, 400);
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(browser.get(BACK_CHANNEL).await.status, 405);
    assert_eq!(told(&town, &town.issuer.logout_token(&sound)).await.0, 200, "the sound one is believed");
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_long_body_and_a_flood_are_refused() {
    let town = Town::new().await;
    let (status, body) = post(&town, "application/x-www-form-urlencoded", "a".repeat(20 * 1024)).await;
    assert_eq!((status, body["error_description"].as_str()), (400, Some("send at most 16 KiB, within five seconds")));
    // The clock stands still.
    for _ in 1..100 {
        assert_eq!(told(&town, "").await.0, 400);
    }
    assert_eq!(told(&town, "").await.0, 429);
    town.clock.advance(TimeDelta::seconds(1));
    assert_eq!(told(&town, "").await.0, 400);
}

#[tokio::test]
async fn a_session_ends_at_every_replica() {
    let Some(redis) = redis() else { return };
    let town = Town::with_sessions_in(&redis).await;
    let noor = another(people::noor());
    let here = town.browser_of(&noor).await;
    let (mut there, _replica) = town.at_another_replica(&here).await;
    assert!(is_signed_in(&mut there).await);
    let token = town.issuer.logout_token(&town.issuer.logout_claims(json!({ "sub": noor.person_id().unwrap() })));
    assert_eq!(told(&town, &token).await.0, 200);
    assert!(!is_signed_in(&mut there).await);
}

#[tokio::test]
async fn while_redis_is_away_the_issuer_hears_that_nothing_has_ended() {
    let Some(_there_is_one) = redis() else { return };
    let mut redis = testkit::servers::REDIS.start_own().unwrap();
    let town = Town::with_sessions_in(redis.address()).await;
    let noor = another(people::noor());
    town.browser_of(&noor).await;
    let token = town.issuer.logout_token(&town.issuer.logout_claims(json!({ "sub": noor.person_id().unwrap() })));
    redis.stop();
    let (status, body) = told(&town, &token).await;
    assert_eq!((status, body["error"].as_str()), (400, Some("temporarily_unavailable")));
    redis.start_again().unwrap();
    let again = testkit::eventually("redis to be back", async || Some(told(&town, &token).await.0).filter(|status| *status == 200)).await;
    assert_eq!(again, 200, "the same token, since nothing had ended");
}
