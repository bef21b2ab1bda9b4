//! Enterprise numbers of the Belgian register of companies (KBO, ondernemingsnummer).
//!
//! Ten digits, the first 0 or 1 (royal decree of 24 June 2003; 1 since September 2023). The last two are 97 minus the rest of the first
//! eight by 97: 01 to 97. Asking whether the whole is divisible by 97 would also accept 00 and 98. All single wrong digits and all swapped
//! neighbours are found; still a number that passes is only plausible, and the register decides.

use std::{fmt, str::FromStr};

/// An enterprise number whose check digits are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnterpriseNumber(u32);

/// Why a text is no enterprise number, and what to give instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NoEnterpriseNumber {
    #[error("not_digits: write ten digits, such as 0428.759.497; only spaces, dots, hyphens, slashes, brackets and BE may be among them")]
    NotDigits,
    #[error("too_short: an enterprise number has ten digits; old VAT numbers of nine get a 0 in front")]
    TooShort,
    /// With what was meant where a zero too many is in front.
    #[error("eleven_digits: an enterprise number has ten digits{}", did_you_mean(*.0))]
    ElevenDigits(Option<EnterpriseNumber>),
    #[error("too_long: an enterprise number has ten digits")]
    TooLong,
    #[error("establishment_number: this is the number of an establishment unit; give that of the enterprise, which begins with 0 or 1")]
    EstablishmentNumber,
    #[error("first_digit: an enterprise number begins with 0 or 1")]
    FirstDigit,
    #[error("check_digits: the last two digits do not go with the others; look for a digit that is wrong or swapped")]
    CheckDigits,
    #[error("reserved: this number belongs to nobody")]
    Reserved,
}

fn did_you_mean(meant: Option<EnterpriseNumber>) -> String {
    meant.map(|number| format!("; did you mean {number}?")).unwrap_or_default()
}

const DIGITS: usize = 10;
const CHECK: u32 = 97;

impl EnterpriseNumber {
    /// Its ten digits, as stores and registers write it.
    pub fn digits(self) -> String {
        format!("{:010}", self.0)
    }
}

impl FromStr for EnterpriseNumber {
    type Err = NoEnterpriseNumber;

    /// As people write it: with dots, spaces, `BE` in front, the first zero in brackets, or the nine digits of an old VAT number.
    fn from_str(text: &str) -> Result<Self, NoEnterpriseNumber> {
        let text = text.trim_matches(' ');
        let country = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("be"));
        let number = if country { &text[2..] } else { text };
        let digits: String = number.chars().filter(|character| !matches!(character, ' ' | '.' | '-' | '/' | '(' | ')')).collect();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoEnterpriseNumber::NotDigits);
        }
        match digits.len() {
            ..9 => Err(NoEnterpriseNumber::TooShort),
            9 => of_digits(&format!("0{digits}")),
            DIGITS => of_digits(&digits),
            11 => Err(NoEnterpriseNumber::ElevenDigits(digits.strip_prefix('0').and_then(|meant| of_digits(meant).ok()))),
            12.. => Err(NoEnterpriseNumber::TooLong),
        }
    }
}

impl TryFrom<&str> for EnterpriseNumber {
    type Error = NoEnterpriseNumber;

    fn try_from(text: &str) -> Result<Self, NoEnterpriseNumber> {
        text.parse()
    }
}

/// Reads ten ASCII digits.
fn of_digits(digits: &str) -> Result<EnterpriseNumber, NoEnterpriseNumber> {
    match digits.as_bytes().first() {
        Some(b'0' | b'1') => {}
        Some(b'2'..=b'8') => return Err(NoEnterpriseNumber::EstablishmentNumber),
        _ => return Err(NoEnterpriseNumber::FirstDigit),
    }
    let number: u32 = digits.parse().map_err(|_| NoEnterpriseNumber::NotDigits)?;
    let (base, check) = (number / 100, number % 100);
    if check != CHECK - base % CHECK {
        return Err(NoEnterpriseNumber::CheckDigits);
    }
    if base == 0 { Err(NoEnterpriseNumber::Reserved) } else { Ok(EnterpriseNumber(number)) }
}

