//! A device's warnings: what a sensor saw, what it means in plain words, and in which case it is.

use chrono::{DateTime, Utc};
use portal_frame::{
    answer::{Unreadable, WireEnum as _, required_moment, required_text},
    card::CaseCard,
};
use proto::{
    incident_intake::v1::{self as intake, CaseSeverity, LocalizedText},
    network_monitor::v1::{self as monitor, Endpoint},
};

/// One warning.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) id: String,
    pub(crate) signature_id: String,
    /// The rule's own text, for specialists.
    pub(crate) signature: String,
    /// How bad the sensor calls it.
    pub(crate) severity: CaseSeverity,
    pub(crate) from: Endpoint,
    pub(crate) to: Endpoint,
    pub(crate) first: DateTime<Utc>,
    pub(crate) last: DateTime<Utc>,
    pub(crate) events: i64,
}

/// What a warning means.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) title: LocalizedText,
    /// How bad the response team calls it.
    pub(crate) severity: CaseSeverity,
    /// None where it is in no case.
    pub(crate) case: Option<CaseCard>,
}

impl Alert {
    /// A made-up one, of a device and an address outside.
    pub(crate) fn sample() -> Self {
        let now = portal_frame::samples::now();
        let end = |ip: &str| Endpoint { ip: ip.to_owned(), ..Endpoint::default() };
        Self {
            id: "alert".to_owned(),
            signature_id: "2024897".to_owned(),
            signature: "ET MALWARE Sample".to_owned(),
            severity: CaseSeverity::High,
            from: end("10.0.0.9"),
            to: end("203.0.113.77"),
            first: now,
            last: now,
            events: 14,
        }
    }

    /// The end that is not this device.
    pub(crate) fn other_end(&self, device_id: &str) -> &Endpoint {
        if self.is_from(device_id) { &self.to } else { &self.from }
    }

    pub(crate) fn is_from(&self, device_id: &str) -> bool {
        self.from.device_id == device_id
    }
}

impl TryFrom<monitor::Alert> for Alert {
    type Error = Unreadable;

    fn try_from(alert: monitor::Alert) -> Result<Self, Unreadable> {
        let severity = match alert.severity() {
            monitor::AlertSeverity::Low => CaseSeverity::Low,
            monitor::AlertSeverity::Medium => CaseSeverity::Medium,
            monitor::AlertSeverity::High => CaseSeverity::High,
            monitor::AlertSeverity::Unspecified => return Err(Unreadable("alert.severity")),
        };
        Ok(Self {
            id: required_text(alert.alert_id, "alert.alert_id")?,
            signature_id: alert.signature_id,
            signature: alert.signature,
            severity,
            from: alert.source.unwrap_or_default(),
            to: alert.destination.unwrap_or_default(),
            first: required_moment(alert.first_time, "alert.first_time")?,
            last: required_moment(alert.last_time, "alert.last_time")?,
            events: alert.event_count,
        })
    }
}

impl TryFrom<intake::AlertExplanation> for Meaning {
    type Error = Unreadable;

    fn try_from(explanation: intake::AlertExplanation) -> Result<Self, Unreadable> {
        Ok(Self {
            title: explanation.title.ok_or(Unreadable("explanation.title"))?,
            severity: CaseSeverity::known(explanation.severity, "explanation.severity")?,
            case: explanation.case.map(CaseCard::try_from).transpose()?,
        })
    }
}
