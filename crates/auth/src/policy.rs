//! The rules, evaluated by Cedar.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    str::FromStr as _,
};

use cedar_policy::{
    ActionConstraint, Authorizer, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request, Response,
    RestrictedExpression, Schema, SchemaFragment,
};
use chrono::{DateTime, Utc};
use content::{Library, NotInForce, Pack, Settings};
use runtime::StepUp;
use strum::VariantArray as _;

use crate::{
    AcmRoles, Action, Function, HeldFunction, HeldFunctions, Hierarchy, Kind, Policy, Principal, Resource, Role, Scope, SignIn,
    SignInMethod, SignInPolicy, Subject, VerifiedToken,
    acm::UnknownRoles,
    permitted::{KnownReach, holder_of},
};

/// All areas together; `build.rs` has checked the policies against the schema.
const POLICIES: &str = include_str!(concat!(env!("OUT_DIR"), "/policies.cedar"));
const SCHEMAS: &[&str] = include!(concat!(env!("OUT_DIR"), "/schemas.rs"));

/// What the policies themselves can have wrong; found when the process starts.
#[derive(Debug, thiserror::Error)]
#[error("policies: {0}")]
pub struct PolicyError(String);

/// The rules, the hierarchy they speak of, who holds which function in it, and how they must have signed in.
#[derive(Debug)]
pub struct Policies {
    set: PolicySet,
    /// Those that speak of an action: a decision then looks at a few instead of all of them.
    by_action: HashMap<Action, PolicySet>,
    schema: Schema,
    /// The types of the schema by their short name, read once: every decision names several.
    types: HashMap<String, EntityTypeName>,
    hierarchy: Hierarchy,
    functions: HeldFunctions,
    sign_in: Library<SignInPolicy>,
    acm_roles: Library<AcmRoles>,
    unknown_roles: UnknownRoles,
    pub(crate) known_reach: KnownReach,
}

/// Somebody who asks about a resource, as Cedar sees both.
pub(crate) struct Asked {
    principal: EntityUid,
    resource: EntityUid,
    entities: Entities,
}

fn wrong(error: impl std::fmt::Display) -> PolicyError {
    PolicyError(error.to_string())
}

/// The policies of each action. Those of an action group are for all actions in it.
fn by_action(set: &PolicySet, schema: &Schema, kind: &EntityTypeName) -> Result<HashMap<Action, PolicySet>, PolicyError> {
    let actions = schema.action_entities().map_err(wrong)?;
    let of_action = |action: &Action| {
        let own = EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(action.name()));
        let is_or_holds = |named: &EntityUid| *named == own || actions.is_ancestor_of(named, &own);
        let speaks_of = |policy: &&cedar_policy::Policy| match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(named) => named == own,
            ActionConstraint::In(named) => named.iter().any(is_or_holds),
        };
        let policies = PolicySet::from_policies(set.policies().filter(speaks_of).cloned()).map_err(wrong)?;
        Ok((*action, policies))
    };
    Action::VARIANTS.iter().map(of_action).collect()
}

impl Policies {
    /// Reads the rules, for an empty hierarchy, with the content of the binary.
    ///
    /// # Errors
    /// When a rule does not parse, which the build would have said.
    pub fn load() -> Result<Self, PolicyError> {
        Self::load_with(&Settings::default())
    }

    /// The same, with the content that the settings name.
    ///
    /// # Errors
    /// When the content about signing in, or about ACM's roles, is not right.
    pub fn load_with(content: &Settings) -> Result<Self, PolicyError> {
        let mut fragments = Vec::new();
        for text in SCHEMAS {
            let (fragment, _warnings) = SchemaFragment::from_cedarschema_str(text).map_err(wrong)?;
            fragments.push(fragment);
        }
        let schema = Schema::from_schema_fragments(fragments).map_err(wrong)?;
        let set = PolicySet::from_str(POLICIES).map_err(wrong)?;
        let action = EntityTypeName::from_str("Schildwacht::Action").map_err(wrong)?;
        let types = schema.entity_types().chain([&action]).map(|name| (name.basename().to_owned(), name.clone())).collect();
        let sign_in = Library::load(content).map_err(wrong)?;
        let acm_roles = Library::load(content).map_err(wrong)?;
        Ok(Self {
            by_action: by_action(&set, &schema, &action)?,
            set,
            schema,
            types,
            hierarchy: Hierarchy::default(),
            functions: HeldFunctions::default(),
            sign_in,
            acm_roles,
            unknown_roles: UnknownRoles::default(),
            known_reach: KnownReach::default(),
        })
    }

