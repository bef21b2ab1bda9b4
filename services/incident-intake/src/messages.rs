//! Domain values as messages, and messages of others as domain values.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use content::Text;
use proto::{identity::v1 as identity, incident_intake::v1 as wire, network_monitor::v1 as monitor, time::timestamp};
use runtime::SchoolId;

use crate::domain::{
    alert::{Alert, AlertNews, AlertSeverity, Device, Endpoint, Signature},
    case::{Case, Phase, State},
    case_devices::{CaseDevice, CaseDevices},
    change::{CaseChange, CloseReason, Person, TimelineEntry},
    queue::QueueSummary,
    school::School,
    severity::Severity,
};

/// What is wrong with a message of another service, all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct Violations(Vec<String>);

impl Violations {
    fn required<T: FromStr>(&mut self, field: &str, text: &str) -> Option<T> {
        let value = text.parse().ok();
        if value.is_none() {
            self.0.push(format!("{field} is no id: {text:?}"));
        }
        value
    }

    fn moment(&mut self, field: &str, timestamp: Option<prost_types::Timestamp>) -> Option<DateTime<Utc>> {
        let moment = timestamp.and_then(proto::time::moment);
        if moment.is_none() {
            self.0.push(format!("{field} is missing or no moment"));
        }
        moment
    }

    /// Events of one alert: at least one, or it would not be told.
    fn events(&mut self, field: &str, count: i64) -> u64 {
        match u64::try_from(count) {
            Ok(count) if count > 0 => count,
            _ => {
                self.0.push(format!("{field} is {count}, not a number above zero"));
                0
            }
        }
    }
}

/// PostgreSQL keeps no NUL in text, and real sensors send some.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

impl TryFrom<monitor::AlertEvent> for AlertNews {
    type Error = Violations;

    fn try_from(event: monitor::AlertEvent) -> Result<Self, Violations> {
        let mut violations = Violations(Vec::new());
        let alert = violations.alert(event.alert.unwrap_or_default());
        let new_events = violations.events("new_events", event.new_events);
        let alert = alert.filter(|_| violations.0.is_empty()).ok_or(violations)?;
        Ok(Self { alert, first: event.first, new_events })
    }
}

impl TryFrom<monitor::Alert> for Alert {
    type Error = Violations;

    fn try_from(alert: monitor::Alert) -> Result<Self, Violations> {
        let mut violations = Violations(Vec::new());
        let alert = violations.alert(alert);
        alert.ok_or(violations)
    }
}

impl Violations {
    fn alert(&mut self, alert: monitor::Alert) -> Option<Alert> {
        let severity = match alert.severity() {
            monitor::AlertSeverity::High => AlertSeverity::High,
            monitor::AlertSeverity::Medium => AlertSeverity::Medium,
            monitor::AlertSeverity::Low | monitor::AlertSeverity::Unspecified => AlertSeverity::Low,
        };
        let id = self.required("alert.alert_id", &alert.alert_id);
        let school_id = self.required("alert.school_id", &alert.school_id);
        if alert.signature_id.is_empty() {
            self.0.push("alert.signature_id is empty".to_owned());
        }
        let first_at = self.moment("alert.first_time", alert.first_time);
        let last_at = self.moment("alert.last_time", alert.last_time);
        let event_count = self.events("alert.event_count", alert.event_count);
        let (Some(id), Some(school_id), Some(first_at), Some(last_at), true) = (id, school_id, first_at, last_at, self.0.is_empty()) else {
            return None;
        };
        Some(Alert {
            id,
            school_id,
            signature: Signature {
                id: without_nul(alert.signature_id),
                text: without_nul(alert.signature),
                category: without_nul(alert.category),
            },
            severity,
            source: endpoint(alert.source),
            destination: endpoint(alert.destination),
            protocol: without_nul(alert.protocol),
            sensor: without_nul(alert.sensor),
            first_at,
            last_at,
            event_count,
            raw_event: without_nul(alert.raw_event),
        })
    }
}

