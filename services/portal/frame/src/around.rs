//! What is done around every request: preferences and session before the handler, and failures that become pages after it.

use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use runtime::{
    EventId, StepUp,
    security::{SecurityEvent, UNVERIFIED},
};
use tower_http::compression::CompressionLayer;

use crate::{
    assets, back_channel,
    failure::{Failure, Fault},
    language::Language,
    layout::{Preferences, Theme},
    metrics,
    portal::Portal,
    problem::{Problem, ProblemPage, SignInFailedPage, SignInFailure},
    respond::{first_page, own_page, page_with_status, redirect_with_cookie},
    routes::{Declared, Routes},
    session::{Sender, SessionError},
    step_up::sign_in_address,
    visit::{A_YEAR, Around, FLASH_COOKIE, LANGUAGE_COOKIE, SESSION_COOKIE, SHORTCUTS_COOKIE, SIGNED_IN_AGAIN, THEME_COOKIE, Written},
    waiting_form::{COOKIE_WAITS, GO_ON, WAITING_COOKIE},
};

/// A session this young that a service refuses will be refused again: signing in again would go round in circles.
const TOO_YOUNG_TO_RETRY: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// The addresses of all areas and these of the portal itself. What is unknown is answered with a page too.
pub fn router(portal: Arc<Portal>, own: Routes) -> Router {
    let Routes { router, declared, .. } = own;
    let pages = router
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(from_fn_with_state((Arc::clone(&portal), Arc::new(declared)), around))
        .layer(CompressionLayer::new().gzip(true));
    Router::new().route("/assets/{version}/{name}", get(assets::serve)).merge(back_channel::routes(portal)).merge(pages)
}

/// Any address that is not ours. Who speaks gRPC to the wrong port is answered in those words.
async fn unknown(headers: HeaderMap) -> Response {
    let is_grpc = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if is_grpc {
        let unimplemented = HeaderValue::from(tonic::Code::Unimplemented as i32);
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"))];
        return (StatusCode::OK, headers, [("grpc-status", unimplemented)]).into_response();
    }
    Failure::Problem(Problem::NotFound).into_response()
}

/// The middleware.
async fn around(State((portal, declared)): State<(Arc<Portal>, Arc<Declared>)>, request: Request, next: Next) -> Response {
    let security = portal.headers.clone();
    let mut response = match settled_before_the_handler(&portal, &request) {
        Some(response) => response,
        None => {
            let (mut parts, body) = request.into_parts();
            let around = of(portal, &declared, &parts).await;
            // Where a form waits is no page to come back to: its own is.
            let came_from = referring_page(&parts.headers, &around.portal.origin).filter(|page| page != GO_ON);
            let pattern = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
            let is_page = parts.method == Method::GET && !declared.is_file(pattern);
            let asked = Asked { method: parts.method.clone(), path: parts.uri.path().to_owned(), is_page, came_from };
            let is_from_elsewhere =
                asked.method != Method::GET && asked.method != Method::HEAD && !comes_from_us(&around.portal, &parts.headers);
            let mut response = if is_from_elsewhere {
                Failure::Problem(Problem::StaleForm).into_response()
            } else {
                parts.extensions.insert(around.clone());
                next.run(Request::from_parts(parts, body)).await
            };
            if let Some(failure) = failure_of(&mut response) {
                response = explain(&around, failure, asked).await;
            }
            forget_flash(&around, &mut response);
            response
        }
    };
    security.apply(response.headers_mut());
    response
}

/// What went wrong: as a handler says it, or as the framework says it, which is for developers and not for visitors.
fn failure_of(response: &mut Response) -> Option<Failure> {
    let said = response.extensions_mut().remove::<Failure>();
    let is_refused_by_framework = response.status() == StatusCode::BAD_REQUEST && !is_page(response);
    said.or_else(|| is_refused_by_framework.then_some(Failure::Problem(Problem::NotFound)))
}

fn is_page(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// Requests that need no handler: another name of this machine, another language.
fn settled_before_the_handler(portal: &Portal, request: &Request) -> Option<Response> {
    if request.method() != Method::GET {
        return None;
    }
    if let Some(address) = address_of_another_name(portal, request.headers(), request.uri()) {
        return Some(Redirect::temporary(&address).into_response());
    }
    let (here, language) = without_language(request.uri());
    let language = language?;
    let cookie = portal.cookies.set(LANGUAGE_COOKIE, language.code(), A_YEAR);
    Some(redirect_with_cookie(&here, cookie))
}

/// Whether a form was sent from a page of ours, as far as the browser says (OWASP: verify the origin with standard headers).
/// What says nothing at all still needs the session's secret in the form.
fn comes_from_us(portal: &Portal, headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let origin_is_ours = text(header::ORIGIN).is_none_or(|origin| origin == portal.origin);
    let site_is_ours = text(header::HeaderName::from_static("sec-fetch-site")).is_none_or(|site| site == "same-origin");
    origin_is_ours && site_is_ours
}

/// The page a form was on, if it says so and is ours.
fn referring_page(headers: &HeaderMap, origin: &str) -> Option<String> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let path = referer.strip_prefix(origin)?;
    (own_page(path) == path).then(|| path.to_owned())
}

