//! The one alert that says that a school reached a bound. It counts what found no room, and is never kept quiet.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use runtime::{Ids, SchoolId};

use super::{
    alert::{Alert, AlertKey},
    alert_change::{AlertChange, Arrival, Draft, Event},
    detection::{Detection, Endpoint, Fingerprint, Sensor, Severity, SignatureId},
};

/// By what the one alert is known that says that there was too much of something. It comes from no address.
pub fn flood_key() -> AlertKey {
    AlertKey { signature_id: SignatureId::flood(), source: None }
}

/// What of a batch found no room.
#[derive(Clone, Debug, Default)]
pub(super) struct Flood {
    pub(super) events: u64,
    /// The first of them.
    first: Option<(Arrival, String)>,
    pub(super) last_received: DateTime<Utc>,
}

impl Flood {
    /// Counts events, or devices.
    pub(super) fn take(&mut self, events: usize, arrival: Arrival, last_received: DateTime<Utc>, what: impl FnOnce() -> String) {
        self.events += events as u64;
        self.last_received = self.last_received.max(last_received);
        self.first.get_or_insert_with(|| (arrival, what()));
    }

    /// The flood alert, opened or grown; it is never kept quiet.
    pub(super) fn into_change(self, known: Vec<Alert>, school: SchoolId, ids: &Ids) -> Option<AlertChange> {
        let (arrival, first) = self.first?;
        let moment = self.last_received;
        let mut draft = known.into_iter().find(|alert| alert.takes(moment)).map(Draft::known).unwrap_or_else(|| {
            let raw = serde_json::json!({ "event_type": "flood", "first_left_out": first });
            let opening = Detection {
                sensor: Sensor::Schildwacht,
                signature_id: SignatureId::flood(),
                signature: "Flood: more new alerts or devices than one school may have".into(),
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
        draft.alert.event_count = draft.alert.event_count.saturating_add(i64::try_from(self.events).unwrap_or(i64::MAX));
        Some(draft.into_change(false, arrival.origin))
    }
}
