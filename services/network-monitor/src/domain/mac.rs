//! Hardware addresses: the steadiest name a device has on a network.

use std::{fmt, str::FromStr};

/// An EUI-48 address, written `aa:bb:cc:dd:ee:ff`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

/// The text is not six octets in any of the usual spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a hardware address of six octets")]
pub struct NotAMac;

impl Mac {
    /// From six octets, in the order in which they are written.
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The six octets, in the order in which they are written.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Whether one device can have it: neither a group's address (multicast, broadcast) nor all zeros.
    pub const fn is_one_device(self) -> bool {
        let is_group = self.0[0] & 0b01 != 0;
        let is_zero = u64::from_be_bytes([0, 0, self.0[0], self.0[1], self.0[2], self.0[3], self.0[4], self.0[5]]) == 0;
        !is_group && !is_zero
    }

    /// Whether the device probably made it up: locally administered, the second hex digit is 2, 6, A or E (IEEE 802c).
    pub const fn is_random(self) -> bool {
        self.0[0] & 0b11 == 0b10
    }
}

impl FromStr for Mac {
    type Err = NotAMac;

    /// Reads `aa:bb:cc:dd:ee:ff`, `AA-BB-CC-DD-EE-FF`, `aabb.ccdd.eeff`, `aabbccddeeff` and octets without leading zero.
    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let separator = if text.contains(':') {
            Some((':', 6))
        } else if text.contains('-') {
            Some(('-', 6))
        } else if text.contains('.') {
            Some(('.', 3))
        } else {
            None
        };
        let mut octets = [0; 6];
        let Some((separator, groups)) = separator else {
            return hex_into(text, &mut octets).map(|()| Self(octets));
        };
        let width = 6 / groups;
        let mut rest = octets.chunks_exact_mut(width);
        for group in text.split(separator) {
            hex_into(group, rest.next().ok_or(NotAMac)?)?;
        }
        if rest.next().is_some() {
            return Err(NotAMac);
        }
        Ok(Self(octets))
    }
}

/// Reads hex digits right-aligned into the octets; a lone octet may lack its leading zero.
fn hex_into(text: &str, octets: &mut [u8]) -> Result<(), NotAMac> {
    let digits = text.len();
    let complete = digits == octets.len() * 2 || (octets.len() == 1 && digits == 1);
    if !complete || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(NotAMac);
    }
    let number = u64::from_str_radix(text, 16).map_err(|_| NotAMac)?;
    let bytes = number.to_be_bytes();
    octets.copy_from_slice(&bytes[bytes.len() - octets.len()..]);
    Ok(())
}

impl fmt::Display for Mac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mac({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_spellings_mean_the_same_address() {
        let expected = Mac::new([0x00, 0x1b, 0x21, 0x0a, 0xbc, 0xde]);
        for spelling in ["00:1b:21:0a:bc:de", "00-1B-21-0A-BC-DE", "001b.210a.bcde", "001b210abcde", "0:1b:21:a:bc:de"] {
            assert_eq!(spelling.parse(), Ok(expected), "{spelling}");
        }
    }

    #[test]
    fn anything_but_six_octets_is_refused() {
        for text in ["", "00:1b:21:0a:bc", "00:1b:21:0a:bc:de:f0", "00:1b:21:0a:bc:dg", "001b210abcd", "10.0.0.1", "+0:1b:21:0a:bc:de", "é"]
        {
            assert_eq!(text.parse::<Mac>(), Err(NotAMac), "{text}");
        }
    }

    #[test]
    fn the_second_hex_digit_tells_a_random_address() {
        let random: Vec<char> =
            ('0'..='9').chain('a'..='f').filter(|digit| format!("0{digit}:00:00:00:00:01").parse::<Mac>().unwrap().is_random()).collect();
        assert_eq!(random, ['2', '6', 'a', 'e']);
    }

    #[test]
    fn groups_and_zero_are_no_device() {
        for text in ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "33:33:00:00:00:01", "00:00:00:00:00:00"] {
            assert!(!text.parse::<Mac>().unwrap().is_one_device(), "{text}");
        }
        assert!("00:1b:21:0a:bc:de".parse::<Mac>().unwrap().is_one_device());
    }

    proptest! {
        #[test]
        fn an_address_survives_its_text(octets: [u8; 6]) {
            prop_assert_eq!(Mac::new(octets).to_string().parse(), Ok(Mac::new(octets)));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _either_way = text.parse::<Mac>();
        }
    }
}
