//! The start page, which is another one for everybody, and the addresses that do not exist.

use axum::{
    extract::RawQuery,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{around::Around, failure::Failure, respond::page, sign_in::SIGNED_OUT};
use crate::page::{Place, Problem, SignInFailure, SignedOutPage};

/// `GET /`: to where the work is. The issuer sends people here when it has signed them out.
pub(super) async fn home(around: Around, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    if let Some(session) = around.signed_in()? {
        let home = session.visitor.home().ok_or(Failure::SignInFailed(SignInFailure::NoFunction))?;
        return Ok(Redirect::to(&home).into_response());
    }
    let has_signed_out = query.is_some_and(|query| url::form_urlencoded::parse(query.as_bytes()).any(|pair| pair.1 == SIGNED_OUT));
    if has_signed_out {
        return page(&SignedOutPage { frame: around.frame(Place::Elsewhere)? });
    }
    Ok(Redirect::to("/aanmelden").into_response())
}

/// Any address that is not ours. gRPC callers, who share the port, are answered in their own words.
pub(super) async fn unknown(headers: HeaderMap) -> Response {
    let is_grpc = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if is_grpc {
        let unimplemented = HeaderValue::from(tonic::Code::Unimplemented as i32);
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"))];
        return (StatusCode::OK, headers, [("grpc-status", unimplemented)]).into_response();
    }
    Failure::Problem(Problem::NotFound).into_response()
}
