//! With the real Keycloak as issuer: enrolling, rotating and revoking reach it, also when it was unavailable.

use auth::{AUDIENCE_TELEMETRY, AuthConfig, Subject, Verifier};
use proto::identity::v1::{EnrolGatewayRequest, GatewayState, ListGatewaysRequest, RevokeGatewayRequest, RotateGatewaySecretRequest};
use runtime::Clock;
use schildwacht_identity::KeycloakConfig;
use serde_json::json;
use testkit::{Realm, Store, TestDatabase, eventually};

use crate::world::{Setup, World, operator};

async fn with_keycloak() -> Option<(Realm, World, TestDatabase)> {
    let realm = Realm::import("http://127.0.0.1/").await?;
    let database = TestDatabase::new(Store::Postgres).await?;
    let world = start(&realm, &database).await;
    Some((realm, world, database))
}

async fn start(realm: &Realm, database: &TestDatabase) -> World {
    let secret = runtime::config::Secret::new(realm.secret());
    let keycloak = KeycloakConfig { admin_url: String::new(), client_id: "schildwacht-identity".to_owned(), client_secret: secret };
    let setup = Setup { keycloak: Some(keycloak), issuer: Some(realm.issuer()), ..Setup::ordinary() };
    World::start_with(database, setup).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_gets_tokens_of_keycloak_until_it_is_revoked() {
    let Some((realm, world, _database)) = with_keycloak().await else { return };
    let (_, school) = world.with_two_schools().await;
    let enrolled = world.enrol(&operator(), &school).await;
    let gateway = enrolled.gateway.unwrap();

    let token = realm.machine_token(&gateway.client_id, &enrolled.client_secret).await.unwrap();
    let verifier = Verifier::new(&AuthConfig { issuer: realm.issuer() }, AUDIENCE_TELEMETRY, Clock::system()).unwrap();
    let verified = verifier.verify(&token).await.unwrap();
    assert_eq!(verified.principal.subject, Subject::Gateway(gateway.gateway_id.parse().unwrap()));

    let rotate = RotateGatewaySecretRequest { gateway_id: gateway.gateway_id.clone(), etag: gateway.etag };
    let rotated = world.gateways().rotate_gateway_secret(world.by(&operator(), rotate)).await.unwrap().into_inner();
    assert_eq!(realm.machine_token(&gateway.client_id, &enrolled.client_secret).await.unwrap_err(), "unauthorized_client");
    realm.machine_token(&gateway.client_id, &rotated.client_secret).await.unwrap();

    let etag = rotated.gateway.unwrap().etag;
    let revoke = RevokeGatewayRequest { gateway_id: gateway.gateway_id, reason: "stolen".to_owned(), etag };
    world.gateways().revoke_gateway(world.by(&operator(), revoke)).await.unwrap();
    assert_eq!(realm.machine_token(&gateway.client_id, &rotated.client_secret).await.unwrap_err(), "invalid_client");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secret_that_a_code_gives_is_the_one_that_keycloak_takes() {
    let Some((realm, world, _database)) = with_keycloak().await else { return };
    let (_, school) = world.with_two_schools().await;
    let request =
        EnrolGatewayRequest { school_id: school.school_id.clone(), name: "kelder".to_owned(), with_code: true, ..Default::default() };
    let enrolled = world.gateways().enrol_gateway(world.by(&operator(), request)).await.unwrap().into_inner();

    let answer = world.http.post(format!("{}/gateways/enrol", world.url)).form(&[("code", &enrolled.code)]).send().await.unwrap();
    let answer: serde_json::Value = answer.error_for_status().unwrap().json().await.unwrap();

    assert_eq!(answer["token_url"], format!("{}/protocol/openid-connect/token", realm.issuer()));
    let secret = answer["client_secret"].as_str().unwrap();
    realm.machine_token(&enrolled.gateway.unwrap().client_id, secret).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_still_good_when_keycloak_did_not_take_the_secret() {
    let Some((realm, world, _database)) = with_keycloak().await else { return };
    let (_, school) = world.with_two_schools().await;
    let request =
        EnrolGatewayRequest { school_id: school.school_id.clone(), name: "kelder".to_owned(), with_code: true, ..Default::default() };
    let enrolled = world.gateways().enrol_gateway(world.by(&operator(), request)).await.unwrap().into_inner();
    let client_id = enrolled.gateway.unwrap().client_id;
    let redeem = async || {
        let answer = world.http.post(format!("{}/gateways/enrol", world.url)).form(&[("code", &enrolled.code)]).send().await.unwrap();
        answer.json::<serde_json::Value>().await.unwrap()
    };
    let kept = realm.client(&client_id).await.unwrap();
    realm.remove_client(&client_id).await;
    assert_eq!(redeem().await["reason"], "gateway_client_missing");
    realm.add_client(kept).await;
    let answer = redeem().await;
    realm.machine_token(&client_id, answer["client_secret"].as_str().unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keycloak_did_not_hear_it_hears_soon() {
    let Some((realm, world, _database)) = with_keycloak().await else { return };
    let (_, school) = world.with_two_schools().await;
    let enrolled = world.enrol(&operator(), &school).await;
    let client_id = enrolled.gateway.unwrap().client_id;
    let lost = world.enrol(&operator(), &school).await.gateway.unwrap();
    // As if calls after a commit had not come through: one was not let in, one that nobody keeps was not shut out.
    realm.change_client(&client_id, json!({ "enabled": false })).await;
    let stranger = "gateway-0190c0de-0000-7000-8000-000000000009";
    realm.add_client(json!({ "clientId": stranger, "enabled": true, "serviceAccountsEnabled": true })).await;

    // Nothing tells that from outside; a change that does not reach Keycloak does.
    realm.remove_client(&lost.client_id).await;
    let revoke = RevokeGatewayRequest { gateway_id: lost.gateway_id, reason: "lost".to_owned(), etag: lost.etag };
    world.gateways().revoke_gateway(world.by(&operator(), revoke)).await.unwrap();

    let is_let_in = async |client_id: &str| realm.client(client_id).await.unwrap()["enabled"].as_bool().unwrap();
    eventually("the gateway to be let in", async || is_let_in(&client_id).await.then_some(())).await;
    eventually("the stranger to be shut out", async || (!is_let_in(stranger).await).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_whose_client_is_gone_is_told_what_to_do() {
    let Some((realm, world, _database)) = with_keycloak().await else { return };
    let (_, school) = world.with_two_schools().await;
    let gateway = world.enrol(&operator(), &school).await.gateway.unwrap();
    realm.remove_client(&gateway.client_id).await;
    let rotate = RotateGatewaySecretRequest { gateway_id: gateway.gateway_id, etag: gateway.etag };
    let refused = world.gateways().rotate_gateway_secret(world.by(&operator(), rotate)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");
    assert!(refused.message().contains("enrol another gateway and revoke this one"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_keycloak_is_away_tokens_hold_and_gateways_can_be_revoked() {
    if !testkit::has_servers() {
        return;
    }
    let mut server = testkit::servers::keycloak::SERVER.start_own().unwrap();
    let realm = Realm::import_at(server.address(), "http://127.0.0.1/").await;
    let database = TestDatabase::new(Store::Postgres).await.unwrap();
    let world = start(&realm, &database).await;
    let (_, school) = world.with_two_schools().await;
    let enrolled = world.enrol(&operator(), &school).await;
    let gateway = enrolled.gateway.unwrap();
    let tokens = [
        realm.machine_token(&gateway.client_id, &enrolled.client_secret).await.unwrap(),
        realm.machine_token(&gateway.client_id, &enrolled.client_secret).await.unwrap(),
    ];
    let verifier = Verifier::new(&AuthConfig { issuer: realm.issuer() }, AUDIENCE_TELEMETRY, Clock::system()).unwrap();
    verifier.verify(&tokens[0]).await.unwrap();

    server.stop();

    verifier.verify(&tokens[1]).await.unwrap();
    let request = EnrolGatewayRequest { school_id: school.school_id.clone(), name: "zolder".to_owned(), ..Default::default() };
    let refused = world.gateways().enrol_gateway(world.by(&operator(), request)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused}");
    let revoke = RevokeGatewayRequest { gateway_id: gateway.gateway_id.clone(), reason: "stolen".to_owned(), etag: gateway.etag.clone() };
    world.gateways().revoke_gateway(world.by(&operator(), revoke)).await.unwrap();
    let list = ListGatewaysRequest { school_id: school.school_id, include_revoked: true, ..Default::default() };
    let kept = world.gateways().list_gateways(world.by(&operator(), list)).await.unwrap().into_inner().gateways;
    let kept: Vec<_> = kept.iter().map(|kept| (kept.gateway_id.as_str(), kept.state())).collect();
    assert_eq!(kept, [(gateway.gateway_id.as_str(), GatewayState::Revoked)], "nothing is kept of what was refused");
}