    /// Which resource stands below which.
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// Who holds which function.
    pub fn functions(&self) -> &HeldFunctions {
        &self.functions
    }

    /// The bearer of a token with all they are now: what it names, what ACM's roles in it give ([`AcmRoles`]), and what identity says that
    /// they hold. And the last alone, with their terms.
    ///
    /// # Errors
    /// `Unavailable` when what they hold is not known just now; `Internal` when no version of the content holds today.
    pub fn caller(&self, token: &VerifiedToken, now: DateTime<Utc>) -> Result<(Principal, Vec<HeldFunction>), runtime::Error> {
        let Some(said) = &token.acm else { return self.with_held(&token.principal, now) };
        let roles = &self.acm_roles.at(now).map_err(runtime::Error::internal)?.body;
        let (by_role, unknown) = roles.read(said, &self.hierarchy);
        for role in unknown {
            self.unknown_roles.tell(role);
        }
        let mut principal = token.principal.clone();
        let beside = by_role.into_iter().filter(|function| !token.principal.functions.contains(function));
        principal.functions.extend(beside);
        self.with_held(&principal, now)
    }

    /// The caller with the functions they hold now, beside those that their token says. And those alone, with their terms.
    ///
    /// # Errors
    /// `Unavailable` when what they hold is not known just now.
    pub fn with_held(&self, caller: &Principal, now: DateTime<Utc>) -> Result<(Principal, Vec<HeldFunction>), runtime::Error> {
        let held = caller.person_id().map_or_else(|| Ok(Vec::new()), |person| self.functions.of(person, now))?;
        let beside = held.iter().map(|held| held.function).filter(|function| !caller.functions.contains(function));
        let functions = caller.functions.iter().copied().chain(beside).collect();
        Ok((Principal { functions, ..caller.clone() }, held))
    }

    /// Until when the rules permit it, as far as is known: the latest end of the functions that permit it, each alone. `held` are those
    /// whose term is known. `None`: no end is known.
    pub fn permitted_until(
        &self,
        principal: &Principal,
        held: &[HeldFunction],
        action: Action,
        resource: Resource,
    ) -> Option<DateTime<Utc>> {
        let with_only = |function: Function| Principal { functions: vec![function], ..principal.clone() };
        let permit = principal.functions.iter().copied().filter(|function| self.permits(&with_only(*function), action, resource));
        let end_of = |function| held.iter().find(|held| held.function == function).and_then(|held| held.until);
        permit.map(end_of).reduce(|one, other| Some(one?.max(other?))).flatten()
    }

    /// The functions that permit it to anyone who holds one of them alone: by place, from the resource's own up to the platform, as far as
    /// the hierarchy is known. A place whose functions do not permit it is among them.
    pub fn permitting_functions(&self, action: Action, resource: Resource) -> Vec<(Resource, Vec<Function>)> {
        let permits = |function: &Function| self.permits(&holder_of(*function), action, resource);
        let places = [resource].into_iter().chain(self.hierarchy.above(resource));
        let places = places.filter(|place| !matches!(place, Resource::Function(_)));
        places.map(|place| (place, Function::at(place).into_iter().filter(permits).collect())).collect()
    }

    /// Whether the rules permit it. What cannot be evaluated is not permitted.
    pub fn permits(&self, principal: &Principal, action: Action, resource: impl Into<Resource>) -> bool {
        match self.evaluate(principal, action, resource.into()) {
            Ok(answer) => answer.decision() == Decision::Allow,
            Err(error) => {
                // An action that does not apply to this kind of principal or resource ends here too: that is a plain no.
                tracing::debug!(name: "policy.not_applicable", action = action.name(), error = %error, "action does not apply, refused");
                false
            }
        }
    }

    /// Somebody and a resource, for questions about several actions.
    pub(crate) fn about(&self, principal: &Principal, resource: Resource) -> Result<Asked, PolicyError> {
        let above = self.hierarchy.above(resource);
        let who = self.entity_of(principal, |place| place == resource || above.contains(&place))?;
        let principal = who.uid();
        Ok(Asked { principal, resource: self.uid_of(resource)?, entities: self.entities(who, resource, &above)? })
    }

