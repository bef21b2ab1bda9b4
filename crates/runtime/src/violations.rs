//! Collects all violations of a request, so that the caller can correct them at once.

use std::{borrow::Cow, str::FromStr};

use chrono::{DateTime, Utc};

use crate::{Error, FieldViolation};

/// Maximum length of a search text, in characters.
const SEARCH_AT_MOST: usize = 200;

/// All invalid fields of a request.
#[derive(Debug, Default)]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// Adds a violation of a field; `message` says what to give instead.
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

    /// Reads an optional id.
    pub fn optional_id<T: FromStr>(&mut self, field: impl Into<Cow<'static, str>>, text: &str) -> Option<T> {
        if text.is_empty() { None } else { self.id(field, text) }
    }

    /// Passes a moment on that may be absent, but not out of range: `given` is what `proto::time::moment` makes of one that is there.
    pub fn optional_moment(&mut self, field: &'static str, given: Option<Option<DateTime<Utc>>>) -> Option<DateTime<Utc>> {
        given.and_then(|moment| self.require(field, moment, "give a moment between the years 1 and 9999"))
    }

    /// Reads ids, at most so many.
    pub fn ids<T: FromStr>(&mut self, field: &'static str, texts: &[String], at_most: usize) -> Option<Vec<T>> {
        if texts.len() > at_most {
            self.complain(field, format!("name {at_most} at most"));
            return None;
        }
        let ids: Vec<Option<T>> = texts.iter().enumerate().map(|(index, text)| self.id(format!("{field}[{index}]"), text)).collect();
        ids.into_iter().collect()
    }

    /// Reads a value with its own validation, whose error becomes a violation.
    pub fn text<'a, T: TryFrom<&'a str, Error: ToString>>(&mut self, field: impl Into<Cow<'static, str>>, text: &'a str) -> Option<T> {
        T::try_from(text).map_err(|why| self.complain(field, why.to_string())).ok()
    }

    /// Passes a value on that must be there; `message` says what to give when it is not.
    pub fn require<T>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        value: Option<T>,
        message: impl Into<Cow<'static, str>>,
    ) -> Option<T> {
        if value.is_none() {
            self.complain(field, message);
        }
        value
    }

    /// Reads a search text, trimmed; empty: no filter. Control characters are refused: PostgreSQL takes no NUL.
    pub fn search(&mut self, field: impl Into<Cow<'static, str>>, text: &str) -> String {
        let wanted = text.trim();
        if wanted.chars().count() > SEARCH_AT_MOST {
            self.complain(field, format!("search for at most {SEARCH_AT_MOST} characters"));
        } else if wanted.chars().any(char::is_control) {
            self.complain(field, "leave out line breaks and other characters that cannot be printed");
        }
        wanted.to_owned()
    }

    /// The request, made of fields that were all right, or all its violations.
    ///
    /// # Errors
    /// `InvalidArgument` with every violation.
    pub fn build<T>(self, request: impl FnOnce() -> Option<T>) -> Result<T, Error> {
        let request = request();
        self.finish(request)
    }

    /// The request, or all its violations.
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
