//! Forms: accepted only from our own origin and with the CSRF token of the session. What a person wrote is kept before anything
//! can fail, so that the page that says what failed can give it back.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::{
    failure::{Failure, Fault},
    problem::Problem,
    visit::{Around, Visit},
};

/// The fields of a form, in the order in which they were sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Those in the question of an address.
    pub fn of_address(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The first value of a field, trimmed; empty when the field is missing.
    pub fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default().trim()
    }

    /// The first value of a field, where it is there at all.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Names and values, in their order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// All but this one.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(found, _)| found != name).cloned().collect())
    }

    /// How long they are together.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    async fn read<S: Send + Sync>(request: Request, state: &S, around: &Around) -> Result<Self, Failure> {
        let undeclared = || Failure::Ours { fault: Fault::Bug, cause: "a form whose address declares none".to_owned() };
        let form = around.form.ok_or_else(undeclared)?;
        let fields = Self::decode(request, state).await?;
        let written: Vec<&str> = form.gives_back.iter().map(|name| fields.text(name)).filter(|text| !text.is_empty()).collect();
        around.written.put_aside(&fields, written.join("\n"));
        Ok(fields)
    }

    async fn decode<S: Send + Sync>(request: Request, state: &S) -> Result<Self, Failure> {
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
        // Browsers write line ends of text fields as CR LF, whatever was typed.
        let field =
            |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| (name.into_owned(), value.replace("\r\n", "\n"));
        Ok(Self(url::form_urlencoded::parse(&body).map(field).collect()))
    }
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
        let fields = Fields::read(Request::from_parts(parts, body), state, &around).await?;
        Ok(Self { around, fields })
    }
}

/// A form without the session's CSRF token: left open too long, or sent from elsewhere.
pub fn not_believed() -> Failure {
    tracing::info!(name: "form.not_believed", "form without this session's secret");
    Failure::Problem(Problem::StaleForm)
}
