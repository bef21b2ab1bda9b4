//! Closing several cases of the queue for one reason.

use askama::Template;

use portal_frame::{Frame, mark::Icon, samples::Page};

use super::{listed::ListedCase, words::QueueWords};
use crate::case::{Case, CaseWords, CloseForm};

/// The chosen cases as they are now, and the form that closes them.
#[derive(Template)]
#[template(path = "queue/close_chosen.html")]
pub(crate) struct CloseChosenPage {
    pub(crate) frame: Frame,
    pub(crate) cases: Vec<ListedCase>,
    pub(crate) close: CloseForm,
    /// The queue they were chosen in.
    pub(crate) back: String,
}

impl Page for CloseChosenPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |close| Self { frame: frame.clone(), cases: ListedCase::samples(), close, back: "/wachtrij".to_owned() };
        vec![sample(CloseForm::default()), sample(CloseForm::sample_to_mend())]
    }
}

impl CloseChosenPage {
    const fn words(&self) -> QueueWords {
        QueueWords(self.frame.preferences.language)
    }

    /// Those of the same form on a case's own page.
    const fn form_words(&self) -> CaseWords {
        CaseWords(self.frame.preferences.language)
    }

    fn title(&self) -> String {
        self.words().close_chosen_title(i64::try_from(self.cases.len()).unwrap_or_default())
    }

    fn about(&self, row: &ListedCase) -> Option<String> {
        self.words().about(&row.devices)
    }

    fn assignee_name<'a>(&'a self, case: &'a Case) -> &'a str {
        case.wire.assignee.as_ref().map_or_else(|| self.frame.terms().nobody(), |assignee| self.frame.terms().named(&assignee.name))
    }

    fn reason_options(&self) -> Vec<(String, &'static str, bool)> {
        self.close.reason_options(self.frame.terms())
    }

    /// The errors of the form, each with the id of its field.
    fn errors(&self) -> Vec<(&'static str, &'static str)> {
        let fields = [("sluiten-reden", self.close.reason_error), ("sluiten-tekst", self.close.text_error)];
        fields.into_iter().filter_map(|(field, error)| Some((field, error?))).collect()
    }
}
