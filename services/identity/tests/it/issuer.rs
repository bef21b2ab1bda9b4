//! The development issuer at its edges: what it refuses and how it says so.

use auth::{AUDIENCE_PLATFORM, Function, Subject};
use schildwacht_identity::issuer::{
    PORTAL_RETURN,
    client::{COMMAND_LINE, PORTAL},
    client_secret_file,
};
use testkit::TestDatabase;

use crate::{
    sign_in::{location, parameter},
    world::{Setup, World},
};

fn secret(world: &World, client: &str) -> String {
    std::fs::read_to_string(client_secret_file(world.data_dir.path(), client)).unwrap()
}

#[tokio::test]
async fn the_command_line_is_an_operator_and_a_service_is_itself() {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let verifier = world.verifier(AUDIENCE_PLATFORM);

    let token = world.token_of_client(COMMAND_LINE, &secret(&world, COMMAND_LINE)).await.unwrap();
    assert_eq!(verifier.verify(&token).await.unwrap().principal.functions, [Function::Operator]);

    let service = "schildwacht-network-monitor";
    let token = world.token_of_client(service, &secret(&world, service)).await.unwrap();
    assert_eq!(verifier.verify(&token).await.unwrap().principal.subject, Subject::Service("network-monitor".to_owned()));
}

type Form<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn errors_at_the_token_endpoint_are_those_of_the_standard() {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let portal = secret(&world, PORTAL);
    let as_portal = [("client_id", PORTAL), ("client_secret", portal.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [as_portal.as_slice(), more].concat();
    let expected: [(Form<'_>, u16, &str); 9] = [
        (&[("grant_type", "client_credentials")], 401, "invalid_client"),
        (&[("grant_type", "client_credentials"), ("client_id", PORTAL), ("client_secret", "wrong")], 401, "invalid_client"),
        (
            &[("grant_type", "client_credentials"), ("client_id", "gateway-0199c0de-0000-7000-8000-000000000001"), ("client_secret", "x")],
            401,
            "invalid_client",
        ),
        (&with(&[]), 400, "invalid_request"),
        (&with(&[("grant_type", "password")]), 400, "unsupported_grant_type"),
        (&with(&[("grant_type", "client_credentials")]), 400, "unauthorized_client"),
        (&with(&[("grant_type", "authorization_code")]), 400, "invalid_request"),
        (&with(&[("grant_type", "authorization_code"), ("code", "invented")]), 400, "invalid_grant"),
        (&with(&[("grant_type", "refresh_token"), ("grant_type", "client_credentials")]), 400, "invalid_request"),
    ];
    for (form, status, error) in expected {
        let (answered, body) = world.ask_for_token(form).await;
        assert_eq!((answered.as_u16(), body["error"].as_str()), (status, Some(error)), "{form:?}: {body}");
        let description = body["error_description"].as_str().unwrap();
        assert!(
            description.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\'),
            "RFC 6749, 5.2: {description}"
        );
    }
}

#[tokio::test]
async fn credentials_are_taken_from_the_header_too_but_not_from_both() {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let secret = secret(&world, COMMAND_LINE);
    let ask = |form: Vec<(&'static str, String)>| {
        world.http.post(format!("{}/token", world.issuer())).basic_auth(COMMAND_LINE, Some(&secret)).form(&form).send()
    };
    let grant = ("grant_type", "client_credentials".to_owned());
    let answer = ask(vec![grant.clone()]).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["cache-control"].to_str().unwrap()), (200, "no-store"));
    assert_eq!(ask(vec![grant.clone(), ("client_secret", secret.clone())]).await.unwrap().status(), 400);
    assert_eq!(ask(vec![grant, ("client_id", PORTAL.to_owned())]).await.unwrap().status(), 400);
}

/// A request that is right, to be made wrong in one place.
fn right(world: &World) -> Vec<(&'static str, String)> {
    vec![
        ("response_type", "code".into()),
        ("client_id", PORTAL.into()),
        ("redirect_uri", format!("{}{PORTAL_RETURN}", world.url)),
        ("scope", "openid profile".into()),
        ("state", "a state".into()),
        ("nonce", "n".into()),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into()),
        ("code_challenge_method", "S256".into()),
    ]
}

