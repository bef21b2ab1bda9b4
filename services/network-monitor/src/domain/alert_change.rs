//! An alert while a batch is applied, and what is then stored and told.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, TimeDelta, Utc};
use runtime::{DeviceId, GatewayId, Ids, SchoolId};

use super::{
    alert::{Alert, Remembered},
    destinations::Destinations,
    detection::{Detection, Endpoint, Fingerprint, RAW_EVENT_LIMIT, Severity},
};

/// For how long growth that is nothing special waits at most, so that an alert of many events costs its readers little.
const GROWTH_WAITS: TimeDelta = TimeDelta::minutes(1);

/// Most characters of a rule's own text, and of its category.
const LONGEST_TEXT: usize = 500;

/// How an event came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Through which gateway.
    pub gateway: Option<GatewayId>,
    /// When it was received.
    pub received: DateTime<Utc>,
    /// Which record of the batch it was in, to find back what led to it.
    pub origin: usize,
}

/// An alert after a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertChange {
    /// How it is now.
    pub alert: Alert,
    /// The devices of the school that take part, at either end.
    pub devices: BTreeSet<DeviceId>,
    /// Whether the store has it already.
    pub is_new: bool,
    /// What to tell the world; `None` when all of it is to stay quiet, or waits.
    pub announcement: Option<Announcement>,
    /// The record that led to it.
    pub origin: usize,
}

/// What to tell about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Nobody was told of this alert before.
    pub first: bool,
    /// Events since the last time anybody was told.
    pub new_events: i64,
}

/// Tells of an alert, with all events that nobody was told of: who hears of it late hears of all of it.
pub fn tell(alert: &mut Alert, now: DateTime<Utc>) -> Announcement {
    let announcement = Announcement { first: alert.told_event_count == 0, new_events: alert.event_count - alert.told_event_count };
    alert.told_event_count = alert.event_count;
    alert.told = Some(now);
    alert.growth_due = None;
    announcement
}

/// What of an event changes its alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    pub(super) moment: DateTime<Utc>,
    pub(super) fingerprint: Fingerprint,
    pub(super) severity: Severity,
    pub(super) destination: Endpoint,
}

/// An alert while a batch is applied.
pub(super) struct Draft {
    pub(super) alert: Alert,
    is_new: bool,
    pub(super) has_grown: bool,
    became_worse: bool,
}

impl Draft {
    pub(super) fn known(alert: Alert) -> Self {
        Self { alert, is_new: false, has_grown: false, became_worse: false }
    }

    pub(super) fn new(opening: &Detection<'_>, event: &Event, school: SchoolId, arrival: Arrival, ids: &Ids) -> Self {
        let alert = Alert {
            id: ids.next(),
            school,
            gateway: arrival.gateway,
            signature_id: opening.signature_id.clone(),
            signature: clipped(&opening.signature),
            category: clipped(&opening.category),
            severity: opening.severity,
            sensor: opening.sensor,
            source: opening.source,
            destination: event.destination,
            destinations: Destinations::default(),
            source_device: None,
            destination_device: None,
            protocol: clipped(&opening.protocol),
            first: event.moment,
            last: event.moment,
            event_count: 0,
            told_event_count: 0,
            told: None,
            growth_due: None,
            received: arrival.received,
            remembered: Remembered::default(),
            raw_event: shortened(&opening.raw).into_owned(),
        };
        Self { alert, is_new: true, has_grown: false, became_worse: false }
    }

    pub(super) fn take(&mut self, event: Event, received: DateTime<Utc>) {
        let alert = &mut self.alert;
        alert.first = alert.first.min(event.moment);
        alert.last = alert.last.max(event.moment);
        self.became_worse |= event.severity > alert.severity;
        alert.severity = alert.severity.max(event.severity);
        alert.received = alert.received.max(received);
        alert.event_count += 1;
        event.destination.ip.into_iter().for_each(|ip| alert.destinations.add(ip));
        self.has_grown = true;
    }

    /// Growth is told at once when the alert has become worse or has doubled since it was told, and otherwise waits for [`GROWTH_WAITS`].
    pub(super) fn into_change(mut self, quiet: bool, origin: usize, now: DateTime<Utc>) -> AlertChange {
        let alert = &mut self.alert;
        let due = alert.told.map(|told| told + GROWTH_WAITS).filter(|due| *due > now);
        let is_news = self.became_worse || alert.event_count / 2 >= alert.told_event_count;
        let announcement = match due {
            _ if quiet => {
                alert.growth_due = None;
                None
            }
            Some(due) if !is_news => {
                alert.growth_due = Some(due);
                None
            }
            _ => Some(tell(alert, now)),
        };
        AlertChange { alert: self.alert, devices: BTreeSet::new(), is_new: self.is_new, announcement, origin }
    }
}

fn clipped(text: &str) -> String {
    runtime::without_hidden(text).chars().take(LONGEST_TEXT).collect()
}

/// Keeps JSON valid while making it fit: the largest members of the object give way first (packets, payloads).
fn shortened(raw: &str) -> Cow<'_, str> {
    if raw.len() <= RAW_EVENT_LIMIT {
        return raw.into();
    }
    let Ok(mut members) = serde_json::from_str::<BTreeMap<String, Box<serde_json::value::RawValue>>>(raw) else {
        return format!("{{\"left_out\":\"{} bytes\"}}", raw.len()).into();
    };
    loop {
        let short = serde_json::to_string(&members).unwrap_or_default();
        if short.len() <= RAW_EVENT_LIMIT {
            return short.into();
        }
        let largest = members.iter().max_by_key(|(name, value)| name.len() + value.get().len()).map(|(name, _)| name.clone());
        let Some(name) = largest else { return short.into() };
        members.remove(&name);
    }
}
