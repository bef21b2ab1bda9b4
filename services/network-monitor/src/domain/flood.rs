//! The alerts that say that a school reached a bound: of what it may have, of what it may send, or of what is kept that cannot be read. They count what found no room, and are never kept
//! quiet.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use runtime::{Ids, SchoolId};

use super::{
    alert::{Alert, AlertKey},
    alert_change::{AlertChange, Arrival, Draft, Event},
    detection::{Detection, Endpoint, Fingerprint, Sensor, Severity, SignatureId},
};

/// Which bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// More alerts or devices than a school may have.
    Room,
    /// More than it may send: telemetry-ingest refuses its requests, and its events wait at its gateways.
    Rate,
    /// More dead letters than are kept of it: the oldest gave way.
    Letters,
}

impl Reached {
    /// By what its alert is known. It comes from no address.
    pub(super) fn key(self) -> AlertKey {
        let signature_id = match self {
            Self::Room => SignatureId::flood(),
            Self::Rate => SignatureId::over_rate(),
            Self::Letters => SignatureId::unreadable(),
        };
        AlertKey { signature_id, source: None }
    }

    const fn signature(self) -> &'static str {
        match self {
            Self::Room => "Flood: more new alerts or devices than one school may have",
            Self::Rate => "Flood: the school sends more than it may, its events wait at its gateways",
            Self::Letters => "Flood: the school sends more that cannot be read than is kept of it, the oldest is gone",
        }
    }
}

/// What of a batch found no room.
#[derive(Clone, Debug, Default)]
pub(super) struct Flood {
    events: u64,
    /// Devices, which the events beside them may be from.
    devices: u64,
    /// The first of them.
    first: Option<(Arrival, String)>,
    pub(super) last_received: DateTime<Utc>,
}

impl Flood {
    /// Counts events.
    pub(super) fn take(&mut self, events: usize, arrival: Arrival, last_received: DateTime<Utc>, what: impl FnOnce() -> String) {
        self.events += events as u64;
        self.note(arrival, last_received, what);
    }

    /// Counts devices.
    pub(super) fn take_devices(&mut self, devices: usize, arrival: Arrival, last_received: DateTime<Utc>) {
        self.devices += devices as u64;
        self.note(arrival, last_received, || "a new device".to_owned());
    }

    /// How much found no room. An alert and the device that it is from may be one event, which counts once.
    pub(super) fn count(&self) -> u64 {
        self.events.max(self.devices)
    }

    fn note(&mut self, arrival: Arrival, last_received: DateTime<Utc>, what: impl FnOnce() -> String) {
        self.last_received = self.last_received.max(last_received);
        self.first.get_or_insert_with(|| (arrival, what()));
    }

    /// When it was counted; `None` when everything found room.
    pub(super) fn moment(&self) -> Option<DateTime<Utc>> {
        (self.count() > 0).then_some(self.last_received)
    }

    /// Its alert, opened or grown; it is never kept quiet.
    pub(super) fn into_change(
        self,
        reached: Reached,
        known: Vec<Alert>,
        school: SchoolId,
        now: DateTime<Utc>,
        ids: &Ids,
    ) -> Option<AlertChange> {
        let (moment, count) = (self.last_received, self.count());
        let (arrival, first) = self.first?;
        let mut draft = known.into_iter().find(|alert| alert.takes(moment)).map(Draft::known).unwrap_or_else(|| {
            let raw = serde_json::json!({ "event_type": "flood", "first_left_out": first });
            let opening = Detection {
                sensor: Sensor::Schildwacht,
                signature_id: reached.key().signature_id,
                signature: reached.signature().into(),
                category: "Flood".into(),
                severity: Severity::High,
                source: Endpoint::default(),
                destination: Endpoint::default(),
                protocol: Cow::default(),
                time: moment,
                fingerprint: Fingerprint::of([]),
                raw: raw.to_string().into(),
            };
            let event = Event { moment, fingerprint: opening.fingerprint, severity: opening.severity, destination: opening.destination };
            Draft::new(&opening, &event, school, arrival, ids)
        });
        draft.alert.last = draft.alert.last.max(moment);
        draft.alert.received = draft.alert.received.max(moment);
        draft.alert.event_count = draft.alert.event_count.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        Some(draft.into_change(false, arrival.origin, now))
    }
}
