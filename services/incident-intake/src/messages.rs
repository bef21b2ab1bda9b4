//! Domain values as messages, and messages of others as domain values. Closed sets have the same number in both; a test compares names.

use content::Text;
use proto::{
    count,
    identity::v1 as identity,
    incident_intake::v1 as wire,
    network_monitor::v1 as monitor,
    time::{moment, timestamp},
};
use runtime::{Error, Violations};

use crate::domain::{
    alert::{Alert, AlertNews, AlertSeverity, Device, Endpoint, Signature},
    case::{Case, State},
    case_devices::{CaseDevice, CaseDevices},
    change::{CaseChange, TimelineEntry},
    person::Person,
    queue::QueueSummary,
    school::School,
};

/// PostgreSQL keeps no NUL in text, and real sensors send some.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

impl TryFrom<monitor::AlertEvent> for AlertNews {
    type Error = Error;

    fn try_from(event: monitor::AlertEvent) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let alert = read_alert(&mut fields, event.alert.unwrap_or_default());
        let new_events = events(&mut fields, "new_events", event.new_events);
        fields.build(|| Some(Self { alert: alert?, first: event.first, new_events: new_events? }))
    }
}

impl TryFrom<monitor::Alert> for Alert {
    type Error = Error;

    fn try_from(alert: monitor::Alert) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let alert = read_alert(&mut fields, alert);
        fields.finish(alert)
    }
}

fn read_alert(fields: &mut Violations, alert: monitor::Alert) -> Option<Alert> {
    let severity = AlertSeverity::from_repr(alert.severity).unwrap_or(AlertSeverity::Low);
    let id = fields.id("alert.alert_id", &alert.alert_id);
    let school_id = fields.id("alert.school_id", &alert.school_id);
    if alert.signature_id.is_empty() {
        fields.complain("alert.signature_id", "name what was matched");
    }
    let first_at = fields.require("alert.first_time", alert.first_time.and_then(moment), "give a moment");
    let last_at = fields.require("alert.last_time", alert.last_time.and_then(moment), "give a moment");
    let event_count = events(fields, "alert.event_count", alert.event_count);
    Some(Alert {
        id: id?,
        school_id: school_id?,
        signature: Signature {
            id: without_nul(alert.signature_id),
            text: without_nul(alert.signature),
            category: without_nul(alert.category),
        },
        severity,
        source: endpoint(alert.source),
        destination: endpoint(alert.destination),
        destination_count: u64::try_from(alert.destination_count).unwrap_or_default(),
        destination_ips: alert.destination_ips.into_iter().take(MOST_DESTINATIONS).map(without_nul).collect(),
        protocol: without_nul(alert.protocol),
        sensor: without_nul(alert.sensor),
        first_at: first_at?,
        last_at: last_at?,
        event_count: event_count?,
        raw_event: without_nul(alert.raw_event),
    })
}

/// Destinations of an alert that are kept by name.
const MOST_DESTINATIONS: usize = 20;

/// Events of one alert: at least one, or it would not be told.
fn events(fields: &mut Violations, field: &'static str, count: i64) -> Option<u64> {
    let count = u64::try_from(count).ok().filter(|count| *count > 0);
    fields.require(field, count, "give a number above zero")
}

fn endpoint(endpoint: Option<monitor::Endpoint>) -> Endpoint {
    let endpoint = endpoint.unwrap_or_default();
    let is_known = !endpoint.device_id.is_empty();
    let device = is_known.then(|| Device { id: without_nul(endpoint.device_id), name: without_nul(endpoint.device_name) });
    Endpoint { ip: without_nul(endpoint.ip), port: u16::try_from(endpoint.port).unwrap_or_default(), device }
}

impl TryFrom<identity::OrganisationState> for School {
    type Error = Error;

    fn try_from(state: identity::OrganisationState) -> Result<Self, Error> {
        let school = state.school.unwrap_or_default();
        let contact = state.contacts.into_iter().next().unwrap_or_default();
        let mut fields = Violations::default();
        let id = fields.id("school.school_id", &school.school_id);
        let id = fields.finish(id)?;
        Ok(Self {
            id,
            name: without_nul(school.name),
            municipality: without_nul(school.municipality),
            contact_name: without_nul(contact.name),
            contact_phone: without_nul(contact.phone),
        })
    }
}

