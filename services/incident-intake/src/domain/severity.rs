//! How bad a case is.

/// Severity of a case, from low to very high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 1: within days.
    Low,
    /// 2: today.
    Medium,
    /// 3: within the hour.
    High,
    /// 4: now.
    VeryHigh,
}

impl Severity {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::VeryHigh];

    /// 1 to 4, as stores and wires know it.
    pub const fn level(self) -> i16 {
        match self {
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::VeryHigh => 4,
        }
    }

    /// The severity of a level; `None` outside 1 to 4.
    pub fn from_level(level: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.level() == level)
    }
}
