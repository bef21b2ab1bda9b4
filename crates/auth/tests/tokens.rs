#![cfg(test)]
//! Which tokens open the door, with a real issuer over HTTP.

use std::{convert::Infallible, task::Poll, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::Request,
    routing::post,
};
use http::header;
use runtime::{Clock, ErrorKind, GatewayId, Ids, ManualClock, SchoolId};
use schildwacht_auth::{AUDIENCE_PLATFORM, Context, FUNCTIONS_CLAIM, Function, Principal, Subject, TokenError, Verifier};
use serde_json::json;
use testkit::{TestIssuer, person};
use tonic::{Code, Status};
use tower::ServiceExt as _;

fn clock() -> ManualClock {
    ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap())
}

async fn issuer_and_verifier(clock: &ManualClock) -> (TestIssuer, Verifier) {
    runtime::install_tls_provider();
    let issuer = TestIssuer::start(Clock::from(clock.clone())).await;
    let verifier = Verifier::new(&issuer.config(), AUDIENCE_PLATFORM, clock.clone().into()).unwrap();
    (issuer, verifier)
}

#[tokio::test]
async fn a_good_token_says_who_calls() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    let responder = person(1, &[Function::Responder]);
    let verified = verifier.verify(&issuer.token(&responder)).await.unwrap();
    assert_eq!(verified.principal, responder);
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    let token = issuer.token_for(&person(1, &[]), "telemetry-ingest", 60);
    assert_eq!(verifier.verify(&token).await.unwrap_err(), TokenError::WrongAudience);
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let (_issuer, verifier) = issuer_and_verifier(&clock()).await;
    let stranger = TestIssuer::start(clock().into()).await;
    // Same key id, other key: the signature decides.
    let refusal = verifier.verify(&stranger.token(&person(1, &[Function::Responder]))).await.unwrap_err();
    assert_eq!(refusal, TokenError::BadSignature);
}

#[tokio::test]
async fn a_token_that_was_recognised_is_refused_once_it_expires() {
    let clock = clock();
    let (issuer, verifier) = issuer_and_verifier(&clock).await;
    let token = issuer.token_for(&person(1, &[]), AUDIENCE_PLATFORM, 300);
    verifier.verify(&token).await.unwrap();
    clock.advance(chrono::TimeDelta::seconds(309));
    verifier.verify(&token).await.expect("clocks may differ by ten seconds");
    clock.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(verifier.verify(&token).await.unwrap_err(), TokenError::Expired);
}

#[tokio::test]
async fn keys_at_hand_serve_while_the_issuer_is_away() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    verifier.verify(&issuer.token(&person(1, &[]))).await.unwrap();
    let second = issuer.token(&person(2, &[Function::Operator]));
    drop(issuer);
    verifier.verify(&second).await.expect("the key is known already");
}

#[tokio::test]
async fn a_new_key_of_the_issuer_is_found_when_a_token_names_it() {
    let clock = clock();
    let (mut issuer, verifier) = issuer_and_verifier(&clock).await;
    verifier.verify(&issuer.token(&person(1, &[]))).await.unwrap();
    issuer.replace_key();
    verifier.verify(&issuer.token(&person(1, &[]))).await.unwrap();
}

#[tokio::test]
async fn a_renewal_does_not_keep_a_new_key_from_being_found() {
    let clock = clock();
    let (mut issuer, verifier) = issuer_and_verifier(&clock).await;
    verifier.verify(&issuer.token(&person(1, &[]))).await.unwrap();
    clock.advance(chrono::TimeDelta::minutes(5));
    verifier.verify(&issuer.token(&person(2, &[]))).await.unwrap();
    issuer.replace_key();
    verifier.verify(&issuer.token(&person(1, &[]))).await.unwrap();
}

