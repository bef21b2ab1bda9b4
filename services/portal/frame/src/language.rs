//! Dutch or English: which one a visitor gets, and how numbers, moments and durations are written in it.
//!
//! Everything inside is UTC and plain numbers; Brussels time and reading habits exist on pages only, and are made here.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Europe::Brussels;

/// A language of the product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Dutch as written in Flanders; what a visitor gets who asks for nothing else.
    #[default]
    Dutch,
    English,
}

/// A day as a date field sends it, `2026-09-25`, or as people type it where a browser has none, `25/9/2026`. The year is written in full:
/// of `25/9/26` nobody knows whether it is a slip.
pub fn day_of(text: &str) -> Option<NaiveDate> {
    let day = ["%Y-%m-%d", "%d/%m/%Y"].into_iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok())?;
    (1_000..=9_999).contains(&day.year()).then_some(day)
}

/// The first moment after a day in Brussels: who does something until that day included, no longer does it then.
pub fn end_of(day: NaiveDate) -> Option<DateTime<Utc>> {
    let midnight = day.succ_opt()?.and_time(NaiveTime::MIN);
    Brussels.from_local_datetime(&midnight).earliest().map(|end| end.to_utc())
}

/// The day of a moment in Brussels.
pub fn day_in_brussels(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Brussels).date_naive()
}

