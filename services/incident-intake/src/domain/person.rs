//! People who work on cases.

use runtime::PersonId;
use serde::{Deserialize, Serialize};

/// Somebody who works on a case, as the identity provider named them at that moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Stable.
    pub id: PersonId,
    /// For people to read; empty for a person who was erased.
    pub name: String,
}
