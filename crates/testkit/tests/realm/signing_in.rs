//! How people and commands sign in, and how nobody does.

use std::time::SystemTime;

use reqwest::StatusCode;
use schildwacht_testkit::one_time_code;
use serde_json::json;

use crate::{LEVEL_2, asks_for_a_password, claims, shared};

#[tokio::test]
async fn what_the_realm_does_not_do_is_refused() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;

    let by_password = [("grant_type", "password"), ("username", &account.username), ("password", &account.password)];
    assert_eq!(realm.ask_as_portal(&by_password).await.unwrap_err(), "unauthorized_client");

    let without_pkce = realm.visit(&[("code_challenge", ""), ("code_challenge_method", "")]).await;
    assert_eq!(without_pkce.told("error").as_deref(), Some("invalid_request"), "{without_pkce:?}");
    let plain_pkce = realm.visit(&[("code_challenge_method", "plain")]).await;
    assert_eq!(plain_pkce.told("error").as_deref(), Some("invalid_request"), "{plain_pkce:?}");
    let token_by_address = realm.visit(&[("response_type", "token")]).await;
    assert!(token_by_address.page.is_empty() && token_by_address.told("access_token").is_none(), "{token_by_address:?}");

    for elsewhere in ["http://portal.test:8080/aanmelden/terug/x", "http://portal.test:8080/aanmelden", "http://evil.test/aanmelden/terug"]
    {
        let visit = realm.visit(&[("redirect_uri", elsewhere)]).await;
        assert_eq!((visit.status, &visit.sent_to), (StatusCode::BAD_REQUEST, &None), "{elsewhere}");
    }
}

#[tokio::test]
async fn nobody_registers_a_client_without_permission() {
    let Some(realm) = shared().await else { return };
    let http = schildwacht_testkit::http_client();
    let back = ["https://evil.example/"];
    let asked = [
        ("openid-connect", json!({ "client_name": "mine", "redirect_uris": back })),
        ("default", json!({ "clientId": "mine", "redirectUris": back })),
    ];
    for (kind, client) in asked {
        let address = format!("{}/clients-registrations/{kind}", realm.issuer());
        let refused = http.post(&address).json(&client).send().await.unwrap().status();
        assert!(matches!(refused, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED), "{kind}: {refused}");
    }
}

#[tokio::test]
async fn a_lower_level_that_was_asked_for_is_not_given() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    let mut visit = realm.visit(&[("acr_values", "urn:schildwacht:aal1")]).await;
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    assert!(visit.sent_to.is_none(), "signed in with a password alone: {visit:?}");
    visit.submit(&[("otp", &one_time_code(&account.code_secret, SystemTime::now()))]).await;
    assert_eq!(claims(&visit.redeem().await.unwrap())["acr"], LEVEL_2);
}

#[tokio::test]
async fn a_surer_sign_in_is_asked_for_as_the_portal_does() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    // Every method that would do, of which Keycloak knows its own, and asks for the lowest.
    let asked = [
        ("acr_values", "urn:be:vlaanderen:authmech:itsme urn:schildwacht:aal2 urn:schildwacht:passkey urn:be:vlaanderen:authmech:eid"),
        ("max_age", "300"),
    ];
    let mut visit = realm.visit(&asked).await;
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    let now = SystemTime::now();
    visit.submit(&[("otp", &one_time_code(&account.code_secret, now))]).await;
    let claims = claims(&visit.redeem().await.unwrap());
    assert_eq!(claims["acr"], LEVEL_2);
    let now = i64::try_from(now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()).unwrap();
    assert!((claims["auth_time"].as_i64().unwrap() - now).abs() < 60, "{claims} at {now}");
}

#[tokio::test]
async fn commands_say_that_they_sign_in_as_a_client() {
    let Some(realm) = shared().await else { return };
    let token = realm.machine_token("schildwacht-cli", realm.secret()).await.unwrap();
    assert_eq!(claims(&json!({ "access_token": token }))["acr"], "urn:schildwacht:client");
}

#[tokio::test]
async fn whoever_guesses_is_locked_out_even_with_the_right_password() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    let mut visit = realm.visit(&[]).await;
    for guess in 0..10 {
        visit.submit(&[("username", &account.username), ("password", &format!("guess {guess}"))]).await;
        assert!(asks_for_a_password(&visit), "{visit:?}");
    }
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    assert!(asks_for_a_password(&visit), "the right password after ten wrong ones: {visit:?}");
}

#[tokio::test]
async fn passkeys_are_offered_and_nobody_is_said_to_have_used_one_who_has_none() {
    let Some(realm) = shared().await else { return };
    let settings = realm.settings().await;
    assert_eq!(settings["webAuthnPolicyPasswordlessPasskeysEnabled"], true, "offered on the page of the password");
    assert_eq!(settings["webAuthnPolicyPasswordlessUserVerificationRequirement"], "required", "or it would be one factor");
    assert_eq!(settings["webAuthnPolicyPasswordlessResidentKey"], "required");
    assert!(realm.required_actions().await.contains(&"webauthn-register-passwordless".to_owned()));

    let account = realm.add_account(&["responder"]).await;
    let mut visit = realm.visit(&[("acr_values", "urn:schildwacht:passkey")]).await;
    assert!(visit.page.contains("webauthn"), "{visit:?}");
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    visit.submit(&[("otp", &one_time_code(&account.code_secret, SystemTime::now()))]).await;
    assert_eq!(claims(&visit.redeem().await.unwrap())["acr"], LEVEL_2, "who has no passkey is not said to have used one");
}
