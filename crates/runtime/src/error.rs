//! One closed set of error kinds, mapped once to gRPC and once to HTTP.
//!
//! An [`Error`] has two texts: one for the caller (`message`, with a stable `reason` and field violations), and
//! its `source`, for the log only. Choose a kind by what the *caller* should do:
//!
//! | Kind | The caller should |
//! |---|---|
//! | `InvalidArgument` | correct the named fields |
//! | `NotFound` | look elsewhere; also the answer for what the caller may not see |
//! | `AlreadyExists` | use what exists |
//! | `FailedPrecondition` | do something else first |
//! | `Conflict` | read again, then decide again (another change came first) |
//! | `PermissionDenied` | ask someone with the right |
//! | `Unauthenticated` | sign in (again) |
//! | `StepUpRequired` | sign in again, in a surer way or only more recently |
//! | `RateLimited` | wait as long as told |
//! | `Unavailable` | try again later; nothing was decided |
//! | `Internal` | report it; our fault |

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::step_up::{STEP_UP_REQUIRED, StepUp};

/// The domain of `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "schildwacht.be";

/// The closed set of kinds, each by what the caller should do: the module has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Correct the named fields.
    InvalidArgument,
    /// Look elsewhere.
    NotFound,
    /// Use what exists.
    AlreadyExists,
    /// Do something else first.
    FailedPrecondition,
    /// Read again, decide again.
    Conflict,
    /// Ask someone with the right.
    PermissionDenied,
    /// Sign in.
    Unauthenticated,
    /// Sign in again, in a surer way or only more recently (RFC 9470).
    StepUpRequired,
    /// Wait as long as told.
    RateLimited,
    /// Try again later.
    Unavailable,
    /// Report it.
    Internal,
}

impl ErrorKind {
    /// The gRPC code.
    pub const fn grpc_code(self) -> tonic::Code {
        match self {
            Self::InvalidArgument => tonic::Code::InvalidArgument,
            Self::NotFound => tonic::Code::NotFound,
            Self::AlreadyExists => tonic::Code::AlreadyExists,
            Self::FailedPrecondition => tonic::Code::FailedPrecondition,
            Self::Conflict => tonic::Code::Aborted,
            Self::PermissionDenied => tonic::Code::PermissionDenied,
            Self::Unauthenticated | Self::StepUpRequired => tonic::Code::Unauthenticated,
            Self::RateLimited => tonic::Code::ResourceExhausted,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::Internal => tonic::Code::Internal,
        }
    }

    /// The HTTP status.
    pub const fn http_status(self) -> StatusCode {
        match self {
            Self::InvalidArgument => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::AlreadyExists | Self::FailedPrecondition => StatusCode::CONFLICT,
            Self::Conflict => StatusCode::PRECONDITION_FAILED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::Unauthenticated | Self::StepUpRequired => StatusCode::UNAUTHORIZED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the same request may succeed later without being changed.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::RateLimited | Self::Unavailable => true,
            Self::InvalidArgument
            | Self::NotFound
            | Self::AlreadyExists
            | Self::FailedPrecondition
            | Self::Conflict
            | Self::PermissionDenied
            | Self::Unauthenticated
            | Self::StepUpRequired
            | Self::Internal => false,
        }
    }
}

/// One field that is wrong, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldViolation {
    /// Path in the request, `gateway.name`.
    pub field: Cow<'static, str>,
    /// What is wrong and what to give instead.
    pub message: Cow<'static, str>,
}

