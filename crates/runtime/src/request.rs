//! What a request that changes something carries: the version it was decided on, and an id that makes repeating it harmless.

use std::fmt;

use crate::{Error, RequestId, Violations};

/// The version of something, as a reader saw it. It changes with every change that a decision depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(String);

impl Etag {
    /// Of a thing as it stands now.
    pub fn new(version: impl Into<String>) -> Self {
        Self(version.into())
    }

    /// Refuses a decision on another version, so that nobody's work is overwritten. Asked of what was read to be changed.
    ///
    /// # Errors
    /// `Conflict`.
    pub fn require(&self, current: &Self) -> Result<(), Error> {
        if self == current {
            return Ok(());
        }
        Err(Error::conflict("etag_changed", "somebody else changed this meanwhile; read it again, then decide again"))
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl RequestId {
    /// Refuses to answer a request as a repetition of one that asked something else under the same id of the same caller.
    ///
    /// # Errors
    /// `FailedPrecondition`.
    pub fn require_repetition(asks_the_same: bool) -> Result<(), Error> {
        if asks_the_same {
            return Ok(());
        }
        Err(Error::failed_precondition("request_id_reused", "this request_id made another request; take a new request_id"))
    }
}

impl Violations {
    /// Reads the etag that every change must name.
    pub fn etag(&mut self, etag: &str) -> Option<Etag> {
        if etag.is_empty() {
            self.complain("etag", "give the etag as you read it, so that nobody's work is overwritten");
            return None;
        }
        Some(Etag::new(etag))
    }

    /// Reads the id that callers may give a request (AIP-155): the same request with the same id is carried out once.
    pub fn request_id(&mut self, id: &str) -> Option<RequestId> {
        if id.is_empty() {
            return None;
        }
        let id = id.parse().ok();
        if id.is_none() {
            self.complain("request_id", "give a UUID of your own making, or leave it empty");
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_change_without_an_etag_is_refused() {
        let mut violations = Violations::default();
        let etag = violations.etag("");
        assert_eq!(violations.finish(etag).unwrap_err().violations()[0].field, "etag");
    }

    #[test]
    fn a_decision_on_another_version_is_a_conflict() {
        let seen = Etag::new("r1");
        assert!(seen.require(&Etag::new("r1")).is_ok());
        assert_eq!(seen.require(&Etag::new("r2")).unwrap_err().kind(), ErrorKind::Conflict);
    }

    #[test]
    fn a_request_id_is_a_uuid_or_left_out() {
        let read = |id: &str| {
            let mut violations = Violations::default();
            let id = violations.request_id(id);
            violations.finish(Some(id))
        };
        assert_eq!(read("").unwrap(), None);
        assert!(read("0199c0de-0000-7000-8000-00000000abcd").unwrap().is_some());
        assert!(read("1c0f").is_err());
    }
}