impl From<&Case> for wire::Case {
    fn from(case: &Case) -> Self {
        let (phase, phase_time, close_reason, close_text) = match &case.state {
            State::Active { phase, since } => (*phase as i32, *since, wire::CloseReason::Unspecified as i32, ""),
            State::Closed(closure) => (wire::CasePhase::Closed as i32, closure.at, closure.reason as i32, closure.text.as_str()),
        };
        Self {
            case_id: case.id.to_string(),
            reference: case.reference.to_string(),
            school_id: case.school.id.to_string(),
            school_name: case.school.name.clone(),
            municipality: case.school.municipality.clone(),
            contact_name: case.school.contact_name.clone(),
            contact_phone: case.school.contact_phone.clone(),
            title: localized(&case.title),
            story: Some(wire::Story {
                what: localized(&case.story.what),
                r#do: case.story.r#do.iter().filter_map(localized).collect(),
                do_not: case.story.do_not.iter().filter_map(localized).collect(),
                call: localized(&case.story.call),
            }),
            rsit_class: case.rsit.class.clone(),
            rsit_type: case.rsit.kind.clone(),
            severity: case.severity as i32,
            phase,
            phase_time: Some(timestamp(phase_time)),
            assignee: case.assignee.as_ref().map(Into::into),
            close_reason,
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
            etag: case.etag().to_string(),
            rsit_name: localized(&case.rsit_name),
            phases_seen: case.phases_seen.iter().map(|phase| phase as i32).collect(),
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
                let reason = threshold.into_str().to_owned();
                Self::Opened(wire::CaseOpened { reason, count: count(needed), window_seconds: within.num_seconds() })
            }
            CaseChange::AlertAttached { alert_id, new_events } => {
                Self::AlertAttached(wire::AlertAttached { alert_id: alert_id.to_string(), new_events: count(*new_events) })
            }
            CaseChange::Assigned { from, to } => {
                Self::Assigned(wire::CaseAssigned { from: from.as_ref().map(Into::into), to: to.as_ref().map(Into::into) })
            }
            CaseChange::PhaseChanged { from, to } => Self::PhaseChanged(wire::CasePhaseChanged { from: *from as i32, to: *to as i32 }),
            CaseChange::NoteAdded { text, tlp } => Self::Note(wire::NoteAdded { text: text.as_str().to_owned(), tlp: tlp.to_string() }),
            CaseChange::Closed { reason, text } => {
                Self::Closed(wire::CaseClosed { reason: *reason as i32, text: text.as_str().to_owned() })
            }
            CaseChange::Reopened { text } => Self::Reopened(wire::CaseReopened { text: text.as_str().to_owned() }),
            CaseChange::SeverityRaised { from, to } => Self::SeverityRaised(wire::SeverityRaised { from: *from as i32, to: *to as i32 }),
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
            destination_count: count(alert.destination_count),
            destination_ips: alert.destination_ips,
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

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;
    use crate::domain::{close_reason::CloseReason, phase::Phase, severity::Severity};

    /// The number of each value is that of its name on the wire, and back.
    fn assert_same<T: VariantArray + Copy + Into<&'static str>>(
        prefix: &str,
        number: fn(T) -> i32,
        wire_name: fn(i32) -> Option<&'static str>,
    ) {
        for value in T::VARIANTS {
            let name: &'static str = (*value).into();
            assert_eq!(wire_name(number(*value)), Some(format!("{prefix}_{}", name.to_uppercase()).as_str()));
        }
        let others = [0, i32::try_from(T::VARIANTS.len()).unwrap() + 1].map(wire_name);
        let known = [format!("{prefix}_UNSPECIFIED"), format!("{prefix}_CLOSED")];
        assert!(others.into_iter().flatten().all(|name| known.iter().any(|known| known == name)), "{others:?} has no value in the domain");
    }

    #[test]
    fn closed_sets_have_the_numbers_of_the_wire() {
        assert_same::<Phase>("CASE_PHASE", |phase| phase as i32, |number| Some(wire::CasePhase::try_from(number).ok()?.as_str_name()));
        assert_same::<Severity>("CASE_SEVERITY", |it| it as i32, |number| Some(wire::CaseSeverity::try_from(number).ok()?.as_str_name()));
        assert_same::<CloseReason>("CLOSE_REASON", |it| it as i32, |number| Some(wire::CloseReason::try_from(number).ok()?.as_str_name()));
        assert_same::<AlertSeverity>(
            "ALERT_SEVERITY",
            |it| it as i32,
            |number| Some(monitor::AlertSeverity::try_from(number).ok()?.as_str_name()),
        );
    }
}
