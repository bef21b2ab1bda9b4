//! What happened in a case, step by step, each with its row in the audit chain.

use chrono::{DateTime, TimeDelta, Utc};
use proto::incident_intake::v1::{self as wire, timeline_entry::What};

use super::{CloseReason, Person, Phase, Severity, Tlp, Unreadable, given, required_moment};

/// One step.
#[derive(Clone, Debug)]
pub(crate) struct TimelineEntry {
    pub(crate) at: DateTime<Utc>,
    /// Nobody: Schildwacht itself.
    pub(crate) actor: Option<Person>,
    pub(crate) what: Happening,
    pub(crate) audit: Option<Audit>,
}

/// What a step was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    Opened { because: Threshold },
    AlertAttached { new_events: i64 },
    Assigned { from: Option<Person>, to: Option<Person> },
    PhaseChanged { from: Phase, to: Phase },
    Noted { text: String, tlp: Tlp },
    Closed { reason: CloseReason, text: String },
    Reopened { text: String },
    SeverityRaised { from: Severity, to: Severity },
}

/// Why Schildwacht opened a case by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threshold {
    /// One alert is enough for this kind of incident.
    FirstAlert,
    /// So many contacts within so much time.
    Events { count: i64, within: TimeDelta },
    /// So many different alerts within so much time.
    Alerts { count: i64, within: TimeDelta },
}

impl Threshold {
    /// A reason newer than this release reads as the first alert, which is true of every case.
    fn from_wire(opened: &wire::CaseOpened) -> Self {
        let within = TimeDelta::try_seconds(opened.window_seconds).unwrap_or_default();
        match opened.reason.as_str() {
            "events_within_window" => Self::Events { count: opened.count, within },
            "alerts_within_window" => Self::Alerts { count: opened.count, within },
            _ => Self::FirstAlert,
        }
    }
}

/// The row in the audit chain that a step stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Audit {
    pub(crate) number: i64,
    /// The first 12 hex digits of the row's hash.
    pub(crate) hash: String,
}

impl TryFrom<wire::TimelineEntry> for TimelineEntry {
    type Error = Unreadable;

    fn try_from(entry: wire::TimelineEntry) -> Result<Self, Unreadable> {
        let what = match entry.what.ok_or(Unreadable("timeline_entry.what"))? {
            What::Opened(opened) => Happening::Opened { because: Threshold::from_wire(&opened) },
            What::AlertAttached(attached) => Happening::AlertAttached { new_events: attached.new_events },
            What::Assigned(assigned) => Happening::Assigned { from: assigned.from.map(Person::from), to: assigned.to.map(Person::from) },
            What::PhaseChanged(changed) => Happening::PhaseChanged {
                from: Phase::from_wire(changed.from, "phase_changed.from")?,
                to: Phase::from_wire(changed.to, "phase_changed.to")?,
            },
            What::Note(note) => Happening::Noted { tlp: Tlp::from_label(&note.tlp).unwrap_or(Tlp::Red), text: note.text },
            What::Closed(closed) => {
                Happening::Closed { reason: CloseReason::from_wire(closed.reason, "closed.reason")?, text: closed.text }
            }
            What::Reopened(reopened) => Happening::Reopened { text: reopened.text },
            What::SeverityRaised(raised) => Happening::SeverityRaised {
                from: Severity::from_wire(raised.from, "severity_raised.from")?,
                to: Severity::from_wire(raised.to, "severity_raised.to")?,
            },
        };
        let audit = given(entry.audit_hash).map(|hash| Audit { number: entry.audit_seq, hash });
        Ok(Self { at: required_moment(entry.time, "timeline_entry.time")?, actor: entry.actor.map(Person::from), what, audit })
    }
}
