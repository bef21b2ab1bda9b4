//! The address of a case: `/zaken/<id>?bewijs=…&tijdlijn=…`, which pages through evidence and timeline apart.

use portal_frame::list::{AddressBuilder, Trail};

/// Which part of a case's lists is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseQuery {
    id: String,
    pub(crate) evidence: Trail,
    pub(crate) timeline: Trail,
}

impl CaseQuery {
    /// The first evidence and the newest steps.
    pub(crate) fn of(id: impl Into<String>) -> Self {
        Self { id: id.into(), evidence: Trail::default(), timeline: Trail::default() }
    }

    /// Reads the part of an address after the question mark.
    pub(crate) fn parse(id: impl Into<String>, query: &str) -> Self {
        let mut read = Self::of(id);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "bewijs" => read.evidence.read(&value),
                "bewijs-eerder" => read.evidence.read_forgotten(&value),
                "tijdlijn" => read.timeline.read(&value),
                "tijdlijn-eerder" => read.timeline.read_forgotten(&value),
                _ => {}
            }
        }
        read
    }

    pub(crate) fn href(&self) -> String {
        let address = AddressBuilder::new(self.path());
        let address = self.evidence.write("bewijs", address);
        self.timeline.write("tijdlijn", address).build()
    }

    /// The address of the case itself.
    pub(crate) fn path(&self) -> String {
        format!("/zaken/{}", self.id)
    }

    pub(crate) fn more_evidence(&self, token: &str) -> String {
        let further = Self { evidence: self.evidence.forward(token), ..self.clone() };
        format!("{}#bewijs", further.href())
    }

    pub(crate) fn first_evidence(&self) -> String {
        let first = Self { evidence: Trail::default(), ..self.clone() };
        format!("{}#bewijs", first.href())
    }

    pub(crate) fn older_steps(&self, token: &str) -> String {
        let further = Self { timeline: self.timeline.forward(token), ..self.clone() };
        format!("{}#tijdlijn", further.href())
    }

    pub(crate) fn newest_steps(&self) -> String {
        let newest = Self { timeline: Trail::default(), ..self.clone() };
        format!("{}#tijdlijn", newest.href())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_and_timeline_are_paged_apart() {
        let query = CaseQuery::parse("7", "bewijs=a&tijdlijn=x&bewijs=b");
        assert_eq!((query.evidence.token(), query.timeline.token()), ("b", "x"));
        assert_eq!(query.first_evidence(), "/zaken/7?tijdlijn=x#bewijs");
        assert_eq!(query.older_steps("y"), "/zaken/7?bewijs=a&bewijs=b&tijdlijn=x&tijdlijn=y#tijdlijn");
    }
}
