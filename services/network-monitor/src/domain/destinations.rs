//! Where the events of an alert went: the first few addresses by name, all of them by number. A worm that tries the whole internet
//! takes no more room than a scan of one class room.

use std::net::IpAddr;

use super::detection::Fingerprint;

/// Addresses of an alert that are kept by name.
pub const MOST_NAMED: usize = 20;

/// The distinct destinations of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destinations {
    named: Vec<IpAddr>,
    /// Counts them once there are more than can be named.
    sketch: Option<Sketch>,
}

impl Destinations {
    /// From the store.
    pub fn from_store(named: Vec<IpAddr>, sketch: &[u8]) -> Self {
        Self { named, sketch: Sketch::from_bytes(sketch) }
    }

    /// Takes in where an event went.
    pub fn add(&mut self, ip: IpAddr) {
        if let Some(sketch) = &mut self.sketch {
            sketch.add(ip);
        } else if self.named.contains(&ip) {
        } else if self.named.len() < MOST_NAMED {
            self.named.push(ip);
        } else {
            let mut sketch = Sketch::default();
            self.named.iter().for_each(|known| sketch.add(*known));
            sketch.add(ip);
            self.sketch = Some(sketch);
        }
    }

    /// The first ones, at most [`MOST_NAMED`], in the order in which they came.
    pub fn named(&self) -> &[IpAddr] {
        &self.named
    }

    /// How many there are: exact as long as all are named, then within a few per cent.
    pub fn count(&self) -> u64 {
        let named = self.named.len() as u64;
        self.sketch.as_ref().map_or(named, |sketch| sketch.count().max(named + 1))
    }

    /// For the store; empty as long as all are named.
    pub fn sketch_bytes(&self) -> Vec<u8> {
        self.sketch.as_ref().map(|sketch| sketch.registers.clone()).unwrap_or_default()
    }
}

/// HyperLogLog (Flajolet et al. 2007) with 1,024 registers: a standard error of 1.04/√1024, 3 %. Its bytes are stored, so neither the
/// hash nor the number of registers may change; that is why it is no library's.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sketch {
    registers: Vec<u8>,
}

impl Default for Sketch {
    fn default() -> Self {
        Self { registers: vec![0; Self::REGISTERS] }
    }
}

impl Sketch {
    const INDEX_BITS: u32 = 10;
    const REGISTERS: usize = 1 << Self::INDEX_BITS;

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == Self::REGISTERS).then(|| Self { registers: bytes.to_vec() })
    }

    fn add(&mut self, ip: IpAddr) {
        let bits = match ip {
            IpAddr::V4(ip) => Fingerprint::of([ip.octets().as_slice()]),
            IpAddr::V6(ip) => Fingerprint::of([ip.octets().as_slice()]),
        };
        // FNV-1a leaves neighbours alike in their high bits; the finaliser of SplitMix64 spreads them.
        let mut hash = bits.bits();
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^= hash >> 31;
        let index = usize::try_from(hash >> (64 - Self::INDEX_BITS)).unwrap_or_default();
        let rank = (hash << Self::INDEX_BITS).leading_zeros().min(64 - Self::INDEX_BITS) + 1;
        let register = &mut self.registers[index % Self::REGISTERS];
        *register = (*register).max(u8::try_from(rank).unwrap_or(u8::MAX));
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an estimate, of at most 2^64"
    )]
    fn count(&self) -> u64 {
        let registers = Self::REGISTERS as f64;
        let sum: f64 = self.registers.iter().map(|rank| 2_f64.powi(-i32::from(*rank))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let empty = self.registers.iter().filter(|rank| **rank == 0).count();
        // Few: counting empty registers is more exact.
        let estimate = if raw <= 2.5 * registers && empty > 0 { registers * (registers / empty as f64).ln() } else { raw };
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(0x6440_0000 + number).into()
    }

    fn of(count: u32) -> Destinations {
        let mut destinations = Destinations::default();
        // Each twice, which must not count twice.
        (0..count).chain(0..count).for_each(|number| destinations.add(address(number)));
        destinations
    }

    #[test]
    fn a_few_are_named_and_counted_exactly() {
        let few = of(20);
        assert_eq!((few.count(), few.named().len()), (20, 20));
        assert!(few.sketch_bytes().is_empty());
        assert_eq!(of(21).count(), 21);
    }

    #[test]
    fn many_are_counted_within_a_few_per_cent_in_the_same_room() {
        for count in [100_u32, 2_000, 65_536, 300_000] {
            let many = of(count);
            let off = (many.count() as f64 - f64::from(count)).abs() / f64::from(count);
            assert!(off < 0.1, "{count} counted as {}", many.count());
            assert_eq!((many.named().len(), many.sketch_bytes().len()), (MOST_NAMED, 1_024));
        }
    }

    proptest! {
        #[test]
        fn what_is_stored_goes_on_counting(addresses in prop::collection::vec(any::<u32>(), 0..200)) {
            let (mut at_once, mut in_two) = (Destinations::default(), Destinations::default());
            for (place, number) in addresses.iter().enumerate() {
                if place == addresses.len() / 2 {
                    in_two = Destinations::from_store(in_two.named().to_vec(), &in_two.sketch_bytes());
                }
                at_once.add(std::net::Ipv4Addr::from_bits(*number).into());
                in_two.add(std::net::Ipv4Addr::from_bits(*number).into());
            }
            prop_assert_eq!(at_once, in_two);
        }
    }
}
