//! Signing in through the issuer, and out again.
//!
//! What must be remembered between leaving for the issuer and coming back (state, nonce, PKCE verifier, the page that was
//! wanted) waits in a cookie of ten minutes, bound to this host and out of reach of scripts. So a sign-in can only be finished
//! in the browser that began it, and unfinished ones cost no memory here.

mod page;
mod words;

use axum::{
    extract::{Query, RawQuery, rejection::QueryRejection},
    response::{IntoResponse as _, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use portal_frame::{
    Around, Failure, Fields, PostedByAnyone, Problem, SignInFailure, Visit, metrics, not_believed,
    respond::{own_page, page, redirect_with_cookie},
    session::{Device, Keep, SessionError},
    step_up,
    visit::{FLASH_COOKIE, FLASH_WAITS, SESSION_COOKIE, SIGNED_IN_AGAIN},
    waiting_form::WAITING_COOKIE,
};
use runtime::{StepUp, security::SecurityEvent};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

pub(crate) use self::page::{GoOnPage, PersonasPage, SignedOutPage};

/// What the issuer hands back to the start page after signing out.
pub(crate) const SIGNED_OUT: &str = "afgemeld";
/// Time to sign in at the issuer.
const UNDER_WAY: Keep = Keep::Seconds(10 * 60);

/// A longer address does not fit into the cookie, which browsers cut off or drop at 4,096 bytes.
const MAX_BACK_BYTES: usize = 2_000;

/// What waits in the cookie.
#[derive(Serialize, Deserialize)]
struct UnderWay {
    state: String,
    nonce: String,
    pkce_verifier: String,
    /// The page that was wanted.
    back: String,
    /// What asked for a surer or a more recent sign-in.
    #[serde(default)]
    step_up: Option<StepUp>,
}

/// What the issuer sends back.
#[derive(Deserialize)]
pub(crate) struct Returned {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Choosing {
    #[serde(default)]
    request: String,
}

/// `GET /aanmelden?terug=…`: to the issuer.
pub(crate) async fn begin(around: Around, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let fields = Fields::of_address(&query.unwrap_or_default());
    let wanted = fields.given("terug").filter(|page| page.len() <= MAX_BACK_BYTES);
    let back = own_page(wanted.unwrap_or("/")).to_owned();

    let step_up = step_up::of_address(fields.text("acr"), fields.text("seconden"));
    let any_method = around.portal.sessions.any_method().map_err(|error| Failure::bug(&error))?;
    let begun = around.portal.issuer.begin(step_up.as_ref().unwrap_or(&any_method)).await?;
    let (state, nonce, pkce_verifier) = (begun.state, begun.nonce, begun.pkce_verifier);
    let under_way = UnderWay { state, nonce, pkce_verifier, back, step_up };
    let cookie = around.portal.cookies.set(&cookie_name(&under_way.state), &under_way.encode()?, UNDER_WAY);
    Ok(redirect_with_cookie(begun.authorize_url.as_str(), cookie))
}

/// `GET /aanmelden/terug`: back from the issuer, with a code or a refusal.
pub(crate) async fn finish(
    around: Around,
    headers: HeaderMap,
    returned: Result<Query<Returned>, QueryRejection>,
) -> Result<Response, Failure> {
    let portal = &around.portal;
    let expired = || Failure::SignInFailed(SignInFailure::Expired);
    let Query(returned) = returned.map_err(|_| expired())?;
    let name = cookie_name(&returned.state);
    let under_way = portal.cookies.read(&headers, &name).and_then(|cookie| UnderWay::decode(&cookie)).ok_or_else(expired)?;
    let is_same_sign_in = bool::from(under_way.state.as_bytes().ct_eq(returned.state.as_bytes()));
    if !is_same_sign_in {
        return Err(expired());
    }
    let is_another_issuer = returned.iss.as_deref().is_some_and(|iss| !portal.issuer.is_named_by(iss));
    if is_another_issuer || returned.error.is_some() {
        let reason: String =
            returned.error.as_deref().unwrap_or("another_issuer").chars().filter(char::is_ascii_graphic).take(40).collect();
        tracing::info!(name: "sign_in.refused", reason, "issuer refused a sign-in");
        return Err(Failure::SignInFailed(SignInFailure::Refused));
    }
    let code = returned.code.ok_or_else(expired)?;
    let redeemed = portal.issuer.redeem(code, under_way.nonce, under_way.pkce_verifier).await?;

    // A session that this browser had before ends.
    if let Some(old) = portal.cookies.read(&headers, SESSION_COOKIE) {
        portal.sessions.end_of_cookie(&old).await?;
    }
    let session = portal.sessions.begin(redeemed, under_way.step_up.clone(), Device::of(&headers)).await?;
    metrics::sign_in_ended("succeeded");
    SecurityEvent::SignedIn.record(&session.actor, "sign_in", portal_frame::NAME, "");
    let set = portal.cookies.set(SESSION_COOKIE, &session.cookie_value, Keep::Session);
    let mut response = redirect_with_cookie(own_page(&under_way.back), set);
    let said = under_way.step_up.is_some().then(|| portal.cookies.set(FLASH_COOKIE, SIGNED_IN_AGAIN.code, FLASH_WAITS)).flatten();
    for cookie in [portal.cookies.remove(&name), said].into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `GET /aanmelden/verder`: back from signing in again, to the form that waits in this browser.
pub(crate) async fn go_on(visit: Visit, headers: HeaderMap) -> Result<Response, Failure> {
    let portal = &visit.around.portal;
    let id = portal.cookies.read(&headers, WAITING_COOKIE).unwrap_or_default();
    let form = portal.waiting_forms.find(visit.visitor().principal(), &id).await.map_err(SessionError::from)?;
    let form = form.ok_or(Failure::Problem(Problem::StaleForm))?;
    page(&GoOnPage { frame: visit.around.frame("")?, form })
}

/// `GET /aanmelden/wie?request=…`: the development issuer leaves choosing a person to us.
pub(crate) async fn personas(around: Around, Query(choosing): Query<Choosing>) -> Result<Response, Failure> {
    if !around.portal.personas {
        return Err(Failure::Problem(Problem::NotFound));
    }
    if choosing.request.is_empty() {
        return Ok(Redirect::to("/aanmelden").into_response());
    }
    let personas = around.portal.issuer.personas().await?;
    let action = around.portal.issuer.persona_choice_url();
    page(&PersonasPage { frame: around.frame("")?, action, request: choosing.request, personas })
}

/// `POST /afmelden`: ends the session here, and at the issuer when it offers that. Also for whose session here ended by itself:
/// at the issuer it may go on, and who asked to be signed out must not be signed in again by the next page.
pub(crate) async fn sign_out(PostedByAnyone { around, fields }: PostedByAnyone) -> Result<Response, Failure> {
    let portal = &around.portal;
    let id_token = match around.signed_in()? {
        Some(session) if !session.csrf.is_meant_by(fields.text("csrf")) => return Err(not_believed()),
        Some(session) => {
            let id_token = portal.sessions.end(session).await?;
            SecurityEvent::SignedOut.record(&session.visitor.principal().actor(), "sign_out", portal_frame::NAME, "");
            id_token
        }
        None => None,
    };
    let at_issuer = portal.issuer.sign_out_url(id_token.as_deref(), SIGNED_OUT).await;
    let here = format!("/?state={SIGNED_OUT}");
    let next = at_issuer.as_ref().map_or(here.as_str(), |url| url.as_str());
    Ok(redirect_with_cookie(next, portal.cookies.remove(SESSION_COOKIE)))
}

fn cookie_name(state: &str) -> String {
    let short: String = state.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    format!("aanmelden-{short}")
}

impl UnderWay {
    fn encode(&self) -> Result<String, Failure> {
        let json = serde_json::to_vec(self).map_err(|error| Failure::bug(&error))?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }

    fn decode(cookie: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cookie).ok()?).ok()
    }
}
