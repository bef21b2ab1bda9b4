//! What became of news of an alert.

use crate::domain::case::Case;

/// What became of news of an alert. Every one has exactly one outcome, by whose name it is counted.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum AlertOutcome {
    Opened(Box<Case>),
    /// It belongs to a case that is open.
    Attached,
    /// There is not yet enough of its kind.
    Waiting,
    /// The team called the same a false positive not long ago.
    Quiet,
    /// The school opened as many cases as it may in an hour: it belongs to the case "flood".
    Flooded,
    /// Its kind never opens a case.
    Uneventful,
}
