//! Why a handler could not do what was asked.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use runtime::StepUp;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::{
    answer::Unreadable,
    issuer::IssuerError,
    problem::{Problem, SignInFailure},
    session::SessionError,
};

/// Becomes a page on the way out, in `around`.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Nobody is signed in, or the service no longer knows them.
    SignIn,
    /// The service asks for a surer or a more recent sign-in.
    StepUp(StepUp),
    /// Signing in did not work.
    SignInFailed(SignInFailure),
    /// The service does not know this page of a list, or not any more: the list begins again at `first`.
    UnknownPage { first: String },
    /// The visitor can do something about it.
    Problem(Problem),
    /// Only we can; `cause` is for the log.
    Ours { fault: Fault, cause: String },
}

/// What is wrong on our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A service is unavailable; it may answer in a minute.
    Away,
    /// A service answered something that cannot be read.
    Garbled,
    /// Anything else.
    Bug,
}

impl Failure {
    pub fn bug(cause: &dyn std::error::Error) -> Self {
        Self::Ours { fault: Fault::Bug, cause: runtime::error::chain(cause) }
    }

    /// Why a page of a list was not answered; `first` is the address of the first page. A page token is of one question and of the
    /// release that gave it: bookmarks outlive both.
    pub fn of_page(status: tonic::Status, first: impl FnOnce() -> String) -> Self {
        if Self::refuses(&status, "page_token") { Self::UnknownPage { first: first() } } else { status.into() }
    }

    /// Whether the etag was out of date: another change came first.
    pub fn is_conflict(status: &tonic::Status) -> bool {
        status.code() == Code::Aborted
    }

    /// Whether the service refuses what this field of the request holds.
    pub fn refuses(status: &tonic::Status, field: &str) -> bool {
        status.get_details_bad_request().is_some_and(|bad| bad.field_violations.iter().any(|violation| violation.field == field))
    }

    /// Whether the service refuses for this reason.
    pub fn has_reason(status: &tonic::Status, reason: &str) -> bool {
        status.get_details_error_info().is_some_and(|info| info.reason == reason)
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        let ours = |fault| {
            let cause = match runtime::tls::complaint(&status, "services.ca_file") {
                Some(complaint) => format!("the service {complaint}"),
                None => format!("{:?}: {}", status.code(), status.message()),
            };
            Self::Ours { fault, cause }
        };
        match status.code() {
            Code::NotFound => Self::Problem(Problem::NotFound),
            Code::PermissionDenied => Self::Problem(Problem::Denied),
            Code::Unauthenticated => StepUp::of(&status).map_or(Self::SignIn, Self::StepUp),
            Code::InvalidArgument | Code::OutOfRange => Self::Problem(Problem::Invalid),
            Code::FailedPrecondition
                if Self::has_reason(&status, "newer_case_open") || Self::has_reason(&status, "evidence_in_open_case") =>
            {
                Self::Problem(Problem::NewerCase)
            }
            Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => Self::Problem(Problem::Precondition),
            Code::ResourceExhausted => Self::Problem(Problem::TooFast),
            // Cancelled is what a passed deadline looks like on our side of the call.
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => ours(Fault::Away),
            Code::Ok | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => ours(Fault::Bug),
        }
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::Ours { fault: Fault::Garbled, cause: error.to_string() }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Ours { fault: Fault::Away, cause: runtime::error::chain(&error) }
    }
}

impl From<IssuerError> for Failure {
    fn from(error: IssuerError) -> Self {
        match &error {
            IssuerError::Refused(reason) => {
                tracing::info!(name: "sign_in.refused", reason, "issuer refused a sign-in");
                Self::SignInFailed(SignInFailure::Refused)
            }
            IssuerError::Complaint(reason) => {
                tracing::warn!(name: "sign_in.issuer_complains", reason, "issuer finds fault with the portal, nobody can sign in");
                Self::SignInFailed(SignInFailure::Unreachable)
            }
            IssuerError::Unreachable(_) => {
                tracing::warn!(name: "sign_in.issuer_away", error = %runtime::error::chain(&error), "issuer cannot be reached");
                Self::SignInFailed(SignInFailure::Unreachable)
            }
        }
    }
}

impl From<getrandom::Error> for Failure {
    fn from(error: getrandom::Error) -> Self {
        Self::Ours { fault: Fault::Bug, cause: error.to_string() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_somewhere_sensible() {
        let problem = |code| Failure::from(tonic::Status::new(code, "a secret detail"));
        assert!(matches!(problem(Code::NotFound), Failure::Problem(Problem::NotFound)));
        assert!(matches!(problem(Code::Unauthenticated), Failure::SignIn));
        assert!(matches!(problem(Code::Cancelled), Failure::Ours { fault: Fault::Away, .. }));
        assert!(matches!(problem(Code::Internal), Failure::Ours { fault: Fault::Bug, .. }));
    }
}
