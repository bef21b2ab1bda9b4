//! Alerts: suspicious events of one signature between two addresses, folded together.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    net::IpAddr,
    ops::RangeInclusive,
};

use chrono::{DateTime, TimeDelta, Utc};
use runtime::{AlertId, DeviceId, GatewayId, Ids, SchoolId};
use serde::Serialize;

use super::detection::{Detection, Endpoint, Fingerprint, RAW_EVENT_LIMIT, Sensor, Severity, SignatureId};

/// An event joins an alert when it comes at most this long before its first or after its last event.
pub const WINDOW: TimeDelta = TimeDelta::hours(1);

/// An alert spans at most this long; what goes on tomorrow is a new alert.
pub const LONGEST_SPAN: TimeDelta = TimeDelta::hours(24);

/// An alert counts as open until nothing was heard of it for so long.
pub const OPEN_FOR: TimeDelta = TimeDelta::days(7);

/// Most characters of a rule's own text, and of its category.
const LONGEST_TEXT: usize = 500;

/// How many events of an alert are remembered, to know them again when a gateway sends them twice.
const MOST_REMEMBERED: usize = 2_048;

/// How many events of one request are remembered one by one. Of more, the last so many and all of them together, so that a
/// request sent again is known however large it is, and a flood leaves room for what came before it.
const MOST_OF_A_REQUEST: usize = 256;

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

/// What makes two events the same alert within a school: the signature and the two addresses, not the ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey {
    /// What was matched.
    pub signature_id: SignatureId,
    /// Where from.
    pub source: Option<IpAddr>,
    /// Where to.
    pub destination: Option<IpAddr>,
}

/// The last events of an alert, and its last large requests, by fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered(VecDeque<Fingerprint>);

impl Remembered {
    fn remember(&mut self, one: Fingerprint) {
        if self.0.len() == MOST_REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(one);
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
    /// The school's device where it came from, when known.
    pub source_device: Option<DeviceId>,
    /// The school's device where it went.
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
        AlertKey { signature_id: self.signature_id.clone(), source: self.source.ip, destination: self.destination.ip }
    }

