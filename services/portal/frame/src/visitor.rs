//! Who is looking.
//!
//! The policies decide what a page offers, the same that the services enforce: a button that would be refused is not drawn.
//! Drawing it decides nothing, since each service asks again with the person's own token.

use std::sync::Arc;

use auth::{Action, Policies, Principal, Resource, Scope};
use runtime::SchoolId;

/// A signed-in person.
#[derive(Clone, Debug)]
pub struct Visitor {
    principal: Principal,
    policies: Arc<Policies>,
}

impl Visitor {
    pub fn new(principal: Principal, policies: Arc<Policies>) -> Self {
        Self { principal, policies }
    }

    pub fn name(&self) -> &str {
        &self.principal.name
    }

    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The id by which cases name this person.
    pub fn id(&self) -> String {
        self.principal.person_id().map(|id| id.to_string()).unwrap_or_default()
    }

    /// Whether this may be done to one school's things.
    pub fn may(&self, action: Action, school: SchoolId) -> bool {
        self.policies.permits(&self.principal, action, Resource::School(school))
    }

    /// Whether this may be done to any school's things.
    pub fn may_somewhere(&self, action: Action) -> bool {
        self.policies.scope::<SchoolId>(&self.principal, action).is_some()
    }

    /// Whether this may be done to every school's things.
    pub fn may_everywhere(&self, action: Action) -> bool {
        self.policies.permits(&self.principal, action, Resource::Platform)
    }

    /// Whether this person works the queue of all schools.
    pub fn works_the_queue(&self) -> bool {
        self.may_everywhere(Action::CaseRead)
    }

    /// The schools that are this person's affair: those they work at, and those of a board they have a function at. Empty for who
    /// looks after all schools, unless they work at one too.
    pub fn own_schools(&self) -> Vec<SchoolId> {
        match self.policies.scope(&self.principal, Action::SchoolRead) {
            Some(Scope::Only(schools)) => schools.into_iter().collect(),
            Some(Scope::Everything) => self.principal.schools(),
            None => Vec::new(),
        }
    }

    /// That school, where it is one.
    pub fn only_school(&self) -> Option<SchoolId> {
        match self.own_schools().as_slice() {
            [school] => Some(*school),
            _ => None,
        }
    }
}
