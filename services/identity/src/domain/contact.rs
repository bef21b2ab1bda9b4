//! Contacts: whom to call at a school.

use runtime::{Error, Etag, Line, Phone, SchoolId};

runtime::typed_ids! {
    /// A contact.
    ContactId
}

/// Somebody to call at a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub id: ContactId,
    pub school_id: SchoolId,
    pub details: ContactDetails,
    /// Counts changes from 1; the etag.
    pub version: u32,
}

/// What a school writes of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactDetails {
    pub name: ContactName,
    pub phone: Phone,
    /// Answers in the evening, at weekends and in holidays.
    pub out_of_hours: bool,
}

/// Name of a person or a desk.
pub type ContactName = Line<80>;

/// What happened to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum ContactChange {
    Created,
    Updated,
    Deleted,
}

/// Why a transition was refused. The contact is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum Refusal {
    #[error("a school has at most {} contacts; delete one first", Contact::MOST_OF_A_SCHOOL)]
    #[strum(serialize = "too_many_contacts")]
    TooMany,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::failed_precondition(refusal.into(), refusal.to_string())
    }
}

impl Contact {
    /// All of them travel in one event.
    pub const MOST_OF_A_SCHOOL: usize = 20;

    /// A new contact of a school that has this many.
    pub fn create(id: ContactId, school_id: SchoolId, details: ContactDetails, has: usize) -> Result<(Self, ContactChange), Refusal> {
        if has >= Self::MOST_OF_A_SCHOOL {
            return Err(Refusal::TooMany);
        }
        Ok((Self { id, school_id, details, version: 1 }, ContactChange::Created))
    }

    pub fn update(&mut self, details: ContactDetails) -> ContactChange {
        self.details = details;
        self.version += 1;
        ContactChange::Updated
    }

    /// Names this version of it: changes with every change.
    pub fn etag(&self) -> Etag {
        Etag::new(format!("{}.{}", self.id.as_uuid().simple(), self.version))
    }
}

#[cfg(test)]
mod tests {
    use runtime::Ids;

    use super::*;

    #[test]
    fn a_school_has_few_contacts_and_each_change_is_a_version_of_its_own() {
        let ids = Ids::counted();
        let details = |name: &str| ContactDetails {
            name: ContactName::parse(name).unwrap(),
            phone: "+32 9 374 00 00".try_into().unwrap(),
            out_of_hours: false,
        };
        let create = |has| Contact::create(ids.next(), ids.next(), details("Els"), has);
        assert_eq!(create(Contact::MOST_OF_A_SCHOOL).unwrap_err(), Refusal::TooMany);
        let (mut contact, _) = create(Contact::MOST_OF_A_SCHOOL - 1).unwrap();
        let before = contact.etag();
        assert_eq!(contact.update(details("Karim")), ContactChange::Updated);
        assert_eq!((contact.details.name.as_str(), contact.version), ("Karim", 2));
        assert_ne!(contact.etag(), before);
    }
}
