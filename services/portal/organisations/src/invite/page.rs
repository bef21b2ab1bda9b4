//! The form of an invitation.

use askama::Template;
use auth::Function;
use chrono::{DateTime, Utc};
use portal_frame::{Frame, mark::Icon, samples::Page, school::School};

use super::words::InviteWords;
use crate::people::{PeopleWords, Refusal, RefusalWords};

/// Inviting somebody.
#[derive(Template)]
#[template(path = "invite/form.html")]
pub(crate) struct InvitePage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    /// What this visitor may give here.
    pub(crate) functions: Vec<Function>,
    /// When the visitor's own authority ends, where that is known: no invitation goes further.
    pub(crate) own_end: Option<DateTime<Utc>>,
    pub(crate) written: Written,
    pub(crate) problems: Problems,
    /// Makes sending twice invite once.
    pub(crate) request_id: String,
}

/// What a person writes of an invitation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) email: String,
    /// As in tokens: `teacher@<school id>`.
    pub(crate) function: String,
    pub(crate) day: String,
}

/// What to correct, or why it cannot be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    pub(crate) email: bool,
    pub(crate) function: bool,
    pub(crate) day: bool,
    /// Whether the function would outlive the visitor's own authority.
    pub(crate) is_too_late: bool,
    pub(crate) refusal: Option<Refusal>,
}

impl InvitePage {
    const fn words(&self) -> InviteWords {
        InviteWords(self.frame.preferences.language)
    }

    const fn people(&self) -> PeopleWords {
        PeopleWords(self.frame.preferences.language)
    }

    fn refusal_text(&self) -> Option<&'static str> {
        self.problems.refusal.map(|refusal| refusal.text(RefusalWords(self.frame.preferences.language)))
    }

    /// Each function: as in tokens, in words, and whether it was chosen.
    fn options(&self) -> Vec<(String, &'static str, bool)> {
        let option = |function: &Function| {
            let code = function.to_string();
            let is_chosen = code == self.written.function;
            (code, self.frame.words().function(*function), is_chosen)
        };
        self.functions.iter().map(option).collect()
    }

    fn own_last_day(&self) -> Option<String> {
        self.own_end.map(|end| self.frame.language().last_day(end, self.frame.now))
    }

    fn day_hint(&self) -> String {
        let words = self.words();
        self.own_last_day().map_or_else(|| words.day_hint().to_owned(), |day| words.day_hint_until(day))
    }

    fn day_wrong(&self) -> Option<String> {
        let words = self.words();
        let too_late = || self.own_last_day().map_or_else(|| words.day_too_late().to_owned(), |day| words.day_later_than(day));
        match self.problems {
            Problems { is_too_late: true, .. } => Some(too_late()),
            Problems { day: true, .. } => Some(words.day_wrong().to_owned()),
            _ => None,
        }
    }

    fn has_fields_to_correct(&self) -> bool {
        self.problems.email || self.problems.function || self.day_wrong().is_some()
    }
}

impl Page for InvitePage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let school = portal_frame::samples::school_id();
        let functions = vec![Function::IctCoordinator(school), Function::Teacher(school)];
        let sample = |own_end, problems| Self {
            frame: frame.clone(),
            school: School::sample(),
            functions: functions.clone(),
            own_end,
            written: Written { function: functions[1].to_string(), ..Written::default() },
            problems,
            request_id: "verzoek".to_owned(),
        };
        let too_late = Problems { is_too_late: true, ..Problems::default() };
        vec![
            sample(None, Problems { email: true, function: true, day: true, ..Problems::default() }),
            sample(None, too_late),
            sample(Some(frame.now), too_late),
            sample(None, Problems { refusal: Some(Refusal::TooManyInvitations), ..Problems::default() }),
        ]
    }
}