#[tokio::test]
async fn while_the_issuer_may_not_be_asked_about_a_key_the_answer_is_try_again_later() {
    let (mut issuer, verifier) = issuer_and_verifier(&clock()).await;
    verifier.verify(&issuer.token(&person(1, &[]))).await.unwrap();
    let mut stranger = TestIssuer::start(clock().into()).await;
    stranger.replace_key();
    assert_eq!(verifier.verify(&stranger.token(&person(1, &[]))).await.unwrap_err(), TokenError::UnknownKey, "the issuer was asked");
    issuer.replace_key();
    let refusal = verifier.verify(&issuer.token(&person(1, &[]))).await.unwrap_err();
    assert!(matches!(refusal, TokenError::KeyNotKnownYet { retry_after } if retry_after.as_secs() < 60), "{refusal:?}");
    assert_eq!(runtime::Error::from(refusal).kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_new_key_of_an_issuer_that_does_not_answer_is_not_called_wrong() {
    let (mut issuer, verifier) = issuer_and_verifier(&clock()).await;
    verifier.verify(&issuer.token(&person(1, &[]))).await.unwrap();
    issuer.replace_key();
    let token = issuer.token(&person(1, &[]));
    drop(issuer);
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..2 {
        assert!(matches!(verifier.verify(&token).await.unwrap_err(), TokenError::KeyNotKnownYet { .. }));
    }
}

#[tokio::test]
async fn a_key_that_was_withdrawn_opens_nothing_after_five_minutes() {
    let clock = clock();
    let (mut issuer, verifier) = issuer_and_verifier(&clock).await;
    let recognised = issuer.token(&person(1, &[]));
    let forged_later = issuer.token(&person(2, &[Function::Operator]));
    verifier.verify(&recognised).await.unwrap();
    issuer.replace_key();
    clock.advance(chrono::TimeDelta::minutes(5));
    for token in [&forged_later, &recognised] {
        assert_eq!(verifier.verify(token).await.unwrap_err(), TokenError::UnknownKey);
    }
    verifier.verify(&issuer.token(&person(1, &[]))).await.unwrap();
}

#[tokio::test]
async fn keys_go_on_serving_when_the_issuer_is_away_at_their_renewal() {
    let clock = clock();
    let (issuer, verifier) = issuer_and_verifier(&clock).await;
    let tokens = [issuer.token(&person(1, &[])), issuer.token(&person(2, &[]))];
    verifier.verify(&tokens[0]).await.unwrap();
    drop(issuer);
    clock.advance(chrono::TimeDelta::minutes(6));
    verifier.verify(&tokens[1]).await.expect("the key is known already");
}

#[tokio::test]
async fn without_any_key_the_answer_is_try_again_later() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    let token = issuer.token(&person(1, &[]));
    drop(issuer);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let refusal = verifier.verify(&token).await.unwrap_err();
    assert_eq!(refusal, TokenError::IssuerAway);
    assert_eq!(runtime::Error::from(refusal).kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_machine_is_only_the_client_its_token_was_given_to() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    let service = Principal::service("incident-intake");
    assert_eq!(verifier.verify(&issuer.token(&service)).await.unwrap().principal.subject, service.subject);

    // A portal client whose claims say "service" is no service, and neither it nor another gateway is the gateway that claims name.
    let ids = Ids::counted();
    let (gateway, other): (GatewayId, GatewayId) = (ids.next(), ids.next());
    let genuine = issuer.token(&Principal { subject: Subject::Gateway(gateway), name: String::new(), functions: Vec::new() });
    assert_eq!(verifier.verify(&genuine).await.unwrap().principal.subject, Subject::Gateway(gateway));
    let of_the_other = format!("gateway-{other}");
    for (client, claim) in [
        ("schildwacht-portal", "service@incident-intake".to_owned()),
        ("schildwacht-portal", format!("gateway@{gateway}")),
        (&of_the_other, format!("gateway@{gateway}")),
        ("gateway-everything", "gateway@everything".to_owned()),
    ] {
        let forged = issuer.token_with(&person(1, &[]), |claims| {
            claims["client_id"] = json!(client);
            claims[FUNCTIONS_CLAIM] = json!([claim]);
        });
        assert_eq!(verifier.verify(&forged).await.unwrap_err(), TokenError::NoSubject, "{claim} in a token of {client}");
    }
}

#[tokio::test]
async fn the_client_is_named_by_client_id_or_else_by_azp() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    let service = Principal::service("incident-intake");
    let of_keycloak = issuer.token_with(&service, |claims| {
        let client = claims.as_object_mut().unwrap().remove("client_id").unwrap();
        claims["azp"] = client;
    });
    assert_eq!(verifier.verify(&of_keycloak).await.unwrap().principal.subject, service.subject);
}

/// What ACM says of the director of school 9712, as Keycloak passes it on.
fn of_acm(claims: &mut serde_json::Value) {
    claims["identity_provider"] = json!("acm");
    claims["identity_provider_acr"] = json!("urn:be:vlaanderen:authmech:itsme");
    claims["acr"] = json!("urn:schildwacht:aal1");
    claims["vo_doelgroepcode"] = json!("OV");
    claims["vo_orgcode"] = json!(["009712"]);
    claims["acm_roles"] = json!(["SchildwachtDirecteur"]);
}

#[tokio::test]
async fn who_came_through_acm_has_the_functions_of_its_roles_beside_the_others_and_its_method() {
    let clock = clock();
    let (issuer, verifier) = issuer_and_verifier(&clock).await;
    let policies = schildwacht_auth::Policies::load().unwrap();
    let school: SchoolId = Ids::counted().next();
    policies.hierarchy().put(school, [], [(school.into(), 9_712)]);
    let editor = person(1, &[Function::Editor]);
    let (director, now) = (Function::Director(school), Clock::from(clock.clone()).now());

    let verified = verifier.verify(&issuer.token_with(&editor, of_acm)).await.unwrap();
    let (caller, held) = policies.caller(&verified, now).unwrap();
    assert_eq!((caller.functions, held), (vec![Function::Editor, director], vec![]), "by token, so no term of it is known");
    assert_eq!(verified.sign_in.method.as_deref(), Some("urn:be:vlaanderen:authmech:itsme"), "not what the broker did itself");
    assert_eq!(verified.sign_in.provider.as_deref(), Some("acm"));

    let unchanged = verifier.verify(&issuer.token(&editor)).await.unwrap();
    assert_eq!(policies.caller(&unchanged, now).unwrap().0, editor);
    let twice = verifier.verify(&issuer.token_with(&person(1, &[director]), of_acm)).await.unwrap();
    assert_eq!(policies.caller(&twice, now).unwrap().0.functions, [director]);
}

#[tokio::test]
async fn claims_with_acms_names_that_did_not_come_through_it_give_nothing() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    for provider in [json!(null), json!("leerid"), json!("ACM"), json!("")] {
        let token = issuer.token_with(&person(1, &[]), |claims| {
            of_acm(claims);
            claims["identity_provider"] = provider.clone();
        });
        assert_eq!(verifier.verify(&token).await.unwrap().acm, None, "{provider}");
    }
    let of_a_service = issuer.token_with(&Principal::service("incident-intake"), of_acm);
    assert_eq!(verifier.verify(&of_a_service).await.unwrap().acm, None);
    // A method that ACM did not say is the weakest, whatever the issuer says of itself.
    let unsaid = issuer.token_with(&person(1, &[]), |claims| {
        of_acm(claims);
        claims["identity_provider_acr"] = json!(null);
    });
    assert_eq!(verifier.verify(&unsaid).await.unwrap().sign_in.method, None);
}

