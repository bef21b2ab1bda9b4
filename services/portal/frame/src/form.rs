//! Forms: accepted only from our own origin and with the CSRF token of the session. What a person wrote is kept before anything
//! can fail, so that the page that says what failed can give it back.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
};
use http::{StatusCode, header};

use crate::{
    failure::{Failure, Fault},
    fields::Fields,
    problem::Problem,
    visit::{Around, Visit},
};

async fn read<S: Send + Sync>(request: Request, state: &S, around: &Around) -> Result<Fields, Failure> {
    let undeclared = || Failure::Ours { fault: Fault::Bug, cause: "a form whose address declares none".to_owned() };
    let form = around.form.ok_or_else(undeclared)?;
    let fields = decode(request, state).await?;
    let written: Vec<&str> = form.gives_back.iter().map(|name| fields.text(name)).filter(|text| !text.is_empty()).collect();
    around.written.put_aside(&fields, written.join("\n"));
    Ok(fields)
}

async fn decode<S: Send + Sync>(request: Request, state: &S) -> Result<Fields, Failure> {
    let invalid = Failure::Problem(Problem::Invalid);
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(invalid);
    }
    let body = Bytes::from_request(request, state).await.map_err(|rejection| {
        let is_too_long = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
        tracing::debug!(name: "form.unreadable", is_too_long, "form could not be read");
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
        let fields = read(Request::from_parts(parts, body), state, &around).await?;
        Ok(Self { around, fields })
    }
}

/// A form without the session's CSRF token: left open too long, or sent from elsewhere.
pub fn not_believed() -> Failure {
    tracing::info!(name: "form.not_believed", "form without this session's secret");
    Failure::Problem(Problem::StaleForm)
}
