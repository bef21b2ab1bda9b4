//! Why cases are closed.

use serde::{Deserialize, Serialize};

/// Why a case was closed. Its name is stored; its number is the one on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString, strum::VariantArray, strum::FromRepr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(i32)]
pub enum CloseReason {
    /// It happened and is solved.
    Resolved = 1,
    /// It did not happen. The signature stays quiet at this school for a while.
    FalsePositive,
    /// It happened and does not matter.
    NoActionNeeded,
    /// Another case covers it.
    Duplicate,
}
