//! The gRPC edge: who calls, what they mean, and answers in messages.

mod case;
mod question;

pub use case::CaseApi;

use std::ops::{Deref, DerefMut};

use runtime::{Error, Violations};

/// What is wrong with a request, with the fields that only cases have.
#[derive(Default)]
struct Fields(Violations);

impl Fields {
    /// A change must say what it is based on.
    fn etag(&mut self, etag: &str) -> Option<String> {
        if etag.is_empty() {
            self.complain("etag", "give the etag of the case as you read it, so that nobody's work is overwritten");
            return None;
        }
        Some(etag.to_owned())
    }

    fn finish<T>(self, request: Option<T>) -> Result<T, Error> {
        self.0.finish(request)
    }
}

impl Deref for Fields {
    type Target = Violations;

    fn deref(&self) -> &Violations {
        &self.0
    }
}

impl DerefMut for Fields {
    fn deref_mut(&mut self) -> &mut Violations {
        &mut self.0
    }
}
