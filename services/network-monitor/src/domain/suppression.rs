//! Standing orders to keep a signature quiet for a while.

use chrono::{DateTime, TimeDelta, Utc};
use runtime::{SchoolId, SuppressionId};

use super::detection::SignatureId;

/// The longest a suppression may last: long enough for a holiday's works, short enough that nobody forgets it.
pub const LONGEST: TimeDelta = TimeDelta::days(90);

/// Most characters of a reason.
pub const LONGEST_REASON: usize = 500;

/// Keeps the alerts of one signature quiet: they are still counted, but nobody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Its id.
    pub id: SuppressionId,
    /// The school; `None` for all schools.
    pub school: Option<SchoolId>,
    /// The signature.
    pub signature_id: SignatureId,
    /// Why, for the one who wonders later.
    pub reason: String,
    /// Until when.
    pub expires: DateTime<Utc>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Who made it.
    pub creator: String,
}

/// Why a suppression was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SuppressionError {
    /// Nothing to say why.
    #[error("say in 1 to {LONGEST_REASON} characters why these alerts should stay quiet")]
    Reason,
    /// It ends before it begins.
    #[error("give a moment in the future")]
    Past,
    /// It outlasts what anybody will remember.
    #[error("give a moment at most {} days ahead; it can be made again then", LONGEST.num_days())]
    TooLong,
}

impl Suppression {
    /// Checks the reason: its text without the spaces around it.
    pub fn check_reason(reason: &str) -> Result<&str, SuppressionError> {
        let reason = reason.trim();
        let characters = reason.chars().count();
        if (1..=LONGEST_REASON).contains(&characters) { Ok(reason) } else { Err(SuppressionError::Reason) }
    }

    /// Checks the end.
    pub fn check_expiry(expires: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, SuppressionError> {
        if expires <= now {
            Err(SuppressionError::Past)
        } else if expires > now + LONGEST {
            Err(SuppressionError::TooLong)
        } else {
            Ok(expires)
        }
    }

    /// Whether it keeps this signature at this school quiet now.
    pub fn quiets(&self, school: SchoolId, signature_id: &SignatureId, now: DateTime<Utc>) -> bool {
        self.school.is_none_or(|only| only == school) && self.signature_id == *signature_id && now < self.expires
    }
}

#[cfg(test)]
mod tests {
    use runtime::Ids;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-09-24T09:50:00Z".parse().unwrap()
    }

    fn suppression(school: Option<SchoolId>) -> Suppression {
        Suppression {
            id: Ids::counted().next(),
            school,
            signature_id: SignatureId::suricata(1, 2_027_865),
            reason: "penetration test of the week".to_owned(),
            expires: now() + TimeDelta::days(1),
            created: now(),
            creator: "lead".to_owned(),
        }
    }

    #[test]
    fn it_is_about_one_signature_at_one_school_for_a_while() {
        let ids = Ids::counted();
        let (school, other): (SchoolId, SchoolId) = (ids.next(), ids.next());
        let quiet = suppression(Some(school));
        let signature = SignatureId::suricata(1, 2_027_865);
        assert!(quiet.quiets(school, &signature, now()));
        assert!(!quiet.quiets(other, &signature, now()));
        assert!(!quiet.quiets(school, &SignatureId::suricata(1, 1), now()));
        assert!(!quiet.quiets(school, &signature, now() + TimeDelta::days(1)));
        assert!(suppression(None).quiets(other, &signature, now()));
    }

    #[test]
    fn it_needs_a_reason_and_an_end_in_sight() {
        assert_eq!(Suppression::check_reason("  "), Err(SuppressionError::Reason));
        assert_eq!(Suppression::check_reason(&"x".repeat(501)), Err(SuppressionError::Reason));
        assert_eq!(Suppression::check_reason(" holiday works "), Ok("holiday works"));
        assert_eq!(Suppression::check_expiry(now(), now()), Err(SuppressionError::Past));
        assert_eq!(Suppression::check_expiry(now() + TimeDelta::days(91), now()), Err(SuppressionError::TooLong));
    }
}
