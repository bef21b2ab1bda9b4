//! Invitations: somebody is asked, by a link to their address, to take a function.

use auth::Function;
use chrono::{DateTime, Days, TimeDelta, Utc};
use runtime::{Error, Etag};

use super::{AppointmentId, Email, SecretHash};

runtime::typed_ids! {
    /// An invitation.
    InvitationId
}

/// Somebody is asked to take a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: Email,
    pub function: Function,
    /// Until when the function is to be held.
    pub until: Option<DateTime<Utc>>,
    /// As audit rows name them.
    pub invited_by: String,
    pub created_at: DateTime<Utc>,
    pub answer: Answer,
    /// Counts changes from 1; the etag.
    pub version: u32,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Not yet: the link is good until then.
    Awaited {
        token: SecretHash,
        expires: DateTime<Utc>,
    },
    Accepted {
        appointment: AppointmentId,
    },
    Withdrawn,
}

/// What happened to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum InvitationChange {
    Invited,
    Resent,
    Withdrawn,
    Accepted,
}

/// Why an act was refused. The invitation is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum InvitationRefusal {
    #[error("this invitation was accepted or withdrawn; make a new one")]
    NotOpen,
    #[error("{} invitations of this place are open or were made today; withdraw some, or wait until tomorrow", Invitation::MOST_OPEN)]
    TooManyInvitations,
    #[error(
        "this address was written to {} times in a day; ask whether the letters arrive, and wait until tomorrow",
        Invitation::MOST_LETTERS
    )]
    TooManyLetters,
}

impl From<InvitationRefusal> for Error {
    fn from(refusal: InvitationRefusal) -> Self {
        Self::failed_precondition(refusal.into(), refusal.to_string())
    }
}

impl Invitation {
    /// How long a link is good.
    const GOOD_FOR: Days = Days::new(7);
    /// At one place: nobody who takes over an account sends thousands of mails in our name.
    pub const MOST_OPEN: u64 = 200;
    /// To one address in a day, from all places together: nobody fills a mailbox in our name.
    pub const MOST_LETTERS: u64 = 5;
    /// The day of the two above.
    pub const DAY: TimeDelta = TimeDelta::days(1);

    pub fn invite(
        id: InvitationId,
        (email, function, until): (Email, Function, Option<DateTime<Utc>>),
        invited_by: String,
        token: SecretHash,
        now: DateTime<Utc>,
    ) -> (Self, InvitationChange) {
        let answer = Answer::Awaited { token, expires: Self::good_until(now) };
        (Self { id, email, function, until, invited_by, created_at: now, answer, version: 1 }, InvitationChange::Invited)
    }

    /// Until when a link is good that is sent now.
    pub fn good_until(now: DateTime<Utc>) -> DateTime<Utc> {
        now + Self::GOOD_FOR
    }

    /// With a new link; the one before no longer works.
    pub fn resend(&mut self, token: SecretHash, now: DateTime<Utc>) -> Result<InvitationChange, InvitationRefusal> {
        self.require_awaited()?;
        self.answer = Answer::Awaited { token, expires: Self::good_until(now) };
        self.version += 1;
        Ok(InvitationChange::Resent)
    }

    pub fn withdraw(&mut self) -> Result<InvitationChange, InvitationRefusal> {
        self.require_awaited()?;
        self.answer = Answer::Withdrawn;
        self.version += 1;
        Ok(InvitationChange::Withdrawn)
    }

    /// Its bearer takes the function. The link must be good: [`Self::is_good`].
    pub fn accept(&mut self, appointment: AppointmentId) -> Result<InvitationChange, InvitationRefusal> {
        self.require_awaited()?;
        self.answer = Answer::Accepted { appointment };
        self.version += 1;
        Ok(InvitationChange::Accepted)
    }

    /// Whether its link can still be used, and there is something left to accept.
    pub fn is_good(&self, now: DateTime<Utc>) -> bool {
        matches!(self.answer, Answer::Awaited { expires, .. } if now < expires) && self.until.is_none_or(|until| now < until)
    }

    /// Whether this is the token of its link.
    pub fn is_for(&self, token: SecretHash) -> bool {
        matches!(self.answer, Answer::Awaited { token: own, .. } if own == token)
    }

    fn require_awaited(&self) -> Result<(), InvitationRefusal> {
        if matches!(self.answer, Answer::Awaited { .. }) { Ok(()) } else { Err(InvitationRefusal::NotOpen) }
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

    fn invitation(until: Option<&str>) -> Invitation {
        let function = Function::Teacher(Uuid::from_u128(1).into());
        let (email, now) = ("bram@zandloper.example".try_into().unwrap(), moment("2026-11-29T10:00:00Z"));
        let token = SecretHash::of("first");
        Invitation::invite(Uuid::from_u128(2).into(), (email, function, until.map(moment)), "person:1".to_owned(), token, now).0
    }

    #[test]
    fn a_link_is_good_for_a_week_and_a_new_one_for_another() {
        let mut invitation = invitation(None);
        let expires = moment("2026-12-06T10:00:00Z");
        assert!(invitation.is_good(expires - chrono::TimeDelta::seconds(1)) && !invitation.is_good(expires));
        invitation.resend(SecretHash::of("second"), expires).unwrap();
        assert!(invitation.is_good(expires));
        assert!(invitation.is_for(SecretHash::of("second")) && !invitation.is_for(SecretHash::of("first")));
        assert!(matches!(invitation.answer, Answer::Awaited { token, .. } if token == SecretHash::of("second")), "the first works no more");
    }

    #[test]
    fn a_function_whose_end_has_come_is_not_accepted() {
        let invitation = invitation(Some("2026-12-01T00:00:00Z"));
        assert!(invitation.is_good(moment("2026-11-30T23:59:59Z")) && !invitation.is_good(moment("2026-12-01T00:00:00Z")));
    }

    #[test]
    fn what_was_answered_is_answered() {
        let accepted: AppointmentId = Uuid::from_u128(3).into();
        type Act = fn(&mut Invitation) -> Result<InvitationChange, InvitationRefusal>;
        let acts: [Act; 3] = [
            |invitation| invitation.accept(Uuid::from_u128(3).into()),
            Invitation::withdraw,
            |invitation| invitation.resend(SecretHash::of("later"), moment("2026-11-30T00:00:00Z")),
        ];
        for act in &acts {
            let mut invitation = invitation(None);
            act(&mut invitation).unwrap();
            assert_eq!(invitation.version, 2, "each is a version of its own");
        }
        for first in &acts[..2] {
            for second in &acts {
                let mut invitation = invitation(None);
                first(&mut invitation).unwrap();
                let before = invitation.clone();
                assert_eq!(second(&mut invitation), Err(InvitationRefusal::NotOpen));
                assert_eq!(invitation, before);
                assert!(!invitation.is_good(moment("2026-11-29T10:00:01Z")));
            }
        }
        let mut invitation = invitation(None);
        invitation.accept(accepted).unwrap();
        assert_eq!(invitation.answer, Answer::Accepted { appointment: accepted });
    }
}
