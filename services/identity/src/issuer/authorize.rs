//! The beginning of a sign-in: the authorization endpoint and the choice of a persona.
//!
//! 1. The portal sends the browser to `GET /authorize`. Client and redirect URI are checked first: with either wrong, nothing
//!    is sent anywhere (no open redirect). Everything else that is wrong goes back to the client as RFC 6749, 4.1.2.1 says.
//! 2. The browser goes to the portal's page that shows the personas, with the handle of this request.
//! 3. That page posts the handle and the chosen persona to `POST /authorize/continue`, and the browser goes back to the client
//!    with a code, its `state` and our `iss` (RFC 9207).

use std::sync::Arc;

use axum::{
    Form,
    extract::{Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use openidconnect::Nonce;
use runtime::Error;
use serde::Deserialize;
use url::Url;

use super::{
    Issuer,
    client::PORTAL,
    metadata::below,
    once::Redeemed,
    pending::{Challenge, Grant, Pending},
};

/// The portal's page that shows the personas.
pub const PORTAL_CHOICE: &str = "/aanmelden/wie";
/// Where the portal takes the code: its one redirect URI.
pub const PORTAL_RETURN: &str = "/aanmelden/terug";

/// What a client asks for.
#[derive(Deserialize)]
pub(super) struct AuthorizeRequest {
    response_type: Option<String>,
    response_mode: Option<String>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    prompt: Option<String>,
    request: Option<String>,
    request_uri: Option<String>,
}

/// What is sent back to the client.
struct Refusal {
    error: &'static str,
    description: &'static str,
}

const fn refusal(error: &'static str, description: &'static str) -> Refusal {
    Refusal { error, description }
}

pub(super) async fn begin(State(issuer): State<Arc<Issuer>>, query: Result<Query<AuthorizeRequest>, QueryRejection>) -> Response {
    let Ok(Query(request)) = query else {
        return refuse_here("the parameters of this request cannot be read, or one of them is there twice");
    };
    if request.client_id.as_deref() != Some(PORTAL) {
        return refuse_here("this issuer signs people in for schildwacht-portal only");
    }
    let redirect_uri = issuer.redirect_uri();
    if request.redirect_uri.as_deref() != Some(redirect_uri.as_str()) {
        return refuse_here("the redirect_uri is not the one that is registered for schildwacht-portal");
    }
    let state = request.state.clone();
    let outcome = match accept(request, redirect_uri.clone()) {
        Err(refusal) => Err(refusal),
        Ok(pending) => issuer.pending.hand_out(pending, issuer.clock.now()).map_err(|_| refusal("server_error", "no randomness to be had")),
    };
    match outcome {
        Ok(handle) => {
            let mut page = below(&issuer.portal, PORTAL_CHOICE);
            page.query_pairs_mut().append_pair("request", handle.reveal());
            go_to(&page)
        }
        Err(refusal) => {
            let pairs = [("error", refusal.error), ("error_description", refusal.description)];
            go_to(&issuer.answer_to(redirect_uri, pairs.as_slice(), state.as_deref()))
        }
    }
}

fn accept(request: AuthorizeRequest, redirect_uri: Url) -> Result<Pending, Refusal> {
    if request.request.is_some() {
        return Err(refusal("request_not_supported", "send the parameters themselves"));
    }
    if request.request_uri.is_some() {
        return Err(refusal("request_uri_not_supported", "send the parameters themselves"));
    }
    if request.response_type.as_deref() != Some("code") {
        return Err(refusal("unsupported_response_type", "response_type must be code"));
    }
    if request.response_mode.is_some_and(|mode| mode != "query") {
        return Err(refusal("invalid_request", "response_mode must be query"));
    }
    if !request.scope.unwrap_or_default().split(' ').any(|scope| scope == "openid") {
        return Err(refusal("invalid_scope", "scope must contain openid"));
    }
    let state = request.state.filter(|state| !state.is_empty()).ok_or(refusal("invalid_request", "state is needed"))?;
    let nonce = request.nonce.filter(|nonce| !nonce.is_empty()).ok_or(refusal("invalid_request", "nonce is needed"))?;
    if request.code_challenge_method.as_deref() != Some("S256") {
        return Err(refusal("invalid_request", "code_challenge_method must be S256"));
    }
    let challenge = (request.code_challenge.as_deref())
        .and_then(Challenge::parse)
        .ok_or(refusal("invalid_request", "code_challenge must be the base64url SHA-256 of a verifier"))?;
    // Nobody stays signed in here: somebody who must not be asked cannot be signed in.
    if request.prompt.is_some_and(|prompt| prompt.split(' ').any(|word| word == "none")) {
        return Err(refusal("login_required", "a persona must be chosen"));
    }
    Ok(Pending { redirect_uri, state, nonce: Nonce::new(nonce), challenge })
}

/// What the page of personas posts.
#[derive(Deserialize)]
pub(super) struct Choice {
    request: String,
    persona: String,
}

pub(super) async fn choose(State(issuer): State<Arc<Issuer>>, form: Result<Form<Choice>, FormRejection>) -> Result<Response, Error> {
    let Form(choice) = form.map_err(|_| Error::invalid_field("persona", "choose one of the people on the page"))?;
    let persona = issuer.personas.find(&choice.persona);
    let persona = persona.ok_or_else(|| Error::invalid_field("persona", "choose one of the people on the page"))?;
    let now = issuer.clock.now();
    // Over time, used or invented: the portal begins again.
    let Redeemed::First(pending) = issuer.pending.redeem(&choice.request, now) else { return Ok(go_to(&issuer.portal)) };
    let grant = Grant {
        session_id: issuer.ids.next(),
        persona: persona.id.clone(),
        client_id: PORTAL.to_owned(),
        redirect_uri: pending.redirect_uri.clone(),
        nonce: pending.nonce,
        challenge: pending.challenge,
        authenticated_at: now,
    };
    let code = issuer.codes.hand_out(grant, now).map_err(Error::internal)?;
    Ok(go_to(&issuer.answer_to(pending.redirect_uri, &[("code", code.reveal())], Some(&pending.state))))
}

impl Issuer {
    /// The one place that people return to.
    fn redirect_uri(&self) -> Url {
        below(&self.portal, PORTAL_RETURN)
    }

    fn answer_to(&self, mut redirect_uri: Url, pairs: &[(&str, &str)], state: Option<&str>) -> Url {
        redirect_uri
            .query_pairs_mut()
            .extend_pairs(pairs)
            .extend_pairs(state.map(|state| ("state", state)))
            .append_pair("iss", self.url.as_str());
        redirect_uri
    }
}

/// 303: the browser follows with GET, and nothing of this is kept on its way.
pub(super) fn go_to(url: &Url) -> Response {
    ([(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")], Redirect::to(url.as_str())).into_response()
}

/// For the developer of the client: a person never gets here.
fn refuse_here(why: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response()
}
