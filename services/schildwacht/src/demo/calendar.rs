//! The Flemish school year: which days are school days, and which of them are short.
//!
//! Holidays follow the rules by which the government sets them, so that the demo is right in any year. School ends at noon on
//! Wednesdays. Source: the holiday rules of the Flemish education ministry for primary and secondary schools.

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};

/// What kind of day it is for a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// Lessons until the afternoon.
    Full,
    /// Wednesday: lessons until noon.
    Short,
    /// Weekend or holiday: hardly anybody is in.
    Off,
}

/// The kind of a date.
pub fn day(date: NaiveDate) -> Day {
    let is_weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    if is_weekend || is_holiday(date) {
        Day::Off
    } else if date.weekday() == Weekday::Wed {
        Day::Short
    } else {
        Day::Full
    }
}

fn is_holiday(date: NaiveDate) -> bool {
    let year = date.year();
    let Some(easter) = easter(year) else { return false };
    let is_summer = matches!(date.month(), 7 | 8);
    let weeks_off = [
        (autumn(year), 1),
        (winter(year - 1), 2),
        (winter(year), 2),
        // Carnival: the seventh week before Easter.
        (easter.checked_sub_days(Days::new(48)), 1),
        (spring(year, easter), 2),
    ];
    let in_a_week_off = weeks_off.into_iter().any(|(monday, weeks)| monday.is_some_and(|monday| is_within(date, monday, weeks)));
    // Easter Monday, Ascension Day and the day after it, Whit Monday.
    let is_feast = [1, 39, 40, 50].iter().any(|days| easter.checked_add_days(Days::new(*days)) == Some(date));
    let is_fixed_feast = matches!((date.month(), date.day()), (5, 1) | (11, 1 | 11));
    is_summer || in_a_week_off || is_feast || is_fixed_feast
}

fn is_within(date: NaiveDate, monday: NaiveDate, weeks: i64) -> bool {
    let since = date.signed_duration_since(monday);
    since >= TimeDelta::zero() && since < TimeDelta::weeks(weeks)
}

/// The week of All Saints; when that is a Sunday, the week after.
fn autumn(year: i32) -> Option<NaiveDate> {
    let all_saints = NaiveDate::from_ymd_opt(year, 11, 1)?;
    if all_saints.weekday() == Weekday::Sun { all_saints.succ_opt() } else { monday_of(all_saints) }
}

/// Two weeks from the week of Christmas; when that is in a weekend, from the week after.
fn winter(year: i32) -> Option<NaiveDate> {
    let christmas = NaiveDate::from_ymd_opt(year, 12, 25)?;
    let monday = monday_of(christmas)?;
    if matches!(christmas.weekday(), Weekday::Sat | Weekday::Sun) { monday.checked_add_days(Days::new(7)) } else { Some(monday) }
}

/// Two weeks from the first Monday of April; after Easter when that is in March, before it when that is after 15 April.
fn spring(year: i32, easter: NaiveDate) -> Option<NaiveDate> {
    if easter.month() == 3 {
        return easter.succ_opt();
    }
    if easter.day() > 15 {
        return easter.checked_sub_days(Days::new(13));
    }
    NaiveDate::from_weekday_of_month_opt(year, 4, Weekday::Mon, 1)
}

fn monday_of(date: NaiveDate) -> Option<NaiveDate> {
    date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday())))
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher).
fn easter(year: i32) -> Option<NaiveDate> {
    let golden = year % 19;
    let (century, in_century) = (year / 100, year % 100);
    let leap_correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - leap_correction + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_falls_where_it_fell() {
        for (year, sunday) in [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2027, "2027-03-28"), (2038, "2038-04-25")]
        {
            assert_eq!(easter(year), Some(date(sunday)));
        }
    }

    #[test]
    fn holidays_of_the_school_year_2025_2026_are_off() {
        let first_and_last_days = [
            ("2025-10-27", "2025-11-02"),
            ("2025-11-11", "2025-11-11"),
            ("2025-12-22", "2026-01-04"),
            ("2026-02-16", "2026-02-22"),
            ("2026-04-06", "2026-04-19"),
            ("2026-05-01", "2026-05-01"),
            ("2026-05-14", "2026-05-15"),
            ("2026-05-25", "2026-05-25"),
            ("2026-07-01", "2026-08-31"),
        ];
        for (first, last) in first_and_last_days {
            for date in date(first).iter_days().take_while(|day| *day <= date(last)) {
                assert_eq!(day(date), Day::Off, "{date}");
            }
        }
        for school_day in
            ["2025-09-01", "2025-10-24", "2025-11-03", "2025-12-19", "2026-01-05", "2026-02-23", "2026-04-03", "2026-04-20", "2026-06-30"]
        {
            assert_eq!(day(date(school_day)), Day::Full, "{school_day}");
        }
    }

    #[test]
    fn late_and_early_easter_move_the_spring_holiday() {
        assert_eq!(spring(2025, date("2025-04-20")), Some(date("2025-04-07")));
        assert_eq!(spring(2024, date("2024-03-31")), Some(date("2024-04-01")));
        assert_eq!(spring(2026, date("2026-04-05")), Some(date("2026-04-06")));
    }

    #[test]
    fn wednesdays_are_short_and_weekends_off() {
        assert_eq!(day(date("2026-09-23")), Day::Short);
        assert_eq!(day(date("2026-09-26")), Day::Off);
        assert_eq!(day(date("2026-09-24")), Day::Full);
    }
}
