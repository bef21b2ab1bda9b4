#![cfg(test)]
//! Refusals are on record: who asked for what, and why it was refused.

use axum::{Router, body::Body, extract::Request, response::Response, routing::post};
use http::header;
use runtime::{Clock, SchoolId, security::UNVERIFIED};
use schildwacht_auth::{AUDIENCE_PLATFORM, Action, Function, Verifier};
use testkit::{SecurityLine, TestIssuer, context, eventually, person, security_lines};
use tonic::Status;
use tower::ServiceExt as _;
use uuid::Uuid;

/// Does something until it is on record: a flood of events is cut, and tests run side by side.
async fn on_record(event: &str, act: impl AsyncFn(), is_it: impl Fn(&SecurityLine) -> bool) -> SecurityLine {
    security_lines(event);
    eventually(event, async || {
        act().await;
        security_lines(event).into_iter().find(|line| is_it(line))
    })
    .await
}

fn school(number: u128) -> SchoolId {
    Uuid::from_u128(number).into()
}

#[tokio::test]
async fn what_one_may_not_do_is_on_record_with_who_asked_for_what() {
    let cx = context(person(71, &[Function::Director(school(1))]), Clock::system());
    let line =
        on_record("authorisation_refused", async || drop(cx.require(Action::GatewayRevoke, school(1))), |line| line.actor == cx.actor())
            .await;
    let expected = ("gateway.revoke", format!("school:{}", school(1)), "permission_denied");
    assert_eq!((line.action.as_str(), line.resource, line.reason.as_str()), expected);
}

#[tokio::test]
async fn what_one_may_not_know_of_is_on_record_though_it_is_not_found() {
    let cx = context(person(72, &[Function::Director(school(1))]), Clock::system());
    let line =
        on_record("authorisation_refused", async || drop(cx.require(Action::CaseRead, school(2))), |line| line.actor == cx.actor()).await;
    let expected = ("case.read", format!("school:{}", school(2)), "not_found");
    assert_eq!((line.action.as_str(), line.resource, line.reason.as_str()), expected);
}

#[tokio::test]
async fn what_one_may_do_nowhere_is_on_record() {
    let cx = context(person(73, &[]), Clock::system());
    let line =
        on_record("authorisation_refused", async || drop(cx.scope::<SchoolId>(Action::CaseRead)), |line| line.actor == cx.actor()).await;
    assert_eq!((line.action.as_str(), line.resource.as_str(), line.reason.as_str()), ("case.read", "any", "permission_denied"));
}

#[tokio::test]
async fn a_question_that_an_answer_depends_on_is_no_refusal() {
    let cx = context(person(74, &[Function::Director(school(1))]), Clock::system());
    security_lines("authorisation_refused");
    assert!(cx.permits(Action::CaseRead, school(1)) && !cx.permits(Action::CaseReadInternal, school(1)));
    assert!(security_lines("authorisation_refused").iter().all(|line| line.actor != cx.actor()));
}

#[tokio::test]
async fn a_wrong_token_is_on_record_with_the_reason_and_no_part_of_it() {
    runtime::install_tls_provider();
    let issuer = TestIssuer::start(Clock::system()).await;
    let verifier = Verifier::new(&issuer.config(), AUDIENCE_PLATFORM, Clock::system()).unwrap();
    let cases = [
        ("nonsense".to_owned(), "token_malformed"),
        (issuer.token_for(&person(75, &[]), "telemetry-ingest", 60), "token_audience_wrong"),
        (issuer.token_for(&person(75, &[]), AUDIENCE_PLATFORM, -60), "token_expired"),
    ];
    for (token, reason) in cases {
        let line = on_record("token_refused", async || drop(verifier.verify(&token).await), |line| line.reason == reason).await;
        let expected = (UNVERIFIED, "authenticate", AUDIENCE_PLATFORM);
        assert_eq!((line.actor.as_str(), line.action.as_str(), line.resource.as_str()), expected);
    }
}

#[tokio::test]
async fn a_request_without_a_token_and_one_for_what_is_not_there_are_on_record() {
    runtime::install_tls_provider();
    let issuer = TestIssuer::start(Clock::system()).await;
    let not_there = || async { Status::not_found("case not found").into_http::<Body>() };
    let routes = issuer.authenticator().protect(Router::new().route("/service/GetCase", post(not_there)));
    let ask = async |token: Option<String>| -> Response {
        let mut request = Request::post("/service/GetCase").body(Body::empty()).unwrap();
        if let Some(token) = token {
            request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        routes.clone().oneshot(request).await.unwrap()
    };
    on_record("token_refused", async || drop(ask(None).await), |line| line.reason == "token_missing").await;
    let somebody = person(76, &[]);
    let line =
        on_record("resource_not_found", async || drop(ask(Some(issuer.token(&somebody))).await), |line| line.actor == somebody.actor())
            .await;
    assert_eq!(line.action, "/service/GetCase");
}
