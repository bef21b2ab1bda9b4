//! The address of a list that knows a search and pages only: schools, gateways, a school's incidents.

use super::{
    address::{AddressBuilder, search_text},
    paging::Paging,
    trail::Trail,
};
use crate::language::Language;

/// What a visitor wants to see of a plain list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainQuery {
    path: String,
    pub search: String,
    /// Whether what is over is shown too.
    pub with_past: bool,
    pub trail: Trail,
}

impl PlainQuery {
    /// Reads the part of an address after the question mark.
    pub fn parse(path: impl Into<String>, query: &str) -> Self {
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

    pub fn href(&self) -> String {
        let address = AddressBuilder::new(&self.path).add("zoek", &self.search).add("ook", if self.with_past { "voorbij" } else { "" });
        self.trail.write("na", address).build()
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn without_search(&self) -> Self {
        Self { search: String::new(), ..self.first_page() }
    }

    pub fn showing_past(&self, with_past: bool) -> Self {
        Self { with_past, ..self.first_page() }
    }

    pub fn first_page(&self) -> Self {
        Self { trail: Trail::default(), ..self.clone() }
    }

    /// The pages below the list; `range` in words, `next_token` as the service gave it.
    pub fn paging(&self, language: Language, range: String, next_token: &str) -> Paging {
        Paging::new(language, &self.trail, range, next_token, |trail| self.at(trail))
    }

    /// The address of another page.
    fn at(&self, trail: Trail) -> String {
        Self { trail, ..self.clone() }.href()
    }
}
