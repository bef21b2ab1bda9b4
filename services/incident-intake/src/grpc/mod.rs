//! The gRPC edge: who calls, what they mean, and answers in messages.

mod case;
mod question;

pub use case::CaseApi;

use std::{borrow::Cow, str::FromStr};

use runtime::{Error, FieldViolation};

use crate::domain::words::Words;

/// Fields of a request that are not right, all of them.
#[derive(Default)]
struct Fields(Vec<FieldViolation>);

impl Fields {
    fn complain(&mut self, field: &'static str, message: impl Into<Cow<'static, str>>) {
        self.0.push(FieldViolation { field: field.into(), message: message.into() });
    }

    fn id<T: FromStr>(&mut self, field: &'static str, text: &str) -> Option<T> {
        let id = text.parse().ok();
        if id.is_none() {
            self.complain(field, "give the id as it was given to you: a UUID");
        }
        id
    }

    /// Nothing is no fault.
    fn optional_id<T: FromStr>(&mut self, field: &'static str, text: &str) -> Option<T> {
        if text.is_empty() { None } else { self.id(field, text) }
    }

    fn words<const MAX: usize>(&mut self, field: &'static str, text: &str) -> Option<Words<MAX>> {
        Words::parse(text).map_err(|why| self.complain(field, why.to_string())).ok()
    }

    /// A change must say what it is based on.
    fn etag(&mut self, etag: &str) -> Option<String> {
        if etag.is_empty() {
            self.complain("etag", "give the etag of the case as you read it, so that nobody's work is overwritten");
            return None;
        }
        Some(etag.to_owned())
    }

    /// The request, or all that is wrong with it.
    fn finish<T>(self, request: Option<T>) -> Result<T, Error> {
        match request {
            Some(request) if self.0.is_empty() => Ok(request),
            _ => Err(Error::invalid(self.0)),
        }
    }
}
