//! From a seed and a span of time to events.

use std::{net::Ipv4Addr, ops::Range};

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Europe::Brussels;
use rand::seq::IndexedRandom;

use super::{
    calendar,
    chance::Chance,
    eve::Seen,
    kind::Kind,
    population::{self, Device},
    presence::{self, Minutes},
    school::{SCHOOLS, School},
    story::{self, Planned, Story},
    traffic::{Density, Moment},
};

/// A line a sensor wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub at: DateTime<Utc>,
    /// JSON without line breaks.
    pub line: String,
}

/// All schools of the demo.
#[derive(Debug)]
pub struct Generator {
    schools: Vec<SchoolNetwork>,
}

impl Generator {
    /// The same seed gives the same schools.
    pub fn new(seed: u64) -> Self {
        let schools = SCHOOLS.iter().map(|school| SchoolNetwork::new(school, Chance::seeded(seed).of(school.key))).collect();
        Self { schools }
    }

    /// In the order of [`SCHOOLS`].
    pub fn schools(&self) -> &[SchoolNetwork] {
        &self.schools
    }
}

/// One school with its devices.
#[derive(Debug)]
pub struct SchoolNetwork {
    school: &'static School,
    devices: Vec<Device>,
    chance: Chance,
}

impl SchoolNetwork {
    fn new(school: &'static School, chance: Chance) -> Self {
        Self { school, devices: population::devices(school, chance), chance }
    }

    /// The school.
    pub const fn school(&self) -> &'static School {
        self.school
    }

    /// The sensor's events in a period, oldest first.
    pub fn events(&self, span: Range<DateTime<Utc>>, density: Density) -> serde_json::Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut date = local(span.start - story::LONGEST).date_naive();
        while let Some(begin) = midnight(date).filter(|begin| *begin < span.end) {
            let plan = self.plan(date);
            for planned in &plan.stories {
                let start = begin + TimeDelta::minutes(i64::from(planned.start));
                self.tell(&plan, planned.story, planned.chance, start, &mut events)?;
            }
            let Some(next) = date.succ_opt() else { break };
            let end = midnight(next).unwrap_or(span.end);
            let mut minute = start_of_minute(span.start.max(begin));
            while minute < end.min(span.end) {
                self.minute(&plan, minute, density, &mut events)?;
                minute += TimeDelta::minutes(1);
            }
            date = next;
        }
        events.retain(|event| span.contains(&event.at));
        events.sort_by(|one, other| one.at.cmp(&other.at).then_with(|| one.line.cmp(&other.line)));
        Ok(events)
    }

    /// The alerts of a serious incident that begins now, oldest first, so that a newcomer need not wait for one.
    pub fn trouble(&self, start: DateTime<Utc>) -> serde_json::Result<Vec<Event>> {
        let plan = self.plan(local(start).date_naive());
        let chance = self.chance.of("trouble").at(start.timestamp());
        let possible: Vec<&Story> = story::SERIOUS.iter().filter(|story| !self.present(&plan, story.victims, start).is_empty()).collect();
        let mut events = Vec::new();
        if let Some(story) = possible.choose(&mut chance.of("which").stream()) {
            self.tell(&plan, story, chance, start, &mut events)?;
        }
        Ok(events)
    }

    fn plan(&self, date: NaiveDate) -> DayPlan {
        let number = i64::from(date.num_days_from_ce());
        let stays = self.devices.iter().map(|device| presence::stay(device, date)).collect();
        DayPlan { number, stays, stories: story::plan(calendar::day(date), self.chance.at(number)) }
    }

    fn minute(&self, plan: &DayPlan, start: DateTime<Utc>, density: Density, events: &mut Vec<Event>) -> serde_json::Result<()> {
        let minute = minute_of_day(start);
        for (device, stay) in self.devices.iter().zip(&plan.stays) {
            let Some(stay) = stay.as_ref().filter(|stay| stay.contains(&minute)) else { continue };
            let moment = Moment {
                device,
                ip: device.ip(plan.number),
                start,
                since: minute - stay.start,
                density,
                chance: device.minutes.at(start.timestamp()),
            };
            for seen in moment.seen() {
                events.push(self.write(&seen)?);
            }
        }
        Ok(())
    }

    fn tell(&self, plan: &DayPlan, story: &Story, chance: Chance, start: DateTime<Utc>, events: &mut Vec<Event>) -> serde_json::Result<()> {
        let candidates = self.present(plan, story.victims, start);
        let Some(victim) = candidates.choose(&mut chance.of("victim").stream()) else { return Ok(()) };
        let neighbours: Vec<Ipv4Addr> =
            self.devices.iter().filter(|device| device.mac != victim.mac).map(|device| device.ip(plan.number)).collect();
        for alert in story::tell(story, start, victim, victim.ip(plan.number), &neighbours, chance) {
            events.push(self.write(&alert)?);
        }
        Ok(())
    }

    /// Devices of these kinds that are there at a moment of the plan's day.
    fn present(&self, plan: &DayPlan, kinds: &[Kind], moment: DateTime<Utc>) -> Vec<&Device> {
        let minute = minute_of_day(moment);
        let stays = self.devices.iter().zip(&plan.stays);
        let is_there = |stay: &Option<Minutes>| stay.as_ref().is_some_and(|stay| stay.contains(&minute));
        stays.filter(|(device, stay)| kinds.contains(&device.kind) && is_there(stay)).map(|(device, _)| device).collect()
    }

    fn write(&self, seen: &Seen) -> serde_json::Result<Event> {
        Ok(Event { at: seen.at, line: self.school.sensor.line(seen)? })
    }
}

/// The devices present on a day, and the day's incidents.
struct DayPlan {
    number: i64,
    stays: Vec<Option<Minutes>>,
    stories: Vec<Planned>,
}

fn local(moment: DateTime<Utc>) -> DateTime<chrono_tz::Tz> {
    moment.with_timezone(&Brussels)
}

fn minute_of_day(moment: DateTime<Utc>) -> u32 {
    let local = local(moment);
    local.hour() * 60 + local.minute()
}

/// When a day begins in Brussels, where clocks change at other hours.
fn midnight(date: NaiveDate) -> Option<DateTime<Utc>> {
    let begin = date.and_time(NaiveTime::MIN).and_local_timezone(Brussels).earliest()?;
    Some(begin.with_timezone(&Utc))
}

fn start_of_minute(moment: DateTime<Utc>) -> DateTime<Utc> {
    let since = TimeDelta::seconds(i64::from(moment.second())) + TimeDelta::nanoseconds(i64::from(moment.nanosecond()));
    moment - since
}