#[tokio::test]
async fn a_claim_of_acm_in_another_shape_gives_nothing_and_keeps_nobody_out() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    for shape in [json!(9712), json!({ "code": "009712" }), json!([9712]), json!(null)] {
        let token = issuer.token_with(&person(1, &[]), |claims| {
            of_acm(claims);
            claims["vo_orgcode"] = shape.clone();
        });
        let acm = verifier.verify(&token).await.unwrap().acm.clone().unwrap();
        assert_eq!((acm.organisations.len(), acm.roles.len()), (0, 1), "{shape}");
    }
}

#[tokio::test]
async fn a_token_is_refused_until_it_holds() {
    let clock = clock();
    let (issuer, verifier) = issuer_and_verifier(&clock).await;
    let from = |seconds: i64| {
        let not_before = Clock::from(clock.clone()).now().timestamp() + seconds;
        issuer.token_with(&person(1, &[]), |claims| claims["nbf"] = json!(not_before))
    };
    assert_eq!(verifier.verify(&from(11)).await.unwrap_err(), TokenError::NotYetValid);
    verifier.verify(&from(10)).await.expect("clocks may differ by ten seconds");
}

#[tokio::test]
async fn a_token_may_be_for_several_audiences_if_ours_is_among_them() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    let for_all = |audiences: &[&str]| issuer.token_with(&person(1, &[]), |claims| claims["aud"] = json!(audiences));
    verifier.verify(&for_all(&["account", AUDIENCE_PLATFORM])).await.unwrap();
    for others in [&[][..], &["account"], &["schildwacht-portal", "telemetry-ingest"]] {
        assert_eq!(verifier.verify(&for_all(others)).await.unwrap_err(), TokenError::WrongAudience, "{others:?}");
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_name_is_refused_although_the_key_is_right() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    let token = issuer.token_with(&person(1, &[]), |claims| claims["iss"] = json!("https://elsewhere.example"));
    assert_eq!(verifier.verify(&token).await.unwrap_err(), TokenError::WrongIssuer);
}

#[tokio::test]
async fn a_token_over_eight_kibibytes_is_refused_however_well_it_is_signed() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    let with_a_name_of = |letters: usize| issuer.token_with(&person(1, &[]), |claims| claims["name"] = json!("n".repeat(letters)));
    let long = with_a_name_of(5_600);
    assert!((7_500..=8_192).contains(&long.len()), "{}", long.len());
    verifier.verify(&long).await.unwrap();
    assert_eq!(verifier.verify(&with_a_name_of(6_400)).await.unwrap_err(), TokenError::Malformed);
}

