//! Vendors of apps, as organisations.

use runtime::{Error, Etag, Line, VendorId};

use super::{DomainName, Email, EnterpriseNumber};

/// A vendor of apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    pub id: VendorId,
    /// Not transferable from one enterprise to another, so it never changes.
    pub number: EnterpriseNumber,
    pub details: VendorDetails,
    /// Counts changes from 1; the etag.
    pub version: u32,
}

/// What a vendor writes of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorDetails {
    pub name: VendorName,
    /// Of the homepage.
    pub domain: DomainName,
    /// Where notices of incidents and vulnerabilities go.
    pub security_contact: Email,
}

/// As in the register of companies.
pub type VendorName = Line<200>;

/// What happened to a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum VendorChange {
    Created,
    Registered,
    Updated,
}

/// Why an act was refused. All is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum VendorRefusal {
    #[error("a vendor with this enterprise number is enrolled already; ask a colleague to invite you, or mail the platform team")]
    EnterpriseNumberTaken,
    #[error("you registered {} vendors in a day; try again tomorrow, or mail the platform team", Vendor::MOST_REGISTRATIONS)]
    TooManyRegistrations,
}

impl From<VendorRefusal> for Error {
    fn from(refusal: VendorRefusal) -> Self {
        Self::failed_precondition(refusal.into(), refusal.to_string())
    }
}

impl Vendor {
    /// By one person in a day: nobody reserves the numbers of others by the hundred, or mails them in our name.
    pub const MOST_REGISTRATIONS: u64 = 3;

    /// By an operator.
    pub fn create(id: VendorId, number: EnterpriseNumber, details: VendorDetails) -> (Self, VendorChange) {
        (Self { id, number, details, version: 1 }, VendorChange::Created)
    }

    /// By somebody who says that they work there.
    pub fn register(id: VendorId, number: EnterpriseNumber, details: VendorDetails) -> (Self, VendorChange) {
        (Self { id, number, details, version: 1 }, VendorChange::Registered)
    }

    pub fn update(&mut self, details: VendorDetails) -> VendorChange {
        self.details = details;
        self.version += 1;
        VendorChange::Updated
    }

    /// Names this version of it: changes with every change.
    pub fn etag(&self) -> Etag {
        Etag::new(format!("{}.{}", self.id.as_uuid().simple(), self.version))
    }
}

impl VendorDetails {
    /// Whether the security contact reads mail at the vendor's own domain.
    pub fn contact_is_at_domain(&self) -> bool {
        let mail_domain = self.security_contact.as_str().rsplit_once('@').map(|(_, domain)| domain);
        mail_domain.is_some_and(|domain| self.domain.holds(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(contact: &str) -> VendorDetails {
        VendorDetails {
            name: VendorName::parse("Leermaat BV").unwrap(),
            domain: "leermaat.be".try_into().unwrap(),
            security_contact: contact.try_into().unwrap(),
        }
    }

    #[test]
    fn a_change_is_a_version_of_its_own() {
        let number = "0428.759.497".parse().unwrap();
        let (mut vendor, _) = Vendor::create(runtime::Ids::counted().next(), number, details("security@leermaat.be"));
        let before = vendor.etag();
        assert_eq!(vendor.update(details("psirt@leermaat.be")), VendorChange::Updated);
        assert_eq!((vendor.details.security_contact.as_str(), vendor.version), ("psirt@leermaat.be", 2));
        assert_ne!(vendor.etag(), before);
    }

    #[test]
    fn a_contact_at_a_domain_that_only_looks_like_the_vendors_is_none() {
        assert!(details("security@leermaat.be").contact_is_at_domain());
        assert!(details("security@mail.Leermaat.be").contact_is_at_domain());
        assert!(!details("security@kwaadleermaat.be").contact_is_at_domain());
        assert!(!details("leermaat.be@kwaad.example").contact_is_at_domain());
    }
}
