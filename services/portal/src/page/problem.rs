//! What is said when a page cannot be shown or a form cannot be done: what happened, and what to do next.

use askama::Template;
use http::StatusCode;

use super::Frame;
use crate::{mark::Icon, words::ShellWords};

/// A problem, in the visitor's words.
#[derive(Template)]
#[template(path = "problem.html")]
pub(crate) struct ProblemPage {
    pub(crate) frame: Frame,
    pub(crate) problem: Problem,
    /// Whether a form was sent, which may have changed something.
    pub(crate) is_form: bool,
    /// What was written in it, to be copied.
    pub(crate) written: Option<String>,
}

/// The problems a visitor can meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NotFound,
    Denied,
    /// The session ended while something was being written.
    SignedOut,
    /// The form's secret is not this session's: left open too long, or sent from elsewhere.
    StaleForm,
    Invalid,
    Precondition,
    /// A case cannot be reopened beside a newer one about the same.
    NewerCase,
    TooFast,
    Unavailable,
    /// A service's answer cannot be read; `reference` finds it in the logs.
    Garbled {
        reference: String,
    },
    /// Our fault; `reference` finds it in the logs.
    Failed {
        reference: String,
    },
}

impl ProblemPage {
    const fn title(&self) -> &'static str {
        self.problem.title(self.frame.words())
    }

    const fn text(&self) -> &'static str {
        let words = self.frame.words();
        match self.problem {
            Problem::Unavailable if self.is_form => words.unavailable_form_text(),
            _ => self.problem.text(words),
        }
    }
}

impl Problem {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Denied | Self::SignedOut | Self::StaleForm => StatusCode::FORBIDDEN,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Precondition | Self::NewerCase => StatusCode::CONFLICT,
            Self::TooFast => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Garbled { .. } => StatusCode::BAD_GATEWAY,
            Self::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn title(&self, words: ShellWords) -> &'static str {
        match self {
            Self::NotFound => words.not_found_title(),
            Self::Denied => words.denied_title(),
            Self::SignedOut => words.signed_out_title(),
            Self::StaleForm => words.stale_form_title(),
            Self::Invalid => words.invalid_title(),
            Self::Precondition => words.precondition_title(),
            Self::NewerCase => words.newer_case_title(),
            Self::TooFast => words.too_fast_title(),
            Self::Unavailable => words.unavailable_title(),
            Self::Garbled { .. } => words.garbled_title(),
            Self::Failed { .. } => words.failed_title(),
        }
    }

    const fn text(&self, words: ShellWords) -> &'static str {
        match self {
            Self::NotFound => words.not_found_text(),
            Self::Denied => words.denied_text(),
            Self::SignedOut => words.signed_out_text(),
            Self::StaleForm => words.stale_form_text(),
            Self::Invalid => words.invalid_text(),
            Self::Precondition => words.precondition_text(),
            Self::NewerCase => words.newer_case_text(),
            Self::TooFast => words.too_fast_text(),
            Self::Unavailable => words.unavailable_text(),
            Self::Garbled { .. } => words.garbled_text(),
            Self::Failed { .. } => words.failed_text(),
        }
    }

    pub(super) fn reference(&self) -> Option<&str> {
        match self {
            Self::Garbled { reference } | Self::Failed { reference } => Some(reference),
            _ => None,
        }
    }

    /// Whether signing in again is what to do next.
    pub(super) const fn asks_to_sign_in(&self) -> bool {
        matches!(self, Self::SignedOut)
    }

    /// Whether it is for us to put right, so that somebody in need must not wait for it.
    pub(super) const fn is_ours(&self) -> bool {
        matches!(self, Self::Unavailable | Self::Garbled { .. } | Self::Failed { .. })
    }

    /// Whether the same page may work in a moment.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::TooFast | Self::Unavailable | Self::Garbled { .. } | Self::Failed { .. } | Self::StaleForm | Self::Precondition
        )
    }
}
