//! Overrides: a check counts as passed although it was not made, because two operators say so.

use chrono::{DateTime, Days, Utc};
use runtime::{Error, Etag, Line, PersonId};

use super::{CheckKind, Claimed, Subject};

runtime::typed_ids! {
    /// An override.
    OverrideId
}

/// A check is to count as passed, for a reason and until a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub id: OverrideId,
    pub subject: Subject,
    pub kind: CheckKind,
    /// The name or the domain that the check is about ([`Claimed::may_change`]). It counts for no other.
    pub about: Option<String>,
    pub reason: OverrideReason,
    pub until: DateTime<Utc>,
    pub proposed_by: PersonId,
    pub proposed_at: DateTime<Utc>,
    pub state: OverrideState,
    /// Counts changes from 1; the etag.
    pub version: u32,
}

/// Why.
pub type OverrideReason = Line<200>;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverrideState {
    /// Another operator may agree until then.
    Proposed {
        expires: DateTime<Utc>,
    },
    Agreed {
        by: PersonId,
        at: DateTime<Utc>,
    },
    /// Withdrawn before or after it was agreed.
    Ended {
        by: PersonId,
        at: DateTime<Utc>,
    },
}

/// What happened to an override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum OverrideChange {
    OverrideProposed,
    OverrideAgreed,
    OverrideEnded,
}

/// Why an act was refused. The override is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum OverrideRefusal {
    #[error("you proposed this yourself; ask a colleague to agree")]
    OwnOverride,
    #[error("this override was answered, is too old, or is about a name or domain that the vendor no longer has; propose it again")]
    OverrideNotOpen,
    #[error("{} proposals for this organisation wait for an answer; answer those first", Override::MOST_OPEN)]
    TooManyOverrides,
}

impl From<OverrideRefusal> for Error {
    fn from(refusal: OverrideRefusal) -> Self {
        Self::failed_precondition(refusal.into(), refusal.to_string())
    }
}

impl Override {
    /// How long a proposal waits for a second person.
    const OPEN_FOR: Days = Days::new(7);
    /// How long an override may hold.
    const LONGEST: Days = Days::new(365);
    /// Proposals for one organisation at once.
    pub const MOST_OPEN: u64 = 5;

    /// Whether an override may hold until then.
    pub fn may_end(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now < until && until <= now + Self::LONGEST
    }

    pub fn propose(
        id: OverrideId,
        (claimed, kind): (&Claimed, CheckKind),
        (reason, until): (OverrideReason, DateTime<Utc>),
        by: PersonId,
        now: DateTime<Utc>,
    ) -> (Self, OverrideChange) {
        let state = OverrideState::Proposed { expires: now + Self::OPEN_FOR };
        let (subject, about) = (claimed.subject, claimed.may_change(kind).map(str::to_owned));
        let proposed = Self { id, subject, kind, about, reason, until, proposed_by: by, proposed_at: now, state, version: 1 };
        (proposed, OverrideChange::OverrideProposed)
    }

    /// By somebody other than who proposed it, while the organisation claims what it did then.
    pub fn agree(&mut self, by: PersonId, claimed: &Claimed, now: DateTime<Utc>) -> Result<OverrideChange, OverrideRefusal> {
        if by == self.proposed_by {
            return Err(OverrideRefusal::OwnOverride);
        }
        if !self.is_open(now) || self.about.as_deref() != claimed.may_change(self.kind) {
            return Err(OverrideRefusal::OverrideNotOpen);
        }
        self.state = OverrideState::Agreed { by, at: now };
        self.version += 1;
        Ok(OverrideChange::OverrideAgreed)
    }

    /// A proposal is withdrawn, or what was agreed counts no more. By either: taking a right away needs one person.
    pub fn end(&mut self, by: PersonId, now: DateTime<Utc>) -> Result<OverrideChange, OverrideRefusal> {
        let counts = matches!(self.state, OverrideState::Agreed { .. }) && now < self.until;
        if !self.is_open(now) && !counts {
            return Err(OverrideRefusal::OverrideNotOpen);
        }
        self.state = OverrideState::Ended { by, at: now };
        self.version += 1;
        Ok(OverrideChange::OverrideEnded)
    }