#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let (issuer, verifier) = issuer_and_verifier(&clock()).await;
    let token = issuer.id_token(&person(1, &[Function::Responder]));
    assert_eq!(verifier.verify(&token).await.unwrap_err(), TokenError::NotAnAccessToken);
}

#[tokio::test]
async fn nonsense_is_refused_without_asking_the_issuer() {
    let (_issuer, verifier) = issuer_and_verifier(&clock()).await;
    for nonsense in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", &"x".repeat(10_000)] {
        assert!(matches!(verifier.verify(nonsense).await, Err(TokenError::Malformed | TokenError::UnknownKey)), "{nonsense:.20}");
    }
}

#[tokio::test]
async fn a_request_without_a_bearer_token_is_refused_before_its_body_is_read() {
    let issuer = TestIssuer::start(Clock::system()).await;
    let reached = || async { "reached" };
    let routes = issuer.authenticator().protect(Router::new().route("/service/Method", post(reached)));
    let answer = async |authorization: Option<&str>| {
        let unread =
            Body::from_stream(futures::stream::poll_fn(|_| -> Poll<Option<Result<Bytes, Infallible>>> { panic!("the body was read") }));
        let mut request = Request::post("/service/Method").body(unread).unwrap();
        if let Some(value) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        routes.clone().oneshot(request).await.unwrap()
    };
    for authorization in [None, Some("Basic abc"), Some("Bearer nonsense")] {
        let refused = answer(authorization).await;
        assert_eq!(Status::from_header_map(refused.headers()).unwrap().code(), Code::Unauthenticated, "{authorization:?}");
    }
    let token = issuer.token(&person(1, &[Function::Responder]));
    let reached = answer(Some(&format!("bearer {token}"))).await;
    assert_eq!(axum::body::to_bytes(reached.into_body(), 100).await.unwrap(), "reached", "the scheme's case does not matter (RFC 9110)");
}

#[tokio::test]
async fn a_request_carries_who_asks_and_until_when() {
    let clock = Clock::from(clock());
    let issuer = TestIssuer::start(clock.clone()).await;
    let told = |context: Extension<Context>| async move { format!("{} until {:?}", context.actor(), context.expires_at()) };
    let routes = issuer.authenticator().protect(Router::new().route("/service/Method", post(told)));
    let somebody = person(1, &[Function::Responder]);
    let token = issuer.token_for(&somebody, AUDIENCE_PLATFORM, 60);
    let request = Request::post("/service/Method").header(header::AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap();
    let answer = axum::body::to_bytes(routes.oneshot(request).await.unwrap().into_body(), 200).await.unwrap();
    // What the clocks may differ by comes on top.
    assert_eq!(answer, format!("{} until {:?}", somebody.actor(), Some(clock.now() + chrono::TimeDelta::seconds(70))));

    let own = issuer.authenticator().own_context("identity");
    assert_eq!((own.actor(), own.expires_at()), ("service:identity".to_owned(), None));
    let without_the_layer = Context::of(&tonic::Request::new(())).unwrap_err();
    assert_eq!(without_the_layer.kind(), ErrorKind::Internal);
}

#[test]
fn every_refusal_says_its_reason_and_only_a_silent_issuer_is_worth_another_try() {
    let retry_after = Duration::from_secs(7);
    for (refusal, reason, try_again) in [
        (TokenError::Malformed, "token_malformed", None),
        (TokenError::UnknownKey, "token_key_unknown", None),
        (TokenError::KeyNotKnownYet { retry_after }, "token_key_not_known_yet", Some(retry_after)),
        (TokenError::BadSignature, "token_signature_wrong", None),
        (TokenError::WrongIssuer, "token_issuer_wrong", None),
        (TokenError::WrongAudience, "token_audience_wrong", None),
        (TokenError::Expired, "token_expired", None),
        (TokenError::NotYetValid, "token_not_yet_valid", None),
        (TokenError::NotAnAccessToken, "token_type_wrong", None),
        (TokenError::NotALogoutToken, "logout_token_wrong", None),
        (TokenError::NoSubject, "token_subject_missing", None),
        (TokenError::IssuerAway, "issuer_unavailable", Some(Duration::from_secs(1))),
    ] {
        let error = runtime::Error::from(refusal);
        let kind = if try_again.is_some() { ErrorKind::Unavailable } else { ErrorKind::Unauthenticated };
        assert_eq!((error.kind(), error.reason(), error.retry_after()), (kind, reason, try_again), "{refusal:?}");
    }
}
