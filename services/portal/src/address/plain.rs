//! The address of a list that knows a search and pages only: schools, gateways, a school's incidents.

use super::{AddressBuilder, Trail, search_text};

/// What a visitor wants to see of a plain list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlainQuery {
    path: String,
    pub(crate) search: String,
    /// Whether what is over is shown too.
    pub(crate) with_past: bool,
    pub(crate) trail: Trail,
}

impl PlainQuery {
    /// Reads the part of an address after the question mark.
    pub(crate) fn parse(path: impl Into<String>, query: &str) -> Self {
        let mut read = Self { path: path.into(), search: String::new(), with_past: false, trail: Trail::default() };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "zoek" => read.search = search_text(&value),
                "ook" => read.with_past = value == "voorbij",
                "na" => read.trail.read(&value),
                "na-eerder" => read.trail.read_forgotten(&value),
                _ => {}
            }
        }
        read
    }

    pub(crate) fn href(&self) -> String {
        let address = AddressBuilder::new(&self.path).add("zoek", &self.search).add("ook", if self.with_past { "voorbij" } else { "" });
        self.trail.write("na", address).build()
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn without_search(&self) -> Self {
        Self { search: String::new(), ..self.first_page() }
    }

    pub(crate) fn showing_past(&self, with_past: bool) -> Self {
        Self { with_past, ..self.first_page() }
    }

    pub(crate) fn first_page(&self) -> Self {
        Self { trail: Trail::default(), ..self.clone() }
    }

    pub(crate) fn next_page(&self, token: &str) -> Self {
        Self { trail: self.trail.forward(token), ..self.clone() }
    }

    pub(crate) fn previous_page(&self) -> Self {
        Self { trail: self.trail.back(), ..self.clone() }
    }
}
