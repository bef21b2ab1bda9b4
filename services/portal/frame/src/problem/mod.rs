//! What is said when a page cannot be shown or a form cannot be done: what happened, and what to do next.

use askama::Template;
use http::StatusCode;

use crate::{layout::Frame, samples::Page, words::ShellWords};

crate::pages!(ProblemPage, SignInFailedPage);

crate::words! {
    /// The words of a sign-in that did not work.
    pub SignInFailedWords {
        failed_title { "Aanmelden is niet gelukt" "Signing in did not work" }
        failed_expired { "Het aanmelden duurde te lang of werd in een ander venster begonnen. Probeer het opnieuw." "Signing in took too long or was started in another window. Try again." }
        failed_refused { "De aanmelddienst liet u niet toe. Probeer het opnieuw. Lukt het weer niet, vraag dan hulp aan de ICT-coördinator van uw school." "The sign-in service did not let you in. Try again. If it fails again, ask the ICT coordinator of your school for help." }
        failed_unreachable { "De aanmelddienst antwoordt niet. Probeer het over een minuut opnieuw." "The sign-in service does not answer. Try again in a minute." }
        failed_no_function { "U hebt nog geen rechten in Schildwacht. Hebt u net een uitnodiging aanvaard? Probeer het over een minuut opnieuw. Vraag anders rechten aan de lokale beheerder (Gebruikersbeheer)." "You have no rights in Schildwacht yet. Have you just accepted an invitation? Try again in a minute. Otherwise ask your local user administrator for rights." }
        try_again { "Probeer opnieuw" "Try again" }
    }
}

/// A problem, in the visitor's words.
#[derive(Template)]
#[template(path = "problem/problem.html")]
pub struct ProblemPage {
    pub frame: Frame,
    pub problem: Problem,
    /// Whether a form was sent, which may have changed something.
    pub is_form: bool,
    /// What was written in it, to be copied.
    pub written: Option<String>,
}

/// The problems a visitor can meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    NotFound,
    Denied,
    /// The session ended while something was being written.
    SignedOut,
    /// The way of signing in is not sure enough for this.
    TooWeak,
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

/// Signing in did not work.
#[derive(Template)]
#[template(path = "problem/sign_in_failed.html")]
pub struct SignInFailedPage {
    pub frame: Frame,
    pub failure: SignInFailure,
}

/// Why signing in did not work, as far as the visitor can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInFailure {
    /// The sign-in is unknown here: too old, or begun in another window.
    Expired,
    /// The issuer said no, or gave something that does not hold.
    Refused,
    /// The issuer does not answer.
    Unreachable,
    /// Known, but without any function here.
    NoFunction,
}

impl Page for ProblemPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |problem| Self { frame: frame.clone(), problem, is_form: true, written: Some("Een notitie.".to_owned()) };
        let reference = || "0190c0de".to_owned();
        let plain = [Problem::NotFound, Problem::Denied, Problem::SignedOut, Problem::TooWeak, Problem::StaleForm, Problem::Invalid];
        let others = [
            Problem::Precondition,
            Problem::NewerCase,
            Problem::TooFast,
            Problem::Unavailable,
            Problem::Garbled { reference: reference() },
        ];
        plain.into_iter().chain(others).chain([Problem::Failed { reference: reference() }]).map(sample).collect()
    }
}

impl Page for SignInFailedPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let failures = [SignInFailure::Expired, SignInFailure::Refused, SignInFailure::Unreachable, SignInFailure::NoFunction];
        failures.map(|failure| Self { frame: frame.clone(), failure }).into()
    }
}

impl SignInFailedPage {
    const fn words(&self) -> SignInFailedWords {
        SignInFailedWords(self.frame.preferences.language)
    }

    const fn text(&self) -> &'static str {
        let words = self.words();
        match self.failure {
            SignInFailure::Expired => words.failed_expired(),
            SignInFailure::Refused => words.failed_refused(),
            SignInFailure::Unreachable => words.failed_unreachable(),
            SignInFailure::NoFunction => words.failed_no_function(),
        }
    }
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
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Denied | Self::SignedOut | Self::TooWeak | Self::StaleForm => StatusCode::FORBIDDEN,
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
            Self::TooWeak => words.too_weak_title(),
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
            Self::TooWeak => words.too_weak_text(),
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

    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Garbled { reference } | Self::Failed { reference } => Some(reference),
            _ => None,
        }
    }

    /// Whether signing in again is what to do next.
    pub const fn asks_to_sign_in(&self) -> bool {
        matches!(self, Self::SignedOut)
    }

    /// Whether the fault is on our side: the page then shows the emergency line.
    pub const fn is_ours(&self) -> bool {
        matches!(self, Self::Unavailable | Self::Garbled { .. } | Self::Failed { .. })
    }

    /// Whether the same page may work in a moment.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::TooFast | Self::Unavailable | Self::Garbled { .. } | Self::Failed { .. } | Self::StaleForm | Self::Precondition
        )
    }
}
