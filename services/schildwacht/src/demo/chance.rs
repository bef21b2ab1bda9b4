//! Random numbers that depend only on the seed and on their purpose.
//!
//! Every question ("does this tablet come to school today?") has a random stream of its own, keyed by its path in a tree. So
//! the order of questions does not matter, and any minute can be generated without the minutes before it.

use rand::{SeedableRng, rngs::SmallRng};

/// A point in the tree of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    /// The root.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The branch of this name.
    pub fn of(self, name: &str) -> Self {
        name.bytes().fold(self, |branch, byte| branch.at(i64::from(byte)))
    }

    /// The branch of this number.
    pub const fn at(self, number: i64) -> Self {
        Self(mix(self.0 ^ mix(number.cast_unsigned())))
    }

    /// The stream of random numbers at this point.
    pub fn stream(self) -> SmallRng {
        SmallRng::seed_from_u64(self.0)
    }
}

/// SplitMix64 (Steele, Lea, Flood, 2014): spreads every bit of a number over all of them.
const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn branches_are_repeatable_and_independent() {
        let draw = |chance: Chance| chance.stream().random::<u64>();
        let root = Chance::seeded(1);
        assert_eq!(draw(root.of("a").at(2)), draw(root.of("a").at(2)));
        let different = [root, root.of("a"), root.of("b"), root.of("ab"), root.at(0), root.at(-1), Chance::seeded(2)].map(draw);
        let distinct: std::collections::BTreeSet<u64> = different.into_iter().collect();
        assert_eq!(distinct.len(), different.len());
    }
}
