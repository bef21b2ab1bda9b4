//! Moments as sensors and shippers write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// Reads a moment: ISO 8601, or as the languages print one in which shippers are written.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    // Nearly all are as sensors write them, with nothing around.
    parse_iso(text).or_else(|| parse_iso(text.trim())).or_else(|| parse_printed(text.trim()))
}

/// ISO 8601: `T` or a space between, any number of decimals (a comma will do), an offset written `Z`, `+01:00`, `+0100`, `+01` or
/// not at all, which is taken as UTC. Ruby writes ` UTC` or ` +0100`, Go ` +0100 CET m=+0.1`.
fn parse_iso(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    let number = |from: usize, digits: usize| -> Option<u32> {
        bytes.get(from..from + digits)?.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    };
    let is = |place: usize, accepted: &[u8]| bytes.get(place).is_some_and(|byte| accepted.contains(byte));
    let has_separators = is(4, b"-/") && is(7, b"-/") && is(10, b"T t") && is(13, b":") && is(16, b":");
    if !has_separators {
        return None;
    }
    let day = NaiveDate::from_ymd_opt(number(0, 4)?.cast_signed(), number(5, 2)?, number(8, 2)?)?;
    // A leap second is the last second of its minute, for us.
    let second = number(17, 2)?.min(59);
    let mut rest = &bytes[19..];
    let mut nanoseconds = 0;
    if let [b'.' | b',', decimals @ ..] = rest {
        let count = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let kept = count.min(9);
        nanoseconds = decimals[..kept].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        nanoseconds *= 10_u32.pow(u32::try_from(9 - kept).ok()?);
        rest = &decimals[count..];
    }
    let wall_clock = day.and_hms_micro_opt(number(11, 2)?, number(14, 2)?, second, nanoseconds / 1_000)?;
    wall_clock.and_utc().checked_sub_signed(offset(rest)?)
}

/// As HTTP, mail, C, Java, Ruby and web servers write it: the month has a name.
fn parse_printed(text: &str) -> Option<DateTime<Utc>> {
    // A number, the usual other form, has no letters.
    if text.len() > 64 || !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let with_offset = ["%a %b %d %H:%M:%S %z %Y", "%d/%b/%Y:%H:%M:%S %z", "%d %b %Y %H:%M:%S %z"];
    let in_utc = ["%a %b %d %H:%M:%S%.f %Y", "%a %b %d %H:%M:%S UTC %Y", "%a %b %d %H:%M:%S GMT %Y", "%b %d, %Y @ %H:%M:%S%.f"];
    let mail = DateTime::parse_from_rfc2822(text).ok();
    mail.or_else(|| with_offset.iter().find_map(|format| DateTime::parse_from_str(text, format).ok()))
        .map(|moment| moment.to_utc())
        .or_else(|| in_utc.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()).map(|moment| moment.and_utc()))
}

/// The offset behind a time of day.
fn offset(text: &[u8]) -> Option<TimeDelta> {
    let is_zone = |word: &[u8]| (1..=5).contains(&word.len()) && word.iter().all(u8::is_ascii_uppercase);
    let is_clock = |word: &[u8]| word.starts_with(b"m=");
    let mut words = text.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    // Behind an offset in figures the name of the zone says nothing new.
    let rest_says_nothing = words.all(|word| is_zone(word) || is_clock(word));
    match first {
        _ if !rest_says_nothing => None,
        b"UTC" | b"GMT" => Some(TimeDelta::zero()),
        figures => offset_in_figures(figures),
    }
}

fn offset_in_figures(text: &[u8]) -> Option<TimeDelta> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let two = |high: u8, low: u8| Some(digit(high)? * 10 + digit(low)?);
    let (sign, hours, minutes) = match *text {
        [] | [b'Z' | b'z'] => return Some(TimeDelta::zero()),
        [sign, a, b, b':', c, d] | [sign, a, b, c, d] => (sign, two(a, b)?, two(c, d)?),
        [sign, a, b] => (sign, two(a, b)?, 0),
        _ => return None,
    };
    let ahead = TimeDelta::minutes(hours * 60 + minutes);
    match sign {
        b'+' => Some(ahead),
        b'-' => Some(-ahead),
        _ => None,
    }
}

/// Reads a moment counted from 1970 in seconds, milliseconds, microseconds or nanoseconds, told apart by size: each unit
/// covers the years 1973 to 5138 before the next one begins.
pub fn from_number(number: f64) -> Option<DateTime<Utc>> {
    if !number.is_finite() {
        return None;
    }
    let magnitude = number.abs();
    let micros_per_unit = match magnitude {
        ..1e11 => 1e6,
        ..1e14 => 1e3,
        ..1e17 => 1.0,
        _ => 1e-3,
    };
    let micros = (number * micros_per_unit).round();
    // Beyond this chrono has no calendar; the conversion below saturates and is refused.
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and what is out of range is refused by chrono")]
    DateTime::from_timestamp_micros(micros as i64)
}

