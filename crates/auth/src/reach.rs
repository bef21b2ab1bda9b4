//! Who reaches which data of an organisation, as the policies themselves say it: each function and service is tried with each action.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Action, Function, Policies, Policy, Principal, Reach, Resource, permitted::holder_of, policy::Asked};

impl Policies {
    /// What each function at a place and above it reaches of the place's data, the nearest place first. Those that reach nothing are left out.
    pub fn reached_by_functions(&self, place: Resource) -> Vec<(Function, Vec<Reach>)> {
        let places: Vec<Resource> = [place].into_iter().chain(self.hierarchy().above(place)).collect();
        let kinds: Vec<&'static str> = places.iter().map(|place| place.entity().0).collect();
        let functions = places.into_iter().flat_map(Function::at);
        let reached = functions.map(|function| {
            let compute = || self.reached_by(&holder_of(function), place);
            (function, self.known_reach.get((kinds.clone(), function.into()), compute))
        });
        reached.filter(|(_, reach)| !reach.is_empty()).collect()
    }

    /// What somebody reaches of the data of a place.
    pub fn reached_by(&self, principal: &Principal, place: Resource) -> Vec<Reach> {
        let mut about: BTreeMap<Resource, Option<Asked>> = BTreeMap::new();
        let mut reached = Vec::new();
        for action in Action::ALL {
            let Some((data, access)) = action.reaches() else { continue };
            let mut policies = BTreeSet::new();
            for resource in self.acts_upon(*action, place) {
                let asked = about.entry(resource).or_insert_with(|| self.about(principal, resource).ok());
                policies.extend(asked.iter().flat_map(|asked| self.permitting(asked, *action)));
            }
            if !policies.is_empty() {
                reached.push(Reach { action: *action, data, access, policies: policies.into_iter().collect() });
            }
        }
        reached
    }

    /// The functions that permit an action upon a resource to anyone who holds one of them alone, from the resource's own place up to the
    /// platform; with the policies.
    pub fn permitting_policies(&self, action: Action, resource: Resource) -> Vec<(Function, Vec<Policy>)> {
        let permitting =
            |function| self.about(&holder_of(function), resource).map_or_else(|_| Vec::new(), |asked| self.permitting(&asked, action));
        let places = [resource].into_iter().chain(self.hierarchy().above(resource));
        let tried = places.flat_map(Function::at).map(|function| (function, permitting(function)));
        tried.filter(|(_, policies)| !policies.is_empty()).collect()
    }

    /// What an action at a place is done to: the place, or the functions at it. What is done to the platform alone is done to all places.
    fn acts_upon(&self, action: Action, place: Resource) -> Vec<Resource> {
        match self.kinds_of(action).as_slice() {
            kinds if kinds.contains(&place.entity().0) => vec![place],
            ["Function"] => Function::at(place).into_iter().map(Resource::Function).collect(),
            ["Platform"] => vec![Resource::Platform],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime::{BoardId, SchoolId};
    use uuid::Uuid;

    use super::*;
    use crate::{Access, DataKind};

    fn policies() -> (Policies, BoardId, SchoolId) {
        let (board, school): (BoardId, SchoolId) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let policies = Policies::load().unwrap();
        policies.hierarchy().place(school, board);
        (policies, board, school)
    }

    /// Each function with what it reaches of a kind, most first.
    fn of_kind(reached: &[(Function, Vec<Reach>)], kind: DataKind) -> Vec<(&'static str, Access)> {
        let most = |reach: &[Reach]| reach.iter().filter(|one| one.data == kind).map(|one| one.access).max();
        reached.iter().filter_map(|(function, reach)| Some((function.role(), most(reach)?))).collect()
    }

    #[test]
    fn who_reaches_a_schools_data_is_what_the_policies_permit() {
        let (policies, _, school) = policies();
        let reached = policies.reached_by_functions(school.into());
        use Access::{Changes, Sees};
        let network = [("director", Sees), ("ict_coordinator", Sees), ("responder", Changes), ("response_lead", Changes)];
        assert_eq!(of_kind(&reached, DataKind::Network), network);
        let people = [("board_member", Changes), ("dpo", Sees), ("operator", Changes)];
        assert_eq!(of_kind(&reached, DataKind::People)[2..], people, "a response lead sees the ministry's people alone");
        assert_eq!(of_kind(&reached, DataKind::People)[..2], [("director", Changes), ("ict_coordinator", Sees)]);
        assert_eq!(of_kind(&reached, DataKind::Messages), [("operator", Sees)], "of all schools together");
    }

    #[test]
    fn what_is_known_of_one_school_holds_for_another_and_not_for_one_without_a_board() {
        let (policies, board, school) = policies();
        let (other, alone): (SchoolId, SchoolId) = (Uuid::from_u128(3).into(), Uuid::from_u128(4).into());
        policies.hierarchy().place(other, board);
        policies.reached_by_functions(school.into());
        for place in [Resource::School(other), Resource::School(alone)] {
            for (function, reach) in policies.reached_by_functions(place) {
                assert_eq!(reach, policies.reached_by(&holder_of(function), place), "{function} at {place}");
            }
        }
        let of_board = policies.reached_by_functions(alone.into()).iter().filter(|(function, _)| function.role() == "dpo").count();
        assert_eq!(of_board, 0);
    }

    #[test]
    fn of_a_board_its_name_and_its_people_are_reached() {
        let (policies, board, _) = policies();
        let reached = policies.reached_by_functions(board.into());
        let kinds: std::collections::BTreeSet<DataKind> = reached.iter().flat_map(|(_, reach)| reach).map(|one| one.data).collect();
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [DataKind::Organisation, DataKind::People, DataKind::Messages]);
    }

    #[test]
    fn what_is_reached_names_the_policies_that_permit_it_and_why() {
        let (policies, _, school) = policies();
        let (_, reach) = policies.reached_by_functions(school.into()).into_iter().next().unwrap();
        let cases = reach.iter().find(|one| one.action == Action::CaseRead).unwrap();
        let [policy] = cases.policies.as_slice() else { panic!("{cases:?}") };
        assert!(policy.id.starts_with("director, ICT coordinator, board member and DPO"), "{policy:?}");
        assert!(policy.nl.starts_with("Het schoolbestuur") && policy.en.starts_with("The school board"), "{policy:?}");
    }

    #[test]
    fn a_service_reaches_what_it_does_by_itself() {
        let (policies, _, school) = policies();
        let reach = policies.reached_by(&Principal::service("incident-intake"), school.into());
        assert_eq!(reach.iter().map(|one| (one.action, one.access)).collect::<Vec<_>>(), [(Action::CaseOpen, Access::Changes)]);
    }

    #[test]
    fn who_sees_a_function_is_told_with_the_policy() {
        let (policies, _, school) = policies();
        let seeing = policies.permitting_policies(Action::FunctionRead, Resource::Function(Function::Teacher(school)));
        let roles: Vec<&str> = seeing.iter().map(|(function, _)| function.role()).collect();
        assert_eq!(roles, ["director", "ict_coordinator", "board_member", "dpo", "operator"]);
    }
}
