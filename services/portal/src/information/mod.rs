//! Help, privacy, accessibility. Running text, so both languages are in the template itself.

mod kept;

use std::sync::Arc;

use askama::Template;
use axum::{Extension, response::Response};
use portal_frame::{Around, Failure, Frame, Language, respond::page, samples::Page};
use service::Periods;

use self::kept::{Kept, kept};

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
    /// How long what is kept, by the content that holds now.
    pub(crate) kept: Vec<Kept>,
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

samples!(HelpPage, AccessibilityPage);

impl Page for PrivacyPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let kept = Kept {
            what: "Wie welke functie heeft of had".to_owned(),
            how_long: "5 jaar na het einde van de functie".to_owned(),
            why: "Zo lang kan iemand vragen wie wat mocht.".to_owned(),
        };
        vec![Self { frame: frame.clone(), kept: vec![kept] }]
    }
}

/// `GET /hulp`.
pub(crate) async fn help(around: Around) -> Result<Response, Failure> {
    page(&HelpPage { frame: around.frame("")? })
}

/// `GET /privacy`.
pub(crate) async fn privacy(around: Around, Extension(periods): Extension<Arc<Periods>>) -> Result<Response, Failure> {
    let frame = around.frame("")?;
    let kept = periods.all(around.portal.clock.now()).map(|period| kept(period, frame.language())).collect();
    page(&PrivacyPage { frame, kept })
}

/// `GET /toegankelijkheid`.
pub(crate) async fn accessibility(around: Around) -> Result<Response, Failure> {
    page(&AccessibilityPage { frame: around.frame("")? })
}
