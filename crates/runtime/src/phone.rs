//! Telephone numbers as people write them.

/// A telephone number as people dial it: `09 374 12 34`, `+32 9 374 12 34`, `(09) 374.12.34`. At most 30 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone(String);

/// Why a text is no telephone number that somebody can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneRefusal {
    /// Letters, too few digits or too many.
    #[error("give a number as people dial it, 09 374 12 34 or +32 9 374 12 34")]
    NoNumber,
    /// `+32 (0)2` would be dialled with the 0: a wrong number.
    #[error("leave out the (0), which nobody dials after a country: +32 2 123 45 67, or 02 123 45 67")]
    NoughtAfterCountry,
}

impl Phone {
    const MOST_CHARACTERS: usize = 30;

    /// The number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Phone {
    type Error = PhoneRefusal;

    fn try_from(written: &str) -> Result<Self, PhoneRefusal> {
        let text = written.trim();
        let rest = text.strip_prefix('+').unwrap_or(text);
        let is_number = rest.chars().all(|character| character.is_ascii_digit() || " ./-()".contains(character));
        let digits = rest.chars().filter(char::is_ascii_digit).count();
        // E.164 has at most 15 digits; 112 has three.
        if !is_number || !(3..=15).contains(&digits) || text.len() > Self::MOST_CHARACTERS {
            return Err(PhoneRefusal::NoNumber);
        }
        if text.starts_with('+') && text.replace(' ', "").contains("(0") {
            return Err(PhoneRefusal::NoughtAfterCountry);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_kept_as_it_was_written() {
        for number in ["112", "09 374 12 34", "+32 9 374 12 34", "09/374.12.34", "0470-12-34-56", "(02) 123 45 67", "+32 (2) 123.45-67"] {
            assert_eq!(Phone::try_from(number).unwrap().as_str(), number);
        }
        assert_eq!(Phone::try_from(" 112 ").unwrap().as_str(), "112");
    }

    #[test]
    fn what_nobody_can_call_is_refused() {
        for number in ["", "12", "bel ons", "0800 12 345;ext=1", "32+2123", "1234567890123456", "1  2  3  4  5  6  7  8  9  0  1  2"] {
            assert_eq!(Phone::try_from(number), Err(PhoneRefusal::NoNumber), "{number}");
        }
    }

    #[test]
    fn a_nought_that_is_not_dialled_after_a_country_is_refused_with_what_to_write() {
        for number in ["+32 (0)2 123 45 67", "+32(0) 2 123 45 67", "+32 ( 0 )2 123 45 67", "+32 (02) 123 45 67"] {
            assert_eq!(Phone::try_from(number), Err(PhoneRefusal::NoughtAfterCountry), "{number}");
        }
    }
}
