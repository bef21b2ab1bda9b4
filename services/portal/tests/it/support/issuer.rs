//! An issuer that signs in whomever a test names, over the real protocol: code with PKCE, ID tokens, refresh tokens that work once.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use auth::Principal;
use axum::{
    Form, Json, Router,
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use runtime::{Clock, EventId, Ids};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::{DISCOVERY, TestIssuer, TestTokens};
use tokio::sync::watch;
use uuid::Uuid;

use super::people;

pub const CLIENT_ID: &str = "schildwacht-portal";
pub const CLIENT_SECRET: &str = "a secret of 32 characters or more";
/// How people sign in unless a test says another way.
const EID: &str = "urn:be:vlaanderen:authmech:eid";
/// As short as the development issuer's.
const TOKEN_SECONDS: i64 = 300;

pub struct FakeIssuer {
    /// Whose tokens these are; for tests that ask a service without a browser.
    pub tokens: Arc<TestIssuer>,
    inner: Arc<Inner>,
}

struct Inner {
    tokens: TestTokens,
    clock: Clock,
    portal: Mutex<String>,
    next: Mutex<Option<Principal>>,
    waiting: Mutex<HashMap<String, HashMap<String, String>>>,
    codes: Mutex<HashMap<String, Code>>,
    refresh: Mutex<HashMap<String, Session>>,
    /// How people sign in who are not asked for more.
    method: Mutex<&'static str>,
    /// Whether they do so even then.
    is_stubborn: AtomicBool,
    /// `acr_values` and `max_age` of the last sign-in.
    asked: Mutex<(String, String)>,
    counter: AtomicUsize,
    refreshed: AtomicUsize,
    is_away: AtomicBool,
    /// What the token endpoint answers instead of its work.
    trouble: Mutex<Option<(u16, &'static str)>>,
    /// Whether the token endpoint answers at once; else it holds what it is asked.
    is_open: watch::Sender<bool>,
    asked_for_tokens: AtomicUsize,
    gives_no_refresh_tokens: AtomicBool,
    /// A claim of ID tokens, and what it says instead.
    lie: Mutex<Option<(&'static str, Value)>>,
    signed_out: AtomicUsize,
    revoked: AtomicUsize,
    /// The `sid` of the last sign-in.
    last_sid: Mutex<String>,
    /// Whether the browser still has the issuer's session, so that the next sign-in goes on with it.
    remembers_the_browser: AtomicBool,
}

struct Code {
    session: Session,
    nonce: String,
    challenge: String,
}

/// Who signed in, how and when: what stays the same while tokens are renewed.
#[derive(Clone)]
struct Session {
    person: Principal,
    sid: String,
    method: String,
    at: i64,
}

impl FakeIssuer {
    pub async fn start(clock: Clock) -> Self {
        let inner = OnceLock::new();
        let tokens = TestIssuer::start_with(clock.clone(), |tokens| {
            let state = inner.get_or_init(|| Arc::new(Inner::new(tokens.clone(), clock)));
            Router::new()
                .route(DISCOVERY, get(discovery))
                .route("/authorize", get(authorize))
                .route("/authorize/continue", post(choose))
                .route("/personas", get(personas))
                .route("/token", post(token))
                .route("/end-session", get(end_session))
                .route("/revoke", post(revoke))
                .with_state(Arc::clone(state))
        })
        .await;
        Self { tokens: Arc::new(tokens), inner: inner.into_inner().unwrap() }
    }

    pub fn url(&self) -> String {
        self.tokens.url()
    }

    pub fn set_portal(&self, url: &str) {
        url.clone_into(&mut self.inner.portal.lock().unwrap());
    }

    /// Signs this person in without asking; otherwise the page of personas is shown.
    pub fn next_to_sign_in(&self, person: &Principal) {
        *self.inner.next.lock().unwrap() = Some(person.clone());
    }

    /// People sign in by this method from now on, unless the portal asks for a surer one.
    pub fn sign_in_with(&self, method: &'static str) {
        *self.inner.method.lock().unwrap() = method;
    }

    /// They do so whatever the portal asks.
    pub fn be_stubborn(&self) {
        self.inner.is_stubborn.store(true, Ordering::SeqCst);
    }

    /// `acr_values` and `max_age` of the last sign-in.
    pub fn was_asked_for(&self) -> (String, String) {
        self.inner.asked.lock().unwrap().clone()
    }

    pub fn go_away(&self) {
        self.inner.is_away.store(true, Ordering::SeqCst);
    }

    pub fn come_back(&self) {
        self.inner.is_away.store(false, Ordering::SeqCst);
    }

    /// The token endpoint answers every request with this status and OAuth error.
    pub fn answer_with(&self, trouble: Option<(u16, &'static str)>) {
        *self.inner.trouble.lock().unwrap() = trouble;
    }

    /// The token endpoint does its work and keeps its answers to itself, until `answer_again`.
    pub fn hold_answers(&self) {
        self.inner.is_open.send_replace(false);
    }

    pub fn answer_again(&self) {
        self.inner.is_open.send_replace(true);
    }

    /// How often the token endpoint was asked anything.
    pub fn asked_for_tokens(&self) -> usize {
        self.inner.asked_for_tokens.load(Ordering::SeqCst)
    }

    pub fn give_no_refresh_tokens(&self) {
        self.inner.gives_no_refresh_tokens.store(true, Ordering::SeqCst);
    }

    /// From now on ID tokens say something else in one claim.
    pub fn lie_about(&self, claim: &'static str, value: Value) {
        *self.inner.lie.lock().unwrap() = Some((claim, value));
    }

    /// How often tokens were renewed.
    pub fn refreshed(&self) -> usize {
        self.inner.refreshed.load(Ordering::SeqCst)
    }

    /// How many sign-outs arrived here.
    pub fn signed_out(&self) -> usize {
        self.inner.signed_out.load(Ordering::SeqCst)
    }

    /// How many refresh tokens were given up.
    pub fn revoked(&self) -> usize {
        self.inner.revoked.load(Ordering::SeqCst)
    }

    /// The next sign-in goes on with the issuer's session of the last.
    pub fn remember_the_browser(&self) {
        self.inner.remembers_the_browser.store(true, Ordering::SeqCst);
    }

    /// The issuer's name for the session that began last.
    pub fn last_sid(&self) -> String {
        self.inner.last_sid.lock().unwrap().clone()
    }

    /// What a logout token of now says.
    pub fn logout_claims(&self, ended: Value) -> Value {
        let now = self.inner.clock.now().timestamp();
        let mut claims = json!({
            "iss": self.url(), "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": Uuid::from(Ids::random(self.inner.clock.clone()).next::<EventId>()),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        claims.as_object_mut().unwrap().extend(ended.as_object().unwrap().clone());
        claims
    }

    pub fn logout_token(&self, claims: &Value) -> String {
        self.inner.tokens.sign("logout+jwt", claims)
    }

    /// Ends what the issuer knows of every session: refresh tokens no longer work.
    pub fn forget_everybody(&self) {
        self.inner.refresh.lock().unwrap().clear();
    }
}

impl Inner {
    fn new(tokens: TestTokens, clock: Clock) -> Self {
        Self {
            tokens,
            clock,
            portal: Mutex::default(),
            next: Mutex::default(),
            waiting: Mutex::default(),
            codes: Mutex::default(),
            refresh: Mutex::default(),
            method: Mutex::new(EID),
            is_stubborn: AtomicBool::new(false),
            asked: Mutex::default(),
            counter: AtomicUsize::new(0),
            refreshed: AtomicUsize::new(0),
            is_away: AtomicBool::new(false),
            trouble: Mutex::default(),
            is_open: watch::Sender::new(true),
            asked_for_tokens: AtomicUsize::new(0),
            gives_no_refresh_tokens: AtomicBool::new(false),
            lie: Mutex::default(),
            signed_out: AtomicUsize::new(0),
            revoked: AtomicUsize::new(0),
            last_sid: Mutex::default(),
            remembers_the_browser: AtomicBool::new(false),
        }
    }

    fn fresh(&self, what: &str) -> String {
        format!("{what}-{}", self.counter.fetch_add(1, Ordering::SeqCst))
    }

    fn answer(&self, session: &Session, nonce: Option<&str>) -> Value {
        let Session { person, sid, method, at } = session;
        let (now, subject) = (self.clock.now().timestamp(), person.person_id().unwrap().to_string());
        let access = self.tokens.token_with(person, |claims| {
            claims["exp"] = (now + TOKEN_SECONDS).into();
            claims["acr"] = method.as_str().into();
            claims["auth_time"] = (*at).into();
        });
        let mut claims = json!({
            "iss": self.tokens.url(), "aud": CLIENT_ID, "sub": subject, "iat": now, "exp": now + TOKEN_SECONDS, "nonce": nonce, "sid": sid,
        });
        if let Some((claim, value)) = self.lie.lock().unwrap().clone() {
            claims[claim] = value;
        }
        let id = self.tokens.sign("JWT", &claims);
        let mut answer = json!({
            "access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "id_token": id,
        });
        if !self.gives_no_refresh_tokens.load(Ordering::SeqCst) {
            let refresh = self.fresh("refresh");
            self.refresh.lock().unwrap().insert(refresh.clone(), session.clone());
            answer["refresh_token"] = refresh.into();
        }
        answer
    }

    fn back_with_code(&self, request: &HashMap<String, String>, person: Principal) -> Redirect {
        let code = self.fresh("code");
        let text = |name: &str| request.get(name).cloned().unwrap_or_default();
        let (wanted, is_stubborn) = (text("acr_values"), self.is_stubborn.load(Ordering::SeqCst));
        let wanted: Vec<&str> = wanted.split_whitespace().collect();
        let used = *self.method.lock().unwrap();
        let another = wanted.first().filter(|_| !is_stubborn && !wanted.contains(&used));
        let method = another.map_or(used, |method| *method).to_owned();
        *self.asked.lock().unwrap() = (text("acr_values"), text("max_age"));
        let goes_on = self.remembers_the_browser.swap(false, Ordering::SeqCst);
        let sid = if goes_on { self.last_sid.lock().unwrap().clone() } else { self.fresh("sid") };
        self.last_sid.lock().unwrap().clone_from(&sid);
        let session = Session { person, sid, method, at: self.clock.now().timestamp() };
        let kept = Code { session, nonce: text("nonce"), challenge: text("code_challenge") };
        self.codes.lock().unwrap().insert(code.clone(), kept);
        let back = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", &text("state"))
            .append_pair("iss", &self.tokens.url())
            .finish();
        Redirect::to(&format!("{}?{back}", text("redirect_uri")))
    }
}

type Shared = State<Arc<Inner>>;

async fn discovery(State(issuer): Shared) -> Response {
    if issuer.is_away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let url = issuer.tokens.url();
    let mut discovery = issuer.tokens.discovery();
    for (member, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("end_session_endpoint", "end-session"),
        ("revocation_endpoint", "revoke"),
    ] {
        discovery[member] = format!("{url}/{path}").into();
    }
    Json(discovery).into_response()
}

async fn authorize(State(issuer): Shared, Query(request): Query<HashMap<String, String>>) -> Redirect {
    assert_eq!(request["code_challenge_method"], "S256");
    let next = issuer.next.lock().unwrap().take();
    match next {
        Some(person) => issuer.back_with_code(&request, person),
        None => {
            let handle = issuer.fresh("request");
            issuer.waiting.lock().unwrap().insert(handle.clone(), request);
            Redirect::to(&format!("{}aanmelden/wie?request={handle}", issuer.portal.lock().unwrap()))
        }
    }
}

async fn choose(State(issuer): Shared, Form(choice): Form<HashMap<String, String>>) -> Redirect {
    let request = issuer.waiting.lock().unwrap().remove(&choice["request"]).unwrap();
    let person = match choice["persona"].as_str() {
        "els" => people::els(),
        "karim" => people::karim(),
        "lotte" => people::lotte_leads(),
        "pieter" => people::pieter_operates(),
        _ => people::noor(),
    };
    issuer.back_with_code(&request, person)
}

async fn personas() -> Json<Value> {
    Json(serde_json::from_str(include_str!("personas.json")).unwrap())
}

async fn token(State(issuer): Shared, headers: http::HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    if issuer.is_away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    issuer.asked_for_tokens.fetch_add(1, Ordering::SeqCst);
    if let Some((status, error)) = *issuer.trouble.lock().unwrap() {
        return (StatusCode::from_u16(status).unwrap(), Json(json!({ "error": error }))).into_response();
    }
    let answer = work_on(&issuer, &headers, &form);
    let _is_open = issuer.is_open.subscribe().wait_for(|open| *open).await.map(drop);
    answer
}

/// Of a session that one refresh token is given up of, none is good any more.
async fn revoke(State(issuer): Shared, headers: http::HeaderMap, Form(form): Form<HashMap<String, String>>) -> StatusCode {
    proves_who_it_is(&headers);
    let mut refresh = issuer.refresh.lock().unwrap();
    if let Some(session) = refresh.remove(&form["token"]) {
        refresh.retain(|_, other| other.sid != session.sid);
        issuer.revoked.fetch_add(1, Ordering::SeqCst);
    }
    StatusCode::OK
}

fn proves_who_it_is(headers: &http::HeaderMap) {
    let basic = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let escape = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", escape(CLIENT_ID), escape(CLIENT_SECRET)));
    assert_eq!(basic, format!("Basic {expected}"), "the portal proves who it is");
}

fn work_on(issuer: &Inner, headers: &http::HeaderMap, form: &HashMap<String, String>) -> Response {
    proves_who_it_is(headers);
    let refused = || (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    match form["grant_type"].as_str() {
        "authorization_code" => {
            let Some(code) = issuer.codes.lock().unwrap().remove(&form["code"]) else { return refused() };
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
            if challenge != code.challenge {
                return refused();
            }
            Json(issuer.answer(&code.session, Some(&code.nonce))).into_response()
        }
        "refresh_token" => {
            let Some(session) = issuer.refresh.lock().unwrap().remove(&form["refresh_token"]) else { return refused() };
            issuer.refreshed.fetch_add(1, Ordering::SeqCst);
            Json(issuer.answer(&session, None)).into_response()
        }
        other => panic!("grant type {other}"),
    }
}

async fn end_session(State(issuer): Shared, Query(request): Query<HashMap<String, String>>) -> Redirect {
    let names_the_session = request.get("id_token_hint").is_some_and(|hint| !hint.is_empty());
    assert!(names_the_session || request["client_id"] == CLIENT_ID);
    issuer.signed_out.fetch_add(1, Ordering::SeqCst);
    Redirect::to(&format!("{}?state={}", request["post_logout_redirect_uri"], request["state"]))
}