    /// The policies that permit an action; none where it is not permitted.
    pub(crate) fn permitting(&self, asked: &Asked, action: Action) -> Vec<Policy> {
        let Ok(answer) = self.decide(asked, action) else { return Vec::new() };
        if answer.decision() != Decision::Allow {
            return Vec::new();
        }
        let said = |policy, annotation| self.set.annotation(policy, annotation).unwrap_or_default().to_owned();
        let read = |policy| Policy { id: said(policy, "id"), nl: said(policy, "nl"), en: said(policy, "en") };
        answer.diagnostics().reason().map(read).collect()
    }

    /// The kinds of resources that an action can be done to: `School`.
    pub(crate) fn kinds_of(&self, action: Action) -> Vec<&str> {
        let action = self.uid("Action", action.name());
        let kinds = action
            .ok()
            .and_then(|action| self.schema.resources_for_action(&action).map(|kinds| kinds.map(EntityTypeName::basename).collect()));
        kinds.unwrap_or_default()
    }

    /// What must be better about somebody's sign-in before they may do this; `None` when it will do. Machines do not sign in.
    ///
    /// # Errors
    /// When no version of the content holds today.
    pub fn step_up(
        &self,
        principal: &Principal,
        sign_in: &SignIn,
        action: Action,
        now: DateTime<Utc>,
    ) -> Result<Option<StepUp>, NotInForce> {
        if principal.person_id().is_none() {
            return Ok(None);
        }
        let policy = &self.sign_in.at(now)?.body;
        Ok(policy.step_up(sign_in, action.information_class(), &principal.functions, now))
    }

    /// What is asked of a sign-in at a moment.
    ///
    /// # Errors
    /// When no version of the content holds then.
    pub fn sign_in_policy(&self, at: DateTime<Utc>) -> Result<&Pack<SignInPolicy>, NotInForce> {
        self.sign_in.at(at)
    }

    /// The method by which somebody signed in, as the register has it; `None` for one that it does not have.
    ///
    /// # Errors
    /// When no version of the content holds today.
    pub fn sign_in_method(&self, sign_in: &SignIn, now: DateTime<Utc>) -> Result<Option<&SignInMethod>, NotInForce> {
        Ok(self.sign_in.at(now)?.body.method(sign_in))
    }

    /// Where the rules permit it among the resources of a kind; `None`: nowhere.
    pub fn scope<K: Kind>(&self, principal: &Principal, action: Action) -> Option<Scope<K>> {
        if self.permits(principal, action, Resource::Platform) {
            return Some(Scope::Everything);
        }
        let own = principal.person_id().map(Resource::Person);
        let places = principal.places().into_iter().filter(|place| *place != Resource::Platform);
        let candidates: BTreeSet<K> = places.flat_map(|place| self.hierarchy.within::<K>(place)).collect();
        let mut roles: HashMap<Resource, BTreeSet<Role>> = HashMap::new();
        for function in &principal.functions {
            if let Some(place) = function.place().or(own) {
                roles.entry(place).or_default().insert((*function).into());
            }
        }
        // Rules see of a resource which functions reach it, so those that the same ones reach are decided alike.
        let mut decided: HashMap<(bool, BTreeSet<Role>), bool> = HashMap::new();
        let permitted = candidates.into_iter().filter(|id| {
            let resource: Resource = (*id).into();
            let reaching = [resource].into_iter().chain(self.hierarchy.above(resource)).filter_map(|place| roles.get(&place));
            let reaching = (own == Some(resource), reaching.flatten().copied().collect());
            *decided.entry(reaching).or_insert_with(|| self.permits(principal, action, resource))
        });
        let ids: BTreeSet<K> = permitted.collect();
        (!ids.is_empty()).then_some(Scope::Only(ids))
    }

    fn evaluate(&self, principal: &Principal, action: Action, resource: Resource) -> Result<Response, PolicyError> {
        self.decide(&self.about(principal, resource)?, action)
    }

