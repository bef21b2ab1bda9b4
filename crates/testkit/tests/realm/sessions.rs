//! Sessions: how they are renewed, and how they end.

use std::collections::HashMap;

use auth::{AUDIENCE_PLATFORM, AuthConfig, Ended, Verifier};
use axum::{Form, Router, routing::post};
use reqwest::StatusCode;
use runtime::Clock;
use schildwacht_testkit::{Realm, Running};
use serde_json::Value;

use crate::{payload, shared, sign_in};

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
}

#[tokio::test]
async fn a_refresh_token_works_once_and_a_second_use_ends_the_session() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    let first = sign_in(realm, &account).await;
    let renew =
        async |tokens: &Value| realm.ask_as_portal(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token(tokens))]).await;
    let second = renew(&first).await.unwrap();
    assert_eq!(renew(&first).await.unwrap_err(), "invalid_grant", "used already");
    assert_eq!(renew(&second).await.unwrap_err(), "invalid_grant", "of a session where one was used twice");
}

/// With the 45 seconds that a token lives at most, and the 10 that clocks may differ, they are out within a minute; in the portal with the
/// next page that renews its token, which it does when a token is 15 seconds old.
#[tokio::test]
async fn who_is_disabled_gets_no_new_token() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    let tokens = sign_in(realm, &account).await;
    assert!(tokens["expires_in"].as_u64().unwrap() <= 45, "{tokens}");
    realm.disable(&account).await;
    let renewed = realm.ask_as_portal(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token(&tokens))]).await;
    assert_eq!(renewed.unwrap_err(), "invalid_grant");
}

#[tokio::test]
async fn a_session_whose_refresh_token_is_given_up_has_ended() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    let tokens = sign_in(realm, &account).await;
    assert_eq!(realm.count_sessions(&account).await, 1);
    assert_eq!(realm.give_up(refresh_token(&tokens)).await, StatusCode::OK);
    assert_eq!(realm.count_sessions(&account).await, 0);
}

#[tokio::test]
async fn the_portal_hears_that_a_session_has_ended_and_believes_it() {
    let (tell, mut told) = tokio::sync::mpsc::channel(4);
    let hear = move |Form(form): Form<HashMap<String, String>>| {
        let tell = tell.clone();
        async move { tell.send(form["logout_token"].clone()).await.unwrap() }
    };
    let portal = Running::start(Router::new().route("/afmelden/achtergrond", post(hear))).await;
    let Some(realm) = Realm::import(&format!("{}/", portal.url())).await else { return };
    let account = realm.add_account(&["responder"]).await;
    let tokens = sign_in(&realm, &account).await;
    realm.end_sessions(&account).await;

    let token = told.recv().await.unwrap();
    runtime::install_tls_provider();
    let verifier = Verifier::new(&AuthConfig { issuer: realm.issuer() }, AUDIENCE_PLATFORM, Clock::system()).unwrap();
    let logout = verifier.verify_logout(&token, "schildwacht-portal").await.unwrap();
    let sid = payload(tokens["id_token"].as_str().unwrap())["sid"].as_str().unwrap().to_owned();
    assert_eq!(logout.ended, Ended::Session { sid, subject: Some(account.id) });
}
