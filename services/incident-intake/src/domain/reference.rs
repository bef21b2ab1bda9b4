//! The number people use for a case: `SW-2026-0412`.
//!
//! Counted from 1 in each year of Brussels, without gaps: the number is assigned in the transaction that stores the case.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike as _, Utc};
use chrono_tz::Europe::Brussels;

/// A case's number. Sorts by year, then by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The year in Brussels in which the case opened.
    pub year: i32,
    /// From 1.
    pub number: i32,
}

/// Not a case's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a case number looks like SW-2026-0412")]
pub struct NotAReference;

impl Reference {
    /// The year whose count a case belongs to that opens at this moment.
    pub fn year_of(moment: DateTime<Utc>) -> i32 {
        moment.with_timezone(&Brussels).year()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SW-{}-{:04}", self.year, self.number)
    }
}

impl FromStr for Reference {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let (year, number) = text.strip_prefix("SW-").and_then(|rest| rest.split_once('-')).ok_or(NotAReference)?;
        let reference = Self { year: year.parse().map_err(|_| NotAReference)?, number: number.parse().map_err(|_| NotAReference)? };
        if reference.to_string() == text { Ok(reference) } else { Err(NotAReference) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_year_turns_at_midnight_in_brussels() {
        assert_eq!(Reference::year_of("2026-12-31T22:59:59Z".parse().unwrap()), 2026);
        assert_eq!(Reference::year_of("2026-12-31T23:00:00Z".parse().unwrap()), 2027);
    }

    #[test]
    fn numbers_past_9999_take_more_digits() {
        assert_eq!(Reference { year: 2026, number: 412 }.to_string(), "SW-2026-0412");
        assert_eq!(Reference { year: 2026, number: 12_345 }.to_string(), "SW-2026-12345");
    }

    #[test]
    fn other_texts_are_no_number() {
        for text in ["", "SW-2026", "SW-2026-412", "SW-2026-+0412", "sw-2026-0412", "SW-2026-00412", "SW-2026-0412 "] {
            assert_eq!(text.parse::<Reference>(), Err(NotAReference), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_survives_its_text(year in 2000_i32..9999, number in 1_i32..1_000_000) {
            let reference = Reference { year, number };
            prop_assert_eq!(reference.to_string().parse(), Ok(reference));
        }
    }
}
