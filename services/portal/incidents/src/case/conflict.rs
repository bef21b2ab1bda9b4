//! Somebody else was faster: what the visitor wanted beside how it is now, and the choice between them.

use askama::Template;

use portal_frame::{Frame, answer::WireEnum as _, samples::Page};
use proto::incident_intake::v1::{CasePhase, CloseReason};

use super::{
    timeline::{Happening, TimelineEntry},
    view::Case,
    words::CaseWords,
};

/// A refused change of a case, with both sides.
#[derive(Template)]
#[template(path = "case/conflict.html")]
pub(crate) struct ConflictPage {
    pub(crate) frame: Frame,
    pub(crate) wish: Wish,
    /// The case as it is now.
    pub(crate) case: Case,
    /// The newest step, which may be the change that came first.
    pub(crate) latest: Option<TimelineEntry>,
}

/// What the visitor wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Take,
    GiveBack,
    Phase(CasePhase),
    Close { reason: CloseReason, text: String },
    Reopen { text: String },
}

impl Wish {
    /// Whether the case already is as wished: the same form sent twice, or somebody who did just that. `latest` is its newest
    /// step.
    pub(crate) fn is_granted(&self, case: &Case, latest: Option<&TimelineEntry>, me: &str) -> bool {
        match self {
            Self::Take => case.is_of(me) && !case.is_closed(),
            Self::GiveBack => case.wire.assignee.is_none() && !case.is_closed(),
            Self::Phase(phase) => case.phase == *phase,
            Self::Close { reason, text } => {
                case.is_closed() && case.closing.as_ref().is_some_and(|closing| closing.reason == *reason && closing.text == *text)
            }
            Self::Reopen { text } => {
                let is_mine = |entry: &TimelineEntry| entry.actor.as_ref().is_some_and(|actor| actor.person_id == me);
                let reopened_so = |entry: &TimelineEntry| matches!(&entry.what, Happening::Reopened { text: given } if given == text);
                !case.is_closed() && latest.is_some_and(|entry| is_mine(entry) && reopened_so(entry))
            }
        }
    }
}

impl Page for ConflictPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let text = || "Toestel nagekeken.".to_owned();
        let wishes = [
            Wish::Take,
            Wish::GiveBack,
            Wish::Phase(CasePhase::Recovery),
            Wish::Close { reason: CloseReason::Resolved, text: text() },
            Wish::Reopen { text: text() },
        ];
        let latest = TimelineEntry::samples().pop();
        let sample = |(case, wish)| Self { frame: frame.clone(), wish, case, latest: latest.clone() };
        Case::samples().into_iter().cycle().zip(wishes).map(sample).collect()
    }
}

impl ConflictPage {
    const fn words(&self) -> CaseWords {
        CaseWords(self.frame.preferences.language)
    }

    fn explanation(&self) -> String {
        let words = self.words();
        let by = self.latest.as_ref().and_then(|entry| Some((entry.actor.as_ref()?, entry.at)));
        match by {
            Some((actor, at)) => words.conflict_text(self.frame.terms().named(&actor.name), self.frame.moment(&at)),
            None => words.conflict_text_unknown().to_owned(),
        }
    }

    /// The last part of the address that the form is sent to.
    const fn action(&self) -> &'static str {
        match self.wish {
            Wish::Take | Wish::GiveBack => "toewijzen",
            Wish::Phase(_) => "fase",
            Wish::Close { .. } => "sluiten",
            Wish::Reopen { .. } => "heropenen",
        }
    }

    fn wanted(&self) -> String {
        let (words, terms) = (self.words(), self.frame.terms());
        match &self.wish {
            Wish::Take => words.want_take().to_owned(),
            Wish::GiveBack => words.want_give_back().to_owned(),
            Wish::Phase(phase) => words.want_phase(terms.phase(*phase)),
            Wish::Close { reason, .. } => words.want_close(terms.close_reason(*reason).to_lowercase()),
            Wish::Reopen { .. } => words.want_reopen().to_owned(),
        }
    }

    /// The visitor's own text, which must not be lost.
    fn wanted_text(&self) -> Option<&str> {
        match &self.wish {
            Wish::Close { text, .. } | Wish::Reopen { text } => Some(text),
            Wish::Take | Wish::GiveBack | Wish::Phase(_) => None,
        }
    }

    /// The fields that ask for the same again.
    fn fields(&self) -> Vec<(&'static str, String)> {
        match &self.wish {
            Wish::Take => vec![("aan", "mij".to_owned())],
            Wish::GiveBack => vec![("aan", String::new())],
            Wish::Phase(phase) => vec![("fase", phase.code())],
            Wish::Close { reason, text } => vec![("reden", reason.code()), ("tekst", text.clone())],
            Wish::Reopen { text } => vec![("tekst", text.clone())],
        }
    }

    /// Whether asking again could work: a closed case can only be reopened, an open one only be worked on.
    fn can_insist(&self) -> bool {
        self.case.is_closed() == matches!(self.wish, Wish::Reopen { .. })
    }
}
