//! Alerts: suspicious events of one signature from one address. [`super::alert_fold`] makes them of events.

use std::{collections::VecDeque, net::IpAddr};

use chrono::{DateTime, TimeDelta, Utc};
use runtime::{AlertId, DeviceId, GatewayId, SchoolId};
use serde::Serialize;

use super::{
    destinations::Destinations,
    detection::{Endpoint, Fingerprint, Sensor, Severity, SignatureId},
};

/// An event joins an alert when it comes at most this long before its first or after its last event.
pub const WINDOW: TimeDelta = TimeDelta::hours(1);

/// An alert spans at most this long; what goes on tomorrow is a new alert.
pub const LONGEST_SPAN: TimeDelta = TimeDelta::hours(24);

/// An alert counts as open until nothing was heard of it for so long.
pub const OPEN_FOR: TimeDelta = TimeDelta::days(7);

/// How many events of an alert are remembered, to know them again when a gateway sends them twice.
pub const MOST_REMEMBERED: usize = 2_048;

/// Which alerts a list is about.
#[derive(Clone, Debug, Serialize)]
pub struct AlertFilter {
    /// Of this school only.
    pub school: Option<SchoolId>,
    /// At least this bad.
    pub min_severity: Option<Severity>,
    /// Of this signature only.
    pub signature_id: Option<SignatureId>,
    /// In which this device takes part only.
    pub device: Option<DeviceId>,
}

/// What makes two events the same alert within a school: the signature and the address it came from. Where it went does not: a scan or
/// a worm is one alert with many destinations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey {
    /// What was matched.
    pub signature_id: SignatureId,
    /// Where from.
    pub source: Option<IpAddr>,
}

/// The last events of an alert, and its last large requests, by fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered(VecDeque<Fingerprint>);

impl Remembered {
    /// Adds one, in place of the oldest where there are too many.
    pub fn remember(&mut self, one: Fingerprint) {
        if self.0.len() == MOST_REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(one);
    }

    pub fn iter(&self) -> impl Iterator<Item = Fingerprint> {
        self.0.iter().copied()
    }

    /// Eight bytes each, oldest first.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|event| event.bits().to_be_bytes()).collect()
    }

    /// From the store; what is left over at the end is ignored.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (events, _) = bytes.as_chunks::<8>();
        Self(events.iter().map(|bits| Fingerprint::from_bits(u64::from_be_bytes(*bits))).collect())
    }
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub id: AlertId,
    pub school: SchoolId,
    /// The gateway that sent the first event.
    pub gateway: Option<GatewayId>,
    /// What was matched.
    pub signature_id: SignatureId,
    /// The rule's own text.
    pub signature: String,
    /// The rule's own category.
    pub category: String,
    /// The worst of its events.
    pub severity: Severity,
    /// Who found it.
    pub sensor: Sensor,
    /// Where the first event came from.
    pub source: Endpoint,
    /// Where it went.
    pub destination: Endpoint,
    /// Where its events went, in all.
    pub destinations: Destinations,
    /// The school's device where it came from, when known.
    pub source_device: Option<DeviceId>,
    /// The school's device where the first event went.
    pub destination_device: Option<DeviceId>,
    /// `tcp`, `udp` …
    pub protocol: String,
    /// Its first event.
    pub first: DateTime<Utc>,
    /// Its last event.
    pub last: DateTime<Utc>,
    /// How many events, quiet ones too.
    pub event_count: i64,
    /// Of those, told. While it is 0, all were suppressed: the alert is kept, counted and not shown.
    pub told_event_count: i64,
    /// When it was last told, by the clock of who told it.
    pub told: Option<DateTime<Utc>>,
    /// When to tell of the growth that waits; `None` when none waits.
    pub growth_due: Option<DateTime<Utc>>,
    /// When its last event reached us.
    pub received: DateTime<Utc>,
    /// Its last events.
    pub remembered: Remembered,
    /// The first event that came, JSON, at most [`RAW_EVENT_LIMIT`] bytes.
    pub raw_event: String,
}

impl Alert {
    /// By what its events are known.
    pub fn key(&self) -> AlertKey {
        AlertKey { signature_id: self.signature_id.clone(), source: self.source.ip }
    }

    /// Whether an event of a moment belongs to it.
    pub fn takes(&self, moment: DateTime<Utc>) -> bool {
        let is_near = moment >= self.first - WINDOW && moment <= self.last + WINDOW;
        let span = self.last.max(moment) - self.first.min(moment);
        is_near && span <= LONGEST_SPAN
    }

    /// Whether no event of this moment or a later one belongs to it.
    pub fn is_over(&self, moment: DateTime<Utc>) -> bool {
        moment > self.last + WINDOW || moment - self.first > LONGEST_SPAN
    }
}

/// An alert with what its devices are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAlert {
    pub alert: Alert,
    /// Empty when it has no name, or is no device of the school's.
    pub source_name: String,
    /// The same.
    pub destination_name: String,
}

#[cfg(test)]
mod tests {
    use runtime::Ids;

    use super::*;

    fn minutes(count: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(count)
    }

    fn between(first: i64, last: i64) -> Alert {
        let ids = Ids::counted();
        let nowhere = Endpoint { ip: None, port: None };
        Alert {
            id: ids.next(),
            school: ids.next(),
            gateway: None,
            signature_id: SignatureId::from_store("suricata:1:1".to_owned()),
            signature: String::new(),
            category: String::new(),
            severity: Severity::Low,
            sensor: Sensor::Suricata,
            source: nowhere,
            destination: nowhere,
            destinations: Destinations::default(),
            source_device: None,
            destination_device: None,
            protocol: String::new(),
            first: minutes(first),
            last: minutes(last),
            event_count: 2,
            told_event_count: 2,
            told: None,
            growth_due: None,
            received: minutes(last),
            remembered: Remembered::default(),
            raw_event: String::new(),
        }
    }

    #[test]
    fn an_event_joins_within_an_hour_of_either_end_and_within_a_day_in_all() {
        let alert = between(0, 30);
        assert_eq!([-61, -60, 0, 90, 91].map(|moment| alert.takes(minutes(moment))), [false, true, true, true, false]);
        let long = between(0, 23 * 60 + 30);
        assert_eq!([-31, -30, 24 * 60, 24 * 60 + 1].map(|moment| long.takes(minutes(moment))), [false, true, true, false]);
        let whole_day = between(0, 24 * 60);
        assert_eq!([-1, 0, 24 * 60, 24 * 60 + 1].map(|moment| whole_day.takes(minutes(moment))), [false, true, true, false]);
    }

    #[test]
    fn an_alert_is_over_when_nothing_later_can_join_it() {
        assert_eq!([0, 90, 91].map(|moment| between(0, 30).is_over(minutes(moment))), [false, false, true]);
        assert_eq!([24 * 60, 24 * 60 + 1].map(|moment| between(0, 24 * 60).is_over(minutes(moment))), [false, true]);
    }

    #[test]
    fn the_oldest_event_is_forgotten_first() {
        let mut remembered = Remembered::default();
        let number = |bits: usize| Fingerprint::from_bits(u64::try_from(bits).unwrap());
        (0..=MOST_REMEMBERED).for_each(|bits| remembered.remember(number(bits)));
        assert_eq!(remembered.iter().collect::<Vec<_>>(), (1..=MOST_REMEMBERED).map(number).collect::<Vec<_>>());
        assert_eq!(Remembered::from_bytes(&[remembered.to_bytes(), vec![1, 2, 3]].concat()), remembered);
    }
}