/// Path and question without `lang`, and the language that `lang` asks for. An address that begins with two slashes would, as
/// a link, lead to another host: of that only the start page is left.
fn without_language(uri: &Uri) -> (String, Option<Language>) {
    let path = own_page(uri.path());
    let Some(query) = uri.query() else { return (path.to_owned(), None) };
    let mut language = None;
    let mut rest = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name == "lang" {
            language = Language::from_code(&value);
        } else {
            rest.append_pair(&name, &value);
        }
    }
    let rest = rest.finish();
    (if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") }, language)
}

/// Cookies belong to one name of a machine: who comes by another name of this one is sent to ours.
fn address_of_another_name(portal: &Portal, headers: &HeaderMap, uri: &Uri) -> Option<String> {
    const NAMES_OF_THIS_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let our_host = portal.origin.split_once("://")?.1;
    let name_of = |host: &str| host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
    let both_are_this_machine = [host, our_host].iter().all(|host| NAMES_OF_THIS_MACHINE.contains(&name_of(host).as_str()));
    (host != our_host && both_are_this_machine)
        .then(|| format!("{}{}", portal.origin, uri.path_and_query().map_or("/", |path| path.as_str())))
}

async fn of(portal: Arc<Portal>, declared: &Declared, Parts { method, uri, headers, extensions, .. }: &Parts) -> Around {
    let pattern = extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let cookie = |name| portal.cookies.read(headers, name);
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let language = cookie(LANGUAGE_COOKIE).and_then(|code| Language::from_code(&code));
    let preferences = Preferences {
        language: language.or_else(|| Language::from_accept_language(accepted?)).unwrap_or_default(),
        theme: cookie(THEME_COOKIE).and_then(|code| Theme::from_code(&code)).unwrap_or_default(),
        shortcuts: cookie(SHORTCUTS_COOKIE).is_none_or(|code| code != "uit"),
    };
    let message = |code: String| {
        portal.areas.iter().flat_map(|area| area.messages).chain([&SIGNED_IN_AGAIN]).find(|message| message.code == code).copied()
    };
    let flash = cookie(FLASH_COOKIE).filter(|_| method == Method::GET).and_then(message);
    let sender = if declared.is_stream(pattern) { Sender::Script } else { Sender::Person };
    let session = match cookie(SESSION_COOKIE) {
        Some(value) => portal.sessions.find(&value, sender).await.map_err(|error: SessionError| Failure::from(error)),
        None => Ok(None),
    };
    let form = declared.form(pattern).filter(|_| method == Method::POST);
    let here = match form {
        Some(form) => own_page(&form.page_at(pattern, uri.path())).to_owned(),
        None if method == Method::POST => "/".to_owned(),
        None => without_language(uri).0,
    };
    Around { portal, preferences, here, flash, form, written: Written::default(), session }
}

/// What was asked that failed.
struct Asked {
    method: Method,
    /// Without its question.
    path: String,
    /// Whether a page was asked for, that one can come back to: not a form, nor a file.
    is_page: bool,
    /// The page of ours that it was asked from, where the browser says it.
    came_from: Option<String>,
}

impl Asked {
    /// The page to come back to, as far as there is one.
    fn page(&self, around: &Around) -> String {
        if self.is_page { around.here.clone() } else { self.came_from.clone().unwrap_or_else(|| around.here.clone()) }
    }
}

