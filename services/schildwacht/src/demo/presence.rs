//! Which devices are there on a day, and from when to when.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};
use rand::Rng;

use super::{
    calendar::{Day, day},
    kind::Kind,
    population::Device,
};

/// Minutes of a day in Brussels, counted from midnight.
pub type Minutes = Range<u32>;

const ALL_DAY: Minutes = 0..24 * 60;

const fn at(hour: u32, minute: u32) -> u32 {
    hour * 60 + minute
}

/// When the device is on the network on this day; `None` when it is not there.
pub fn stay(device: &Device, date: NaiveDate) -> Option<Minutes> {
    if device.kind.is_always_on() {
        return Some(ALL_DAY);
    }
    let mut stream = device.stays.at(i64::from(date.num_days_from_ce())).stream();
    let (likely, first, last) = habits(device.kind, day(date))?;
    if !stream.random_bool(likely) {
        return None;
    }
    let from = stream.random_range(first.clone());
    // In July and at weekends somebody may come in for an hour and leave again.
    let until = stream.random_range(last).max(from + 20);
    Some(from..until)
}

/// How likely a device comes, and between which minutes it comes and goes.
fn habits(kind: Kind, day: Day) -> Option<(f64, Minutes, Minutes)> {
    let lessons_end = if day == Day::Short { at(12, 0) } else { at(15, 50) };
    match (kind, day) {
        (Kind::Laptop, Day::Off) => Some((0.05, at(9, 0)..at(14, 0), at(10, 0)..at(17, 0))),
        (_, Day::Off) => None,
        (Kind::Laptop, _) => Some((0.9, at(7, 40)..at(8, 35), lessons_end..lessons_end + 75)),
        (Kind::Phone, _) => Some((0.8, at(7, 50)..at(8, 45), lessons_end..lessons_end + 30)),
        (kind, _) if kind.is_for_pupils() => Some((0.75, at(8, 25)..at(10, 30), lessons_end - 60..lessons_end)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{chance::Chance, population::devices, school::SCHOOLS},
        *,
    };

    fn stays(date: &str, of: impl Fn(Kind) -> bool) -> Vec<Minutes> {
        let date = date.parse().unwrap();
        let devices = SCHOOLS.iter().flat_map(|school| devices(school, Chance::seeded(1).of(school.key)));
        devices.filter(|device| of(device.kind)).filter_map(|device| stay(&device, date)).collect()
    }

    const THURSDAY: &str = "2026-09-24";
    const WEDNESDAY: &str = "2026-09-23";
    const SATURDAY: &str = "2026-09-26";
    const CHRISTMAS: &str = "2026-12-25";

    #[test]
    fn pupils_devices_are_there_during_lessons_only() {
        let stays = stays(THURSDAY, Kind::is_for_pupils);
        assert!(stays.len() > 50);
        assert!(stays.iter().all(|stay| stay.start >= at(8, 25) && stay.end <= at(15, 50) && stay.start < stay.end));
    }

    #[test]
    fn wednesday_afternoon_is_off() {
        let stays = stays(WEDNESDAY, Kind::is_for_pupils);
        assert!(!stays.is_empty());
        assert!(stays.iter().all(|stay| stay.end <= at(12, 0)));
    }

    #[test]
    fn weekends_and_holidays_are_quiet_but_never_silent() {
        for date in [SATURDAY, CHRISTMAS] {
            assert!(stays(date, Kind::is_for_pupils).is_empty());
            assert!(stays(date, |kind| kind == Kind::Phone).is_empty());
            let laptops = stays(date, |kind| kind == Kind::Laptop).len();
            assert!(laptops * 4 < stays(THURSDAY, |kind| kind == Kind::Laptop).len());
            assert!(!stays(date, Kind::is_always_on).is_empty());
        }
    }
}
