//! The whole case, as its own page and the queue show it.

use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::{
    answer::{Unreadable, WireEnum as _, moment, required_moment},
    mark::{Standing, Target},
};
use proto::incident_intake::v1::{self as wire, CasePhase, CaseSeverity, CloseReason, LocalizedText, Person};

/// With whom a text may be shared (Traffic Light Protocol 2.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tlp {
    Red,
    AmberStrict,
    Amber,
    Green,
    Clear,
}

/// How a closed case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) reason: CloseReason,
    pub(crate) text: String,
}

/// One case: the message, and what is read or computed from it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// As incident-intake sent it. What is shown as it came is taken from here.
    pub(crate) wire: wire::Case,
    pub(crate) title: LocalizedText,
    pub(crate) severity: CaseSeverity,
    pub(crate) phase: CasePhase,
    pub(crate) phase_since: DateTime<Utc>,
    pub(crate) closing: Option<Closing>,
    pub(crate) opened: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    /// The phases it has been in; empty where a release that does not tell them answered.
    phases_seen: Vec<CasePhase>,
    pub(crate) tlp: Tlp,
}

impl Case {
    /// Made-up cases: one that nobody has, one being worked on, one that is closed.
    pub(crate) fn samples() -> Vec<Self> {
        samples().into_iter().filter_map(|case| case.try_into().ok()).collect()
    }

    /// The target of the first response.
    pub(crate) fn reaction(&self) -> Option<Target> {
        let due = moment(self.wire.react_by_time)?;
        let done = self.reacted().or_else(|| self.closed_at());
        Some(Target { start: self.opened, due, soon: moment(self.wire.react_soon_time).unwrap_or(due), done })
    }

    /// When somebody first responded.
    pub(crate) fn reacted(&self) -> Option<DateTime<Utc>> {
        moment(self.wire.react_time)
    }

    /// The target of the resolution.
    pub(crate) fn resolution(&self) -> Option<Target> {
        let due = moment(self.wire.resolve_by_time)?;
        Some(Target { start: self.opened, due, soon: moment(self.wire.resolve_soon_time).unwrap_or(due), done: self.closed_at() })
    }

    pub(crate) fn last_event(&self) -> Option<DateTime<Utc>> {
        moment(self.wire.last_event_time)
    }

    /// The kind of incident in the taxonomy of the field (RSIT): `intrusions/system-compromise`.
    pub(crate) fn rsit(&self) -> String {
        let parts = [self.wire.rsit_class.as_str(), &self.wire.rsit_type];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    /// Whether the target that counts now has passed.
    pub(crate) fn is_late(&self, now: DateTime<Utc>) -> bool {
        let late = |target: Option<Target>| target.is_some_and(|target| matches!(target.standing(now), Standing::Late { .. }));
        late(self.reaction()) || late(self.resolution())
    }

    /// Whether the case went past this phase without being in it.
    pub(crate) fn has_skipped(&self, phase: CasePhase) -> bool {
        phase < self.phase && !self.phases_seen.is_empty() && !self.phases_seen.contains(&phase)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase == CasePhase::Closed
    }

    /// Whether this person has the case.
    pub(crate) fn is_of(&self, person_id: &str) -> bool {
        self.wire.assignee.as_ref().is_some_and(|assignee| assignee.person_id == person_id)
    }

    fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.is_closed().then_some(self.phase_since)
    }
}

/// The usual next phase; none after the last one before closing, which needs a reason.
pub(crate) fn next_phase(phase: CasePhase) -> Option<CasePhase> {
    CasePhase::all().find(|later| *later > phase).filter(|next| *next != CasePhase::Closed)
}

impl Tlp {
    /// Of a note unless its writer says otherwise: what is meant for the team alone must not reach a school by haste.
    pub(crate) const OF_NOTES: Self = Self::AmberStrict;

    pub(crate) const ALL: [Self; 5] = [Self::Red, Self::AmberStrict, Self::Amber, Self::Green, Self::Clear];

