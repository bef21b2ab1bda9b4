//! What an invitation asks of who opens its link, and what came of it.

use askama::Template;
use portal_frame::{Frame, mark::Icon, samples::Page, school::School};

use super::words::InvitationWords;
use crate::people::{Invitation, Refusal, RefusalWords};

/// Taking a function.
#[derive(Template)]
#[template(path = "invitation/page.html")]
pub(crate) struct AcceptPage {
    pub(crate) frame: Frame,
    /// Of the link.
    pub(crate) token: String,
    pub(crate) invitation: Invitation,
    /// Where the function holds, if the visitor may know its name.
    pub(crate) school_name: Option<String>,
    /// Why it could not be accepted.
    pub(crate) refusal: Option<Refusal>,
}

/// The function is theirs.
#[derive(Template)]
#[template(path = "invitation/accepted.html")]
pub(crate) struct AcceptedPage {
    pub(crate) frame: Frame,
}

/// A link that was used, withdrawn or replaced, or is too old; or was never one.
#[derive(Template)]
#[template(path = "invitation/bad_link.html")]
pub(crate) struct BadLinkPage {
    pub(crate) frame: Frame,
}

impl AcceptPage {
    fn refusal_text(&self) -> Option<&'static str> {
        self.refusal.map(|refusal| refusal.text(RefusalWords(self.frame.preferences.language)))
    }

    fn last_day(&self) -> Option<String> {
        self.invitation.until.map(|until| self.frame.language().last_day(until, self.frame.now))
    }

    fn visitor_name(&self) -> &str {
        self.frame.visitor.as_ref().map_or("", |visitor| visitor.name())
    }
}

impl Page for AcceptPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let [ending, lasting] = Invitation::samples();
        let sample = |invitation, school_name, refusal| {
            let token = "token".to_owned();
            Self { frame: frame.clone(), token, invitation, school_name, refusal }
        };
        vec![sample(ending, Some(School::sample().name), Some(Refusal::AlreadyHeld)), sample(lasting, None, None)]
    }
}

impl Page for AcceptedPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        vec![Self { frame: frame.clone() }]
    }
}

impl Page for BadLinkPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        vec![Self { frame: frame.clone() }]
    }
}

macro_rules! with_words {
    ($($page:ty),+) => {
        $(impl $page {
            const fn words(&self) -> InvitationWords {
                InvitationWords(self.frame.preferences.language)
            }
        })+
    };
}

with_words!(AcceptPage, AcceptedPage, BadLinkPage);
