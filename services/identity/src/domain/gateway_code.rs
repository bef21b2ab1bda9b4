//! Codes by which the machine at a school gets its gateway's secret, so that nobody copies one by hand.
//!
//! A code may be typed on a console without a clipboard, so it is short and of digits and small letters that nobody confuses. It is as
//! hard to guess as a key of 128 bits, good once and for a day, and kept by its hash, like every secret ([`super::secret`]).

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::SecretHash;

/// 128 random bits as hexadecimal digits, four groups of eight: `1f0c9a42-…`. Shown once to whom it is for; never logged.
#[derive(Clone)]
pub struct GatewayCode(String);

/// A code that waits to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenCode {
    pub hash: SecretHash,
    /// From then on it is not good.
    pub expires: DateTime<Utc>,
}

/// Why a code gives no secret. Its bearer is not told which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum CodeRefusal {
    /// It never was, was used or replaced, or its gateway was revoked.
    Unknown,
    Expired,
}

impl GatewayCode {
    /// A new code. Fails only when the system has no randomness to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut groups = Vec::with_capacity(4);
        for _ in 0..4 {
            groups.push(format!("{:08x}", getrandom::u32()?));
        }
        Ok(Self(groups.join("-")))
    }

    /// What may be kept of it.
    pub fn hash(&self) -> SecretHash {
        Self::hash_of(&self.0)
    }

    /// The same of what somebody typed, with whatever capitals, spaces and hyphens.
    pub fn hash_of(typed: &str) -> SecretHash {
        let digits: String = typed.chars().filter(|char| !char.is_whitespace() && *char != '-').collect();
        SecretHash::of(&digits.to_ascii_lowercase())
    }

    /// The code itself, to hand over.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for GatewayCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GatewayCode(…)")
    }
}

impl OpenCode {
    /// How long a code is good.
    pub const GOOD_FOR: TimeDelta = TimeDelta::hours(24);
    /// At one school: each lets anyone who finds it send in the school's name.
    pub const MOST_OF_A_SCHOOL: u64 = 5;

    pub fn issued(hash: SecretHash, now: DateTime<Utc>) -> Self {
        Self { hash, expires: now + Self::GOOD_FOR }
    }

    /// Whether this is the code, in time.
    pub fn require_good(self, presented: SecretHash, now: DateTime<Utc>) -> Result<(), CodeRefusal> {
        if presented != self.hash {
            return Err(CodeRefusal::Unknown);
        }
        if now < self.expires { Ok(()) } else { Err(CodeRefusal::Expired) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_has_128_bits_and_another_each_time() {
        let codes: BTreeSet<String> = (0..100).map(|_| GatewayCode::generate().unwrap().reveal().to_owned()).collect();
        assert_eq!(codes.len(), 100);
        for code in codes {
            let groups: Vec<&str> = code.split('-').collect();
            assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 8 && u32::from_str_radix(group, 16).is_ok()), "{code}");
        }
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let code = GatewayCode("1f0c9a42-00000001-deadbeef-7a7a7a7a".to_owned());
        for typed in ["1f0c9a42-00000001-deadbeef-7a7a7a7a", "1F0C9A42 00000001 DEADBEEF 7A7A7A7A\n", "1f0c9a4200000001deadbeef7a7a7a7a"] {
            assert_eq!(GatewayCode::hash_of(typed), code.hash(), "{typed}");
        }
        assert_ne!(GatewayCode::hash_of("1f0c9a42-00000001-deadbeef-7a7a7a7b"), code.hash());
    }

    #[test]
    fn a_code_shows_in_no_debug_output() {
        let code = GatewayCode::generate().unwrap();
        assert!(!format!("{code:?}").contains(code.reveal()));
    }
}
