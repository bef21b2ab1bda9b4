//! Why identity refuses an erasure, in words.

use portal_frame::{Failure, words};
use tonic::Status;

words! {
    /// Each says what is the matter, then what to do.
    pub(crate) RefusalWords {
        changed { "Iemand anders wijzigde dit intussen. Kijk de gegevens na en beslis opnieuw." "Somebody else changed this in the meantime. Check the details and decide again." }
        own_erasure { "U stelde dit zelf voor, of het gaat over u. Vraag een collega om het goed te keuren." "You proposed this yourself, or it is about you. Ask a colleague to agree." }
        already_proposed { "Er wacht al een voorstel om deze persoon te wissen. Keur dat goed of trek het eerst in." "A proposal to erase this person is waiting already. Agree to that, or withdraw it first." }
        not_open { "Dit voorstel is al beantwoord of te oud. Stel het opnieuw voor als dat nodig is." "This proposal was answered or is too old. Propose it again if needed." }
        on_hold { "Van deze persoon moet alles bewaard blijven. Hef eerst de bewaring op, of wacht tot ze afloopt." "Everything about this person is on hold. Lift the hold first, or wait until it ends." }
    }
}

/// What identity refuses, and the visitor can understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Somebody else was faster.
    Changed,
    OwnErasure,
    AlreadyProposed,
    NotOpen,
    OnHold,
}

impl Refusal {
    pub(crate) fn of(status: &Status) -> Option<Self> {
        const REASONS: [(&str, Refusal); 4] = [
            ("own_erasure", Refusal::OwnErasure),
            ("erasure_already_proposed", Refusal::AlreadyProposed),
            ("erasure_not_open", Refusal::NotOpen),
            ("on_hold", Refusal::OnHold),
        ];
        if Failure::is_conflict(status) {
            return Some(Self::Changed);
        }
        REASONS.into_iter().find(|(reason, _)| Failure::has_reason(status, reason)).map(|(_, refusal)| refusal)
    }

    pub(crate) const fn text(self, words: RefusalWords) -> &'static str {
        match self {
            Self::Changed => words.changed(),
            Self::OwnErasure => words.own_erasure(),
            Self::AlreadyProposed => words.already_proposed(),
            Self::NotOpen => words.not_open(),
            Self::OnHold => words.on_hold(),
        }
    }
}