fn changed(mut request: Vec<(&'static str, String)>, name: &'static str, value: Option<&str>) -> Vec<(&'static str, String)> {
    request.retain(|(key, _)| *key != name);
    request.extend(value.map(|value| (name, value.to_owned())));
    request
}

async fn authorize(world: &World, request: &[(&'static str, String)]) -> reqwest::Response {
    world.http.get(format!("{}/authorize", world.issuer())).query(request).send().await.unwrap()
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let exact = format!("{}{PORTAL_RETURN}", world.url);
    for elsewhere in
        ["https://example.org/".to_owned(), format!("{exact}/"), format!("{exact}?next=1"), exact.to_uppercase(), String::new()]
    {
        let answer = authorize(&world, &changed(right(&world), "redirect_uri", Some(&elsewhere))).await;
        assert_eq!(answer.status(), 400, "{elsewhere}");
        assert!(!answer.headers().contains_key("location"));
    }
    let no_client = authorize(&world, &changed(right(&world), "client_id", Some("other"))).await;
    assert_eq!(no_client.status(), 400);
    let mut twice = right(&world);
    twice.push(("redirect_uri", "https://example.org/".into()));
    assert_eq!(authorize(&world, &twice).await.status(), 400);
}

#[tokio::test]
async fn what_else_is_wrong_goes_back_to_the_client() {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let expected = [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_mode", Some("fragment"), "invalid_request"),
        ("scope", Some("profile"), "invalid_scope"),
        ("state", None, "invalid_request"),
        ("nonce", None, "invalid_request"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("prompt", Some("none"), "login_required"),
        ("request", Some("x.y.z"), "request_not_supported"),
        ("request_uri", Some("https://example.org/"), "request_uri_not_supported"),
    ];
    for (name, value, error) in expected {
        let back = location(authorize(&world, &changed(right(&world), name, value)).await);
        assert_eq!(parameter(&back, "error").as_deref(), Some(error), "{name}={value:?}");
        assert_eq!(parameter(&back, "iss"), Some(world.issuer()));
        assert_eq!(parameter(&back, "state").as_deref(), (name != "state").then_some("a state"));
        assert!(back.as_str().starts_with(&format!("{}{PORTAL_RETURN}?", world.url)));
    }
}

#[tokio::test]
async fn the_discovery_document_says_what_is_spoken() {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let url = format!("{}/.well-known/openid-configuration", world.issuer());
    let document: serde_json::Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(document["issuer"], world.issuer());
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["id_token_signing_alg_values_supported"], serde_json::json!(["EdDSA"]));
    assert_eq!(document["end_session_endpoint"], format!("{}/end-session", world.issuer()));
    assert_eq!(document["revocation_endpoint"], format!("{}/revoke", world.issuer()));
    assert_eq!(
        (&document["backchannel_logout_supported"], &document["backchannel_logout_session_supported"]),
        (&true.into(), &true.into())
    );
}

#[tokio::test]
async fn keys_and_secrets_survive_a_restart() {
    let (world, database) = World::start_on_sqlite(Setup::ordinary()).await;
    let keys = |world: &World| {
        let answer = world.http.get(format!("{}/jwks", world.issuer())).send();
        async move { answer.await.unwrap().json::<serde_json::Value>().await.unwrap() }
    };
    let before = (keys(&world).await, secret(&world, PORTAL));
    let data_dir = world.stop().await;

    let again = World::start_with(&database, Setup { data_dir: Some(data_dir), ..Setup::ordinary() }).await.unwrap();

    assert_eq!((keys(&again).await, secret(&again, PORTAL)), before);
}

#[tokio::test]
async fn any_address_but_loopback_is_refused() {
    let database = TestDatabase::new(testkit::Store::Sqlite).await.unwrap();
    let exposed = [
        Setup { listen: Some(([0, 0, 0, 0], 8080).into()), ..Setup::ordinary() },
        Setup { listen: Some(([192, 168, 1, 10], 8080).into()), ..Setup::ordinary() },
        Setup { issuer: Some("http://id.example.org/issuer".to_owned()), ..Setup::ordinary() },
        Setup { issuer: Some("http://127.0.0.1.example.org/issuer".to_owned()), ..Setup::ordinary() },
    ];
    for setup in exposed {
        let refused = World::start_with(&database, setup).await.err().unwrap().to_string();
        assert!(refused.contains("loopback"), "{refused}");
    }
}