/// An error on its way to a caller.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    reason: &'static str,
    message: Cow<'static, str>,
    violations: Vec<FieldViolation>,
    retry_after: Option<Duration>,
    step_up: Option<StepUp>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind. `reason` is stable snake_case; `message` is for the caller and says what to do.
    pub fn new(kind: ErrorKind, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            reason,
            message: message.into(),
            violations: Vec::new(),
            retry_after: None,
            step_up: None,
            source: None,
        }))
    }

    /// Fields that are wrong, all of them at once.
    pub fn invalid(violations: Vec<FieldViolation>) -> Self {
        let mut error = Self::new(ErrorKind::InvalidArgument, "invalid_fields", "some fields are not right; see the violations");
        error.0.violations = violations;
        error
    }

    /// One field that is wrong.
    pub fn invalid_field(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::invalid(vec![FieldViolation { field: field.into(), message: message.into() }])
    }

    /// Absent, or outside the caller's scope. `what` is the kind of thing: `case`, `school`.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(ErrorKind::NotFound, "not_found", format!("{what} not found"))
    }

    /// A refusal, said as an absence: the caller may not know that there is one. Any other error stays what it is.
    #[must_use]
    pub fn or_not_found(self, what: &'static str) -> Self {
        match self.kind() {
            ErrorKind::PermissionDenied | ErrorKind::NotFound => Self::not_found(what),
            _ => self,
        }
    }

    /// Another change came first.
    pub fn conflict(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Conflict, reason, message)
    }

    /// Something else must be done first.
    pub fn failed_precondition(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::FailedPrecondition, reason, message)
    }

    /// The caller is authenticated but not authorised.
    pub fn permission_denied(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::PermissionDenied, "permission_denied", message)
    }

    /// The caller is not authenticated.
    pub fn unauthenticated(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unauthenticated, reason, message)
    }

    /// The caller must sign in as this says.
    pub fn step_up(asked: StepUp) -> Self {
        let mut error = Self::new(ErrorKind::StepUpRequired, STEP_UP_REQUIRED, asked.message());
        error.0.step_up = Some(asked);
        error
    }

    /// A dependency of the service is unavailable.
    pub fn unavailable(reason: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Unavailable, reason, "the service cannot answer just now; try again in a moment").with_source(source)
    }

    /// Our fault; the caller learns no details.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Internal, "internal", "something went wrong on our side").with_source(source)
    }

    /// Adds the source, for the log only.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds how long the caller should wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Stable, snake_case, the same on every wire.
    pub fn reason(&self) -> &'static str {
        self.0.reason
    }

    /// The fields that are wrong.
    pub fn violations(&self) -> &[FieldViolation] {
        &self.0.violations
    }

    /// How long the caller should wait, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The error and its sources in one line, for logs.
    pub fn chain(&self) -> String {
        chain(self)
    }

    fn log_if_ours(&self) {
        if matches!(self.kind(), ErrorKind::Internal | ErrorKind::Unavailable) {
            tracing::error!(name: "request.failed", reason = self.reason(), error = %self.chain(), "request failed on our side");
        }
    }
}

/// An error and its sources in one line.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.message)?;
        for violation in &self.0.violations {
            write!(formatter, "; {}: {}", violation.field, violation.message)?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        error.log_if_ours();
        let mut details = ErrorDetails::new();
        details.set_error_info(error.reason(), ERROR_DOMAIN, error.0.step_up.as_ref().map(StepUp::metadata).unwrap_or_default());
        for violation in error.violations() {
            details.add_bad_request_violation(violation.field.clone(), violation.message.clone());
        }
        if let Some(wait) = error.retry_after() {
            details.set_retry_info(Some(wait));
        }
        tonic::Status::with_error_details(error.kind().grpc_code(), error.0.message.clone(), details)
    }
}

/// `application/problem+json` (RFC 9457).
#[derive(serde::Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    reason: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    violations: &'a [FieldViolation],
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log_if_ours();
        let status = self.kind().http_status();
        let problem = Problem {
            r#type: "about:blank",
            title: &self.0.message,
            status: status.as_u16(),
            reason: self.reason(),
            violations: self.violations(),
        };
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after() {
            let whole_seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = self.0.step_up.as_ref().and_then(StepUp::challenge);
            headers.insert(header::WWW_AUTHENTICATE, challenge.unwrap_or(HeaderValue::from_static("Bearer")));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_reaches_no_caller() {
        let secret = std::io::Error::other("password=hunter2");
        let status = tonic::Status::from(Error::internal(secret));
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(!format!("{status:?}").contains("hunter2"), "{status:?}");
    }

    #[test]
    fn violations_and_reason_travel_over_grpc() {
        let status = tonic::Status::from(Error::invalid_field("name", "give 1 to 80 characters"));
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "invalid_fields");
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "name");
    }

    #[test]
    fn a_refusal_can_be_said_as_an_absence_and_nothing_else_can() {
        let kind = |error: Error| error.or_not_found("case").kind();
        assert_eq!(kind(Error::permission_denied("no")), ErrorKind::NotFound);
        assert_eq!(kind(Error::not_found("school")), ErrorKind::NotFound);
        assert_eq!(kind(Error::step_up(StepUp { acr_values: Vec::new(), max_age: None })), ErrorKind::StepUpRequired);
        assert_eq!(kind(Error::unavailable("away", std::io::Error::other("x"))), ErrorKind::Unavailable);
        assert!(Error::permission_denied("no").or_not_found("case").to_string().contains("case"));
    }

    #[test]
    fn waiting_time_is_rounded_up_for_http() {
        let error = Error::new(ErrorKind::RateLimited, "too_fast", "slow down").with_retry_after(Duration::from_millis(1_200));
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }
}
