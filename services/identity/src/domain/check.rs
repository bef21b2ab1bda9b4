//! Checks of who an organisation is: each a record that never changes. What they prove is computed from them ([`super::standing`]).

use std::{fmt, str::FromStr};

use auth::Resource;
use chrono::{DateTime, Utc};
use runtime::{SchoolId, VendorId};
use sha2::{Digest as _, Sha256};

runtime::typed_ids! {
    /// A check.
    CheckId
}

/// The organisation that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    School(SchoolId),
    Vendor(VendorId),
}

/// What was checked. The numbers are those of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum CheckKind {
    /// The school is in the ministry's register.
    SchoolRegister = 1,
    /// A director accepted the invitation, signed in surely.
    Director,
    /// A board member confirmed the school.
    Board,
    /// The company is active in the register of companies, under its name.
    CompanyRegister,
    /// The domain has the vendor's token.
    Domain,
}

/// What came of it. The numbers are those of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum CheckOutcome {
    Passed = 1,
    Failed,
    /// Nobody answered, so nothing is known.
    Unanswered,
    /// What was proven ends here: a function has ended, an override was withdrawn.
    Ended,
}

/// A check that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub id: CheckId,
    pub subject: Subject,
    pub kind: CheckKind,
    /// A number, a domain, `appointment:<id>`, `board:<id>`, `override:<id>`; of a domain `override:<id>@<domain>`.
    pub value: String,
    /// As audit rows name them.
    pub made_by: String,
    pub at: DateTime<Utc>,
    /// `None`: it has no end of its own.
    pub until: Option<DateTime<Utc>>,
    pub evidence: EvidenceHash,
    pub outcome: CheckOutcome,
    /// A code, or what a person wrote.
    pub reason: String,
}

/// SHA-256 of the evidence, which is in the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceHash([u8; 32]);

impl Subject {
    pub fn resource(self) -> Resource {
        match self {
            Self::School(id) => Resource::School(id),
            Self::Vendor(id) => Resource::Vendor(id),
        }
    }
}

impl fmt::Display for Subject {
    /// `school:<id>`, `vendor:<id>`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resource().fmt(formatter)
    }
}

/// A text names no organisation that is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("names no school or vendor")]
pub struct NoSubject;

impl FromStr for Subject {
    type Err = NoSubject;

    fn from_str(text: &str) -> Result<Self, NoSubject> {
        match text.split_once(':') {
            Some(("school", id)) => Ok(Self::School(id.parse().map_err(|_| NoSubject)?)),
            Some(("vendor", id)) => Ok(Self::Vendor(id.parse().map_err(|_| NoSubject)?)),
            _ => Err(NoSubject),
        }
    }
}

impl CheckKind {
    /// Those of a school, or of a vendor, in the order in which they are made.
    pub const fn of(subject: Subject) -> &'static [Self] {
        match subject {
            Subject::School(_) => &[Self::SchoolRegister, Self::Director, Self::Board],
            Subject::Vendor(_) => &[Self::CompanyRegister, Self::Domain],
        }
    }

    /// How many failures in a row end what was proven. A zone may be broken for a day; a domain that is gone stays gone.
    pub const fn failures_that_end(self) -> u32 {
        match self {
            Self::Domain => 2,
            Self::SchoolRegister | Self::Director | Self::Board | Self::CompanyRegister => 1,
        }
    }
}

impl EvidenceHash {
    pub fn of(evidence: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(evidence).into())
    }

    /// As kept in the store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for EvidenceHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_subject_survives_its_text() {
        for subject in [Subject::School(Uuid::from_u128(1).into()), Subject::Vendor(Uuid::from_u128(2).into())] {
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
        for text in ["", "platform", "board:00000000-0000-0000-0000-000000000001", "school:", "school:een"] {
            assert_eq!(text.parse::<Subject>(), Err(NoSubject), "{text}");
        }
    }

    #[test]
    fn evidence_is_known_by_its_sha256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(EvidenceHash::of("abc").to_string(), expected);
    }
}