impl Language {
    /// Reads `nl` or `en`, as in `?lang=en` and in the cookie.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "nl" => Some(Self::Dutch),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// `nl` or `en`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dutch => "nl",
            Self::English => "en",
        }
    }

    /// The value of `<html lang>`.
    pub const fn html_lang(self) -> &'static str {
        match self {
            Self::Dutch => "nl-BE",
            Self::English => "en-GB",
        }
    }

    /// The language a page offers to switch to, with its own name.
    pub const fn other(self) -> (Self, &'static str) {
        match self {
            Self::Dutch => (Self::English, "English"),
            Self::English => (Self::Dutch, "Nederlands"),
        }
    }

    /// The supported language of highest weight in an `Accept-Language` header.
    pub fn from_accept_language(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for range in header.split(',') {
            let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let (Some(language), Ok(weight)) = (Self::from_code(&primary), weight.trim().parse::<f32>()) else { continue };
            if weight > 0.0 && best.is_none_or(|(so_far, _)| weight > so_far) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// The one of two texts that is ours.
    pub const fn pick<T: Copy>(self, dutch: T, english: T) -> T {
        match self {
            Self::Dutch => dutch,
            Self::English => english,
        }
    }

    /// A whole number: `18 204` with no-break spaces, or `18,204`.
    pub fn number(self, number: impl Into<i64>) -> String {
        let number: i64 = number.into();
        let digits = number.unsigned_abs().to_string();
        let separator = self.pick('\u{a0}', ',');
        let mut text = String::with_capacity(digits.len() + 4);
        if number < 0 {
            text.push('-');
        }
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A number with its noun, as (one, many): `1 school`, `47 schools`.
    pub fn count(self, number: impl Into<i64>, dutch: (&str, &str), english: (&str, &str)) -> String {
        let number: i64 = number.into();
        let (one, many) = self.pick(dutch, english);
        format!("{}\u{a0}{}", self.number(number), if number == 1 { one } else { many })
    }

    /// The time of day in Brussels: `16.20 u`, `16:20`.
    pub fn time_of_day(self, at: DateTime<Utc>) -> String {
        let unit = self.pick("\u{a0}u", "");
        format!("{}{unit}", self.hour_and_minute(at))
    }

    fn hour_and_minute(self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&Brussels);
        let separator = self.pick('.', ':');
        format!("{:02}{separator}{:02}", local.hour(), local.minute())
    }

    /// A moment in a sentence: `vandaag om 16.20 uur`, `za 26 sep om 16.20 uur`, `today at 16:20`.
    pub fn moment(self, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let (day, time) = (self.day(at, now), self.hour_and_minute(at));
        match self {
            Self::Dutch => format!("{day} om {time}\u{a0}uur"),
            Self::English => format!("{day} at {time}"),
        }
    }

    /// A moment in a table or beside a figure: `vandaag 16.20 u`, `za 26 sep, 16.20 u`, `today 16:20`.
    pub fn short_moment(self, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let day = self.day(at, now);
        let comma = if day.contains(' ') { "," } else { "" };
        format!("{day}{comma} {}", self.time_of_day(at))
    }

    /// The day of a moment as said today: `vandaag`, `za 26 sep`, `za 26 sep 2025`.
    pub fn day(self, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let day = at.with_timezone(&Brussels).date_naive();
        let today = now.with_timezone(&Brussels).date_naive();
        match (day - today).num_days() {
            -1 => self.pick("gisteren", "yesterday").to_owned(),
            0 => self.pick("vandaag", "today").to_owned(),
            1 => self.pick("morgen", "tomorrow").to_owned(),
            _ => self.date(day, today),
        }
    }

    /// The last day before an end, as said today: of midnight the day that is over then.
    pub fn last_day(self, end: DateTime<Utc>, now: DateTime<Utc>) -> String {
        self.day(end - TimeDelta::nanoseconds(1), now)
    }

    /// From one moment to another, the day said once: `vandaag 15.47–16.11 u`.
    pub fn span(self, from: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let same_day = from.with_timezone(&Brussels).date_naive() == until.with_timezone(&Brussels).date_naive();
        let from_text = self.short_moment(from, now);
        if self.short_moment(until, now) == from_text {
            return from_text;
        }
        let until_text = if same_day { self.time_of_day(until) } else { self.short_moment(until, now) };
        let dash = if same_day { "–" } else { " – " };
        format!("{}{dash}{until_text}", from_text.trim_end_matches("\u{a0}u"))
    }

    /// A duration on a clock, to the minute: `40 min`, `3 u 05`, `1 d 3 u`, `2 d`.
    pub fn clock_duration(self, duration: TimeDelta) -> String {
        let minutes = duration.num_minutes().max(0);
        let (days, hours) = (minutes / (24 * 60), minutes / 60 % 24);
        let hour = self.pick("u", "h");
        match (days, hours) {
            (0, 0) => format!("{minutes}\u{a0}min"),
            (0, _) => format!("{hours}\u{a0}{hour}\u{a0}{:02}", minutes % 60),
            (_, 0) => format!("{days}\u{a0}d"),
            _ => format!("{days}\u{a0}d\u{a0}{hours}\u{a0}{hour}"),
        }
    }

    /// A duration in a sentence or a figure: `40 s`, `18 min`, `8 u`, `3 u 20`, `2 d 4 u`.
    pub fn duration(self, duration: TimeDelta) -> String {
        let seconds = duration.num_seconds().max(0);
        match seconds {
            0..60 => format!("{seconds}\u{a0}s"),
            60..3_600 => format!("{}\u{a0}min", seconds / 60),
            _ if seconds < 24 * 3_600 && seconds % 3_600 < 60 => format!("{}\u{a0}{}", seconds / 3_600, self.pick("u", "h")),
            _ => self.clock_duration(duration),
        }
    }

    fn date(self, day: NaiveDate, today: NaiveDate) -> String {
        const DUTCH: [&str; 12] = ["jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"];
        const ENGLISH: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let months = self.pick(DUTCH, ENGLISH);
        let month = months.get(day.month0() as usize).copied().unwrap_or_default();
        let mut text = format!("{} {} {month}", self.short_weekday(day), day.day());
        if day.year() != today.year() {
            let _written = write!(text, " {}", day.year());
        }
        text
    }

    fn short_weekday(self, day: NaiveDate) -> &'static str {
        const DUTCH: [&str; 7] = ["ma", "di", "wo", "do", "vr", "za", "zo"];
        const ENGLISH: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let weekdays = self.pick(DUTCH, ENGLISH);
        weekdays.get(day.weekday().num_days_from_monday() as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;
    use proptest::prelude::*;

    use super::*;
    use Language::{Dutch, English};

    fn brussels(year: i32, month: u32, day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
        Brussels.with_ymd_and_hms(year, month, day, hour, minute, 0).unwrap().to_utc()
    }

    /// Shows no-break spaces, so that a lost one is seen.
    fn shown(text: &str) -> String {
        text.replace('\u{a0}', "~")
    }

    #[test]
    fn the_first_of_ours_by_weight_is_chosen() {
        assert_eq!(Language::from_accept_language("fr-BE,fr;q=0.9,en;q=0.5,nl;q=0.7"), Some(Dutch));
        assert_eq!(Language::from_accept_language("en-GB, nl-BE;q=0.8"), Some(English));
        assert_eq!(Language::from_accept_language("de, nl;q=0, *;q=0.1"), None);
        assert_eq!(Language::from_accept_language(";;q=x,,"), None);
    }

    #[test]
    fn moments_are_said_as_people_say_them() {
        let now = brussels(2026, 9, 24, 9, 50);
        let said = |at| (shown(&Dutch.moment(at, now)), English.moment(at, now));
        assert_eq!(said(brussels(2026, 9, 24, 8, 5)), ("vandaag om 08.05~uur".into(), "today at 08:05".into()));
        assert_eq!(said(brussels(2026, 9, 23, 16, 20)), ("gisteren om 16.20~uur".into(), "yesterday at 16:20".into()));
        assert_eq!(said(brussels(2026, 9, 25, 0, 0)), ("morgen om 00.00~uur".into(), "tomorrow at 00:00".into()));
        assert_eq!(said(brussels(2026, 9, 26, 16, 20)), ("za 26 sep om 16.20~uur".into(), "Sat 26 Sep at 16:20".into()));
        let short = |at| (shown(&Dutch.short_moment(at, now)), English.short_moment(at, now));
        assert_eq!(short(brussels(2026, 9, 23, 16, 20)), ("gisteren 16.20~u".into(), "yesterday 16:20".into()));
        assert_eq!(short(brussels(2026, 9, 26, 16, 20)), ("za 26 sep, 16.20~u".into(), "Sat 26 Sep, 16:20".into()));
        assert_eq!(short(brussels(2025, 3, 3, 7, 0)), ("ma 3 mrt 2025, 07.00~u".into(), "Mon 3 Mar 2025, 07:00".into()));
    }

    #[test]
    fn days_turn_at_midnight_in_brussels_not_in_greenwich() {
        let now = Utc.with_ymd_and_hms(2026, 7, 1, 22, 30, 0).unwrap();
        let an_hour_ago = now - TimeDelta::hours(1);
        assert_eq!(shown(&Dutch.moment(an_hour_ago, now)), "gisteren om 23.30~uur");
    }

    #[test]
    fn a_day_is_read_as_it_is_sent_and_as_it_is_typed() {
        let day = NaiveDate::from_ymd_opt(2026, 9, 5);
        assert_eq!(["2026-09-05", "05/09/2026", "5/9/2026"].map(day_of), [day; 3]);
        assert_eq!(["", "morgen", "5/9/26", "2026-02-30", "+12345-01-01", "09/25/2026"].map(day_of), [None; 6]);
    }

    #[test]
    fn a_day_ends_at_midnight_in_brussels_also_when_the_clock_changes() {
        let end = |text| end_of(day_of(text).unwrap()).unwrap();
        assert_eq!(end("2026-09-25"), brussels(2026, 9, 26, 0, 0));
        assert_eq!(end("2026-10-25") - end("2026-10-24"), TimeDelta::hours(25));
        let now = brussels(2026, 9, 24, 9, 50);
        assert_eq!((Dutch.last_day(end("2026-09-24"), now), Dutch.last_day(now, now)), ("vandaag".to_owned(), "vandaag".to_owned()));
        assert_eq!(English.last_day(end("2026-09-26"), now), "Sat 26 Sep");
    }

    #[test]
    fn a_span_names_the_day_once() {
        let now = brussels(2026, 9, 24, 9, 50);
        let from = brussels(2026, 9, 23, 15, 47);
        assert_eq!(shown(&Dutch.span(from, brussels(2026, 9, 23, 16, 11), now)), "gisteren 15.47–16.11~u");
        assert_eq!(shown(&Dutch.span(from, brussels(2026, 9, 24, 9, 0), now)), "gisteren 15.47 – vandaag 09.00~u");
        assert_eq!(English.span(from, from, now), "yesterday 15:47");
    }

    #[test]
    fn clocks_count_minutes_then_days() {
        let said =
            |minutes| (shown(&Dutch.clock_duration(TimeDelta::minutes(minutes))), shown(&Dutch.duration(TimeDelta::minutes(minutes))));
        assert_eq!(said(40), ("40~min".into(), "40~min".into()));
        assert_eq!(said(185), ("3~u~05".into(), "3~u~05".into()));
        assert_eq!(said(27 * 60 + 10), ("1~d~3~u".into(), "1~d~3~u".into()));
        assert_eq!(said(48 * 60), ("2~d".into(), "2~d".into()));
        assert_eq!(said(480), ("8~u~00".into(), "8~u".into()));
        assert_eq!(said(-5), ("0~min".into(), "0~s".into()));
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!((shown(&Dutch.number(18_204)), English.number(18_204)), ("18~204".into(), "18,204".into()));
        assert_eq!((shown(&Dutch.number(-1_000_000)), English.number(999)), ("-1~000~000".into(), "999".into()));
        assert_eq!(shown(&Dutch.count(1, ("school", "scholen"), ("school", "schools"))), "1~school");
    }

    proptest! {
        #[test]
        fn grouping_changes_no_digit(number: i64) {
            let digits: String = Dutch.number(number).chars().filter(|character| *character != '\u{a0}').collect();
            prop_assert_eq!(digits, number.to_string());
        }
    }
}