fn endpoint(endpoint: Option<monitor::Endpoint>) -> Endpoint {
    let endpoint = endpoint.unwrap_or_default();
    let is_known = !endpoint.device_id.is_empty();
    let device = is_known.then(|| Device { id: without_nul(endpoint.device_id), name: without_nul(endpoint.device_name) });
    Endpoint { ip: without_nul(endpoint.ip), port: u16::try_from(endpoint.port).unwrap_or_default(), device }
}

impl TryFrom<identity::School> for School {
    type Error = Violations;

    fn try_from(school: identity::School) -> Result<Self, Violations> {
        let mut violations = Violations(Vec::new());
        let id: Option<SchoolId> = violations.required("school.school_id", &school.school_id);
        let id = id.ok_or(violations)?;
        Ok(Self { id, name: without_nul(school.name), municipality: without_nul(school.municipality) })
    }
}

impl From<&Case> for wire::Case {
    fn from(case: &Case) -> Self {
        let (phase, phase_time, close_reason, close_text) = match &case.state {
            State::Active { phase, since } => (wire::CasePhase::from(*phase), *since, wire::CloseReason::Unspecified, ""),
            State::Closed(closure) => (wire::CasePhase::Closed, closure.at, closure.reason.into(), closure.text.as_str()),
        };
        Self {
            case_id: case.id.to_string(),
            reference: case.reference.to_string(),
            school_id: case.school.id.to_string(),
            school_name: case.school.name.clone(),
            municipality: case.school.municipality.clone(),
            title: localized(&case.title),
            story: Some(wire::Story {
                what: localized(&case.story.what),
                r#do: case.story.r#do.iter().filter_map(localized).collect(),
                do_not: case.story.do_not.iter().filter_map(localized).collect(),
                call: localized(&case.story.call),
            }),
            rsit_class: case.rsit.class.clone(),
            rsit_type: case.rsit.kind.clone(),
            severity: wire::CaseSeverity::from(case.severity).into(),
            phase: phase.into(),
            phase_time: Some(timestamp(phase_time)),
            assignee: case.assignee.as_ref().map(Into::into),
            close_reason: close_reason.into(),
            close_text: close_text.to_owned(),
            signature_id: case.signature.id.clone(),
            signature: case.signature.text.clone(),
            alert_count: count(case.tally.alerts),
            event_count: count(case.tally.events),
            open_time: Some(timestamp(case.opened_at)),
            update_time: Some(timestamp(case.updated_at)),
            last_event_time: Some(timestamp(case.last_event_at)),
            react_by_time: Some(timestamp(case.targets.react_by)),
            react_time: case.reacted_at.map(timestamp),
            resolve_by_time: Some(timestamp(case.targets.resolve_by)),
            origin: "network".to_owned(),
            tlp: case.tlp.to_string(),
            content_version: case.content_version.clone(),
            etag: case.etag(),
            rsit_name: localized(&case.rsit_name),
            phases_seen: case.phases_seen.iter().map(|phase| wire::CasePhase::from(phase).into()).collect(),
            react_soon_time: Some(timestamp(case.targets.react_soon)),
            resolve_soon_time: Some(timestamp(case.targets.resolve_soon)),
        }
    }
}

/// A text in both languages.
pub fn localized(text: &Text) -> Option<wire::LocalizedText> {
    Some(wire::LocalizedText { nl: text.nl.clone(), en: text.en.clone() })
}

impl From<&Person> for wire::Person {
    fn from(person: &Person) -> Self {
        Self { person_id: person.id.to_string(), name: person.name.clone() }
    }
}

impl From<Severity> for wire::CaseSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::VeryHigh => Self::VeryHigh,
        }
    }
}

impl From<Phase> for wire::CasePhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Open => Self::Open,
            Phase::InProgress => Self::InProgress,
            Phase::Containment => Self::Containment,
            Phase::Eradication => Self::Eradication,
            Phase::Recovery => Self::Recovery,
            Phase::PostIncident => Self::PostIncident,
        }
    }
}

impl From<CloseReason> for wire::CloseReason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::Resolved => Self::Resolved,
            CloseReason::FalsePositive => Self::FalsePositive,
            CloseReason::NoActionNeeded => Self::NoActionNeeded,
            CloseReason::Duplicate => Self::Duplicate,
        }
    }
}