    fn takes(&self, moment: DateTime<Utc>) -> bool {
        let is_near = moment >= self.first - WINDOW && moment <= self.last + WINDOW;
        let span = self.last.max(moment) - self.first.min(moment);
        is_near && span <= LONGEST_SPAN
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

/// The events of one alert in a batch.
#[derive(Clone, Debug)]
struct Group {
    /// The first that came, with what is the same for all.
    opening: Detection<'static>,
    arrival: Arrival,
    last_received: DateTime<Utc>,
    requests: Vec<Request>,
}

/// The events of one alert in one request, in the order in which they came.
#[derive(Clone, Debug)]
struct Request {
    origin: usize,
    events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    moment: DateTime<Utc>,
    fingerprint: Fingerprint,
    severity: Severity,
}

impl Request {
    fn is_large(&self) -> bool {
        self.events.len() > MOST_OF_A_REQUEST
    }

    /// Of all its events, whatever their order.
    fn fingerprint(&self) -> Fingerprint {
        let mut events: Vec<u64> = self.events.iter().map(|event| event.fingerprint.bits()).collect();
        events.sort_unstable();
        let bytes: Vec<[u8; 8]> = events.into_iter().map(u64::to_be_bytes).collect();
        Fingerprint::of(bytes.iter().map(<[u8; 8]>::as_slice))
    }
}

/// The suspicious events of a batch, folded by alert.
#[derive(Clone, Debug, Default)]
pub struct AlertFold {
    groups: BTreeMap<AlertKey, Group>,
}

impl AlertFold {
    /// Folds one event in.
    pub fn add(&mut self, detection: Detection<'_>, arrival: Arrival) {
        let key =
            AlertKey { signature_id: detection.signature_id.clone(), source: detection.source.ip, destination: detection.destination.ip };
        let event = Event { moment: detection.time, fingerprint: detection.fingerprint, severity: detection.severity };
        let group = self.groups.entry(key).or_insert_with(|| Group {
            opening: detection.into_owned(),
            arrival,
            last_received: arrival.received,
            requests: Vec::new(),
        });
        group.last_received = group.last_received.max(arrival.received);
        match group.requests.last_mut().filter(|request| request.origin == arrival.origin) {
            Some(request) => request.events.push(event),
            None => group.requests.push(Request { origin: arrival.origin, events: vec![event] }),
        }
    }

    /// Whether nothing suspicious happened.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The alerts to look up in the store.
    pub fn keys(&self) -> impl Iterator<Item = &AlertKey> {
        self.groups.keys()
    }

    /// The addresses that take part.
    pub fn ips(&self) -> BTreeSet<IpAddr> {
        self.groups.keys().flat_map(|key| [key.source, key.destination]).flatten().collect()
    }

    /// The moments between which alerts could take these events in: the store need not look further.
    pub fn reach(&self) -> Option<RangeInclusive<DateTime<Utc>>> {
        let requests = || self.groups.values().flat_map(|group| &group.requests);
        let moments = || requests().flat_map(|request| request.events.iter().map(|event| event.moment));
        Some(moments().min()? - WINDOW..=moments().max()? + WINDOW)
    }
}

/// An alert after a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertChange {
    /// How it is now.
    pub alert: Alert,
    /// Whether the store has it already.
    pub is_new: bool,
    /// What to tell the world; `None` when all of it is to stay quiet.
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

/// What became of the suspicious events of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertOutcome {
    /// Alerts that are new or have grown.
    pub changes: Vec<AlertChange>,
    /// Events that a gateway had sent before.
    pub repeated: u64,
    /// Events counted without telling anybody.
    pub suppressed: u64,
}

impl AlertFold {
    /// Joins the events with the alerts the store knows. `is_quiet` says which signatures are suppressed now.
    pub fn apply(self, known: Vec<Alert>, school: SchoolId, is_quiet: impl Fn(&SignatureId) -> bool, ids: &Ids) -> AlertOutcome {
        let mut open: BTreeMap<AlertKey, Vec<Alert>> = BTreeMap::new();
        for alert in known {
            open.entry(alert.key()).or_default().push(alert);
        }
        let mut outcome = AlertOutcome::default();
        for (key, group) in self.groups {
            let quiet = is_quiet(&key.signature_id);
            let mut drafts: Vec<Draft> = open.remove(&key).unwrap_or_default().into_iter().map(Draft::known).collect();
            drafts.sort_by_key(|draft| (draft.alert.first, draft.alert.id));
            let Group { opening, arrival, last_received, requests } = group;
            let Fresh { mut events, to_remember, repeated } = fresh(requests, &drafts);
            outcome.repeated += repeated;
            events.sort_unstable();
            for event in events {
                let place = drafts.iter().position(|draft| draft.alert.takes(event.moment)).unwrap_or_else(|| {
                    drafts.push(Draft::new(&opening, event.moment, school, arrival, ids));
                    drafts.len() - 1
                });
                drafts[place].take(event, last_received);
                outcome.suppressed += u64::from(quiet);
            }
            for draft in drafts.iter_mut().filter(|draft| draft.has_grown) {
                to_remember.iter().for_each(|one| draft.alert.remembered.remember(*one));
            }
            outcome
                .changes
                .extend(drafts.into_iter().filter(|draft| draft.has_grown).map(|draft| draft.into_change(quiet, arrival.origin)));
        }
        outcome
    }
}

/// What of some requests was not sent before.
struct Fresh {
    events: Vec<Event>,
    to_remember: Vec<Fingerprint>,
    repeated: u64,
}

/// A request is compared as a whole, before any of it is remembered: otherwise each of its events could push out of the memory
/// another that is still to come.
fn fresh(requests: Vec<Request>, drafts: &[Draft]) -> Fresh {
    let mut known: HashSet<Fingerprint> = drafts.iter().flat_map(|draft| &draft.alert.remembered.0).copied().collect();
    let mut fresh = Fresh { events: Vec::new(), to_remember: Vec::new(), repeated: 0 };
    for request in requests {
        let whole = request.is_large().then(|| request.fingerprint());
        if whole.is_some_and(|whole| !known.insert(whole)) {
            fresh.repeated += request.events.len() as u64;
            continue;
        }
        let before = fresh.events.len();
        for event in request.events {
            if known.insert(event.fingerprint) {
                fresh.events.push(event);
            } else {
                fresh.repeated += 1;
            }
        }
        let new = &fresh.events[before..];
        if !new.is_empty() {
            fresh.to_remember.extend(new[new.len().saturating_sub(MOST_OF_A_REQUEST)..].iter().map(|event| event.fingerprint));
            fresh.to_remember.extend(whole);
        }
    }
    fresh
}

struct Draft {
    alert: Alert,
    is_new: bool,
    has_grown: bool,
}

impl Draft {
    fn known(alert: Alert) -> Self {
        Self { alert, is_new: false, has_grown: false }
    }

    fn new(opening: &Detection<'_>, moment: DateTime<Utc>, school: SchoolId, arrival: Arrival, ids: &Ids) -> Self {
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
            destination: opening.destination,
            source_device: None,
            destination_device: None,
            protocol: clipped(&opening.protocol),
            first: moment,
            last: moment,
            event_count: 0,
            told_event_count: 0,
            received: arrival.received,
            remembered: Remembered::default(),
            raw_event: shortened(&opening.raw).into_owned(),
        };
        Self { alert, is_new: true, has_grown: false }
    }

    fn take(&mut self, event: Event, received: DateTime<Utc>) {
        let alert = &mut self.alert;
        alert.first = alert.first.min(event.moment);
        alert.last = alert.last.max(event.moment);
        alert.severity = alert.severity.max(event.severity);
        alert.received = alert.received.max(received);
        alert.event_count += 1;
        self.has_grown = true;
    }

    fn into_change(mut self, quiet: bool, origin: usize) -> AlertChange {
        // A reader that starts late gets all of it.
        let announcement = (!quiet).then(|| Announcement {
            first: self.alert.told_event_count == 0,
            new_events: self.alert.event_count - self.alert.told_event_count,
        });
        if announcement.is_some() {
            self.alert.told_event_count = self.alert.event_count;
        }
        AlertChange { alert: self.alert, is_new: self.is_new, announcement, origin }
    }
}

fn clipped(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// Keeps JSON valid while making it fit: the largest members of the object give way first (packets, payloads).
fn shortened(raw: &str) -> std::borrow::Cow<'_, str> {
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

#[cfg(test)]
#[path = "alert_tests.rs"]
mod tests;
