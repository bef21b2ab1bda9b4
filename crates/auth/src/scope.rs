//! Where a caller may act.

use std::collections::BTreeSet;

use crate::Kind;

/// Where a caller may act, among the resources of one kind; part of every look-up of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope<K> {
    /// On all of them.
    Everything,
    /// On these; never empty.
    Only(BTreeSet<K>),
}

impl<K: Kind> Scope<K> {
    /// One of them.
    pub fn one(id: K) -> Self {
        Self::Only(BTreeSet::from([id]))
    }

    /// Whether one of them is in it.
    pub fn contains(&self, id: K) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(ids) => ids.contains(&id),
        }
    }
}
