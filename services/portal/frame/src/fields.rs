//! The fields of a form or of an address.

use serde::{Deserialize, Serialize};

/// The fields of a form, in the order in which they were sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Those in the question of an address.
    pub fn of_address(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The first value of a field, trimmed; empty when the field is missing.
    pub fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default().trim()
    }

    /// The first value of a field, where it is there at all.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Names and values, in their order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// All but this one.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(found, _)| found != name).cloned().collect())
    }

    /// How long they are together.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// Those of a form as it was sent.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        // Browsers write line ends of text fields as CR LF, whatever was typed.
        Self(url::form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n"))).collect())
    }
}
