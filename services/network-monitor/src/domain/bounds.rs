//! What one school may make the platform keep, so that its flood is its own.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

/// How much of its bounds a school has used. Hours are whole hours in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// The hour that is counted.
    pub hour: DateTime<Utc>,
    /// Devices kept when the hour began, and what came and went since.
    pub devices: u32,
    pub new_devices: u32,
    pub new_alerts: u32,
}

impl Allowance {
    /// The hour in which a moment falls.
    pub fn hour_of(moment: DateTime<Utc>) -> DateTime<Utc> {
        moment.duration_trunc(TimeDelta::hours(1)).unwrap_or(moment)
    }

    /// Of a new hour, at a school with so many devices.
    pub fn begin(now: DateTime<Utc>, devices: u32) -> Self {
        Self { hour: Self::hour_of(now), devices, new_devices: 0, new_alerts: 0 }
    }

    /// How many devices may still appear, of so many in all and so many an hour.
    pub fn room_for_devices(&self, in_all: u32, per_hour: u32) -> u32 {
        per_hour.saturating_sub(self.new_devices).min(in_all.saturating_sub(self.devices))
    }

    /// How many alerts may still open, of so many an hour.
    pub fn room_for_alerts(&self, per_hour: u32) -> u32 {
        per_hour.saturating_sub(self.new_alerts)
    }

    /// Counts what a batch brought.
    pub fn count(&mut self, appeared: u32, absorbed: u32, opened: u32) {
        self.devices = (self.devices + appeared).saturating_sub(absorbed);
        self.new_devices = self.new_devices.saturating_add(appeared);
        self.new_alerts = self.new_alerts.saturating_add(opened);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hours_allowance_and_the_whole_both_hold() {
        let now = "2026-09-24T09:50:00Z".parse().unwrap();
        let mut allowance = Allowance::begin(now, 7);
        assert_eq!(allowance.hour, "2026-09-24T09:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!((allowance.room_for_devices(10, 4), allowance.room_for_alerts(3)), (3, 3), "the whole is nearer");
        allowance.count(2, 0, 1);
        assert_eq!((allowance.room_for_devices(10, 4), allowance.room_for_alerts(3)), (1, 2));
        allowance.count(1, 3, 5);
        assert_eq!((allowance.room_for_devices(10, 4), allowance.room_for_alerts(3)), (1, 0), "what goes makes room, within the hour");
    }
}
