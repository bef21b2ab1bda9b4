//! Why identity refuses an act upon people, in words.

use portal_frame::{Failure, words};
use tonic::Status;

words! {
    /// Each says what is the matter, then what to do.
    pub(crate) RefusalWords {
        changed { "Iemand anders wijzigde dit intussen. Kijk de gegevens na en beslis opnieuw." "Somebody else changed this in the meantime. Check the details and decide again." }
        already_ended { "Deze functie is al gestopt. Nodig de persoon opnieuw uit als die ze weer opneemt." "This function has already ended. Invite the person again if they are to hold it again." }
        last_administrator { "Niemand anders kan dan nog mensen aanstellen voor deze school. Nodig eerst een opvolger uit, of vraag het aan uw schoolbestuur." "Nobody else could then appoint people for this school. First invite a successor, or ask your school board." }
        own_function { "U kunt uw eigen functie niet bevestigen of aan uzelf geven. Vraag het aan een collega die dat mag." "You cannot confirm your own function or give yourself one. Ask a colleague who may." }
        already_held { "Deze persoon heeft die functie al." "This person already holds that function." }
        not_open { "Deze uitnodiging is al aanvaard of ingetrokken. Nodig de persoon opnieuw uit als dat nodig is." "This invitation was already accepted or withdrawn. Invite the person again if needed." }
        too_many_invitations { "Er wachten al 200 uitnodigingen voor deze school, of er zijn er vandaag zoveel gemaakt. Trek er in die niet meer nodig zijn, of wacht tot morgen." "200 invitations are already waiting for this school, or as many were made today. Withdraw those that are no longer needed, or wait until tomorrow." }
        too_many_letters { "Dit adres kreeg al 5 uitnodigingen in één dag. Vraag of ze aankomen, ook bij ongewenste mail, en probeer het morgen opnieuw." "This address has had 5 invitations in one day. Ask whether they arrive, also in the spam folder, and try again tomorrow." }
    }
}

/// What identity refuses, and the visitor can understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Somebody else was faster.
    Changed,
    AlreadyEnded,
    LastAdministrator,
    OwnFunction,
    AlreadyHeld,
    NotOpen,
    TooManyInvitations,
    TooManyLetters,
}

impl Refusal {
    pub(crate) fn of(status: &Status) -> Option<Self> {
        const REASONS: [(&str, Refusal); 7] = [
            ("already_ended", Refusal::AlreadyEnded),
            ("last_administrator", Refusal::LastAdministrator),
            ("own_function", Refusal::OwnFunction),
            ("already_held", Refusal::AlreadyHeld),
            ("not_open", Refusal::NotOpen),
            ("too_many_invitations", Refusal::TooManyInvitations),
            ("too_many_letters", Refusal::TooManyLetters),
        ];
        if Failure::is_conflict(status) {
            return Some(Self::Changed);
        }
        REASONS.into_iter().find(|(reason, _)| Failure::has_reason(status, reason)).map(|(_, refusal)| refusal)
    }

    pub(crate) const fn text(self, words: RefusalWords) -> &'static str {
        match self {
            Self::Changed => words.changed(),
            Self::AlreadyEnded => words.already_ended(),
            Self::LastAdministrator => words.last_administrator(),
            Self::OwnFunction => words.own_function(),
            Self::AlreadyHeld => words.already_held(),
            Self::NotOpen => words.not_open(),
            Self::TooManyInvitations => words.too_many_invitations(),
            Self::TooManyLetters => words.too_many_letters(),
        }
    }
}
