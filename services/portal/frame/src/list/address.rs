//! What the address of a list says: view, search, filters, order, page.
//!
//! The address *is* the state of a list: it can be kept, shared and gone back to, and works without a script. Reading is
//! lenient, since people edit addresses: what is unknown counts as not said.

/// Longest search text that is used; more is cut off.
const MAX_SEARCH_CHARS: usize = 200;

/// A search as it is used: without white space around it.
pub fn search_text(text: &str) -> String {
    text.trim().chars().take(MAX_SEARCH_CHARS).collect()
}

/// Builds an address from a path and what differs from the defaults.
pub struct AddressBuilder {
    path: String,
    query: url::form_urlencoded::Serializer<'static, String>,
}

impl AddressBuilder {
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), query: url::form_urlencoded::Serializer::new(String::new()) }
    }

    pub fn add(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.query.append_pair(name, value);
        }
        self
    }

    pub fn build(mut self) -> String {
        let query = self.query.finish();
        if query.is_empty() { self.path } else { format!("{}?{query}", self.path) }
    }
}