    fn decide(&self, asked: &Asked, action: Action) -> Result<Response, PolicyError> {
        let Asked { principal, resource, entities } = asked;
        let set = self.by_action.get(&action).unwrap_or(&self.set);
        let action = self.uid("Action", action.name())?;
        let context = cedar_policy::Context::empty();
        let request = Request::new(principal.clone(), action, resource.clone(), context, Some(&self.schema)).map_err(wrong)?;
        let answer = Authorizer::new().is_authorized(&request, set, entities);
        // Cedar passes over a rule that fails, which must not be the one that forbids.
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(wrong(error));
        }
        Ok(answer)
    }

    /// Who asks, and the resource with what stands above it.
    fn entities(&self, who: Entity, resource: Resource, above: &[Resource]) -> Result<Entities, PolicyError> {
        // The caller's own things are the caller's entity itself.
        let mut entities = BTreeMap::from([(who.uid(), who)]);
        for (at, parent) in [resource].iter().chain(above).zip(above.iter().map(Some).chain([None])) {
            let parents = parent.map(|parent| self.uid_of(*parent)).transpose()?.into_iter().collect();
            if !matches!(at, Resource::Person(_)) {
                let uid = self.uid_of(*at)?;
                let attributes = match at {
                    Resource::Function(function) => {
                        HashMap::from([("role".to_owned(), RestrictedExpression::new_string(function.role().to_owned()))])
                    }
                    _ => HashMap::new(),
                };
                entities.insert(uid.clone(), Entity::new(uid, attributes, parents).map_err(wrong)?);
            }
        }
        Entities::from_entities(entities.into_values(), Some(&self.schema)).map_err(wrong)
    }

    /// The caller, with the places of each function that reaches the resource. Of a function the rules ask nothing else, and somebody may
    /// hold thousands.
    fn entity_of(&self, principal: &Principal, reaches: impl Fn(Resource) -> bool) -> Result<Entity, PolicyError> {
        let caller = match &principal.subject {
            Subject::Gateway(id) => return Ok(Entity::new_no_attrs(self.uid("Gateway", id.to_string())?, HashSet::new())),
            Subject::Person(id) => self.uid("Person", id.to_string())?,
            Subject::Service(name) => self.uid("Service", name)?,
        };
        let own = principal.person_id().map(Resource::Person);
        let mut places: BTreeMap<Role, Vec<RestrictedExpression>> = Role::VARIANTS.iter().map(|role| (*role, Vec::new())).collect();
        for function in &principal.functions {
            if let Some(place) = function.place().or(own).filter(|place| reaches(*place)) {
                places.entry((*function).into()).or_default().push(RestrictedExpression::new_entity_uid(self.uid_of(place)?));
            }
        }
        let attributes = places.into_iter().map(|(role, places)| (<&str>::from(role).to_owned(), RestrictedExpression::new_set(places)));
        Entity::new(caller, attributes.collect(), HashSet::new()).map_err(wrong)
    }

    fn uid(&self, kind: &str, id: impl AsRef<str>) -> Result<EntityUid, PolicyError> {
        let kind = self.types.get(kind).ok_or_else(|| wrong(format!("the schema has no {kind}")))?;
        Ok(EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id)))
    }

    fn uid_of(&self, resource: Resource) -> Result<EntityUid, PolicyError> {
        let (kind, id) = resource.entity();
        self.uid(kind, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policies_of_an_action_decide_as_all_of_them_would() {
        let all = Policies { by_action: HashMap::new(), ..Policies::load().unwrap() };
        let each = Policies::load().unwrap();
        let ids = runtime::Ids::counted();
        let (school, board) = (ids.next(), ids.next());
        for policies in [&all, &each] {
            policies.hierarchy().place(school, board);
        }
        let places = [Resource::School(school), Resource::Board(board), Resource::Vendor(ids.next()), Resource::Platform];
        let mut permitted = 0;
        for function in places.into_iter().flat_map(Function::at) {
            let who = holder_of(function);
            for action in Action::VARIANTS {
                for resource in [Resource::School(school), Resource::Function(function), Resource::Platform] {
                    let decision = each.permits(&who, *action, resource);
                    assert_eq!(decision, all.permits(&who, *action, resource), "{function} {} {resource:?}", action.name());
                    permitted += usize::from(decision);
                }
            }
        }
        assert!(permitted > 100, "{permitted}");
    }

    #[test]
    fn rules_ask_of_functions_only_whether_they_reach_the_resource() {
        let mut uses = 0;
        for (before, _) in POLICIES.match_indices("principal.").map(|(at, _)| POLICIES.split_at(at)) {
            assert!(before.ends_with("resource in "), "…{}", &before[before.len().saturating_sub(80)..]);
            uses += 1;
        }
        assert!(uses > 50 && !POLICIES.contains("principal has "), "{uses}");
    }
}
