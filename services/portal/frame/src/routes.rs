//! The addresses of an area. A form declares at its address which page it is on and which fields hold what a person wrote:
//! there is no other way to take one.

use std::collections::{HashMap, HashSet};

use axum::{
    Router,
    handler::Handler,
    routing::{get, post},
};

/// What is known of a form before anything can go wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The address of the page the form is on, with the parameters of the form's own address: `/zaken/{case}`.
    pub page: &'static str,
    /// The fields that took a person time to write. A page that says why the form failed gives them back.
    pub gives_back: &'static [&'static str],
}

/// Addresses and what answers them.
#[derive(Default)]
pub struct Routes {
    pub(crate) router: Router,
    pub(crate) declared: Declared,
    pages: Vec<&'static str>,
}

/// What addresses declare, by their pattern.
#[derive(Clone, Default)]
pub(crate) struct Declared {
    forms: HashMap<&'static str, Form>,
    streams: HashSet<&'static str>,
    answers: HashSet<&'static str>,
}

impl Routes {
    /// A page: `GET`. The tests visit an address of each.
    pub fn page<H: Handler<T, ()>, T: 'static>(mut self, path: &'static str, handler: H) -> Self {
        self.pages.push(path);
        self.get(path, handler)
    }

    /// Something that is no page: a file, or a redirect. `GET`.
    pub fn answer<H: Handler<T, ()>, T: 'static>(mut self, path: &'static str, handler: H) -> Self {
        self.declared.answers.insert(path);
        self.get(path, handler)
    }

    /// A form: `POST`.
    pub fn form<H: Handler<T, ()>, T: 'static>(mut self, path: &'static str, form: Form, handler: H) -> Self {
        self.declared.forms.insert(path, form);
        self.router = self.router.route(path, post(handler));
        self
    }

    /// A stream that the script opens again by itself, so that it is no sign of life: `GET`.
    pub fn stream<H: Handler<T, ()>, T: 'static>(mut self, path: &'static str, handler: H) -> Self {
        self.declared.streams.insert(path);
        self.get(path, handler)
    }

    fn get<H: Handler<T, ()>, T: 'static>(mut self, path: &'static str, handler: H) -> Self {
        self.router = self.router.route(path, get(handler));
        self
    }

    /// These addresses and the others.
    pub fn and(mut self, others: Self) -> Self {
        self.router = self.router.merge(others.router);
        self.declared.forms.extend(others.declared.forms);
        self.declared.streams.extend(others.declared.streams);
        self.pages.extend(others.pages);
        self.declared.answers.extend(others.declared.answers);
        self
    }

    /// The patterns of all pages: `/zaken/{case}`.
    pub fn pages(&self) -> &[&'static str] {
        &self.pages
    }

    /// Those of what is no page.
    pub fn answers(&self) -> impl Iterator<Item = &'static str> {
        self.declared.answers.iter().copied()
    }

    /// Those of all forms.
    pub fn forms(&self) -> impl Iterator<Item = &'static str> {
        self.declared.forms.keys().copied()
    }
}

impl Declared {
    pub(crate) fn form(&self, pattern: &str) -> Option<Form> {
        self.forms.get(pattern).copied()
    }

    /// Whether it is no page, so that nobody can come back to it.
    pub(crate) fn is_file(&self, pattern: &str) -> bool {
        self.answers.contains(pattern) || self.is_stream(pattern)
    }

    pub(crate) fn is_stream(&self, pattern: &str) -> bool {
        self.streams.contains(pattern)
    }
}

impl Form {
    /// The address of its page: the parameters of `pattern` have the values they have in `path`.
    pub(crate) fn page_at(self, pattern: &str, path: &str) -> String {
        let parts = |address: &'static str| address.split('/');
        let value = |name: &str| pattern.split('/').zip(path.split('/')).find(|(part, _)| *part == name).map(|(_, value)| value);
        parts(self.page).map(|part| value(part).filter(|_| part.starts_with('{')).unwrap_or(part)).collect::<Vec<_>>().join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_a_form_has_the_forms_own_parameters() {
        let at = |page, pattern, path| Form { page, gives_back: &[] }.page_at(pattern, path);
        assert_eq!(at("/zaken/{case}", "/zaken/{case}/notitie", "/zaken/7/notitie"), "/zaken/7");
        assert_eq!(at("/gateways/{gateway}/geheim", "/gateways/{gateway}/geheim", "/gateways/g/geheim"), "/gateways/g/geheim");
        assert_eq!(at("/wachtrij", "/wachtrij/neem", "/wachtrij/neem"), "/wachtrij");
        assert_eq!(at("/", "/afmelden", "/afmelden"), "/");
    }
}
