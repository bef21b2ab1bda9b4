//! Collects everything that is wrong with a request, so that its sender mends it once.

use std::{borrow::Cow, str::FromStr};

use crate::{Error, FieldViolation};

/// Characters of a search text, at most.
const SEARCH_AT_MOST: usize = 200;

/// Fields of a request that are not right, all of them.
#[derive(Debug, Default)]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// Notes that a field is wrong; `message` says what to give instead.
    pub fn complain(&mut self, field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) {
        self.0.push(FieldViolation { field: field.into(), message: message.into() });
    }

    /// Reads an id.
    pub fn id<T: FromStr>(&mut self, field: impl Into<Cow<'static, str>>, text: &str) -> Option<T> {
        let id = text.parse().ok();
        if id.is_none() {
            self.complain(field, "give the id as it was given to you: a UUID");
        }
        id
    }

    /// Reads an id that may be left out.
    pub fn optional_id<T: FromStr>(&mut self, field: impl Into<Cow<'static, str>>, text: &str) -> Option<T> {
        if text.is_empty() { None } else { self.id(field, text) }
    }

    /// Reads a value with rules of its own, whose complaint it notes.
    pub fn text<'a, T: TryFrom<&'a str, Error: ToString>>(&mut self, field: impl Into<Cow<'static, str>>, text: &'a str) -> Option<T> {
        T::try_from(text).map_err(|why| self.complain(field, why.to_string())).ok()
    }

    /// Reads a search text, without the spaces around it; empty: no search. PostgreSQL takes no NUL.
    pub fn search(&mut self, field: impl Into<Cow<'static, str>>, text: &str) -> String {
        let wanted = text.trim();
        if wanted.chars().count() > SEARCH_AT_MOST {
            self.complain(field, format!("search for at most {SEARCH_AT_MOST} characters"));
        } else if wanted.chars().any(char::is_control) {
            self.complain(field, "leave out line breaks and other characters that cannot be printed");
        }
        wanted.to_owned()
    }

    /// The request, or all that is wrong with it.
    ///
    /// # Errors
    /// `InvalidArgument` with every violation.
    pub fn finish<T>(self, request: Option<T>) -> Result<T, Error> {
        match request {
            Some(request) if self.0.is_empty() => Ok(request),
            _ => Err(Error::invalid(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SchoolId;

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let mut violations = Violations::default();
        let school: Option<SchoolId> = violations.id("school_id", "somewhere");
        violations.complain("name", "give 1 to 80 characters");
        let error = violations.finish(school).unwrap_err();
        let fields: Vec<_> = error.violations().iter().map(|violation| violation.field.as_ref()).collect();
        assert_eq!(fields, ["school_id", "name"]);
    }

    #[test]
    fn a_search_is_short_and_can_be_printed() {
        let asked = |text: &str| {
            let mut violations = Violations::default();
            let wanted = violations.search("query", text);
            violations.finish(Some(wanted))
        };
        assert_eq!(asked("  Gent ").unwrap(), "Gent");
        assert_eq!(asked("").unwrap(), "");
        assert!(asked(&"é".repeat(200)).is_ok());
        for text in ["é".repeat(201), "nas\0".to_owned(), "one\ntwo".to_owned()] {
            assert!(asked(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_left_out_is_no_fault() {
        let mut violations = Violations::default();
        let site: Option<SchoolId> = violations.optional_id("site_id", "");
        assert_eq!(violations.finish(Some(site)).unwrap(), None);
    }
}
