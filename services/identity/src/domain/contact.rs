//! Contacts: whom to call at a school.

use runtime::{ContactId, Error, Etag, Line, SchoolId};

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

/// A telephone number as people dial it: `09 374 12 34`, `+32 9 374 12 34`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone(String);

/// The text is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give a number as people dial it, 09 374 12 34 or +32 9 374 12 34")]
pub struct PhoneRefusal;

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

impl Phone {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Phone {
    type Error = PhoneRefusal;

    fn try_from(written: &str) -> Result<Self, PhoneRefusal> {
        const MOST_CHARACTERS: usize = 30;
        let text = written.trim();
        let rest = text.strip_prefix('+').unwrap_or(text);
        let is_number = rest.chars().all(|character| character.is_ascii_digit() || " ./-".contains(character));
        let digits = rest.chars().filter(char::is_ascii_digit).count();
        // E.164 has at most 15 digits; 112 has three.
        let is_dialled = is_number && (3..=15).contains(&digits) && text.len() <= MOST_CHARACTERS;
        is_dialled.then(|| Self(text.to_owned())).ok_or(PhoneRefusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_kept_as_it_was_written() {
        for number in ["112", "09 374 12 34", "+32 9 374 12 34", "09/374.12.34", "0470-12-34-56"] {
            assert_eq!(Phone::try_from(number).unwrap().as_str(), number);
        }
        assert_eq!(Phone::try_from(" 112 ").unwrap().as_str(), "112");
    }

    #[test]
    fn what_nobody_can_call_is_refused() {
        for number in ["", "12", "bel ons", "32+2123", "+32 (0)9 374", "1234567890123456", "1  2  3  4  5  6  7  8  9  0  1  2"] {
            assert_eq!(Phone::try_from(number), Err(PhoneRefusal), "{number}");
        }
    }
}
