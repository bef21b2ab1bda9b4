//! Where the work on a case stands, and the phases it has been in.

use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

/// Where the work stands, in order. Its number is the same in the store and on the wire, where 7 is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(Serialize, Deserialize, strum::IntoStaticStr, strum::VariantArray, strum::FromRepr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(i32)]
pub enum Phase {
    /// Nobody has begun.
    Open = 1,
    /// Somebody is finding out.
    InProgress,
    /// It is being kept from spreading.
    Containment,
    /// It is being removed.
    Eradication,
    /// Things are put back to work.
    Recovery,
    /// Learning from it.
    PostIncident,
}

impl Phase {
    /// 1 to 6.
    pub const fn number(self) -> i16 {
        self as i16
    }
}

/// A set of phases, so that a phase that was skipped is never taken for work that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phases(u8);

impl Phases {
    /// Only this one.
    pub const fn only(phase: Phase) -> Self {
        Self(bit(phase))
    }

    /// Those, and this one.
    #[must_use]
    pub const fn with(self, phase: Phase) -> Self {
        Self(self.0 | bit(phase))
    }

    /// Whether this is one of them.
    pub const fn has(self, phase: Phase) -> bool {
        self.0 & bit(phase) != 0
    }

    /// In the order of the work.
    pub fn iter(self) -> impl Iterator<Item = Phase> {
        Phase::VARIANTS.iter().copied().filter(move |phase| self.has(*phase))
    }

    /// For a column: the first bit is `open`, and so on in the order of the phases.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From a column; bits of no phase are left out.
    pub fn from_bits(bits: u8) -> Self {
        Phase::VARIANTS.iter().filter(|phase| bits & bit(**phase) != 0).fold(Self(0), |seen, phase| seen.with(*phase))
    }
}

const fn bit(phase: Phase) -> u8 {
    1 << (phase as u8 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of years hold them.
    #[test]
    fn bits_keep_their_meaning() {
        let bits: Vec<u8> = Phase::VARIANTS.iter().map(|phase| Phases::only(*phase).bits()).collect();
        assert_eq!(bits, [1, 2, 4, 8, 16, 32]);
        assert_eq!(Phases::from_bits(0b1100_0101).iter().collect::<Vec<_>>(), [Phase::Open, Phase::Containment]);
    }
}
