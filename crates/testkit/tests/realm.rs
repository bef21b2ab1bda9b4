//! What `k8s/keycloak/realm.json` promises of signing in: as it stands there, and as a real Keycloak keeps it.

#![cfg(test)]

use std::{collections::HashMap, time::SystemTime};

use auth::{AUDIENCE_PLATFORM, AuthConfig, Ended, Function, Policies, Verifier};
use axum::{Form, Router, routing::post};
use reqwest::StatusCode;
use runtime::{Clock, Ids, SchoolId};
use schildwacht_testkit::{Account, Brokered, REALM, Realm, Running, Visit, one_time_code};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const PUBLIC_URL: &str = "http://portal.test:8080/";
const LEVEL_2: &str = "urn:schildwacht:aal2";

fn realm() -> Value {
    serde_json::from_str(REALM).unwrap()
}

fn clients() -> Vec<Value> {
    realm()["clients"].as_array().unwrap().clone()
}

/// One for all, with its providers: an import takes seconds, and each test has people of its own.
async fn brokered() -> Option<&'static Brokered> {
    static BROKERED: OnceCell<Option<Brokered>> = OnceCell::const_new();
    BROKERED.get_or_init(|| Brokered::import(PUBLIC_URL)).await.as_ref()
}

async fn shared() -> Option<&'static Realm> {
    Some(&brokered().await?.realm)
}

#[test]
fn no_client_takes_passwords_or_gives_tokens_by_the_address_bar() {
    for client in clients() {
        for grant in ["implicitFlowEnabled", "directAccessGrantsEnabled", "fullScopeAllowed"] {
            assert_eq!(client[grant], false, "{grant} of {}", client["clientId"]);
        }
    }
    assert_eq!(realm()["directGrantFlow"], "no direct grant");
}

#[test]
fn people_sign_in_with_pkce_a_second_factor_and_addresses_known_to_the_letter() {
    let mut of_people = Vec::new();
    for client in clients().into_iter().filter(|client| client["standardFlowEnabled"] == true) {
        let name = client["clientId"].as_str().unwrap().to_owned();
        assert_eq!(client["attributes"]["pkce.code.challenge.method"], "S256", "{name}");
        assert_eq!(client["attributes"]["minimum.acr.value"], LEVEL_2, "{name}");
        // Keycloak's own page has no session of its own.
        let is_told = client["attributes"]["backchannel.logout.url"] == "${SCHILDWACHT_PUBLIC_URL}afmelden/achtergrond";
        assert!(is_told || name == "account-console", "{name} is not told that sessions end");
        // Keycloak's own pages come back to whichever of them was open; they are all below one path of Keycloak itself.
        let any_of_its_own = name == "account-console";
        for address in client["redirectUris"].as_array().unwrap() {
            let address = address.as_str().unwrap();
            let exact = !address.contains('*') && address.starts_with("${SCHILDWACHT_PUBLIC_URL}");
            assert!(exact || any_of_its_own && address == "/realms/schildwacht/account/*", "{name}: {address}");
        }
        of_people.push(name);
    }
    assert_eq!(of_people, ["schildwacht-portal", "account-console"]);
}

#[test]
fn guessing_is_slowed_down_and_what_leaks_is_soon_worth_nothing() {
    let realm = realm();
    assert_eq!(realm["bruteForceProtected"], true);
    assert!(realm["failureFactor"].as_u64().unwrap() <= 10);
    assert!(realm["accessTokenLifespan"].as_u64().unwrap() <= 45, "seconds that a disabled person's token lives, beside 10 for clocks");
    assert!(realm["passwordPolicy"].as_str().unwrap().contains("passwordBlacklist(leaked-passwords.txt)"));
    assert_eq!((&realm["revokeRefreshToken"], &realm["refreshTokenMaxReuse"]), (&true.into(), &0.into()));
    assert_eq!(realm["registrationAllowed"], false);
    for provider in realm["identityProviders"].as_array().unwrap() {
        assert_eq!((&provider["enabled"], &provider["trustEmail"]), (&false.into(), &false.into()), "as shipped: {}", provider["alias"]);
        assert_eq!(provider["firstBrokerLoginFlowAlias"], "first sign-in through a provider", "which links no accounts");
        let config = &provider["config"];
        for on in ["validateSignature", "useJwksUrl", "pkceEnabled", "passMaxAge"] {
            assert_eq!(config[on], "true", "{on} of {}", provider["alias"]);
        }
        let secret = config["clientSecret"].as_str().unwrap();
        assert!(secret.starts_with("${SCHILDWACHT_") && secret.ends_with("_SECRET}"), "{} has a secret of its own", provider["alias"]);
    }
    for client in clients().iter().filter(|client| client["secret"].is_string()) {
        let secret = client["secret"].as_str().unwrap();
        assert!(secret.starts_with("${SCHILDWACHT_") && secret.ends_with("_SECRET}"), "{} has a secret of its own", client["clientId"]);
    }
}

