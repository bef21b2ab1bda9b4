//! What stands around every request: preferences, session, and failures that become pages.

use std::sync::Arc;

use auth::Action;
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, Method, StatusCode, Uri, header, request::Parts};
use runtime::EventId;

use super::{
    Portal,
    failure::{Failure, Fault},
    form::Written,
    live,
    respond::{own_page, page_with_status, redirect_with_cookie},
};
use crate::{
    language::Language,
    metrics,
    page::{Flash, Frame, Place, Preferences, Problem, ProblemPage, SignInFailedPage, SignInFailure, Theme},
    session::{Keep, Sender, SessionError, SignedIn},
    upstream::Calls,
};

pub(super) const SESSION_COOKIE: &str = "schildwacht";
pub(super) const FLASH_COOKIE: &str = "gedaan";
pub(super) const LANGUAGE_COOKIE: &str = "taal";
pub(super) const THEME_COOKIE: &str = "thema";
pub(super) const SHORTCUTS_COOKIE: &str = "toetsen";
/// Preferences are kept for a year.
pub(super) const A_YEAR: Keep = Keep::Seconds(365 * 24 * 3_600);

/// A session this young that a service refuses will be refused again: signing in anew would go round in circles.
const TOO_YOUNG_TO_RETRY: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// What is known of a request before its handler runs.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) portal: Arc<Portal>,
    pub(crate) preferences: Preferences,
    /// Path and question, without `lang`; for a form the page it belongs to, since what is posted to cannot be opened.
    pub(crate) here: String,
    pub(crate) flash: Option<Flash>,
    /// What was written in the form of this request.
    pub(crate) written: Written,
    session: Result<Option<SignedIn>, Failure>,
}

/// A request of somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) around: Around,
    pub(crate) session: SignedIn,
}

