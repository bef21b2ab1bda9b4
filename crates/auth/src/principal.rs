//! Who is calling.

use std::collections::BTreeSet;

use runtime::{GatewayId, PersonId, SchoolId};

use crate::{Function, Kind as _, Resource};

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
    use runtime::BoardId;
    use uuid::Uuid;

    use super::*;

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
}