#[test]
fn a_client_that_acts_by_its_secret_alone_is_off_until_it_has_one() {
    let machines: Vec<Value> = clients().into_iter().filter(|client| client["serviceAccountsEnabled"] == true).collect();
    let names: Vec<&str> = machines.iter().map(|client| client["clientId"].as_str().unwrap()).collect();
    assert_eq!(names, ["schildwacht-cli", "schildwacht-identity", "schildwacht-network-monitor", "schildwacht-incident-intake"]);
    for machine in machines {
        assert_eq!(machine["enabled"], false, "{}: without its variable the placeholder is the secret", machine["clientId"]);
    }
}

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
async fn a_refresh_token_works_once_and_a_second_use_ends_the_session() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    visit.submit(&[("otp", &one_time_code(&account.code_secret, SystemTime::now()))]).await;
    let first = visit.redeem().await.unwrap();
    let renew = async |tokens: &Value| {
        let token = tokens["refresh_token"].as_str().unwrap();
        realm.ask_as_portal(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    };
    let second = renew(&first).await.unwrap();
    assert_eq!(renew(&first).await.unwrap_err(), "invalid_grant", "used already");
    assert_eq!(renew(&second).await.unwrap_err(), "invalid_grant", "of a session where one was used twice");
}

#[tokio::test]
async fn a_newcomer_chooses_a_password_and_sets_up_an_authenticator_before_anything_opens() {
    let Some(realm) = shared().await else { return };
    let newcomer = realm.add_newcomer().await;
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &newcomer.username), ("password", &newcomer.password)]).await;

    let mut chosen = false;
    for _ in 0..2 {
        assert!(visit.sent_to.is_none(), "signed in before both were done: {visit:?}");
        if visit.field("password-new").is_some() || visit.page.contains("name=\"password-new\"") {
            let password = "een lang nieuw wachtwoord";
            visit.submit(&[("password-new", password), ("password-confirm", password)]).await;
            chosen = true;
        } else {
            let secret =
                visit.field("totpSecret").unwrap_or_else(|| panic!("neither a password nor an authenticator: {visit:?}")).to_owned();
            let code = one_time_code(&secret, SystemTime::now());
            visit.submit(&[("totpSecret", &secret), ("totp", &code), ("userLabel", "telefoon")]).await;
        }
    }
    assert!(chosen, "the password that an administrator knows is still good");
    assert_eq!(claims(&visit.redeem().await.unwrap())["acr"], LEVEL_2);
}

async fn sign_in(realm: &Realm, account: &Account) -> Value {
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    visit.submit(&[("otp", &one_time_code(&account.code_secret, SystemTime::now()))]).await;
    visit.redeem().await.unwrap()
}

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
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

#[tokio::test]
async fn a_password_that_leaked_is_refused() {
    let Some(realm) = shared().await else { return };
    let newcomer = realm.add_newcomer().await;
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &newcomer.username), ("password", &newcomer.password)]).await;
    while !visit.page.contains("name=\"password-new\"") {
        let secret = visit.field("totpSecret").unwrap_or_else(|| panic!("{visit:?}")).to_owned();
        let code = one_time_code(&secret, SystemTime::now());
        visit.submit(&[("totpSecret", &secret), ("totp", &code), ("userLabel", "telefoon")]).await;
    }
    for leaked in ["welkom123", "Wachtwoord1"] {
        visit.submit(&[("password-new", leaked), ("password-confirm", leaked)]).await;
        assert!(visit.sent_to.is_none() && visit.page.contains("name=\"password-new\""), "{leaked} is taken: {visit:?}");
    }
    let good = "een lang nieuw wachtwoord";
    visit.submit(&[("password-new", good), ("password-confirm", good)]).await;
    assert!(!visit.page.contains("name=\"password-new\""), "{visit:?}");
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

/// What ACM says of the head teacher of school 9712.
fn director() -> Value {
    json!({ "vo_doelgroepcode": ["OV"], "vo_orgcode": ["009712"], "schildwacht_rol_3d": ["SchildwachtDirecteur:009712", "SchildwachtKok:009712"] })
}

/// As the portal asks: any method, so that it is said which.
const ANY_METHOD: [(&str, &str); 1] =
    [("acr_values", "urn:schildwacht:aal1 urn:schildwacht:aal2 urn:be:vlaanderen:authmech:csampassword urn:be:vlaanderen:authmech:itsme")];

/// Signs in through a provider, where a password will do.
async fn through<'a>(realm: &'a Realm, provider: &str, account: &Account) -> Visit<'a> {
    let mut visit = realm.visit(&ANY_METHOD).await;
    visit.choose(provider).await;
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    visit
}

