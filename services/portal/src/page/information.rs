//! Pages that only inform: help, privacy, accessibility. Running text, so both languages stand in the template itself.

use askama::Template;

use super::Frame;
use crate::{language::Language, mark::Icon};

/// How to get on with Schildwacht, and whom to ask.
#[derive(Template)]
#[template(path = "help.html")]
pub(crate) struct HelpPage {
    pub(crate) frame: Frame,
}

/// What Schildwacht keeps and what it does not look at.
#[derive(Template)]
#[template(path = "privacy.html")]
pub(crate) struct PrivacyPage {
    pub(crate) frame: Frame,
}

/// How accessible these pages are.
#[derive(Template)]
#[template(path = "accessibility.html")]
pub(crate) struct AccessibilityPage {
    pub(crate) frame: Frame,
}
