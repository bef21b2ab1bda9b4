//! Signing in and out.

use askama::Template;

use super::Frame;
use crate::{
    language::Language,
    mark::{Icon, IconMark},
    view::Bilingual,
    words::SignInWords,
};

/// Choosing a person of the development issuer.
#[derive(Template)]
#[template(path = "personas.html")]
pub(crate) struct PersonasPage {
    pub(crate) frame: Frame,
    /// Where the choice is sent: the issuer's own address.
    pub(crate) action: String,
    /// The issuer's name for this sign-in.
    pub(crate) request: String,
    pub(crate) personas: Vec<Persona>,
}

/// A made-up person one can sign in as.
#[derive(Clone, Debug)]
pub(crate) struct Persona {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `directeur, Basisschool De Zandloper`.
    pub(crate) function: Bilingual,
    /// What this person sees, in a sentence.
    pub(crate) sees: Bilingual,
    pub(crate) icon: Icon,
}

/// Signing in did not work.
#[derive(Template)]
#[template(path = "sign_in_failed.html")]
pub(crate) struct SignInFailedPage {
    pub(crate) frame: Frame,
    pub(crate) failure: SignInFailure,
}

/// Why signing in did not work, as far as the visitor can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInFailure {
    /// The sign-in is unknown here: too old, or begun in another window.
    Expired,
    /// The issuer said no, or gave something that does not hold.
    Refused,
    /// The issuer does not answer.
    Unreachable,
    /// Known, but without any function here.
    NoFunction,
}

/// Signed out.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOutPage {
    pub(crate) frame: Frame,
}

impl Persona {
    fn icon_mark(&self) -> IconMark {
        self.icon.large()
    }

    /// `Ga verder als Els`.
    fn first_name(&self) -> &str {
        self.name.split_whitespace().next().unwrap_or(&self.name)
    }

    fn function_in(&self, language: Language) -> &str {
        self.function.in_language(language)
    }

    fn sees_in(&self, language: Language) -> &str {
        self.sees.in_language(language)
    }
}

impl PersonasPage {
    const fn words(&self) -> SignInWords {
        SignInWords(self.frame.preferences.language)
    }
}

impl SignInFailedPage {
    const fn words(&self) -> SignInWords {
        SignInWords(self.frame.preferences.language)
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

impl SignedOutPage {
    const fn words(&self) -> SignInWords {
        SignInWords(self.frame.preferences.language)
    }
}