impl From<&TimelineEntry> for wire::TimelineEntry {
    fn from(entry: &TimelineEntry) -> Self {
        Self {
            entry_id: entry.id.to_string(),
            time: Some(timestamp(entry.at)),
            actor: entry.actor.as_ref().map(Into::into),
            what: Some((&entry.change).into()),
            audit_seq: entry.audit_seq,
            audit_hash: entry.audit_hash.clone(),
        }
    }
}

impl From<&CaseChange> for wire::timeline_entry::What {
    fn from(change: &CaseChange) -> Self {
        match change {
            CaseChange::Opened { threshold } => {
                let (needed, within) = threshold.figures();
                let reason = threshold.name().to_owned();
                Self::Opened(wire::CaseOpened { reason, count: count(needed), window_seconds: within.num_seconds() })
            }
            CaseChange::AlertAttached { alert_id, new_events } => {
                Self::AlertAttached(wire::AlertAttached { alert_id: alert_id.to_string(), new_events: count(*new_events) })
            }
            CaseChange::Assigned { from, to } => {
                Self::Assigned(wire::CaseAssigned { from: from.as_ref().map(Into::into), to: to.as_ref().map(Into::into) })
            }
            CaseChange::PhaseChanged { from, to } => Self::PhaseChanged(wire::CasePhaseChanged {
                from: wire::CasePhase::from(*from).into(),
                to: wire::CasePhase::from(*to).into(),
            }),
            CaseChange::NoteAdded { text, tlp } => Self::Note(wire::NoteAdded { text: text.as_str().to_owned(), tlp: tlp.to_string() }),
            CaseChange::Closed { reason, text } => {
                Self::Closed(wire::CaseClosed { reason: wire::CloseReason::from(*reason).into(), text: text.as_str().to_owned() })
            }
            CaseChange::Reopened { text } => Self::Reopened(wire::CaseReopened { text: text.as_str().to_owned() }),
            CaseChange::SeverityRaised { from, to } => Self::SeverityRaised(wire::SeverityRaised {
                from: wire::CaseSeverity::from(*from).into(),
                to: wire::CaseSeverity::from(*to).into(),
            }),
        }
    }
}

/// An alert as evidence; its fingerprint is added where it is computed.
impl From<Alert> for wire::Evidence {
    fn from(alert: Alert) -> Self {
        let (source_device_id, source_device_name) = named(alert.source.device);
        let (destination_device_id, destination_device_name) = named(alert.destination.device);
        Self {
            alert_id: alert.id.to_string(),
            signature: alert.signature.text,
            category: alert.signature.category,
            sensor: alert.sensor,
            source_ip: alert.source.ip,
            source_port: alert.source.port.into(),
            source_device_id,
            source_device_name,
            destination_ip: alert.destination.ip,
            destination_port: alert.destination.port.into(),
            destination_device_id,
            destination_device_name,
            protocol: alert.protocol,
            first_time: Some(timestamp(alert.first_at)),
            last_time: Some(timestamp(alert.last_at)),
            event_count: count(alert.event_count),
            raw_event: alert.raw_event,
            raw_event_sha256: String::new(),
        }
    }
}

impl From<CaseDevices> for wire::CaseDevices {
    fn from(devices: CaseDevices) -> Self {
        Self { devices: devices.first.into_iter().map(Into::into).collect(), total_size: count(devices.total) }
    }
}

impl From<CaseDevice> for wire::CaseDevice {
    fn from(device: CaseDevice) -> Self {
        Self { device_id: device.id.unwrap_or_default(), name: device.name, ip: device.ip }
    }
}

fn named(device: Option<Device>) -> (String, String) {
    device.map(|device| (device.id, device.name)).unwrap_or_default()
}

impl From<QueueSummary> for wire::QueueSummary {
    fn from(summary: QueueSummary) -> Self {
        Self {
            open: summary.open,
            opened_today: summary.opened_today,
            unassigned: summary.unassigned,
            unassigned_late: summary.unassigned_late,
            mine: summary.mine,
            late: summary.late,
            median_reaction_seconds: summary.median_reaction.map(|wait| wait.num_seconds()).unwrap_or_default(),
            median_resolution_seconds: summary.median_resolution.map(|wait| wait.num_seconds()).unwrap_or_default(),
        }
    }
}

/// A count as messages carry it.
pub fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
