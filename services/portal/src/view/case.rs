//! A case as the queue and its own page show it.

use chrono::{DateTime, Utc};
use proto::incident_intake::v1 as wire;

use super::{Target, Unreadable, moment, required_moment, required_text};
use crate::language::Language;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Low,
    Medium,
    High,
    VeryHigh,
}

/// Where the work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Open,
    InProgress,
    Containment,
    Eradication,
    Recovery,
    PostIncident,
    Closed,
}

/// Why a case was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    Resolved,
    FalsePositive,
    NoActionNeeded,
    Duplicate,
}

/// With whom a text may be shared (Traffic Light Protocol 2.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tlp {
    Red,
    AmberStrict,
    Amber,
    Green,
    Clear,
}

/// A person who acts on cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A text from content, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bilingual {
    pub(crate) dutch: String,
    pub(crate) english: String,
}

/// How a closed case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) reason: CloseReason,
    pub(crate) text: String,
}

/// One case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) reference: String,
    pub(crate) school_id: String,
    pub(crate) school_name: String,
    pub(crate) municipality: String,
    pub(crate) title: Bilingual,
    pub(crate) story: Bilingual,
    /// What kind of incident it is, in plain words.
    pub(crate) kind: Bilingual,
    /// The same in the taxonomy of the field (RSIT): `intrusions/system-compromise`.
    pub(crate) rsit: String,
    pub(crate) severity: Severity,
    pub(crate) phase: Phase,
    pub(crate) phase_since: DateTime<Utc>,
    pub(crate) assignee: Option<Person>,
    pub(crate) closing: Option<Closing>,
    pub(crate) signature_id: String,
    pub(crate) signature: String,
    pub(crate) alerts: i64,
    pub(crate) events: i64,
    pub(crate) opened: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) last_event: Option<DateTime<Utc>>,
    pub(crate) react_by: Option<DateTime<Utc>>,
    pub(crate) reacted: Option<DateTime<Utc>>,
    pub(crate) resolve_by: Option<DateTime<Utc>>,
    pub(crate) react_soon: Option<DateTime<Utc>>,
    pub(crate) resolve_soon: Option<DateTime<Utc>>,
    /// The phases it has been in; empty where a release that does not tell them answered.
    pub(crate) phases_seen: Vec<Phase>,
    pub(crate) tlp: Tlp,
    pub(crate) content_version: String,
    pub(crate) etag: String,
}

impl Case {
    /// The target of the first reaction.
    pub(crate) fn reaction(&self) -> Option<Target> {
        let due = self.react_by?;
        let done = self.reacted.or_else(|| self.closed_at());
        Some(Target { start: self.opened, due, soon: self.react_soon.unwrap_or(due), done })
    }

    /// The target of the solution.
    pub(crate) fn resolution(&self) -> Option<Target> {
        let due = self.resolve_by?;
        Some(Target { start: self.opened, due, soon: self.resolve_soon.unwrap_or(due), done: self.closed_at() })
    }

    /// Whether the target that counts now has passed.
    pub(crate) fn is_late(&self, now: DateTime<Utc>) -> bool {
        let late = |target: Option<Target>| target.is_some_and(|target| matches!(target.standing(now), super::Standing::Late { .. }));
        late(self.reaction()) || late(self.resolution())
    }

    /// Whether the case went past this phase without being in it.
    pub(crate) fn has_skipped(&self, phase: Phase) -> bool {
        phase < self.phase && !self.phases_seen.is_empty() && !self.phases_seen.contains(&phase)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Whether this person has the case.
    pub(crate) fn is_of(&self, person_id: &str) -> bool {
        self.assignee.as_ref().is_some_and(|assignee| assignee.id == person_id)
    }

    fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.is_closed().then_some(self.phase_since)
    }
}

impl Severity {
    pub(crate) const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::VeryHigh];

    /// 1 low … 4 very high.
    pub(crate) const fn level(self) -> u8 {
        match self {
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::VeryHigh => 4,
        }
    }

    /// As in addresses and exports.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::VeryHigh => "very_high",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.code() == code)
    }

    pub(super) fn from_wire(value: i32, field: &'static str) -> Result<Self, Unreadable> {
        match wire::CaseSeverity::try_from(value) {
            Ok(wire::CaseSeverity::Low) => Ok(Self::Low),
            Ok(wire::CaseSeverity::Medium) => Ok(Self::Medium),
            Ok(wire::CaseSeverity::High) => Ok(Self::High),
            Ok(wire::CaseSeverity::VeryHigh) => Ok(Self::VeryHigh),
            Ok(wire::CaseSeverity::Unspecified) | Err(_) => Err(Unreadable(field)),
        }
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

impl Phase {
    /// In the order of the work.
    pub(crate) const ALL: [Self; 7] =
        [Self::Open, Self::InProgress, Self::Containment, Self::Eradication, Self::Recovery, Self::PostIncident, Self::Closed];

    /// The usual next phase; none after the last one before closing, which needs a reason.
    pub(crate) fn next(self) -> Option<Self> {
        let following = Self::ALL.into_iter().find(|phase| *phase > self)?;
        (following != Self::Closed).then_some(following)
    }

    /// As in addresses and exports.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::Containment => "containment",
            Self::Eradication => "eradication",
            Self::Recovery => "recovery",
            Self::PostIncident => "post_incident",
            Self::Closed => "closed",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.code() == code)
    }

    pub(super) fn from_wire(value: i32, field: &'static str) -> Result<Self, Unreadable> {
        match wire::CasePhase::try_from(value) {
            Ok(wire::CasePhase::Open) => Ok(Self::Open),
            Ok(wire::CasePhase::InProgress) => Ok(Self::InProgress),
            Ok(wire::CasePhase::Containment) => Ok(Self::Containment),
            Ok(wire::CasePhase::Eradication) => Ok(Self::Eradication),
            Ok(wire::CasePhase::Recovery) => Ok(Self::Recovery),
            Ok(wire::CasePhase::PostIncident) => Ok(Self::PostIncident),
            Ok(wire::CasePhase::Closed) => Ok(Self::Closed),
            Ok(wire::CasePhase::Unspecified) | Err(_) => Err(Unreadable(field)),
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
            Phase::Closed => Self::Closed,
        }
    }
}

