//! The suspicious events of a batch, folded into alerts.
//!
//! What a school may open is bounded: the worst comes first, and what finds no room is counted in one alert of the platform's own, the
//! flood alert, which says so.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashSet},
    net::IpAddr,
    ops::RangeInclusive,
};

use chrono::{DateTime, Utc};
use runtime::{Ids, SchoolId};

use super::{
    alert::{Alert, AlertKey, WINDOW},
    alert_change::{AlertChange, Arrival, Draft, Event},
    destinations::Destinations,
    detection::{Detection, Fingerprint, Severity, SignatureId},
    flood::{Flood, Reached},
};

/// How many events of one request are remembered one by one. Of more, the last so many and all of them together, so that a
/// request sent again is known however large it is, and a flood leaves room for what came before it.
const MOST_OF_A_REQUEST: usize = 256;

/// Signatures and sources that one batch looks up; what a batch has beyond them is flood.
const MOST_KEYS: usize = 2_000;

/// Stretches of time in one batch whose first message is kept: a day of hours.
const MOST_OPENINGS: usize = 24;

/// The events of one alert in a batch.
#[derive(Clone, Debug)]
struct Group {
    /// The first that came, and the first of each stretch of time that may be an alert of its own: an alert keeps the message of one of
    /// its own events.
    openings: Vec<Detection<'static>>,
    arrival: Arrival,
    last_received: DateTime<Utc>,
    requests: Vec<Request>,
}

impl Group {
    fn worst(&self) -> Severity {
        let severities = self.requests.iter().flat_map(|request| &request.events).map(|event| event.severity);
        severities.max().unwrap_or(Severity::Low)
    }

    fn opening_near<'o>(openings: &'o [Detection<'static>], moment: DateTime<Utc>) -> Option<&'o Detection<'static>> {
        openings.iter().min_by_key(|opening| (opening.time - moment).abs())
    }

    /// When it began and what it was called, for what finds no room.
    fn began(&self) -> Option<DateTime<Utc>> {
        self.openings.first().map(|opening| opening.time)
    }

    fn name(&self) -> String {
        self.openings.first().map(|opening| opening.signature.clone().into_owned()).unwrap_or_default()
    }

    fn moments(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.requests.iter().flat_map(|request| &request.events).map(|event| event.moment)
    }

    fn events(&self) -> usize {
        self.requests.iter().map(|request| request.events.len()).sum()
    }
}

/// The events of one alert in one request, in the order in which they came.
#[derive(Clone, Debug)]
struct Request {
    origin: usize,
    events: Vec<Event>,
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
    flood: Flood,
    over_rate: Flood,
    unreadable: Flood,
}

impl AlertFold {
    /// Folds one event in.
    pub fn add(&mut self, detection: Detection<'_>, arrival: Arrival) {
        let key = AlertKey { signature_id: detection.signature_id.clone(), source: detection.source.ip };
        let event = Event {
            moment: detection.time,
            fingerprint: detection.fingerprint,
            severity: detection.severity,
            destination: detection.destination,
        };
        let new = || Group { openings: Vec::new(), arrival, last_received: arrival.received, requests: Vec::new() };
        let group = self.groups.entry(key).or_insert_with(new);
        let is_of_another_stretch = |opening: &Detection<'_>| (opening.time - detection.time).abs() > WINDOW;
        if group.openings.len() < MOST_OPENINGS && group.openings.iter().all(is_of_another_stretch) {
            group.openings.push(detection.into_owned());
        }
        group.last_received = group.last_received.max(arrival.received);
        match group.requests.last_mut().filter(|request| request.origin == arrival.origin) {
            Some(request) => request.events.push(event),
            None => group.requests.push(Request { origin: arrival.origin, events: vec![event] }),
        }
    }

    /// Devices found no room.
    pub fn devices_turned_away(&mut self, devices: usize, heard: DateTime<Utc>) {
        if devices > 0 {
            let arrival = Arrival { gateway: None, received: heard, origin: 0 };
            self.flood.take_devices(devices, arrival, heard);
        }
    }

    /// The school sends more than it may, so that requests of it were refused.
    pub fn requests_refused(&mut self, requests: usize, arrival: Arrival) {
        if requests > 0 {
            self.over_rate.take(requests, arrival, arrival.received, || "a request beyond the rate limit".to_owned());
        }
    }

    /// So many dead letters of the school gave way to newer ones.
    pub fn letters_gave_way(&mut self, letters: usize, arrival: Arrival) {
        if letters > 0 {
            self.unreadable.take(letters, arrival, arrival.received, || "a dead letter".to_owned());
        }
    }

    /// Leaves out what is too much for one batch: of the keys the worst stay, then those that came first.
    pub fn limit(&mut self) {
        if self.groups.len() <= MOST_KEYS {
            return;
        }
        let mut groups: Vec<(AlertKey, Group)> = std::mem::take(&mut self.groups).into_iter().collect();
        groups.sort_by_key(|(_, group)| (Reverse(group.worst()), group.began()));
        for (_, group) in groups.split_off(MOST_KEYS) {
            self.flood.take(group.events(), group.arrival, group.last_received, || group.name());
        }
        self.groups = groups.into_iter().collect();
    }

