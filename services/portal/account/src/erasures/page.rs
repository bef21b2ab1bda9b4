//! The page on which two operators erase who a person is.

use askama::Template;
use chrono::{DateTime, Utc};
use portal_frame::{Frame, mark::Icon, samples::Page};

use super::{
    refusal::{Refusal, RefusalWords},
    view::Proposal,
    words::ErasuresWords,
};

/// Who is to be erased.
#[derive(Template)]
#[template(path = "erasures/page.html")]
pub(crate) struct ErasuresPage {
    pub(crate) frame: Frame,
    /// Proposals that wait for a second person.
    pub(crate) waiting: Vec<Proposal>,
    /// Whether there are more than these.
    pub(crate) is_cut: bool,
    pub(crate) written: Written,
    pub(crate) problems: Problems,
    pub(crate) request_id: String,
}

/// What the platform team writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) person: String,
    pub(crate) reason: String,
}

/// What to correct, and why an act was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    pub(crate) person: bool,
    pub(crate) reason: bool,
    pub(crate) refusal: Option<Refusal>,
}

impl ErasuresPage {
    const fn words(&self) -> ErasuresWords {
        ErasuresWords(self.frame.preferences.language)
    }

    fn refusal_text(&self) -> Option<&'static str> {
        self.problems.refusal.map(|refusal| refusal.text(RefusalWords(self.frame.preferences.language)))
    }

    fn name<'a>(&self, proposal: &'a Proposal) -> &'a str {
        if proposal.name.is_empty() { self.words().name_unknown() } else { &proposal.name }
    }

    /// `directeur, ICT-coördinator`.
    fn functions(&self, proposal: &Proposal) -> String {
        let names: Vec<&str> = proposal.functions.iter().map(|function| self.frame.words().function(*function)).collect();
        if names.is_empty() { self.words().functions_none().to_owned() } else { names.join(", ") }
    }

    fn moment(&self, at: &DateTime<Utc>) -> String {
        self.frame.short_moment(at)
    }
}

impl Page for ErasuresPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |waiting: Vec<Proposal>, person: &str, problems| Self {
            frame: frame.clone(),
            is_cut: waiting.len() > 1,
            waiting,
            written: Written { person: person.to_owned(), reason: String::new() },
            problems,
            request_id: "verzoek".to_owned(),
        };
        let wrong = Problems { person: true, reason: true, refusal: None };
        let refused = |refusal| Problems { refusal: Some(refusal), ..Problems::default() };
        vec![
            sample(Proposal::samples().into(), "", Problems::default()),
            sample(Vec::new(), "Karim", wrong),
            sample(Proposal::samples().into(), "", refused(Refusal::OwnErasure)),
            sample(Vec::new(), "0190c0de-0000-7000-8000-0000000000a2", refused(Refusal::OnHold)),
            sample(Vec::new(), "", refused(Refusal::NotOpen)),
            sample(Vec::new(), "", refused(Refusal::Changed)),
        ]
    }
}
