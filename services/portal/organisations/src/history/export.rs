//! A line of the history in a file.

use portal_frame::{Language, answer::WireEnum as _, list::utc};
use serde::Serialize;

use super::{
    view::{Actor, Entry},
    words::HistoryWords,
};

/// A line of the history in a file.
#[derive(Serialize)]
pub(crate) struct HistoryRow {
    time: String,
    kind: String,
    actor: String,
    actor_name: String,
    actor_function: String,
    action: String,
    resource: String,
    resource_name: String,
    /// In the visitor's language.
    what: String,
}

impl HistoryRow {
    pub(crate) fn of(entry: Entry, language: Language) -> Self {
        let what = HistoryWords(language).deed(entry.deed);
        let (name, function) = match entry.actor {
            Actor::Person { name, function } => (name, function),
            Actor::Schildwacht => (None, None),
        };
        Self {
            time: utc(entry.at),
            kind: entry.kind.code(),
            actor: entry.actor_id,
            actor_name: name.unwrap_or_default(),
            actor_function: function.map(|function| function.role().to_owned()).unwrap_or_default(),
            action: entry.action,
            resource: entry.resource,
            resource_name: entry.name.unwrap_or_default(),
            what,
        }
    }
}
