//! What is permitted, as people read it.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use uuid::Uuid;

use crate::{Access, Action, DataKind, Function, Principal, Role, Subject};

/// A policy, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Policy {
    /// Its `@id`: whom it permits what.
    pub id: String,
    /// Why, in Dutch: its `@nl`.
    pub nl: String,
    /// Why, in English: its `@en`.
    pub en: String,
}

/// What somebody may do with the data of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    pub action: Action,
    pub data: DataKind,
    pub access: Access,
    /// The policies that permit it.
    pub policies: Vec<Policy>,
}

/// What a role reaches, by the kinds of the place and of what stands above it: rules see no more of a place than that, and trying every action
/// takes milliseconds.
#[derive(Debug, Default)]
pub(crate) struct KnownReach(RwLock<HashMap<RoleAt, Vec<Reach>>>);

/// A role, and the kinds of a place and of what stands above it.
type RoleAt = (Vec<&'static str>, Role);

impl KnownReach {
    pub(crate) fn get(&self, of: RoleAt, compute: impl FnOnce() -> Vec<Reach>) -> Vec<Reach> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&of).cloned();
        known.unwrap_or_else(|| {
            let reach = compute();
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(of, reach.clone());
            reach
        })
    }
}

/// Anyone who holds this function and no other.
pub(crate) fn holder_of(function: Function) -> Principal {
    Principal { subject: Subject::Person(Uuid::nil().into()), name: String::new(), functions: vec![function] }
}
