//! How bad a case is.

/// Severity of a case, from low to very high. Its number is the same in the store and on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(serde::Serialize, serde::Deserialize, strum::IntoStaticStr, strum::VariantArray, strum::FromRepr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(i32)]
pub enum Severity {
    /// Within days.
    Low = 1,
    /// Today.
    Medium,
    /// Within the hour.
    High,
    /// Now.
    VeryHigh,
}

impl Severity {
    /// 1 to 4.
    pub const fn level(self) -> i16 {
        self as i16
    }
}