/// The middleware.
pub(super) async fn around(State(portal): State<Arc<Portal>>, mut request: Request, next: Next) -> Response {
    let security = portal.headers.clone();
    let mut response = match settled_before_the_handler(&portal, &request) {
        Some(response) => response,
        None => {
            let around = Around::of(portal, request.method(), request.uri(), request.headers()).await;
            let came_from = referring_page(request.headers(), &around.portal.origin);
            let method = request.method().clone();
            let is_from_elsewhere = method != Method::GET && method != Method::HEAD && !comes_from_us(&around.portal, request.headers());
            let mut response = if is_from_elsewhere {
                Failure::Problem(Problem::StaleForm).into_response()
            } else {
                request.extensions_mut().insert(around.clone());
                next.run(request).await
            };
            if let Some(failure) = failure_of(&mut response) {
                response = around.explain(failure, &method, came_from).await;
            }
            around.forget_flash(&mut response);
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
    if let Some(address) = portal.address_of_another_name(request.headers(), request.uri()) {
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

/// The page that the form of an address is on.
fn page_of_form(path: &str) -> &str {
    let path = own_page(path);
    match path.rsplit_once('/') {
        Some((page, _act)) if page.starts_with("/zaken/") || page == "/wachtrij" => page,
        Some(("/gateways", _)) => path,
        Some((gateway, _act)) if gateway.starts_with("/gateways/") => path,
        _ => "/",
    }
}

impl Portal {
    /// Cookies belong to one name of a machine: who comes by another name of this one is sent to ours.
    fn address_of_another_name(&self, headers: &HeaderMap, uri: &Uri) -> Option<String> {
        const NAMES_OF_THIS_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
        let host = headers.get(header::HOST)?.to_str().ok()?;
        let our_host = self.origin.split_once("://")?.1;
        let name_of = |host: &str| host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
        let both_are_this_machine = [host, our_host].iter().all(|host| NAMES_OF_THIS_MACHINE.contains(&name_of(host).as_str()));
        (host != our_host && both_are_this_machine)
            .then(|| format!("{}{}", self.origin, uri.path_and_query().map_or("/", |path| path.as_str())))
    }
}

impl Around {
    async fn of(portal: Arc<Portal>, method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let cookie = |name| portal.cookies.read(headers, name);
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = cookie(LANGUAGE_COOKIE).and_then(|code| Language::from_code(&code));
        let preferences = Preferences {
            language: language.or_else(|| Language::from_accept_language(accepted?)).unwrap_or_default(),
            theme: cookie(THEME_COOKIE).and_then(|code| Theme::from_code(&code)).unwrap_or_default(),
            shortcuts: cookie(SHORTCUTS_COOKIE).is_none_or(|code| code != "uit"),
        };
        let flash = cookie(FLASH_COOKIE).filter(|_| method == Method::GET).and_then(|code| Flash::from_code(&code));
        let sender = if uri.path() == live::PATH { Sender::Script } else { Sender::Person };
        let session = match cookie(SESSION_COOKIE) {
            Some(value) => portal.sessions.find(&value, sender).await.map_err(|error: SessionError| Failure::from(error)),
            None => Ok(None),
        };
        let here = if method == Method::POST { page_of_form(uri.path()).to_owned() } else { without_language(uri).0 };
        Self { portal, preferences, here, flash, written: Written::default(), session }
    }

    /// Whoever is signed in.
    ///
    /// # Errors
    /// When that cannot be said just now.
    pub(crate) fn signed_in(&self) -> Result<Option<&SignedIn>, Failure> {
        self.session.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// What stands around a page.
    pub(crate) fn frame(&self, place: Place) -> Result<Frame, Failure> {
        let session = self.session.as_ref().ok().and_then(Option::as_ref);
        let csrf = session.map(|session| session.csrf.masked()).transpose()?;
        let mut frame = Frame {
            preferences: self.preferences,
            now: self.portal.clock.now(),
            here: self.here.clone(),
            visitor: session.map(|session| session.visitor.clone()),
            csrf: csrf.unwrap_or_default(),
            flash: self.flash,
            place,
            context: String::new(),
            school: session.and_then(|session| session.visitor.only_school()),
            queue: None,
            emergency_line: self.portal.emergency_line.clone(),
        };
        let words = frame.words();
        let context = match &frame.visitor {
            Some(visitor) if visitor.works_the_queue() => words.response_team(),
            Some(visitor) if visitor.may_everywhere(Action::GatewayRead) => words.platform_team(),
            _ => "",
        };
        context.clone_into(&mut frame.context);
        Ok(frame)
    }

    /// A failure, as the visitor should read it.
    async fn explain(&self, failure: Failure, method: &Method, came_from: Option<String>) -> Response {
        let explained = match failure {
            Failure::SignIn => self.send_to_sign_in(method, came_from).await,
            Failure::SignInFailed(failure) => self.sign_in_failed(failure),
            Failure::Problem(problem) => self.problem(problem, method, came_from),
            Failure::Ours { fault, cause } => {
                let reference = self.portal.ids.next::<EventId>().to_string();
                tracing::error!(name: "page.failed", reference, fault = ?fault, error = cause, "page cannot be shown");
                let (problem, counted) = match fault {
                    Fault::Away => (Problem::Unavailable, "away"),
                    Fault::Garbled => (Problem::Garbled { reference }, "garbled"),
                    Fault::Bug => (Problem::Failed { reference }, "bug"),
                };
                metrics::page_failed(counted);
                self.problem(problem, method, came_from)
            }
        };
        // Only rendering itself, or the machine's randomness, can have failed here.
        explained.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }

    fn problem(&self, problem: Problem, method: &Method, came_from: Option<String>) -> Result<Response, Failure> {
        let mut frame = self.frame(Place::Elsewhere)?;
        frame.flash = None;
        if problem == Problem::SignedOut {
            (frame.visitor, frame.csrf) = (None, String::new());
        }
        // "Try again" must be a page one can open, not the address of a form.
        if let Some(page) = came_from {
            frame.here = page;
        }
        let status = problem.status();
        let written = self.written.text().map(str::to_owned);
        page_with_status(status, &ProblemPage { frame, problem, is_form: method == Method::POST, written })
    }

    fn sign_in_failed(&self, failure: SignInFailure) -> Result<Response, Failure> {
        let (status, outcome) = match failure {
            SignInFailure::Expired => (StatusCode::BAD_REQUEST, "expired"),
            SignInFailure::Refused => (StatusCode::FORBIDDEN, "refused"),
            SignInFailure::NoFunction => (StatusCode::FORBIDDEN, "no_function"),
            SignInFailure::Unreachable => (StatusCode::SERVICE_UNAVAILABLE, "unreachable"),
        };
        metrics::sign_in_ended(outcome);
        page_with_status(status, &SignInFailedPage { frame: self.frame(Place::Elsewhere)?, failure })
    }

    async fn send_to_sign_in(&self, method: &Method, came_from: Option<String>) -> Result<Response, Failure> {
        if let Some(session) = self.signed_in()? {
            let is_young = self.portal.clock.now() - session.since < TOO_YOUNG_TO_RETRY;
            self.portal.sessions.end(session).await?;
            if is_young && self.written.text().is_none() {
                return self.sign_in_failed(SignInFailure::Refused);
            }
        }
        if self.written.text().is_some() {
            return self.problem(Problem::SignedOut, method, came_from);
        }
        let page = if method == Method::GET { self.here.clone() } else { came_from.unwrap_or_else(|| self.here.clone()) };
        let back = url::form_urlencoded::Serializer::new(String::new()).append_pair("terug", &page).finish();
        Ok(Redirect::to(&format!("/aanmelden?{back}")).into_response())
    }

    /// A message is said once: on the page that shows it, its cookie goes.
    fn forget_flash(&self, response: &mut Response) {
        let was_shown = self.flash.is_some() && response.status() == StatusCode::OK;
        if was_shown && let Some(cookie) = self.portal.cookies.remove(FLASH_COOKIE) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

impl Visit {
    /// # Errors
    /// When nobody is signed in, or that cannot be said just now.
    pub(super) fn of(around: Around) -> Result<Self, Failure> {
        let session = around.signed_in()?.cloned().ok_or(Failure::SignIn)?;
        Ok(Self { around, session })
    }

    /// The services, on behalf of this person.
    pub(crate) fn calls(&self) -> Calls {
        self.around.portal.upstream.on_behalf_of(&self.session.access_token)
    }

    pub(crate) fn frame(&self, place: Place) -> Result<Frame, Failure> {
        self.around.frame(place)
    }

    pub(crate) fn visitor(&self) -> &crate::visitor::Visitor {
        &self.session.visitor
    }
}

impl<S: Sync> FromRequestParts<S> for Around {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let missing = || Failure::Ours { fault: Fault::Bug, cause: "a route without the middleware around it".to_owned() };
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Self::of(Around::from_request_parts(parts, state).await?)
    }
}
