//! What a school is told about an incident.

use content::Text;
use serde::{Deserialize, Serialize};

/// Four parts, each in both languages. Pages fill in `{toestel}` and `{device}`, `{noodnummer}` and `{number}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// What is going on, at most two sentences.
    pub what: Text,
    /// Steps, most urgent first; at least one.
    pub r#do: Vec<Text>,
    /// What not to do; at least one line.
    pub do_not: Vec<Text>,
    /// Whom to call or inform, and by when.
    pub call: Text,
}
