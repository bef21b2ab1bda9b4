//! Who is calling.

use std::{collections::BTreeSet, fmt, str::FromStr};

use runtime::{BoardId, GatewayId, PersonId, SchoolId, VendorId};
use uuid::Uuid;

use crate::{Kind as _, Resource};

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
    /// Sits on a school board.
    BoardMember(BoardId),
    /// Is the data protection officer of a board (GDPR, art. 37).
    Dpo(BoardId),
    /// Heads a school.
    Director(SchoolId),
    /// Looks after a school's computers.
    IctCoordinator(SchoolId),
    /// Speaks for a vendor.
    VendorContact(VendorId),
    /// Goes to a school; reaches what is about themselves.
    Pupil,
    /// Has a child at a school; reaches what is about themselves.
    Parent,
}

impl Function {
    /// The role's name in policies and claims.
    pub fn role(self) -> &'static str {
        Role::from(self).into()
    }

    /// Where it holds; `None`: for its holder's own things alone.
    pub const fn place(self) -> Option<Resource> {
        match self {
            Self::Responder | Self::ResponseLead | Self::Operator | Self::Reviewer => Some(Resource::Platform),
            Self::BoardMember(board) | Self::Dpo(board) => Some(Resource::Board(board)),
            Self::Director(school) | Self::IctCoordinator(school) => Some(Resource::School(school)),
            Self::VendorContact(vendor) => Some(Resource::Vendor(vendor)),
            Self::Pupil | Self::Parent => None,
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
        match self.place() {
            None | Some(Resource::Platform) => formatter.write_str(self.role()),
            Some(place) => write!(formatter, "{}@{}", self.role(), place.entity().1),
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
        let unknown = || UnknownFunction(text.to_owned());
        let (role, place) = match text.split_once('@') {
            Some((role, place)) => (role, Some(Uuid::try_parse(place).map_err(|_| unknown())?)),
            None => (text, None),
        };
        match (role.parse().map_err(|_| unknown())?, place) {
            (Role::Responder, None) => Ok(Self::Responder),
            (Role::ResponseLead, None) => Ok(Self::ResponseLead),
            (Role::Operator, None) => Ok(Self::Operator),
            (Role::Reviewer, None) => Ok(Self::Reviewer),
            (Role::BoardMember, Some(board)) => Ok(Self::BoardMember(board.into())),
            (Role::Dpo, Some(board)) => Ok(Self::Dpo(board.into())),
            (Role::Director, Some(school)) => Ok(Self::Director(school.into())),
            (Role::IctCoordinator, Some(school)) => Ok(Self::IctCoordinator(school.into())),
            (Role::VendorContact, Some(vendor)) => Ok(Self::VendorContact(vendor.into())),
            (Role::Pupil, None) => Ok(Self::Pupil),
            (Role::Parent, None) => Ok(Self::Parent),
            _ => Err(unknown()),
        }
    }
}

/// Who, by what the token's subject says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    Person(PersonId),
    /// One of our services, or a command of the operator's.
    Service(String),
    /// A school's gateway.
    Gateway(GatewayId),
}

/// Who is calling, with what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub subject: Subject,
    /// For people to read. Not for logs.
    pub name: String,
    pub functions: Vec<Function>,
}

impl Principal {
    /// One of our own services, acting because an event told it to.
    pub fn service(name: &str) -> Self {
        Self { subject: Subject::Service(name.to_owned()), name: name.to_owned(), functions: Vec::new() }
    }

    /// The person, if it is one.
    pub fn person_id(&self) -> Option<PersonId> {
        match self.subject {
            Subject::Person(id) => Some(id),
            Subject::Service(_) | Subject::Gateway(_) => None,
        }
    }

    /// As audit rows name it: `person:<id>`, `service:<name>`, `gateway:<id>`.
    pub fn actor(&self) -> String {
        match &self.subject {
            Subject::Person(id) => format!("person:{id}"),
            Subject::Service(name) => format!("service:{name}"),
            Subject::Gateway(id) => format!("gateway:{id}"),
        }
    }

    /// The places of its functions, each once; its own things among them.
    pub(crate) fn places(&self) -> BTreeSet<Resource> {
        let own = self.person_id().map(Resource::Person);
        self.functions.iter().filter_map(|function| function.place()).chain(own).collect()
    }

    /// The schools where it has a function, each once; not those below a board.
    pub fn schools(&self) -> Vec<SchoolId> {
        self.places().into_iter().filter_map(SchoolId::of).collect()
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
    fn a_caller_is_named_by_kind_and_id() {
        let id = Uuid::from_u128(7);
        let of = |subject| Principal { subject, name: "Somebody".to_owned(), functions: Vec::new() };
        for (subject, actor, person) in [
            (Subject::Person(id.into()), format!("person:{id}"), Some(id.into())),
            (Subject::Gateway(id.into()), format!("gateway:{id}"), None),
            (Subject::Service("identity".to_owned()), "service:identity".to_owned(), None),
        ] {
            let principal = of(subject);
            assert_eq!((principal.actor(), principal.person_id()), (actor, person));
        }
    }

    #[test]
    fn the_schools_of_a_caller_are_those_they_have_a_function_at() {
        let (board, school, other): (BoardId, SchoolId, SchoolId) =
            (Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), Uuid::from_u128(3).into());
        let functions = vec![
            Function::BoardMember(board),
            Function::IctCoordinator(other),
            Function::Director(school),
            Function::IctCoordinator(school),
            Function::Responder,
        ];
        let principal = Principal { subject: Subject::Person(Uuid::from_u128(4).into()), name: String::new(), functions };
        assert_eq!(principal.schools(), [school, other]);
    }

    #[test]
    fn a_claim_that_means_nothing_is_no_function() {
        for text in ["", "director", "director@", "director@everywhere", "responder@0190c0de-0000-7000-8000-000000000001", "Operator"] {
            assert!(text.parse::<Function>().is_err(), "{text}");
        }
    }
}
