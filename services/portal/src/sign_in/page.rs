//! Signing in and out.

use askama::Template;

use content::Text;
use portal_frame::{
    Frame,
    issuer::Persona,
    mark::{Icon, IconMark},
    samples::Page,
    waiting_form::WaitingForm,
};

use super::words::SignInWords;

/// Choosing a person of the development issuer.
#[derive(Template)]
#[template(path = "sign_in/personas.html")]
pub(crate) struct PersonasPage {
    pub(crate) frame: Frame,
    /// Where the choice is sent: the issuer's own address.
    pub(crate) action: String,
    /// The issuer's name for this sign-in.
    pub(crate) request: String,
    pub(crate) personas: Vec<Persona>,
}

/// Signed out.
#[derive(Template)]
#[template(path = "sign_in/signed_out.html")]
pub(crate) struct SignedOutPage {
    pub(crate) frame: Frame,
}

/// After signing in again: the form that waits.
#[derive(Template)]
#[template(path = "sign_in/go_on.html")]
pub(crate) struct GoOnPage {
    pub(crate) frame: Frame,
    pub(crate) form: WaitingForm,
}

impl Page for GoOnPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        vec![Self { frame: frame.clone(), form: WaitingForm::sample("/gateways/7/intrekken", "Gestolen uit de kelder.") }]
    }
}

impl Page for PersonasPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let text = |text: &str| Text { nl: text.to_owned(), en: text.to_owned() };
        let persona = Persona {
            id: "els".to_owned(),
            name: "Els Vermeulen".to_owned(),
            function: text("Basisschool De Zandloper"),
            sees: text("…"),
            icon: "school".to_owned(),
        };
        let (action, request) = ("https://issuer.example/authorize/continue".to_owned(), "request".to_owned());
        vec![Self { frame: frame.clone(), action, request, personas: vec![persona] }]
    }
}

impl Page for SignedOutPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        vec![Self { frame: frame.clone() }]
    }
}

impl PersonasPage {
    /// `Ga verder als Els`.
    fn first_name<'a>(&self, persona: &'a Persona) -> &'a str {
        persona.name.split_whitespace().next().unwrap_or(&persona.name)
    }

    fn icon(&self, persona: &Persona) -> IconMark {
        Icon::from_id(&persona.icon).unwrap_or(Icon::User).large()
    }

    fn text<'a>(&self, text: &'a Text) -> &'a str {
        self.frame.language().pick(&text.nl, &text.en)
    }

    const fn words(&self) -> SignInWords {
        SignInWords(self.frame.preferences.language)
    }
}

impl GoOnPage {
    const fn words(&self) -> SignInWords {
        SignInWords(self.frame.preferences.language)
    }
}

impl SignedOutPage {
    const fn words(&self) -> SignInWords {
        SignInWords(self.frame.preferences.language)
    }
}