/// A failure, as the visitor should read it.
async fn explain(around: &Around, failure: Failure, asked: Asked) -> Response {
    let explained = match failure {
        Failure::SignIn => send_to_sign_in(around, asked).await,
        Failure::StepUp(step_up) => send_to_step_up(around, &step_up, asked).await,
        Failure::SignInFailed(failure) => sign_in_failed(around, failure),
        Failure::UnknownPage { first } => Ok(first_page(&first)),
        Failure::Problem(problem) => problem_page(around, problem, asked),
        Failure::Ours { fault, cause } => {
            let reference = around.portal.ids.next::<EventId>().to_string();
            tracing::error!(name: "page.failed", reference, fault = ?fault, error = cause, "page cannot be shown");
            let (problem, counted) = match fault {
                Fault::Away => (Problem::Unavailable, "unavailable"),
                Fault::Garbled => (Problem::Garbled { reference }, "garbled"),
                Fault::Bug => (Problem::Failed { reference }, "bug"),
            };
            metrics::page_failed(counted);
            problem_page(around, problem, asked)
        }
    };
    // Only rendering itself, or the machine's randomness, can have failed here.
    explained.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn problem_page(around: &Around, problem: Problem, asked: Asked) -> Result<Response, Failure> {
    let mut frame = around.frame("")?;
    frame.flash = None;
    if problem == Problem::SignedOut {
        (frame.visitor, frame.csrf) = (None, String::new());
    }
    // "Try again" must be a page one can open, not the address of a form.
    let is_form = asked.method == Method::POST;
    if let Some(page) = asked.came_from {
        frame.here = page;
    }
    let status = problem.status();
    let written = around.written.text().map(str::to_owned);
    page_with_status(status, &ProblemPage { frame, problem, is_form, written })
}

fn sign_in_failed(around: &Around, failure: SignInFailure) -> Result<Response, Failure> {
    let (status, outcome) = match failure {
        SignInFailure::Expired => (StatusCode::BAD_REQUEST, "expired"),
        SignInFailure::Refused => (StatusCode::FORBIDDEN, "refused"),
        SignInFailure::NoFunction => (StatusCode::FORBIDDEN, "no_function"),
        SignInFailure::Unreachable => (StatusCode::SERVICE_UNAVAILABLE, "unreachable"),
    };
    metrics::sign_in_ended(outcome);
    SecurityEvent::SignInFailed.record(UNVERIFIED, "sign_in", crate::NAME, outcome);
    page_with_status(status, &SignInFailedPage { frame: around.frame("")?, failure })
}

async fn send_to_sign_in(around: &Around, asked: Asked) -> Result<Response, Failure> {
    if let Some(session) = around.signed_in()? {
        let is_young = around.portal.clock.now() - session.since < TOO_YOUNG_TO_RETRY;
        around.portal.sessions.end(session).await?;
        SecurityEvent::SessionEnded.record(&session.visitor.principal().actor(), "session", crate::NAME, "refused_by_service");
        if is_young && around.written.text().is_none() {
            return sign_in_failed(around, SignInFailure::Refused);
        }
    }
    if around.written.text().is_some() {
        return problem_page(around, Problem::SignedOut, asked);
    }
    let page = if asked.method == Method::GET { around.here.clone() } else { asked.page(around) };
    let back = url::form_urlencoded::Serializer::new(String::new()).append_pair("terug", &page).finish();
    Ok(Redirect::to(&format!("/aanmelden?{back}")).into_response())
}

/// To the issuer for a surer or a more recent sign-in. What was written waits until its sender is back; anything else is asked for once more
/// from its page.
async fn send_to_step_up(around: &Around, step_up: &StepUp, asked: Asked) -> Result<Response, Failure> {
    let Some(session) = around.signed_in()? else { return send_to_sign_in(around, asked).await };
    // Who has just signed in as was asked and still is not sure enough cannot be: they would go round in circles.
    if session.step_up.as_ref() == Some(step_up) && around.portal.clock.now() - session.since < TOO_YOUNG_TO_RETRY {
        return problem_page(around, Problem::TooWeak, asked);
    }
    let page = asked.page(around);
    // One in which nothing was written is sent again from its page.
    let (Some(fields), Some(written)) = (around.written.fields(), around.written.text()) else {
        return Ok(Redirect::to(&sign_in_address(step_up, &page)).into_response());
    };
    let portal = &around.portal;
    match portal.waiting_forms.keep(session.visitor.principal(), asked.path.clone(), page, fields, written).await {
        Ok(Some(id)) => {
            let cookie = portal.cookies.set(WAITING_COOKIE, &id, COOKIE_WAITS);
            Ok(redirect_with_cookie(&sign_in_address(step_up, GO_ON), cookie))
        }
        // Longer than any form of ours can be.
        Ok(None) => problem_page(around, Problem::Invalid, asked),
        Err(error) => {
            tracing::warn!(name: "form.not_kept", error = %runtime::error::chain(&error), "form cannot wait for its sender");
            problem_page(around, Problem::Unavailable, asked)
        }
    }
}

/// A message is said once: on the page that shows it, its cookie goes.
fn forget_flash(around: &Around, response: &mut Response) {
    let was_shown = around.flash.is_some() && response.status() == StatusCode::OK;
    if was_shown && let Some(cookie) = around.portal.cookies.remove(FLASH_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
