//! Who an organisation says it is.

use super::{Check, CheckKind, School, Subject, Vendor};

/// Who an organisation says it is: what its checks are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub subject: Subject,
    pub name: String,
    /// Institution number, or enterprise number as it is printed.
    pub number: String,
    /// Of a vendor: the domain that must be its own.
    pub domain: Option<String>,
}

impl From<&School> for Claimed {
    fn from(school: &School) -> Self {
        Self { subject: Subject::School(school.id), name: school.name.clone(), number: school.number.to_string(), domain: None }
    }
}

impl From<&Vendor> for Claimed {
    fn from(vendor: &Vendor) -> Self {
        Self {
            subject: Subject::Vendor(vendor.id),
            name: vendor.details.name.as_str().to_owned(),
            number: vendor.number.to_string(),
            domain: Some(vendor.details.domain.to_string()),
        }
    }
}

impl Claimed {
    /// What a check of this kind is about that the organisation may change itself. The check counts no more once it has.
    pub fn may_change(&self, kind: CheckKind) -> Option<&str> {
        match kind {
            CheckKind::Domain => self.domain.as_deref(),
            CheckKind::CompanyRegister => Some(&self.name),
            CheckKind::SchoolRegister | CheckKind::Director | CheckKind::Board => None,
        }
    }

    /// What a look at the register of companies looks for: the number, under this name.
    pub fn in_register(&self) -> String {
        format!("{}@{}", self.number, self.name)
    }

    /// Whether a check is about what is claimed now. That of a vendor's former name or domain is not.
    pub(super) fn is_about(&self, check: &Check) -> bool {
        self.may_change(check.kind).is_none_or(|now| check.value.split_once('@').map_or(check.value.as_str(), |(_, then)| then) == now)
    }
}