impl CloseReason {
    pub(crate) const ALL: [Self; 4] = [Self::Resolved, Self::FalsePositive, Self::NoActionNeeded, Self::Duplicate];

    /// As in forms and exports.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::FalsePositive => "false_positive",
            Self::NoActionNeeded => "no_action_needed",
            Self::Duplicate => "duplicate",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    pub(super) fn from_wire(value: i32, field: &'static str) -> Result<Self, Unreadable> {
        match wire::CloseReason::try_from(value) {
            Ok(wire::CloseReason::Resolved) => Ok(Self::Resolved),
            Ok(wire::CloseReason::FalsePositive) => Ok(Self::FalsePositive),
            Ok(wire::CloseReason::NoActionNeeded) => Ok(Self::NoActionNeeded),
            Ok(wire::CloseReason::Duplicate) => Ok(Self::Duplicate),
            Ok(wire::CloseReason::Unspecified) | Err(_) => Err(Unreadable(field)),
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

impl Bilingual {
    /// The text in a language; the other one where it is missing, since some words are better than none.
    pub(crate) fn in_language(&self, language: Language) -> &str {
        let (wanted, other) = match language {
            Language::Dutch => (&self.dutch, &self.english),
            Language::English => (&self.english, &self.dutch),
        };
        if wanted.is_empty() { other } else { wanted }
    }
}

impl From<wire::LocalizedText> for Bilingual {
    fn from(text: wire::LocalizedText) -> Self {
        Self { dutch: text.nl, english: text.en }
    }
}

impl From<wire::Story> for Bilingual {
    /// The four parts as paragraphs, with general words for the device and the emergency number.
    fn from(story: wire::Story) -> Self {
        let lines = || story.what.iter().chain(&story.r#do).chain(&story.do_not).chain(&story.call);
        let join = |text: fn(&wire::LocalizedText) -> &str| lines().map(text).collect::<Vec<_>>().join("\n\n");
        Self {
            dutch: join(|line| &line.nl).replace("{toestel}", "het toestel").replace("{noodnummer}", "het noodnummer"),
            english: join(|line| &line.en).replace("{device}", "the device").replace("{number}", "the emergency number"),
        }
    }
}

impl From<wire::Person> for Person {
    fn from(person: wire::Person) -> Self {
        Self { id: person.person_id, name: person.name }
    }
}

impl TryFrom<wire::Case> for Case {
    type Error = Unreadable;

    fn try_from(case: wire::Case) -> Result<Self, Unreadable> {
        let phase = Phase::from_wire(case.phase, "case.phase")?;
        let closing = match phase {
            Phase::Closed => {
                let reason = CloseReason::from_wire(case.close_reason, "case.close_reason")?;
                Some(Closing { reason, text: case.close_text })
            }
            _ => None,
        };
        let title: Bilingual = case.title.map(Bilingual::from).ok_or(Unreadable("case.title"))?;
        Ok(Self {
            id: required_text(case.case_id, "case.case_id")?,
            reference: required_text(case.reference, "case.reference")?,
            school_id: required_text(case.school_id, "case.school_id")?,
            school_name: case.school_name,
            municipality: case.municipality,
            title,
            story: case.story.unwrap_or_default().into(),
            kind: case.rsit_name.unwrap_or_default().into(),
            rsit: [case.rsit_class, case.rsit_type].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"),
            severity: Severity::from_wire(case.severity, "case.severity")?,
            phase,
            phase_since: required_moment(case.phase_time, "case.phase_time")?,
            assignee: case.assignee.map(Person::from),
            closing,
            signature_id: case.signature_id,
            signature: case.signature,
            alerts: case.alert_count,
            events: case.event_count,
            opened: required_moment(case.open_time, "case.open_time")?,
            updated: required_moment(case.update_time, "case.update_time")?,
            last_event: moment(case.last_event_time),
            react_by: moment(case.react_by_time),
            reacted: moment(case.react_time),
            resolve_by: moment(case.resolve_by_time),
            react_soon: moment(case.react_soon_time),
            resolve_soon: moment(case.resolve_soon_time),
            phases_seen: case.phases_seen.into_iter().map(|phase| Phase::from_wire(phase, "case.phases_seen")).collect::<Result<_, _>>()?,
            tlp: Tlp::from_label(&case.tlp).unwrap_or(Tlp::Red),
            content_version: case.content_version,
            etag: case.etag,
        })
    }
}
