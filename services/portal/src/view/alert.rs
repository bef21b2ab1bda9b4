//! A device's warnings: what a sensor saw, what it means in plain words, and in which case it is.

use chrono::{DateTime, Utc};
use proto::{incident_intake::v1 as intake, network_monitor::v1 as monitor};

use super::{Bilingual, Case, Place, Severity, Unreadable, given, required_moment, required_text};

/// One warning.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) id: String,
    pub(crate) signature_id: String,
    /// The rule's own text, for specialists.
    pub(crate) signature: String,
    /// How bad the sensor calls it.
    pub(crate) severity: Severity,
    pub(crate) from: Place,
    pub(crate) to: Place,
    pub(crate) first: DateTime<Utc>,
    pub(crate) last: DateTime<Utc>,
    pub(crate) events: i64,
}

/// What a warning means.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) title: Bilingual,
    /// How bad the response team calls it.
    pub(crate) severity: Severity,
    /// None where it is in no case.
    pub(crate) case: Option<Case>,
}

impl Alert {
    /// The end that is not this device.
    pub(crate) fn other_end(&self, device_id: &str) -> &Place {
        if self.is_from(device_id) { &self.to } else { &self.from }
    }

    pub(crate) fn is_from(&self, device_id: &str) -> bool {
        self.from.device_id.as_deref() == Some(device_id)
    }
}

impl TryFrom<monitor::Alert> for Alert {
    type Error = Unreadable;

    fn try_from(alert: monitor::Alert) -> Result<Self, Unreadable> {
        let severity = match alert.severity() {
            monitor::AlertSeverity::Low => Severity::Low,
            monitor::AlertSeverity::Medium => Severity::Medium,
            monitor::AlertSeverity::High => Severity::High,
            monitor::AlertSeverity::Unspecified => return Err(Unreadable("alert.severity")),
        };
        Ok(Self {
            id: required_text(alert.alert_id, "alert.alert_id")?,
            signature_id: alert.signature_id,
            signature: alert.signature,
            severity,
            from: alert.source.unwrap_or_default().into(),
            to: alert.destination.unwrap_or_default().into(),
            first: required_moment(alert.first_time, "alert.first_time")?,
            last: required_moment(alert.last_time, "alert.last_time")?,
            events: alert.event_count,
        })
    }
}

impl From<monitor::Endpoint> for Place {
    fn from(end: monitor::Endpoint) -> Self {
        let port = (end.port > 0).then_some(end.port);
        Self { ip: end.ip, port, device_id: given(end.device_id), device_name: given(end.device_name) }
    }
}

impl TryFrom<intake::AlertExplanation> for Meaning {
    type Error = Unreadable;

    fn try_from(explanation: intake::AlertExplanation) -> Result<Self, Unreadable> {
        Ok(Self {
            title: explanation.title.map(Bilingual::from).ok_or(Unreadable("explanation.title"))?,
            severity: Severity::from_wire(explanation.severity, "explanation.severity")?,
            case: explanation.case.map(Case::try_from).transpose()?,
        })
    }
}
