//! The page on which all sessions of a person are ended.

use askama::Template;
use portal_frame::{Frame, mark::Icon, samples::Page};

use super::words::EndSessionsWords;

/// All sessions of a person are to end.
#[derive(Template)]
#[template(path = "end_sessions/page.html")]
pub(crate) struct EndSessionsPage {
    pub(crate) frame: Frame,
    pub(crate) written: Written,
    pub(crate) problems: Problems,
}

/// What the platform team writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) person: String,
    pub(crate) reason: String,
}

/// What to correct.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    pub(crate) person: bool,
    pub(crate) reason: bool,
}

impl EndSessionsPage {
    const fn words(&self) -> EndSessionsWords {
        EndSessionsWords(self.frame.preferences.language)
    }
}

impl Page for EndSessionsPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |person: &str, problems| Self {
            frame: frame.clone(),
            written: Written { person: person.to_owned(), reason: String::new() },
            problems,
        };
        vec![sample("0190c0de-0000-7000-8000-0000000000a2", Problems::default()), sample("Karim", Problems { person: true, reason: true })]
    }
}