    /// Whether nothing suspicious happened.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && [&self.flood, &self.over_rate, &self.unreadable].iter().all(|flood| flood.count() == 0)
    }

    /// The alerts to look up in the store: those of a key that could take its events in, between these moments.
    pub fn wanted(&self) -> impl Iterator<Item = (AlertKey, RangeInclusive<DateTime<Utc>>)> {
        let of_events = self.groups.iter().filter_map(|(key, group)| Some((key.clone(), reach_of(group.moments())?)));
        // Any event may yet find no room, and is then counted when it was received.
        let of_room = reach_of(self.groups.values().map(|group| group.last_received).chain(self.flood.moment()));
        let of_rate = reach_of(self.over_rate.moment());
        let of_letters = reach_of(self.unreadable.moment());
        let of_floods = [(Reached::Room, of_room), (Reached::Rate, of_rate), (Reached::Letters, of_letters)]
            .map(|(reached, reach)| Some((reached.key(), reach?)));
        of_events.chain(of_floods.into_iter().flatten())
    }

    /// The addresses that take part, as far as they can be named.
    pub fn ips(&self) -> BTreeSet<IpAddr> {
        let mut ips = BTreeSet::new();
        for (key, group) in &self.groups {
            let mut destinations = Destinations::default();
            group
                .requests
                .iter()
                .flat_map(|request| &request.events)
                .filter_map(|event| event.destination.ip)
                .for_each(|ip| destinations.add(ip));
            ips.extend(key.source.into_iter().chain(destinations.named().iter().copied()));
        }
        ips
    }

    /// The moments between which alerts could take these events in.
    pub fn reach(&self) -> Option<RangeInclusive<DateTime<Utc>>> {
        let of_floods = [&self.flood, &self.over_rate, &self.unreadable].into_iter().filter_map(Flood::moment);
        reach_of(self.groups.values().flat_map(Group::moments).chain(of_floods))
    }
}

/// What became of the suspicious events of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertOutcome {
    /// Alerts that are new or have grown.
    pub changes: Vec<AlertChange>,
    /// Alerts that opened, the flood alert left out.
    pub opened: u32,
    /// Events that a gateway had sent before.
    pub repeated: u64,
    /// Events counted without telling anybody.
    pub suppressed: u64,
    /// Events and devices that found no room.
    pub flooded: u64,
}

impl AlertFold {
    /// Joins the events with the alerts the store knows. `is_quiet` says which signatures are suppressed now; at most `room` alerts open.
    pub fn apply(
        self,
        known: Vec<Alert>,
        school: SchoolId,
        is_quiet: impl Fn(&SignatureId) -> bool,
        room: u32,
        now: DateTime<Utc>,
        ids: &Ids,
    ) -> AlertOutcome {
        let Self { groups, mut flood, over_rate, unreadable } = self;
        let mut open: BTreeMap<AlertKey, Vec<Alert>> = BTreeMap::new();
        for alert in known {
            open.entry(alert.key()).or_default().push(alert);
        }
        let mut outcome = AlertOutcome::default();
        let mut groups: Vec<(AlertKey, Group)> = groups.into_iter().collect();
        // Should there be no room for all, the worst comes first, then what came first.
        groups.sort_by_key(|(_, group)| (Reverse(group.worst()), group.began()));
        for (key, group) in groups {
            let quiet = is_quiet(&key.signature_id);
            let mut drafts: Vec<Draft> = open.remove(&key).unwrap_or_default().into_iter().map(Draft::known).collect();
            drafts.sort_by_key(|draft| (draft.alert.first, draft.alert.id));
            let name = group.name();
            let Group { openings, arrival, last_received, requests } = group;
            let Fresh { mut events, to_remember, repeated } = fresh(requests, &drafts);
            outcome.repeated += repeated;
            events.sort_unstable();
            // Events are in order, so an alert that is over for one of them is over for all that follow.
            let mut over = 0;
            for event in events {
                over += drafts[over..].iter().take_while(|draft| draft.alert.is_over(event.moment)).count();
                let known = drafts[over..].iter().position(|draft| draft.alert.takes(event.moment));
                let opening = Group::opening_near(&openings, event.moment).filter(|_| outcome.opened < room);
                let place = match (known, opening) {
                    (Some(place), _) => over + place,
                    (None, Some(opening)) => {
                        outcome.opened += 1;
                        drafts.push(Draft::new(opening, &event, school, arrival, ids));
                        drafts.len() - 1
                    }
                    (None, None) => {
                        flood.take(1, arrival, last_received, || name.clone());
                        continue;
                    }
                };
                drafts[place].take(event, last_received);
                outcome.suppressed += u64::from(quiet);
            }
            for draft in drafts.iter_mut().filter(|draft| draft.has_grown) {
                to_remember.iter().for_each(|one| draft.alert.remembered.remember(*one));
            }
            outcome
                .changes
                .extend(drafts.into_iter().filter(|draft| draft.has_grown).map(|draft| draft.into_change(quiet, arrival.origin, now)));
        }
        outcome.flooded = flood.count();
        for (reached, flood) in [(Reached::Room, flood), (Reached::Rate, over_rate), (Reached::Letters, unreadable)] {
            outcome.changes.extend(flood.into_change(reached, open.remove(&reached.key()).unwrap_or_default(), school, now, ids));
        }
        outcome
    }
}

/// Between these moments are the alerts that could take in events of those.
fn reach_of(moments: impl IntoIterator<Item = DateTime<Utc>>) -> Option<RangeInclusive<DateTime<Utc>>> {
    let widest = |(first, last): (DateTime<Utc>, DateTime<Utc>), (moment, _)| (first.min(moment), last.max(moment));
    let (first, last) = moments.into_iter().map(|moment| (moment, moment)).reduce(widest)?;
    Some(first - WINDOW..=last + WINDOW)
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
    let mut known: HashSet<Fingerprint> = drafts.iter().flat_map(|draft| draft.alert.remembered.iter()).collect();
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

#[cfg(test)]
#[path = "alert_fold_tests.rs"]
mod tests;
