//! The pages of a list, below it.

use askama::{Template, filters::HtmlSafe};

use super::trail::Trail;
use crate::{language::Language, words::ShellWords};

/// Where one is in a list, and its other pages.
#[derive(Template)]
#[template(path = "list/paging.html")]
pub struct Paging {
    words: ShellWords,
    page: String,
    range: String,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
}

impl HtmlSafe for Paging {}

impl Paging {
    /// `range` in words; `next_token` as the service gave it, empty on the last page; `at` is the address of another page.
    pub fn new(language: Language, trail: &Trail, range: String, next_token: &str, at: impl Fn(Trail) -> String) -> Self {
        Self {
            words: ShellWords(language),
            page: language.number(i64::try_from(trail.page()).unwrap_or_default()),
            range,
            first: (trail.page() > 2).then(|| at(Trail::default())),
            previous: (!trail.is_first()).then(|| at(trail.back())),
            next: (!next_token.is_empty()).then(|| at(trail.forward(next_token))),
        }
    }

    /// Whether there is more than one page.
    pub fn has_pages(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}