    /// Whether somebody may agree.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state, OverrideState::Proposed { expires } if now < expires) && now < self.until
    }

    /// What its check says was checked.
    pub fn value(&self) -> String {
        match &self.about {
            Some(about) => format!("override:{}@{about}", self.id),
            None => format!("override:{}", self.id),
        }
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

    fn vendor() -> Claimed {
        Claimed {
            subject: Subject::Vendor(Uuid::from_u128(9).into()),
            name: "Leermaat".to_owned(),
            number: "0428.759.497".to_owned(),
            domain: Some("leermaat.be".to_owned()),
        }
    }

    fn proposed_of(kind: CheckKind) -> Override {
        let why = (OverrideReason::parse("Brief van het bestuur").unwrap(), moment("2027-06-30T00:00:00Z"));
        Override::propose(Uuid::from_u128(8).into(), (&vendor(), kind), why, person(1), moment("2026-11-24T09:00:00Z")).0
    }

    fn proposed() -> Override {
        proposed_of(CheckKind::Domain)
    }

    #[test]
    fn nobody_agrees_to_what_the_vendor_has_changed_since() {
        let now = moment("2026-11-25T09:00:00Z");
        let moved = Claimed { domain: Some("anders.be".to_owned()), ..vendor() };
        let renamed = Claimed { name: "Microsoft".to_owned(), ..vendor() };
        for (kind, other, same) in [(CheckKind::Domain, &moved, &renamed), (CheckKind::CompanyRegister, &renamed, &moved)] {
            assert_eq!(proposed_of(kind).agree(person(2), other, now), Err(OverrideRefusal::OverrideNotOpen));
            assert_eq!(proposed_of(kind).agree(person(2), same, now), Ok(OverrideChange::OverrideAgreed));
        }
    }

    #[test]
    fn an_override_names_what_it_counts_for() {
        let id = Uuid::from_u128(8);
        assert_eq!(proposed_of(CheckKind::Domain).value(), format!("override:{id}@leermaat.be"));
        assert_eq!(proposed_of(CheckKind::CompanyRegister).value(), format!("override:{id}@Leermaat"));
        assert_eq!(proposed_of(CheckKind::Board).value(), format!("override:{id}"));
    }

    #[test]
    fn a_second_person_agrees_within_a_week() {
        let expires = moment("2026-12-01T09:00:00Z");
        assert_eq!(proposed().agree(person(1), &vendor(), moment("2026-11-25T09:00:00Z")), Err(OverrideRefusal::OwnOverride));
        assert_eq!(proposed().agree(person(2), &vendor(), expires), Err(OverrideRefusal::OverrideNotOpen));
        let mut agreed = proposed();
        let at = moment("2026-12-01T08:59:59Z");
        assert_eq!(agreed.agree(person(2), &vendor(), at), Ok(OverrideChange::OverrideAgreed));
        assert_eq!((agreed.state, agreed.version), (OverrideState::Agreed { by: person(2), at }, 2));
        assert_eq!(agreed.agree(person(3), &vendor(), at), Err(OverrideRefusal::OverrideNotOpen), "once");
    }

    #[test]
    fn one_person_ends_it_before_or_after_it_was_agreed_and_not_twice() {
        let now = moment("2026-11-25T09:00:00Z");
        let mut withdrawn = proposed();
        assert_eq!(withdrawn.end(person(1), now), Ok(OverrideChange::OverrideEnded));
        assert_eq!((withdrawn.state, withdrawn.version), (OverrideState::Ended { by: person(1), at: now }, 2));
        assert_eq!(withdrawn.agree(person(2), &vendor(), now), Err(OverrideRefusal::OverrideNotOpen));
        assert_eq!(withdrawn.end(person(1), now), Err(OverrideRefusal::OverrideNotOpen));
        let mut agreed = proposed();
        agreed.agree(person(2), &vendor(), now).unwrap();
        let mut over = agreed.clone();
        assert_eq!(agreed.end(person(1), now), Ok(OverrideChange::OverrideEnded));
        assert_eq!((agreed.state, agreed.version), (OverrideState::Ended { by: person(1), at: now }, 3));
        assert_eq!(over.end(person(1), over.until), Err(OverrideRefusal::OverrideNotOpen), "it has ended by itself");
    }

    #[test]
    fn a_proposal_is_not_open_once_what_it_asks_for_is_over() {
        let mut proposed = proposed();
        proposed.until = moment("2026-11-26T00:00:00Z");
        assert!(proposed.is_open(proposed.until - chrono::TimeDelta::seconds(1)) && !proposed.is_open(proposed.until));
    }

    #[test]
    fn an_override_ends_within_a_year() {
        let now = moment("2026-11-24T09:00:00Z");
        assert!(!Override::may_end(now, now) && Override::may_end(now + Days::new(365), now));
        assert!(!Override::may_end(now + Days::new(366), now));
    }
}
