//! The rules, evaluated by Cedar.

use std::{collections::HashSet, str::FromStr as _};

use cedar_policy::{
    Authorizer, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request, RestrictedExpression, Schema,
    ValidationMode, Validator,
};
use runtime::SchoolId;

use crate::{Action, Function, Principal, Subject};

const POLICIES: &str = include_str!("../policies/schildwacht.cedar");
const SCHEMA: &str = include_str!("../policies/schildwacht.cedarschema");

/// What the policies themselves can have wrong; found when the process starts.
#[derive(Debug, thiserror::Error)]
#[error("policies: {0}")]
pub struct PolicyError(String);

/// What is acted upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A school and all that belongs to it.
    School(SchoolId),
    /// All schools, and what belongs to none.
    Platform,
}

/// The rules of the house.
#[derive(Debug)]
pub struct Policies {
    set: PolicySet,
    schema: Schema,
    types: Types,
}

#[derive(Debug)]
struct Types {
    person: EntityTypeName,
    service: EntityTypeName,
    gateway: EntityTypeName,
    school: EntityTypeName,
    platform: EntityTypeName,
    action: EntityTypeName,
}

fn wrong(error: impl std::fmt::Display) -> PolicyError {
    PolicyError(error.to_string())
}

impl Policies {
    /// Reads the rules and checks them against their schema.
    ///
    /// # Errors
    /// When a rule does not parse, or speaks of what the schema does not know.
    pub fn load() -> Result<Self, PolicyError> {
        let (schema, _warnings) = Schema::from_cedarschema_str(SCHEMA).map_err(wrong)?;
        let set = PolicySet::from_str(POLICIES).map_err(wrong)?;
        let validation = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
        if let Some(error) = validation.validation_errors().next() {
            return Err(wrong(error));
        }
        let entity_type = |name: &str| EntityTypeName::from_str(&format!("Schildwacht::{name}")).map_err(wrong);
        let types = Types {
            person: entity_type("Person")?,
            service: entity_type("Service")?,
            gateway: entity_type("Gateway")?,
            school: entity_type("School")?,
            platform: entity_type("Platform")?,
            action: entity_type("Action")?,
        };
        Ok(Self { set, schema, types })
    }

    /// Whether the rules permit it. What cannot be evaluated is not permitted.
    pub fn permits(&self, principal: &Principal, action: Action, resource: Resource) -> bool {
        match self.evaluate(principal, action, resource) {
            Ok(permitted) => permitted,
            Err(error) => {
                // An act that does not apply to this kind of principal or resource ends here too: that is a plain no.
                tracing::debug!(name: "policy.not_applicable", action = action.name(), error = %error, "act does not apply, refused");
                false
            }
        }
    }

    fn evaluate(&self, principal: &Principal, action: Action, resource: Resource) -> Result<bool, PolicyError> {
        let who = self.principal_entity(principal)?;
        let what = match resource {
            Resource::School(id) => self.school(id),
            Resource::Platform => EntityUid::from_type_name_and_id(self.types.platform.clone(), EntityId::new("platform")),
        };
        let act = EntityUid::from_type_name_and_id(self.types.action.clone(), EntityId::new(action.name()));
        let request = Request::new(who.uid(), act, what, cedar_policy::Context::empty(), Some(&self.schema)).map_err(wrong)?;
        let entities = Entities::from_entities([who], Some(&self.schema)).map_err(wrong)?;
        let answer = Authorizer::new().is_authorized(&request, &self.set, &entities);
        // Cedar passes over a rule that fails, which must not be the one that forbids.
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(wrong(error));
        }
        Ok(answer.decision() == Decision::Allow)
    }

    fn principal_entity(&self, principal: &Principal) -> Result<Entity, PolicyError> {
        let (entity_type, id) = match &principal.subject {
            Subject::Gateway(id) => {
                let uid = EntityUid::from_type_name_and_id(self.types.gateway.clone(), EntityId::new(id.to_string()));
                return Ok(Entity::new_no_attrs(uid, HashSet::new()));
            }
            Subject::Person(id) => (&self.types.person, id.to_string()),
            Subject::Service(name) => (&self.types.service, name.clone()),
        };
        let schools_as = |wanted: fn(&Function) -> bool| {
            let schools = principal.functions.iter().filter(|function| wanted(function)).filter_map(|function| function.school());
            RestrictedExpression::new_set(schools.map(|school| RestrictedExpression::new_entity_uid(self.school(school))))
        };
        let roles = principal.functions.iter().filter(|function| function.school().is_none());
        let attributes = [
            ("roles".to_owned(), RestrictedExpression::new_set(roles.map(|role| RestrictedExpression::new_string(role.role().to_owned())))),
            ("director_of".to_owned(), schools_as(|function| matches!(function, Function::Director(_)))),
            ("ict_coordinator_of".to_owned(), schools_as(|function| matches!(function, Function::IctCoordinator(_)))),
        ];
        let uid = EntityUid::from_type_name_and_id(entity_type.clone(), EntityId::new(id));
        Entity::new(uid, attributes.into(), HashSet::new()).map_err(wrong)
    }

    fn school(&self, id: SchoolId) -> EntityUid {
        EntityUid::from_type_name_and_id(self.types.school.clone(), EntityId::new(id.to_string()))
    }
}
