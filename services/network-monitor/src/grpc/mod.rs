//! The gRPC edge: who calls, what they mean, and answers in messages.

mod alert;
mod device;

pub use alert::AlertApi;
pub use device::DeviceApi;

use std::{borrow::Cow, str::FromStr};

use runtime::{Error, FieldViolation};

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

    /// The request, or all that is wrong with it.
    fn finish<T>(self, request: Option<T>) -> Result<T, Error> {
        match request {
            Some(request) if self.0.is_empty() => Ok(request),
            _ => Err(Error::invalid(self.0)),
        }
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
