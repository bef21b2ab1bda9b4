//! Reading the services' messages. A message without a required field is [`Unreadable`]: the page then says that the
//! answer cannot be read, and is not shown with parts missing.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use proto::{
    history::v1::HistoryKind,
    identity::v1::{AccessLevel, CheckKind, CheckOutcome, DataKind, EnrolmentLevel, OrganisationKind, OverrideState},
    incident_intake::v1::{CasePhase, CaseSeverity, CloseReason},
};

/// A service's answer lacks something, or holds a value this release does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is missing or unknown in the service's answer")]
pub struct Unreadable(pub &'static str);

/// A moment that must be there.
pub fn required_moment(at: Option<Timestamp>, field: &'static str) -> Result<DateTime<Utc>, Unreadable> {
    moment(at).ok_or(Unreadable(field))
}

/// A moment, where there is one.
pub fn moment(at: Option<Timestamp>) -> Option<DateTime<Utc>> {
    at.and_then(proto::time::moment)
}

/// A text that must not be empty.
pub fn required_text(text: String, field: &'static str) -> Result<String, Unreadable> {
    if text.is_empty() { Err(Unreadable(field)) } else { Ok(text) }
}

/// A text, where there is one.
pub fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// An enumeration of the wire. Its value 0 is "unspecified", which no page shows.
pub trait WireEnum: Copy + Default + PartialEq + TryFrom<i32> {
    /// As in the `.proto`: `CASE_SEVERITY_VERY_HIGH`.
    fn full_name(self) -> &'static str;

    /// All values that mean something, in the order of the `.proto`.
    fn all() -> impl Iterator<Item = Self> {
        (1..).map_while(|number| Self::try_from(number).ok())
    }

    /// The value of a message.
    ///
    /// # Errors
    /// When it is unspecified, or newer than this release.
    fn known(value: i32, field: &'static str) -> Result<Self, Unreadable> {
        Self::try_from(value).ok().filter(|known| *known != Self::default()).ok_or(Unreadable(field))
    }

    /// As in addresses, forms and exports: `very_high`.
    fn code(self) -> String {
        let prefix = Self::default().full_name().trim_end_matches("UNSPECIFIED");
        self.full_name().trim_start_matches(prefix).to_lowercase()
    }

    /// Reads a code.
    fn from_code(code: &str) -> Option<Self> {
        Self::all().find(|value| value.code() == code)
    }
}

macro_rules! wire_enums {
    ($($name:ty),+) => {
        $(impl WireEnum for $name {
            fn full_name(self) -> &'static str {
                self.as_str_name()
            }
        })+
    };
}

wire_enums!(
    AccessLevel,
    CasePhase,
    CaseSeverity,
    CheckKind,
    CheckOutcome,
    CloseReason,
    DataKind,
    EnrolmentLevel,
    HistoryKind,
    OrganisationKind,
    OverrideState
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_ends_of_the_names_on_the_wire() {
        assert_eq!(CaseSeverity::all().map(WireEnum::code).collect::<Vec<_>>(), ["low", "medium", "high", "very_high"]);
        assert_eq!(CloseReason::from_code("no_action_needed"), Some(CloseReason::NoActionNeeded));
        assert_eq!(CasePhase::from_code("unspecified"), None);
    }

    #[test]
    fn what_is_unspecified_or_unknown_is_said() {
        assert_eq!(CasePhase::known(2, "x"), Ok(CasePhase::InProgress));
        assert_eq!(CasePhase::known(0, "x"), Err(Unreadable("x")));
        assert_eq!(CasePhase::known(99, "x"), Err(Unreadable("x")));
    }
}
