//! Numbers of the ministry's master data.
//!
//! Spreadsheets drop leading zeros, so `9712` and `009712` are the same institution. A number is therefore kept as a number
//! and written in one way: six digits for boards and institutions, plain for sites, which are counted within their school.

use std::{fmt, str::FromStr};

/// Why a text is not a number of the master data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give a number of at most six digits, other than zero")]
pub struct NotANumber;

const DIGITS_AT_MOST: usize = 6;

fn parse_digits(text: &str) -> Result<u32, NotANumber> {
    let only_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !only_digits || text.len() > DIGITS_AT_MOST {
        return Err(NotANumber);
    }
    match text.parse() {
        Ok(0) | Err(_) => Err(NotANumber),
        Ok(number) => Ok(number),
    }
}

macro_rules! registry_numbers {
    ($($(#[$doc:meta])* $name:ident as $format:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The number itself: 1..=999,999.
            pub const fn value(self) -> u32 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = NotANumber;

            fn from_str(text: &str) -> Result<Self, NotANumber> {
                parse_digits(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, $format, self.0)
            }
        }
    )+};
}

registry_numbers! {
    /// Number of a school board.
    BoardNumber as "{:06}",
    /// Number of a school (instellingsnummer).
    InstitutionNumber as "{:06}",
    /// Number of a site (vestigingsnummer) within its school.
    SiteNumber as "{}",
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leading_zeros_make_no_other_number() {
        assert_eq!("9712".parse::<InstitutionNumber>(), "009712".parse());
        assert_eq!("9712".parse::<InstitutionNumber>().unwrap().to_string(), "009712");
    }

    #[test]
    fn zero_signs_spaces_and_foreign_digits_are_refused() {
        for text in ["", "0", "000000", "+5", "-5", "1 2", "12a", "1234567", "٣"] {
            assert_eq!(text.parse::<BoardNumber>(), Err(NotANumber), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_number_survives_its_text(number in 1_u32..=999_999) {
            let parsed: InstitutionNumber = number.to_string().parse().unwrap();
            prop_assert_eq!(parsed.to_string().parse::<InstitutionNumber>(), Ok(parsed));
            prop_assert_eq!(parsed.to_string().len(), 6);
        }
    }
}