impl fmt::Display for EnterpriseNumber {
    /// As it is printed: `0428.759.497`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        write!(formatter, "{}.{}.{}", &digits[..4], &digits[4..7], &digits[7..])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, &'static str> {
        text.parse::<EnterpriseNumber>().map(EnterpriseNumber::digits).map_err(Into::into)
    }

    #[test]
    fn numbers_of_the_register_are_read_however_they_are_written() {
        for (text, digits) in [
            ("0428.759.497", "0428759497"),
            ("BE 0403.019.261", "0403019261"),
            ("be403019261", "0403019261"),
            ("(0)403019261", "0403019261"),
            ("0403/019-261", "0403019261"),
            ("0136.695.962", "0136695962"),
            ("1000.000.021", "1000000021"),
            ("1000.002.197", "1000002197"),
            ("0850.037.823", "0850037823"),
            ("0632.587.280", "0632587280"),
            ("0207.511.011", "0207511011"),
            ("0443.082.934", "0443082934"),
        ] {
            assert_eq!(read(text), Ok(digits.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_enterprise_number_is_refused_by_name() {
        for (text, reason) in [
            ("0428.759.400", "check_digits"),
            ("0403.025.298", "check_digits"),
            ("0403.025.300", "check_digits"),
            ("0431.150.351", "check_digits"),
            ("0403.019.216", "check_digits"),
            ("2.147.812.701", "establishment_number"),
            ("2.147.812.897", "establishment_number"),
            ("9428.759.497", "first_digit"),
            ("00850037823", "eleven_digits"),
            ("12345678901", "eleven_digits"),
            ("042875949", "check_digits"),
            ("04287594", "too_short"),
            ("042875949700", "too_long"),
            ("0000.000.097", "reserved"),
            ("", "not_digits"),
            ("BE", "not_digits"),
            ("0428759497\u{a0}", "not_digits"),
            ("٠٤٢٨٧٥٩٤٩٧", "not_digits"),
            ("0428759497\0", "not_digits"),
            ("\u{202e}0428759497", "not_digits"),
            ("+428759497", "not_digits"),
            ("NL0428759497", "not_digits"),
            ("é428759497", "not_digits"),
        ] {
            assert_eq!(read(text), Err(reason), "{text:?}");
        }
    }

    #[test]
    fn a_zero_too_many_is_told_with_what_was_meant() {
        let refusal = "00850037823".parse::<EnterpriseNumber>().unwrap_err().to_string();
        assert_eq!(refusal, "eleven_digits: an enterprise number has ten digits; did you mean 0850.037.823?");
        let refusal = "00850037824".parse::<EnterpriseNumber>().unwrap_err().to_string();
        assert_eq!(refusal, "eleven_digits: an enterprise number has ten digits", "what was meant has to be a number itself");
    }

    fn any_number() -> impl Strategy<Value = EnterpriseNumber> {
        (1_u32..20_000_000).prop_map(|base| EnterpriseNumber(base * 100 + CHECK - base % CHECK))
    }

    proptest! {
        #[test]
        fn a_number_survives_its_text(number in any_number()) {
            prop_assert_eq!(number.to_string().parse(), Ok(number));
            prop_assert_eq!(number.digits().parse(), Ok(number));
        }

        #[test]
        fn a_single_wrong_digit_is_found(number in any_number(), place in 0..DIGITS, other in 1_u8..10) {
            let mut digits = number.digits().into_bytes();
            digits[place] = b'0' + (digits[place] - b'0' + other) % 10;
            let wrong = String::from_utf8(digits).unwrap();
            prop_assert!(wrong.parse::<EnterpriseNumber>().is_err(), "{wrong}");
        }

        #[test]
        fn swapped_neighbours_are_found(number in any_number(), place in 0..DIGITS - 1) {
            let mut digits = number.digits().into_bytes();
            prop_assume!(digits[place] != digits[place + 1]);
            digits.swap(place, place + 1);
            let wrong = String::from_utf8(digits).unwrap();
            prop_assert!(wrong.parse::<EnterpriseNumber>().is_err(), "{wrong}");
        }

        #[test]
        fn check_digits_of_00_98_and_99_never_pass(base in 0_u32..20_000_000, check in prop::sample::select(&[0_u32, 98, 99])) {
            let number = format!("{base:08}{check:02}");
            prop_assert_eq!(read(&number), Err("check_digits"));
        }
    }
}