/// Reads a whole number of nanoseconds since 1970, as OTLP writes it; 0 means unknown.
pub fn from_unix_nanos(nanos: u64) -> Option<DateTime<Utc>> {
    let micros = i64::try_from(nanos / 1_000).ok()?;
    if micros == 0 { None } else { DateTime::from_timestamp_micros(micros) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_spellings_of_all_versions_mean_the_same_moment() {
        let expected: DateTime<Utc> = "2018-03-24T17:15:20.600725Z".parse().unwrap();
        for spelling in [
            "2018-03-24T17:15:20.600725Z",
            "2018-03-24T18:15:20.600725+0100",
            "2018-03-24T18:15:20.600725+01:00",
            "2018-03-24T18:15:20,600725+01",
            "2018-03-24T11:15:20.600725-0600",
            "2018-03-24 17:15:20.600725",
            "2018-03-24T17:15:20.600725123Z",
            " 2018-03-24T17:15:20.600725 ",
            "2018-03-24 17:15:20.600725 UTC",
            "2018-03-24 17:15:20.600725 Z",
            "2018-03-24 17:15:20.600725 GMT",
            "2018-03-24 18:15:20.600725 +0100",
            "2018-03-24 18:15:20.600725 +01:00",
            "2018-03-24 18:15:20.600725 +0100 CET",
            "2018-03-24 17:15:20.600725 +0000 UTC",
            "2018-03-24 18:15:20.600725 +0100 CET m=+0.001",
            "2018-03-24T18:15:20.600725  +01",
        ] {
            assert_eq!(parse(spelling), Some(expected), "{spelling}");
        }
        assert_eq!(from_number(1_521_911_720.600_725), Some(expected));
        assert_eq!(from_number(1_521_911_720_600_725_000.0).map(|moment| moment.timestamp()), Some(expected.timestamp()));
        assert_eq!(from_unix_nanos(1_521_911_720_600_725_999), Some(expected));
    }

    #[test]
    fn seconds_and_milliseconds_are_told_apart() {
        let expected: DateTime<Utc> = "2018-03-24T17:15:20Z".parse().unwrap();
        for number in [1_521_911_720.0, 1_521_911_720e3, 1_521_911_720e6, 1_521_911_720e9] {
            assert_eq!(from_number(number), Some(expected), "{number}");
        }
    }

    #[test]
    fn a_month_may_have_a_name() {
        let expected: DateTime<Utc> = "2018-03-24T17:15:20Z".parse().unwrap();
        for spelling in [
            "Sat, 24 Mar 2018 17:15:20 GMT",
            "Sat, 24 Mar 2018 18:15:20 +0100",
            "24 Mar 2018 18:15:20 +0100",
            "Sat Mar 24 17:15:20 2018",
            "Sat Mar 24 17:15:20 UTC 2018",
            "Sat Mar 24 18:15:20 +0100 2018",
            "24/Mar/2018:18:15:20 +0100",
            "Mar 24, 2018 @ 17:15:20.000",
        ] {
            assert_eq!(parse(spelling), Some(expected), "{spelling}");
        }
    }

    #[test]
    fn a_leap_second_is_the_last_of_its_minute() {
        assert_eq!(parse("2016-12-31T23:59:60Z"), parse("2016-12-31T23:59:59Z"));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "yesterday",
            "2018-03-24",
            "2018-03-24 17:15:20 CET",
            "2018-03-24 17:15:20 or so",
            "Sat Mar 24 17:15:20",
            "2018-13-24T17:15:20Z",
            "2018-03-24T17:15:20X",
            "2018-03-24T25:15:20Z",
            "2018-03-24T17:15:20+1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(from_number(f64::NAN), None);
        assert_eq!(from_number(1e300), None);
        assert_eq!(from_unix_nanos(0), None);
    }

    proptest! {
        #[test]
        fn every_moment_survives_its_text(micros in 0_i64..4_000_000_000_000_000, minutes in -14_i32 * 60..14 * 60) {
            let moment = DateTime::from_timestamp_micros(micros).unwrap();
            let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
            let there = moment.with_timezone(&offset);
            prop_assert_eq!(parse(&there.format("%Y-%m-%dT%H:%M:%S%.6f%z").to_string()), Some(moment));
            prop_assert_eq!(parse(&there.to_rfc3339()), Some(moment));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String, number: f64, nanos: u64) {
            let _either_way = (parse(&text), from_number(number), from_unix_nanos(nanos));
        }
    }
}
