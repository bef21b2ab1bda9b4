//! Help, privacy, accessibility. Running text, so both languages are in the template itself.

use askama::Template;
use axum::response::Response;
use portal_frame::{Around, Failure, Frame, Language, respond::page, samples::Page};

/// How to get on with Schildwacht, and whom to ask.
#[derive(Template)]
#[template(path = "information/help.html")]
pub(crate) struct HelpPage {
    pub(crate) frame: Frame,
}

/// What Schildwacht keeps and what it does not look at.
#[derive(Template)]
#[template(path = "information/privacy.html")]
pub(crate) struct PrivacyPage {
    pub(crate) frame: Frame,
}

/// How accessible these pages are.
#[derive(Template)]
#[template(path = "information/accessibility.html")]
pub(crate) struct AccessibilityPage {
    pub(crate) frame: Frame,
}

macro_rules! samples {
    ($($page:ident),+) => {
        $(impl Page for $page {
            fn samples(frame: &Frame) -> Vec<Self> {
                vec![Self { frame: frame.clone() }]
            }
        })+
    };
}

samples!(HelpPage, PrivacyPage, AccessibilityPage);

/// `GET /hulp`.
pub(crate) async fn help(around: Around) -> Result<Response, Failure> {
    page(&HelpPage { frame: around.frame("")? })
}

/// `GET /privacy`.
pub(crate) async fn privacy(around: Around) -> Result<Response, Failure> {
    page(&PrivacyPage { frame: around.frame("")? })
}

/// `GET /toegankelijkheid`.
pub(crate) async fn accessibility(around: Around) -> Result<Response, Failure> {
    page(&AccessibilityPage { frame: around.frame("")? })
}
