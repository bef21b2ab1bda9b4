//! Erasures: who a person is goes for good, because two operators say so.

use auth::Function;
use chrono::{DateTime, Days, Utc};
use runtime::{Error, Etag, Line, PersonId};

use super::PersonName;

runtime::typed_ids! {
    /// An erasure.
    ErasureId
}

/// A person is to be erased, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub id: ErasureId,
    pub person: PersonId,
    pub reason: ErasureReason,
    pub proposed_by: PersonId,
    pub proposed_at: DateTime<Utc>,
    pub state: ErasureState,
    /// Counts changes from 1; the etag.
    pub version: u32,
}

/// Why.
pub type ErasureReason = Line<200>;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureState {
    Proposed,
    Agreed { by: PersonId, at: DateTime<Utc> },
    Withdrawn { by: PersonId, at: DateTime<Utc> },
}

/// What happened to an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum ErasureChange {
    ErasureProposed,
    ErasureAgreed,
    ErasureWithdrawn,
}

/// Why an act was refused. The erasure is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ErasureRefusal {
    #[error("you proposed this yourself, or it is about you; ask a colleague to agree")]
    OwnErasure,
    #[error("this person's erasure was proposed already; agree to that, or withdraw it first")]
    ErasureAlreadyProposed,
    #[error("this erasure was answered or is too old; propose it again")]
    ErasureNotOpen,
    #[error("the person is on hold; see `schildwacht retention holds`, and lift the hold first, or wait until it ends")]
    OnHold,
}

impl From<ErasureRefusal> for Error {
    fn from(refusal: ErasureRefusal) -> Self {
        Self::failed_precondition(refusal.into(), refusal.to_string())
    }
}

/// An erasure with what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureDetails {
    pub erasure: Erasure,
    /// Of a proposal that is open.
    pub effect: ErasureEffect,
}

/// What agreeing leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErasureEffect {
    /// Whose name goes; `None`: identity knows none.
    pub name: Option<PersonName>,
    /// Those that end.
    pub functions: Vec<Function>,
    /// Those of them that nobody else holds and that administer their place.
    pub last_functions: Vec<Function>,
}

impl Erasure {
    /// How long a proposal waits for a second person.
    const OPEN_FOR: Days = Days::new(7);

    pub fn propose(id: ErasureId, (person, reason): (PersonId, ErasureReason), by: PersonId, now: DateTime<Utc>) -> (Self, ErasureChange) {
        let proposed = Self { id, person, reason, proposed_by: by, proposed_at: now, state: ErasureState::Proposed, version: 1 };
        (proposed, ErasureChange::ErasureProposed)
    }

    /// By somebody other than who proposed it.
    pub fn agree(&mut self, by: PersonId, now: DateTime<Utc>) -> Result<ErasureChange, ErasureRefusal> {
        if by == self.proposed_by || by == self.person {
            return Err(ErasureRefusal::OwnErasure);
        }
        self.answer(ErasureState::Agreed { by, at: now }, now)?;
        Ok(ErasureChange::ErasureAgreed)
    }

    /// By either: nothing is lost by it.
    pub fn withdraw(&mut self, by: PersonId, now: DateTime<Utc>) -> Result<ErasureChange, ErasureRefusal> {
        self.answer(ErasureState::Withdrawn { by, at: now }, now)?;
        Ok(ErasureChange::ErasureWithdrawn)
    }

    fn answer(&mut self, state: ErasureState, now: DateTime<Utc>) -> Result<(), ErasureRefusal> {
        if !self.is_open(now) {
            return Err(ErasureRefusal::ErasureNotOpen);
        }
        self.state = state;
        self.version += 1;
        Ok(())
    }

    /// Whether somebody may agree.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.state == ErasureState::Proposed && now < self.expires()
    }

    /// Until when another operator may agree, or might have.
    pub fn expires(&self) -> DateTime<Utc> {
        self.proposed_at + Self::OPEN_FOR
    }

    /// Names this version of it: changes with every change.
    pub fn etag(&self) -> Etag {
        Etag::new(format!("{}.{}", self.id.as_uuid().simple(), self.version))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn person(number: u128) -> PersonId {
        Uuid::from_u128(number).into()
    }

    fn proposed() -> Erasure {
        let asked = (person(9), ErasureReason::parse("Verzoek 2026-114").unwrap());
        Erasure::propose(Uuid::from_u128(8).into(), asked, person(1), moment("2026-11-24T09:00:00Z")).0
    }

    #[test]
    fn a_second_person_agrees_within_a_week() {
        assert_eq!(proposed().agree(person(1), moment("2026-11-25T09:00:00Z")), Err(ErasureRefusal::OwnErasure));
        assert_eq!(proposed().agree(person(9), moment("2026-11-25T09:00:00Z")), Err(ErasureRefusal::OwnErasure), "it is about them");
        assert_eq!(proposed().agree(person(2), moment("2026-12-01T09:00:00Z")), Err(ErasureRefusal::ErasureNotOpen));
        let mut agreed = proposed();
        let at = moment("2026-12-01T08:59:59Z");
        assert_eq!(agreed.agree(person(2), at), Ok(ErasureChange::ErasureAgreed));
        assert_eq!((agreed.state, agreed.version), (ErasureState::Agreed { by: person(2), at }, 2));
        assert_eq!(agreed.agree(person(3), at), Err(ErasureRefusal::ErasureNotOpen), "once");
        assert_eq!(agreed.withdraw(person(3), at), Err(ErasureRefusal::ErasureNotOpen), "it cannot be undone");
    }

    #[test]
    fn either_withdraws_a_proposal_that_is_open() {
        let now = moment("2026-11-25T09:00:00Z");
        for by in [person(1), person(2)] {
            let mut withdrawn = proposed();
            assert_eq!(withdrawn.withdraw(by, now), Ok(ErasureChange::ErasureWithdrawn));
            assert_eq!((withdrawn.state, withdrawn.version), (ErasureState::Withdrawn { by, at: now }, 2));
            assert_eq!(withdrawn.agree(person(2), now), Err(ErasureRefusal::ErasureNotOpen));
        }
        assert_eq!(proposed().withdraw(person(1), moment("2026-12-01T09:00:00Z")), Err(ErasureRefusal::ErasureNotOpen), "too old");
    }
}
