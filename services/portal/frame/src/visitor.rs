//! Who is looking.
//!
//! The policies decide what a page offers, the same that the services enforce: a button that would be refused is not drawn.
//! Drawing it decides nothing, since each service asks again with the person's own token.

use std::sync::Arc;

use auth::{Action, HeldFunction, Policies, Principal, Resource, Scope, SignIn};
use chrono::{DateTime, Utc};
use content::Text;
use runtime::SchoolId;

/// A signed-in person.
#[derive(Clone, Debug)]
pub struct Visitor {
    principal: Principal,
    /// Those of the principal's functions that identity gave, with their terms.
    held: Vec<HeldFunction>,
    policies: Arc<Policies>,
}

impl Visitor {
    pub fn new(principal: Principal, held: Vec<HeldFunction>, policies: Arc<Policies>) -> Self {
        Self { principal, held, policies }
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

    /// Whether this may be done to one resource: a school's things, a function.
    pub fn may(&self, action: Action, resource: impl Into<Resource>) -> bool {
        self.policies.permits(&self.principal, action, resource)
    }

    /// Until when what [`Self::may`] says holds, as far as is known; `None`: no end is known.
    pub fn may_until(&self, action: Action, resource: impl Into<Resource>) -> Option<DateTime<Utc>> {
        self.policies.permitted_until(&self.principal, &self.held, action, resource.into())
    }

    /// Whether this may be done to any school's things.
    pub fn may_somewhere(&self, action: Action) -> bool {
        self.policies.scope::<SchoolId>(&self.principal, action).is_some()
    }

    /// Whether this may be done to every school's things.
    pub fn may_everywhere(&self, action: Action) -> bool {
        self.policies.permits(&self.principal, action, Resource::Platform)
    }

    /// The name of the way in which they signed in, if the register of methods has it.
    pub fn sign_in_method(&self, sign_in: &SignIn, now: DateTime<Utc>) -> Option<Text> {
        Some(self.policies.sign_in_method(sign_in, now).ok()??.name.clone())
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

    /// Where this person has work: for all schools together, at schools, for vendors. Each once.
    pub fn organisations(&self) -> Vec<Resource> {
        let places = || self.principal.functions.iter().filter_map(|function| function.place());
        let of_all = places().find(|place| *place == Resource::Platform);
        let mut vendors: Vec<Resource> = places().filter(|place| matches!(place, Resource::Vendor(_))).collect();
        vendors.sort_unstable();
        vendors.dedup();
        of_all.into_iter().chain(self.own_schools().into_iter().map(Resource::School)).chain(vendors).collect()
    }

    /// That school, where it is one.
    pub fn only_school(&self) -> Option<SchoolId> {
        match self.own_schools().as_slice() {
            [school] => Some(*school),
            _ => None,
        }
    }
}
