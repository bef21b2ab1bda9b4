#![cfg(test)]
//! Tokens for our own programs: asked for once, kept while they are good, and the secret shown to nobody but the issuer.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Form, Json, Router,
    http::{HeaderMap, header},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use reqwest::Url;
use runtime::config::Secret;
use schildwacht_auth::{ClientCredentials, MachineTokens};
use serde_json::{Value, json};
use testkit::{DISCOVERY, Running};

/// What its token endpoint was asked: the credentials and the form.
type Asked = Arc<Mutex<Vec<(String, Vec<(String, String)>)>>>;

/// An issuer that answers at `/token` what the test says, the first, the second, … time.
async fn issuer(answer: impl Fn(usize) -> Response + Clone + Send + Sync + 'static) -> (Running, Asked) {
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let token = move |headers: HeaderMap, Form(form): Form<Vec<(String, String)>>| async move {
        let mut asked = noted.lock().unwrap();
        asked.push((headers[header::AUTHORIZATION].to_str().unwrap().to_owned(), form));
        answer(asked.len())
    };
    let running = Running::start_with(|base| {
        let discovery = json!({ "issuer": base, "token_endpoint": format!("{base}/token") });
        Router::new().route(DISCOVERY, get(move || async move { Json(discovery) })).route("/token", post(token))
    });
    (running.await, asked)
}

fn granted(nth: usize, seconds: u64) -> Response {
    Json(json!({ "access_token": format!("token {nth}"), "expires_in": seconds })).into_response()
}

fn refused(status: StatusCode) -> Response {
    (status, Json(json!({ "error": "invalid_client", "error_description": "no such client" }))).into_response()
}

fn tokens(issuer: &str) -> MachineTokens {
    let secret = Secret::new("the secret".to_owned());
    let credentials = ClientCredentials { issuer: issuer.parse().unwrap(), client_id: "schildwacht-x".to_owned(), secret };
    MachineTokens::new(credentials, Duration::from_secs(10)).unwrap()
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_it_ends() {
    let (issuer, asked) = issuer(|nth| granted(nth, 3_600)).await;
    let tokens = tokens(&issuer.url());
    assert_eq!((tokens.get().await.unwrap(), tokens.get().await.unwrap()), ("token 1".to_owned(), "token 1".to_owned()));
    let credentials = format!("Basic {}", STANDARD.encode("schildwacht-x:the secret"));
    let form = vec![("grant_type".to_owned(), "client_credentials".to_owned())];
    assert_eq!(*asked.lock().unwrap(), [(credentials, form)]);
}

#[tokio::test]
async fn a_token_in_its_last_ten_seconds_is_not_used() {
    let (issuer, _) = issuer(|nth| granted(nth, 10)).await;
    let tokens = tokens(&issuer.url());
    assert_eq!((tokens.get().await.unwrap(), tokens.get().await.unwrap()), ("token 1".to_owned(), "token 2".to_owned()));
}

#[tokio::test]
async fn a_token_that_a_service_refused_is_forgotten_and_no_other() {
    let (issuer, _) = issuer(|nth| granted(nth, 3_600)).await;
    let tokens = tokens(&issuer.url());
    tokens.get().await.unwrap();
    tokens.forget("token 0").await;
    assert_eq!(tokens.get().await.unwrap(), "token 1");
    tokens.forget("token 1").await;
    assert_eq!(tokens.get().await.unwrap(), "token 2");
}

#[tokio::test]
async fn an_issuer_that_refuses_is_not_asked_again_at_once_since_it_would_take_that_for_an_attack() {
    let (issuer, asked) = issuer(|_| refused(StatusCode::UNAUTHORIZED)).await;
    let tokens = tokens(&issuer.url());
    for _ in 0..2 {
        let error = tokens.get().await.unwrap_err();
        assert_eq!((error.is_final, error.refused_with), (true, Some(StatusCode::UNAUTHORIZED)));
        assert!(error.to_string().contains("no such client") && !error.to_string().contains("the secret"), "{error}");
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_issuer_in_trouble_is_asked_again() {
    for trouble in [StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY] {
        let (issuer, _) = issuer(move |nth| if nth == 1 { refused(trouble) } else { granted(nth, 3_600) }).await;
        let tokens = tokens(&issuer.url());
        let error = tokens.get().await.unwrap_err();
        assert_eq!((error.is_final, error.refused_with), (false, Some(trouble)));
        assert_eq!(tokens.get().await.unwrap(), "token 2");
    }
}

#[tokio::test]
async fn those_who_wait_for_a_try_that_fails_do_not_each_try_again() {
    let (issuer, asked) = issuer(|_| refused(StatusCode::BAD_GATEWAY)).await;
    let tokens = tokens(&issuer.url());
    let all = futures::future::join_all((0..5).map(|_| tokens.get())).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_secret_goes_to_the_issuer_that_was_named_and_nowhere_else() {
    let (elsewhere, asked) = issuer(|nth| granted(nth, 3_600)).await;
    let to = format!("{}/token", elsewhere.url());
    let (issuer, _) = issuer(move |_| Redirect::temporary(&to).into_response()).await;
    assert_eq!(tokens(&issuer.url()).get().await.unwrap_err().refused_with, Some(StatusCode::TEMPORARY_REDIRECT));
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_secret_of_an_issuer_at_https_is_never_sent_in_clear() {
    let (in_clear, asked) = issuer(|nth| granted(nth, 3_600)).await;
    let endpoint = format!("{}/token", in_clear.url()).parse().unwrap();
    // As if its discovery document had named that endpoint.
    tokens("https://issuer.example").at(endpoint, "the-scope").get().await.unwrap_err();
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_known_endpoint_is_asked_at_once_and_for_a_scope() {
    let (issuer, asked) = issuer(|nth| granted(nth, 3_600)).await;
    let endpoint: Url = format!("{}/token", issuer.url()).parse().unwrap();
    // Where nothing answers: it must not be needed.
    let tokens = tokens("http://127.0.0.1:1").at(endpoint.clone(), "the-scope");
    assert_eq!(tokens.endpoint().await.unwrap(), endpoint);
    tokens.get().await.unwrap();
    assert!(asked.lock().unwrap()[0].1.contains(&("scope".to_owned(), "the-scope".to_owned())));
}

#[tokio::test]
async fn what_is_no_issuer_is_said_and_what_is_silent_is_worth_another_try() {
    let discovered = async |status: StatusCode, body: Value| {
        let running = Running::start(Router::new().route(DISCOVERY, get(move || async move { (status, Json(body)) }))).await;
        tokens(&running.url()).get().await.unwrap_err()
    };
    let nothing = discovered(StatusCode::NOT_FOUND, Value::Null).await;
    assert_eq!((nothing.is_final, nothing.refused_with), (true, Some(StatusCode::NOT_FOUND)));
    let other = discovered(StatusCode::OK, json!({ "name": "something else" })).await;
    assert_eq!((other.is_final, other.refused_with), (true, None));
    let silent = tokens("http://127.0.0.1:1").get().await.unwrap_err();
    assert_eq!((silent.is_final, silent.refused_with), (false, None));
}
