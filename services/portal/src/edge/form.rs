//! Forms, read only when they are believed: from our own page, with this session's secret.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use http::{StatusCode, header};

use super::{
    around::{Around, Visit},
    failure::Failure,
};
use crate::page::Problem;

/// The fields of a form, in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a field, without what stands around it; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default().trim()
    }

    /// The first value of a field, where it is there at all.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Self, Failure> {
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

/// A form of somebody who is signed in, sent from a page of theirs.
pub(crate) struct Posted {
    pub(crate) visit: Visit,
    pub(crate) fields: Fields,
}

/// A form that changes nothing but the visitor's own browser. That it comes from a page of ours is checked around it.
pub(crate) struct PostedByAnyone {
    pub(crate) around: Around,
    pub(crate) fields: Fields,
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let visit = <Visit as axum::extract::FromRequestParts<S>>::from_request_parts(&mut parts, state).await?;
        let fields = Fields::read(Request::from_parts(parts, body), state).await?;
        if !visit.session.csrf.is_meant_by(fields.text("csrf")) {
            tracing::info!(name: "form.not_believed", "form without this session's secret");
            return Err(Failure::Problem(Problem::StaleForm));
        }
        Ok(Self { visit, fields })
    }
}

impl<S: Send + Sync> FromRequest<S> for PostedByAnyone {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let around = <Around as axum::extract::FromRequestParts<S>>::from_request_parts(&mut parts, state).await?;
        let fields = Fields::read(Request::from_parts(parts, body), state).await?;
        Ok(Self { around, fields })
    }
}
