//! What somebody is, and where.

use std::{fmt, str::FromStr};

use runtime::{BoardId, SchoolId, VendorId};
use uuid::Uuid;

/// What somebody is, at a place in the hierarchy ([`crate::Resource`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, strum::EnumDiscriminants)]
#[strum_discriminants(
    name(Role),
    doc = "A function without its place: the name in claims, and the attribute of the principal in policies.",
    derive(Hash, PartialOrd, Ord, strum::EnumString, strum::IntoStaticStr, strum::VariantArray),
    strum(serialize_all = "snake_case")
)]
pub enum Function {
    /// Works the response team's queue.
    Responder,
    /// Leads the response team.
    ResponseLead,
    /// Runs the platform.
    Operator,
    /// Reviews apps, GEBs and content.
    Reviewer,
    /// Writes norms, playbooks and other content.
    Editor,
    /// Sits on a school board.
    BoardMember(BoardId),
    /// Is the data protection officer of a board (GDPR, art. 37).
    Dpo(BoardId),
    /// Heads a school.
    Director(SchoolId),
    /// Looks after a school's computers.
    IctCoordinator(SchoolId),
    /// Teaches at a school.
    Teacher(SchoolId),
    /// Speaks for a vendor.
    VendorContact(VendorId),
    /// Goes to a school; reaches what is about themselves.
    Pupil,
    /// Has a child at a school; reaches what is about themselves.
    Parent,
}

impl Function {
    /// A role at a place. `None` when the role holds at no place and one is given, or the other way around.
    pub fn new(role: Role, place: Option<Uuid>) -> Option<Self> {
        Some(match (role, place) {
            (Role::Responder, None) => Self::Responder,
            (Role::ResponseLead, None) => Self::ResponseLead,
            (Role::Operator, None) => Self::Operator,
            (Role::Reviewer, None) => Self::Reviewer,
            (Role::Editor, None) => Self::Editor,
            (Role::BoardMember, Some(board)) => Self::BoardMember(board.into()),
            (Role::Dpo, Some(board)) => Self::Dpo(board.into()),
            (Role::Director, Some(school)) => Self::Director(school.into()),
            (Role::IctCoordinator, Some(school)) => Self::IctCoordinator(school.into()),
            (Role::Teacher, Some(school)) => Self::Teacher(school.into()),
            (Role::VendorContact, Some(vendor)) => Self::VendorContact(vendor.into()),
            (Role::Pupil, None) => Self::Pupil,
            (Role::Parent, None) => Self::Parent,
            _ => return None,
        })
    }

    /// The role's name in policies and claims.
    pub fn role(self) -> &'static str {
        Role::from(self).into()
    }

    /// The id of the place where it holds; `None`: the platform, or nowhere.
    fn place_id(self) -> Option<Uuid> {
        match self {
            Self::BoardMember(board) | Self::Dpo(board) => Some(board.into()),
            Self::Director(school) | Self::IctCoordinator(school) | Self::Teacher(school) => Some(school.into()),
            Self::VendorContact(vendor) => Some(vendor.into()),
            Self::Responder | Self::ResponseLead | Self::Operator | Self::Reviewer | Self::Editor | Self::Pupil | Self::Parent => None,
        }
    }
}

impl Role {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;
}

/// As claims write it: `responder`, `director@<school id>`.
impl fmt::Display for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place_id() {
            None => formatter.write_str(self.role()),
            Some(place) => write!(formatter, "{}@{place}", self.role()),
        }
    }
}

/// A claim that names no function we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no function")]
pub struct UnknownFunction(String);

impl FromStr for Function {
    type Err = UnknownFunction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (role, place) = text.split_once('@').map_or((text, None), |(role, place)| (role, Some(place)));
        let place = place.map(Uuid::try_parse).transpose();
        let function = role.parse().ok().zip(place.ok()).and_then(|(role, place)| Self::new(role, place));
        function.ok_or_else(|| UnknownFunction(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_survives_its_claim() {
        let id = "0190c0de-0000-7000-8000-000000000001";
        for role in Role::ALL {
            let role: &str = role.into();
            let text = [role.to_owned(), format!("{role}@{id}")].into_iter().find(|text| text.parse::<Function>().is_ok()).unwrap();
            assert_eq!(text.parse::<Function>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_claim_that_means_nothing_is_no_function() {
        for text in ["", "director", "director@", "director@everywhere", "responder@0190c0de-0000-7000-8000-000000000001", "Operator"] {
            assert!(text.parse::<Function>().is_err(), "{text}");
        }
    }
}
