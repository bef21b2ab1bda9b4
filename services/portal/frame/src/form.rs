//! Forms: accepted only from our own origin and with the CSRF token of the session. What a person wrote is kept before anything
//! can fail, so that the page that says what failed can give it back.

use std::time::Duration;

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Request},
};
use http::header;
use tokio::sync::Semaphore;

use crate::{
    failure::{Failure, Fault},
    fields::Fields,
    problem::Problem,
    visit::{Around, Visit},
};

/// The longest form is a note of 10,000 characters, each at most 12 bytes once encoded.
const MOST_BYTES: usize = 256 * 1024;
/// Of who is not signed in: what somebody wrote while their session ended is given back to them.
const MOST_BYTES_OF_ANYONE: usize = 32 * 1024;
/// Theirs at once, and how long each may take to arrive: nobody answers for the memory they take.
static OF_ANYONE: Semaphore = Semaphore::const_new(1_000);
const PATIENCE_WITH_ANYONE: Duration = Duration::from_secs(20);

async fn read(request: Request, around: &Around) -> Result<Fields, Failure> {
    let undeclared = || Failure::Ours { fault: Fault::Bug, cause: "a form whose address declares none".to_owned() };
    let form = around.form.ok_or_else(undeclared)?;
    let is_signed_in = matches!(around.session, Ok(Some(_)));
    let fields = if is_signed_in { decode(request, MOST_BYTES).await? } else { decode_of_anyone(request).await? };
    let written: Vec<&str> = form.gives_back.iter().map(|name| fields.text(name)).filter(|text| !text.is_empty()).collect();
    around.written.put_aside(&fields, written.join("\n"));
    Ok(fields)
}

async fn decode_of_anyone(request: Request) -> Result<Fields, Failure> {
    let _held = OF_ANYONE.try_acquire().map_err(|_all_taken| Failure::Problem(Problem::TooFast))?;
    let decoded = tokio::time::timeout(PATIENCE_WITH_ANYONE, decode(request, MOST_BYTES_OF_ANYONE)).await;
    decoded.unwrap_or(Err(Failure::Problem(Problem::Invalid)))
}

async fn decode(request: Request, most_bytes: usize) -> Result<Fields, Failure> {
    let invalid = Failure::Problem(Problem::Invalid);
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(invalid);
    }
    let body = to_bytes(request.into_body(), most_bytes).await.map_err(|error| {
        tracing::debug!(name: "form.unreadable", error = %error, "form could not be read");
        invalid
    })?;
    Ok(Fields::of_body(&body))
}

/// A form of a signed-in person, with a valid CSRF token.
pub struct Posted {
    pub visit: Visit,
    pub fields: Fields,
}

/// A form of anybody. The middleware checks the origin; the handler checks anything more.
pub struct PostedByAnyone {
    pub around: Around,
    pub fields: Fields,
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let PostedByAnyone { around, fields } = PostedByAnyone::from_request(request, state).await?;
        let visit = Visit::of(around)?;
        if !visit.session.csrf.is_meant_by(fields.text("csrf")) {
            return Err(not_believed());
        }
        Ok(Self { visit, fields })
    }
}

impl<S: Send + Sync> FromRequest<S> for PostedByAnyone {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let around = Around::from_request_parts(&mut parts, state).await?;
        let fields = read(Request::from_parts(parts, body), &around).await?;
        Ok(Self { around, fields })
    }
}

/// A form without the session's CSRF token: left open too long, or sent from elsewhere.
pub fn not_believed() -> Failure {
    tracing::info!(name: "form.not_believed", "form without this session's secret");
    Failure::Problem(Problem::StaleForm)
}
