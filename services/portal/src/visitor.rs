//! Who is looking.
//!
//! The policies decide what a page offers, the same that the services enforce: a button that would be refused is not drawn.
//! Drawing it decides nothing, since each service asks again with the person's own token.

use std::sync::Arc;

use auth::{Action, Policies, Principal, Resource};
use runtime::SchoolId;

/// A signed-in person.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    principal: Principal,
    policies: Arc<Policies>,
}

impl Visitor {
    pub(crate) fn new(principal: Principal, policies: Arc<Policies>) -> Self {
        Self { principal, policies }
    }

    pub(crate) fn name(&self) -> &str {
        &self.principal.name
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The id by which cases name this person.
    pub(crate) fn id(&self) -> String {
        self.principal.person_id().map(|id| id.to_string()).unwrap_or_default()
    }

    /// Whether this may be done to one school's things.
    pub(crate) fn may(&self, action: Action, school: SchoolId) -> bool {
        self.policies.permits(&self.principal, action, Resource::School(school))
    }

    /// Whether this may be done to every school's things.
    pub(crate) fn may_everywhere(&self, action: Action) -> bool {
        self.policies.permits(&self.principal, action, Resource::Platform)
    }

    /// Whether this person works the queue of all schools.
    pub(crate) fn works_the_queue(&self) -> bool {
        self.may_everywhere(Action::CaseRead)
    }

    /// The schools this person works at.
    pub(crate) fn own_schools(&self) -> Vec<SchoolId> {
        self.principal.schools()
    }

    /// The school this person works at, where it is one.
    pub(crate) fn only_school(&self) -> Option<SchoolId> {
        match self.own_schools().as_slice() {
            [school] => Some(*school),
            _ => None,
        }
    }

    /// The page a person comes for; none for who has no function here.
    pub(crate) fn home(&self) -> Option<String> {
        if self.works_the_queue() {
            return Some("/wachtrij".to_owned());
        }
        match self.own_schools().as_slice() {
            [] => {}
            [school] => return Some(format!("/scholen/{school}/toestellen")),
            [_, ..] => return Some("/scholen".to_owned()),
        }
        self.may_everywhere(Action::GatewayRead).then(|| "/gateways".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use auth::Function;
    use runtime::Ids;

    use super::*;

    #[test]
    fn everybody_starts_where_the_work_is() {
        let ids = Ids::counted();
        let (school, another): (SchoolId, SchoolId) = (ids.next(), ids.next());
        let policies = Arc::new(Policies::load().unwrap());
        let home = |functions: &[Function]| Visitor::new(testkit::person(1, functions), Arc::clone(&policies)).home();
        assert_eq!(home(&[Function::Responder]).unwrap(), "/wachtrij");
        assert_eq!(home(&[Function::ResponseLead]).unwrap(), "/wachtrij");
        assert_eq!(home(&[Function::Operator]).unwrap(), "/gateways");
        assert_eq!(home(&[Function::Director(school)]).unwrap(), format!("/scholen/{school}/toestellen"));
        assert_eq!(home(&[Function::Director(school), Function::Director(another)]).unwrap(), "/scholen");
        assert_eq!(home(&[Function::IctCoordinator(school), Function::Responder]).unwrap(), "/wachtrij");
        assert_eq!(home(&[]), None);
    }
}