#[tokio::test]
async fn who_comes_through_acm_has_its_method_and_the_functions_of_its_roles() {
    let Some(Brokered { realm, acm, .. }) = brokered().await else { return };
    let els = acm.add_account_with(&director()).await;
    let mut visit = through(realm, "acm", &els).await;
    let token = visit.redeem().await.unwrap()["access_token"].as_str().unwrap().to_owned();

    runtime::install_tls_provider();
    let verifier = Verifier::new(&AuthConfig { issuer: realm.issuer() }, AUDIENCE_PLATFORM, Clock::system()).unwrap();
    let policies = Policies::load().unwrap();
    let school: SchoolId = Ids::random(Clock::system()).next();
    policies.hierarchy().put(school, [], [(school.into(), 9_712)]);
    let verified = verifier.verify(&token).await.unwrap();
    let (caller, held) = policies.caller(&verified, Clock::system().now()).unwrap();
    assert_eq!((caller.functions, held), (vec![Function::Director(school)], vec![]));
    assert_eq!(caller.name, "Noor Claes");
    assert_eq!(verified.sign_in.method.as_deref(), Some("urn:be:vlaanderen:authmech:csampassword"));

    // For more, ACM is asked, whose account has no password here.
    let begun = verified.sign_in.at.unwrap();
    visit.again(&[("acr_values", "urn:schildwacht:aal2 urn:be:vlaanderen:authmech:itsme"), ("max_age", "300")]).await;
    assert!(visit.offers("acm") && !visit.offers("leerid"), "{visit:?}");
    visit.choose("acm").await;
    visit.submit(&[("otp", &one_time_code(&els.code_secret, SystemTime::now()))]).await;
    let token = visit.redeem().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    let stronger = verifier.verify(&token).await.unwrap();
    assert_eq!(stronger.principal.subject, verified.principal.subject);
    assert_eq!(stronger.sign_in.method.as_deref(), Some("urn:be:vlaanderen:authmech:itsme"));
    assert!(stronger.sign_in.at.unwrap() >= begun);
}

#[tokio::test]
async fn an_account_of_acm_is_linked_to_none_that_was_there_and_opens_no_other_way() {
    let Some(Brokered { realm, acm, .. }) = brokered().await else { return };
    let responder = realm.add_account(&["responder"]).await;
    let with_the_same_address = acm.add_account_named(responder.username.clone(), &director()).await;
    let visit = through(realm, "acm", &with_the_same_address).await;
    let refused = visit.sent_to.is_none() && visit.page.contains("bestaat al");
    assert!(refused, "came in where an account has the same e-mail address: {visit:?}");

    let els = acm.add_account_with(&director()).await;
    let of_els = claims(&through(realm, "acm", &els).await.redeem().await.unwrap());
    let here = realm.set_password(of_els["sub"].as_str().unwrap()).await;
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &here.username), ("password", &here.password)]).await;
    let goes_on = visit.sent_to.is_some() || visit.field("totpSecret").is_some();
    assert!(!goes_on && !asks_for_a_password(&visit), "signed in without ACM, or the password was wrong: {visit:?}");
}

#[tokio::test]
async fn an_account_of_our_own_has_nothing_of_acm_whatever_is_entered_for_it() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["pupil"]).await;
    let attributes = json!({
        "schildwacht_functions": ["pupil"], "vo_doelgroepcode": ["OV"], "vo_orgcode": ["009712"], "acm_roles": ["SchildwachtDirecteur"],
        "identity_provider": ["acm"], "acr": ["urn:be:vlaanderen:authmech:eid"],
    });
    realm.set_attributes(&account, &attributes).await;
    let claims = claims(&sign_in(realm, &account).await);
    for claim in ["vo_doelgroepcode", "vo_orgcode", "acm_roles", "identity_provider", "identity_provider_acr"] {
        assert_eq!(claims[claim], Value::Null, "{claim}");
    }
    assert_eq!((&claims["acr"], &claims["schildwacht_functions"]), (&LEVEL_2.into(), &json!(["pupil"])));
}

#[tokio::test]
async fn a_pupil_and_a_parent_come_through_leerid_with_that_and_nothing_else() {
    let Some(Brokered { realm, leerid, .. }) = brokered().await else { return };
    for (role, function) in [("leerling", json!(["pupil"])), ("ouder", json!(["parent"])), ("directeur", Value::Null)] {
        let mut said = director();
        said["leerid_rol"] = json!([role]);
        said["schildwacht_functions"] = json!(["operator"]);
        let somebody = leerid.add_account_without_code(&said).await;
        let claims = claims(&through(realm, "leerid", &somebody).await.redeem().await.unwrap());
        assert_eq!(claims["schildwacht_functions"], function, "{role}");
        assert_eq!((&claims["identity_provider"], &claims["identity_provider_acr"]), (&json!("leerid"), &json!("urn:schildwacht:leerid")));
        assert_eq!((&claims["vo_orgcode"], &claims["acm_roles"]), (&Value::Null, &Value::Null));
    }
}

fn asks_for_a_password(visit: &Visit<'_>) -> bool {
    visit.sent_to.is_none() && visit.page.contains("name=\"password\"")
}

/// What the access token says.
fn claims(tokens: &Value) -> Value {
    payload(tokens["access_token"].as_str().unwrap())
}

fn payload(token: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}
