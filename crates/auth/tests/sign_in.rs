#![cfg(test)]
//! What is permitted is done only by who signed in surely and recently enough.

use axum::{Extension, Router, body::Body, extract::Request, routing::post};
use http::header;
use http_body_util::BodyExt as _;
use runtime::{Clock, Error, ManualClock, SchoolId};
use schildwacht_auth::{Action, Context, Function};
use serde_json::{Value, json};
use testkit::{TestIssuer, person};
use tower::ServiceExt as _;
use uuid::Uuid;

fn school(number: u128) -> SchoolId {
    Uuid::from_u128(number).into()
}

/// What becomes of it: `done`, or the reason of the refusal.
fn outcome(result: Result<(), Error>) -> &'static str {
    result.map_or_else(|error| error.reason(), |()| "done")
}

/// What becomes of what an ICT coordinator of school 1 asks, whose token says this of the sign-in.
async fn ask(claims: &Value, ask: fn(&Context) -> Result<(), Error>) -> String {
    runtime::install_tls_provider();
    let clock = Clock::from(ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap()));
    let issuer = TestIssuer::start(clock).await;
    let token = issuer.token_with(&person(1, &[Function::IctCoordinator(school(1))]), |token| {
        for (claim, value) in claims.as_object().unwrap() {
            token[claim] = value.clone();
        }
    });
    let answer = move |Extension(cx): Extension<Context>| async move { outcome(ask(&cx)) };
    let router = issuer.authenticator().protect(Router::new().route("/", post(answer)));
    let request = Request::post("/").header(header::AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap();
    let body = router.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// 09.50 on that day.
const NOW: i64 = 1_790_243_400;
const ITSME: &str = "urn:be:vlaanderen:authmech:itsme";

#[tokio::test]
async fn weighty_acts_need_a_sure_and_recent_sign_in() {
    let revoke = |cx: &Context| cx.require(Action::GatewayRevoke, school(1));
    for (claims, expected) in [
        (json!({ "acr": ITSME, "auth_time": NOW - 3_600 }), "done"),
        (json!({ "acr": ITSME, "auth_time": NOW - 3_601 }), "step_up_required"),
        (json!({ "acr": ITSME, "auth_time": null }), "step_up_required"),
        (json!({ "acr": "urn:schildwacht:leerid", "auth_time": NOW }), "step_up_required"),
        (json!({ "acr": null, "auth_time": NOW }), "step_up_required"),
    ] {
        assert_eq!(ask(&claims, revoke).await, expected, "{claims}");
    }
}

#[tokio::test]
async fn lists_ask_for_it_too() {
    let list = |cx: &Context| cx.scope::<SchoolId>(Action::DeviceRead).map(drop);
    assert_eq!(ask(&json!({ "acr": ITSME, "auth_time": NOW - 100_000 }), list).await, "done");
    assert_eq!(ask(&json!({ "acr": "urn:schildwacht:leerid" }), list).await, "step_up_required");
}

#[tokio::test]
async fn who_may_not_do_it_is_not_asked_to_sign_in_for_it() {
    let weak = json!({ "acr": null });
    assert_eq!(ask(&weak, |cx| cx.require(Action::GatewayRevoke, school(2))).await, "not_found");
    assert_eq!(ask(&weak, |cx| cx.require(Action::CaseClose, school(1))).await, "permission_denied");
    assert_eq!(ask(&weak, |cx| cx.scope::<SchoolId>(Action::CaseClose).map(drop)).await, "permission_denied");
}
