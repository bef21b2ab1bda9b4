//! What happened in a case, step by step, each with its row in the audit chain.

use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::answer::{Unreadable, WireEnum as _, given, required_moment};
use proto::incident_intake::v1::{self as wire, CasePhase, CaseSeverity, CloseReason, Person, timeline_entry::What};

use super::view::Tlp;

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
    PhaseChanged { from: CasePhase, to: CasePhase },
    Noted { text: String, tlp: Tlp },
    Closed { reason: CloseReason, text: String },
    Reopened { text: String },
    SeverityRaised { from: CaseSeverity, to: CaseSeverity },
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

/// The row of a step in the audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Audit {
    pub(crate) number: i64,
    /// The first 12 hex digits of the row's hash.
    pub(crate) hash: String,
}

impl TimelineEntry {
    /// One made-up step of each kind.
    pub(crate) fn samples() -> Vec<Self> {
        let noor = Person { person_id: "noor".to_owned(), name: "Noor Claes".to_owned() };
        let text = || "Toestel nagekeken.".to_owned();
        let within = TimeDelta::hours(1);
        let steps = [
            Happening::Opened { because: Threshold::FirstAlert },
            Happening::Opened { because: Threshold::Events { count: 5, within } },
            Happening::Opened { because: Threshold::Alerts { count: 2, within } },
            Happening::AlertAttached { new_events: 3 },
            Happening::Assigned { from: None, to: Some(noor.clone()) },
            Happening::Assigned { from: Some(noor.clone()), to: None },
            Happening::PhaseChanged { from: CasePhase::Open, to: CasePhase::Containment },
            Happening::Noted { text: text(), tlp: Tlp::Green },
            Happening::SeverityRaised { from: CaseSeverity::Low, to: CaseSeverity::VeryHigh },
            Happening::Closed { reason: CloseReason::Duplicate, text: text() },
            Happening::Reopened { text: text() },
        ];
        let audit = || Some(Audit { number: 7, hash: "00ff".to_owned() });
        steps.map(|what| Self { at: portal_frame::samples::now(), actor: Some(noor.clone()), what, audit: audit() }).into()
    }
}

impl TryFrom<wire::TimelineEntry> for TimelineEntry {
    type Error = Unreadable;

    fn try_from(entry: wire::TimelineEntry) -> Result<Self, Unreadable> {
        let what = match entry.what.ok_or(Unreadable("timeline_entry.what"))? {
            What::Opened(opened) => Happening::Opened { because: Threshold::from_wire(&opened) },
            What::AlertAttached(attached) => Happening::AlertAttached { new_events: attached.new_events },
            What::Assigned(assigned) => Happening::Assigned { from: assigned.from, to: assigned.to },
            What::PhaseChanged(changed) => Happening::PhaseChanged {
                from: CasePhase::known(changed.from, "phase_changed.from")?,
                to: CasePhase::known(changed.to, "phase_changed.to")?,
            },
            What::Note(note) => Happening::Noted { tlp: Tlp::from_label(&note.tlp).unwrap_or(Tlp::Red), text: note.text },
            What::Closed(closed) => Happening::Closed { reason: CloseReason::known(closed.reason, "closed.reason")?, text: closed.text },
            What::Reopened(reopened) => Happening::Reopened { text: reopened.text },
            What::SeverityRaised(raised) => Happening::SeverityRaised {
                from: CaseSeverity::known(raised.from, "severity_raised.from")?,
                to: CaseSeverity::known(raised.to, "severity_raised.to")?,
            },
        };
        let audit = given(entry.audit_hash).map(|hash| Audit { number: entry.audit_seq, hash });
        Ok(Self { at: required_moment(entry.time, "timeline_entry.time")?, actor: entry.actor, what, audit })
    }
}
