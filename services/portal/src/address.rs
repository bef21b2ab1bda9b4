//! What the address of a list says: view, search, filters, order, page.
//!
//! The address *is* the state of a list: it can be kept, shared and gone back to, and works without a script. Reading is
//! lenient, since people edit addresses: what is unknown counts as not said.

mod case;
mod devices;
mod plain;
mod queue;
mod trail;

pub(crate) use self::{
    case::CaseQuery,
    devices::{DeviceOrder, DeviceQuery, DeviceView},
    plain::PlainQuery,
    queue::{PhaseFilter, QueueOrder, QueueQuery, QueueView},
    trail::{Range, Trail},
};

/// Longest search text that is used; more is cut off.
const MAX_SEARCH_CHARS: usize = 200;

fn search_text(text: &str) -> String {
    text.trim().chars().take(MAX_SEARCH_CHARS).collect()
}

/// Builds an address from a path and what differs from the defaults.
struct AddressBuilder {
    path: String,
    query: url::form_urlencoded::Serializer<'static, String>,
}

impl AddressBuilder {
    fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), query: url::form_urlencoded::Serializer::new(String::new()) }
    }

    fn add(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.query.append_pair(name, value);
        }
        self
    }

    fn build(mut self) -> String {
        let query = self.query.finish();
        if query.is_empty() { self.path } else { format!("{}?{query}", self.path) }
    }
}
