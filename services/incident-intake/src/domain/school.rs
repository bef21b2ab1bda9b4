//! A school, as far as cases show it.

use runtime::SchoolId;

/// A school as identity last described it. Name and municipality are empty until it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct School {
    /// Stable.
    pub id: SchoolId,
    /// Of the school.
    pub name: String,
    /// Where it stands.
    pub municipality: String,
    /// Whom to call there; empty when identity names nobody.
    pub contact_name: String,
    /// As people dial it.
    pub contact_phone: String,
}

impl School {
    /// A school nobody has described yet: its cases must not wait for master data.
    pub fn unnamed(id: SchoolId) -> Self {
        Self { id, name: String::new(), municipality: String::new(), contact_name: String::new(), contact_phone: String::new() }
    }
}
