//! A handful of fictional schools, with simulated events of their sensors.
//!
//! [`Generator`] is a pure function from a seed and a period to events. The same period gives the same events, whole or in
//! pieces, so a restarted demo continues where it stopped. The layers, each in its own file:
//!
//! | File | Holds |
//! |---|---|
//! | `school` | which schools there are, how large, and what sensor they have |
//! | `calendar` | when it is a school day, and when people are in |
//! | `population` | which devices a school has |
//! | `presence` | which of them are there on a day, from when to when |
//! | `traffic` | a device's traffic in a minute |
//! | `signature`, `story` | the sensors' rules, and the incidents that trigger them |
//! | `eve` | Suricata's EVE format |
//! | `sensors` | posts the events, as the schools' gateways do |
//!
//! To add a kind of incident: a line in `signature` and one in `story`. To add a school: a line in `school`.
//!
//! Names, numbers and signatures are invented. Addresses outside the schools are from the ranges set apart for
//! documentation (RFC 5737), so that no real address is in an alert.

mod calendar;
mod chance;
mod eve;
mod generator;
mod kind;
mod population;
mod presence;
mod school;
pub mod sensors;
mod signature;
mod story;
#[cfg(test)]
mod tests;
mod traffic;

use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};

pub use generator::{Event, Generator, SchoolNetwork};
pub use school::School;
pub use traffic::Density;

/// The school of this short name.
pub fn school(key: &str) -> Option<&'static School> {
    school::SCHOOLS.iter().find(|school| school.key == key)
}

/// The events of a school's sensor from a moment on, one per line.
pub fn sample(key: &str, seed: u64, from: DateTime<Utc>, minutes: u32) -> Result<Vec<Event>> {
    let names = || school::SCHOOLS.iter().map(|school| format!("{} ({})", school.key, school.name)).collect::<Vec<_>>().join(", ");
    let generator = Generator::new(seed);
    let network = generator.schools().iter().find(|network| network.school().key == key);
    let network = network.with_context(|| format!("{key} is no school of the demo; there are {}", names()))?;
    Ok(network.events(from..from + TimeDelta::minutes(minutes.into()), Density::Live)?)
}