    /// The label as TLP 2.0 writes it, also on the wire.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Red => "TLP:RED",
            Self::AmberStrict => "TLP:AMBER+STRICT",
            Self::Amber => "TLP:AMBER",
            Self::Green => "TLP:GREEN",
            Self::Clear => "TLP:CLEAR",
        }
    }

    /// Reads a label; for one that is newer than this release, callers take the strictest.
    pub(crate) fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tlp| tlp.label() == label)
    }
}

/// As incident-intake tells them.
fn samples() -> [wire::Case; 3] {
    let text = |nl: &str| Some(LocalizedText { nl: nl.to_owned(), en: String::new() });
    let at = |minutes_ago: i64| Some(proto::time::timestamp(portal_frame::samples::now() - TimeDelta::minutes(minutes_ago)));
    let open = wire::Case {
        case_id: "0190c0de-0000-7000-8000-000000000412".to_owned(),
        reference: "SW-2026-0412".to_owned(),
        school_id: portal_frame::samples::school_id().to_string(),
        school_name: "Basisschool De Zandloper".to_owned(),
        municipality: "Aalter".to_owned(),
        contact_name: "Onthaal".to_owned(),
        contact_phone: "09 374 12 34".to_owned(),
        title: text("Een toestel praat met een verdacht adres"),
        story: Some(wire::Story {
            what: text("Eerste alinea.\n\nTweede alinea."),
            r#do: text("Haal {toestel} van het netwerk.").into_iter().collect(),
            do_not: text("Zet het niet uit.").into_iter().collect(),
            call: text("Het responsteam: {noodnummer}."),
        }),
        severity: CaseSeverity::High.into(),
        phase: CasePhase::Open.into(),
        phase_time: at(60),
        open_time: at(90),
        update_time: at(30),
        last_event_time: at(30),
        react_by_time: at(10),
        resolve_by_time: at(-240),
        tlp: Tlp::Amber.label().to_owned(),
        ..wire::Case::default()
    };
    let assignee = Some(Person { person_id: "00000000-0000-0000-0000-000000000000".to_owned(), name: "Noor Claes".to_owned() });
    let working = wire::Case { phase: CasePhase::Containment.into(), react_time: at(20), assignee, ..open.clone() };
    let (reason, close_text) = (CloseReason::Resolved.into(), "Toestel nagekeken.".to_owned());
    let closed = wire::Case { phase: CasePhase::Closed.into(), close_reason: reason, close_text, ..working.clone() };
    [open, working, closed]
}

impl TryFrom<wire::Case> for Case {
    type Error = Unreadable;

    fn try_from(case: wire::Case) -> Result<Self, Unreadable> {
        for (text, field) in [(&case.case_id, "case.case_id"), (&case.reference, "case.reference"), (&case.school_id, "case.school_id")] {
            if text.is_empty() {
                return Err(Unreadable(field));
            }
        }
        let phase = CasePhase::known(case.phase, "case.phase")?;
        let closing = match phase {
            CasePhase::Closed => {
                let reason = CloseReason::known(case.close_reason, "case.close_reason")?;
                Some(Closing { reason, text: case.close_text.clone() })
            }
            _ => None,
        };
        Ok(Self {
            title: case.title.clone().ok_or(Unreadable("case.title"))?,
            severity: CaseSeverity::known(case.severity, "case.severity")?,
            phase,
            phase_since: required_moment(case.phase_time, "case.phase_time")?,
            closing,
            opened: required_moment(case.open_time, "case.open_time")?,
            updated: required_moment(case.update_time, "case.update_time")?,
            phases_seen: case.phases_seen.iter().map(|phase| CasePhase::known(*phase, "case.phases_seen")).collect::<Result<_, _>>()?,
            tlp: Tlp::from_label(&case.tlp).unwrap_or(Tlp::Red),
            wire: case,
        })
    }
}
