//! Standing orders to keep a signature quiet for a while.

use chrono::{DateTime, TimeDelta, Utc};
use runtime::{Line, SchoolId};

use super::detection::SignatureId;

/// The longest a suppression may last: long enough for a holiday's works, short enough that nobody forgets it.
pub const LONGEST: TimeDelta = TimeDelta::days(90);

/// Why something is kept quiet, for the one who wonders later.
pub type Reason = Line<500>;

runtime::typed_ids! {
    /// A suppression.
    SuppressionId
}

/// Keeps the alerts of one signature quiet: they are still counted, but nobody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    pub id: SuppressionId,
    /// The school; `None` for all schools.
    pub school: Option<SchoolId>,
    pub signature_id: SignatureId,
    pub reason: Reason,
    /// Until when.
    pub expires: DateTime<Utc>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Who made it, by name; empty for a person who was erased.
    pub creator: String,
}

/// Why a suppression cannot end at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    /// It ends before it begins.
    #[error("give a moment in the future")]
    Past,
    /// It outlasts what anybody will remember.
    #[error("give a moment at most {} days ahead; it can be made again then", LONGEST.num_days())]
    TooLong,
}

impl Suppression {
    /// A new one, from `new.created` on.
    pub fn create(new: Self) -> Result<Self, ExpiryError> {
        if new.expires <= new.created {
            Err(ExpiryError::Past)
        } else if new.expires > new.created + LONGEST {
            Err(ExpiryError::TooLong)
        } else {
            Ok(new)
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
            reason: Reason::parse("penetration test of the week").unwrap(),
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
        for text in ["  ", &"x".repeat(501), "holiday\nworks", "holiday\0works"] {
            assert!(Reason::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(Reason::parse(" holiday works ").unwrap().as_str(), "holiday works");
        let until = |expires| Suppression::create(Suppression { expires, ..suppression(None) });
        assert_eq!(until(now()), Err(ExpiryError::Past));
        assert_eq!(until(now() + TimeDelta::days(91)), Err(ExpiryError::TooLong));
        assert!(until(now() + TimeDelta::days(90)).is_ok());
    }
}
