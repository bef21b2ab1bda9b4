//! One case: its phase, what happened, the evidence, who did what, and what can be done next.

use std::cmp::Ordering;

use askama::Template;
use auth::Action;
use runtime::SchoolId;

use portal_frame::{
    Frame,
    answer::WireEnum as _,
    mark::{Icon, IconMark, TimerMark},
    samples::Page,
    visitor::Visitor,
    words::Terms,
};
use proto::incident_intake::v1::{CasePhase, CloseReason, LocalizedText};

use super::{
    address::CaseQuery,
    evidence::{Evidence, Place},
    timeline::{Happening, TimelineEntry},
    view::{Case, Tlp, next_phase},
    words::CaseWords,
};

/// A case.
#[derive(Template)]
#[template(path = "case/page.html")]
pub(crate) struct CasePage {
    pub(crate) frame: Frame,
    pub(crate) query: CaseQuery,
    pub(crate) case: Case,
    /// Whether the visitor may see what sensors saw.
    pub(crate) sees_evidence: bool,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) evidence_total: i64,
    /// The number of the first piece shown, from 1.
    pub(crate) evidence_from: i64,
    pub(crate) evidence_next: Option<String>,
    pub(crate) timeline: Vec<TimelineEntry>,
    pub(crate) timeline_total: i64,
    pub(crate) timeline_next: Option<String>,
    pub(crate) note: NoteForm,
    pub(crate) close: CloseForm,
    pub(crate) reopen: ReopenForm,
}

/// A note being written, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoteForm {
    pub(crate) text: String,
    pub(crate) tlp: Option<Tlp>,
    /// Makes sending twice write once.
    pub(crate) request_id: String,
    pub(crate) error: Option<&'static str>,
}

/// A closing being written, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CloseForm {
    pub(crate) reason: Option<CloseReason>,
    pub(crate) text: String,
    pub(crate) reason_error: Option<&'static str>,
    pub(crate) text_error: Option<&'static str>,
}

impl CloseForm {
    /// A form that lacks everything.
    pub(crate) fn sample_to_mend() -> Self {
        Self { reason_error: Some("Kies een reden"), text_error: Some("Schrijf kort"), ..Self::default() }
    }

    /// Code, name, and whether it is chosen.
    pub(crate) fn reason_options(&self, terms: Terms) -> Vec<(String, &'static str, bool)> {
        let option = |reason: CloseReason| (reason.code(), terms.close_reason(reason), self.reason == Some(reason));
        CloseReason::all().map(option).collect()
    }
}

/// A reopening being written, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReopenForm {
    pub(crate) text: String,
    pub(crate) error: Option<&'static str>,
}

/// A phase in the row of steps.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) state: StepState,
    /// Set on the phase the case is in.
    pub(crate) since: Option<String>,
}

/// How far the work in a phase is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepState {
    Done,
    Skipped,
    Now,
    ToCome,
}

/// The one thing to do next.
enum MainAct {
    Take,
    NextPhase(CasePhase),
    Close,
    Reopen,
}

/// What a school is told of an incident, in the language of the page.
struct Story {
    what: String,
    /// In order.
    steps: Vec<String>,
    do_not: Vec<String>,
    call: String,
}

/// A step of the timeline, in words.
struct Told {
    icon: IconMark,
    who: String,
    did: String,
    /// What was written.
    text: Option<String>,
    tlp: Option<Tlp>,
}

impl Page for CasePage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |case: Case, question: &str| Self {
            frame: frame.clone(),
            query: CaseQuery::parse(case.wire.case_id.as_str(), question),
            case,
            sees_evidence: true,
            evidence: vec![Evidence::sample()],
            evidence_total: 5,
            evidence_from: 1,
            evidence_next: Some("next".to_owned()),
            timeline: TimelineEntry::samples(),
            timeline_total: 30,
            timeline_next: Some("next".to_owned()),
            note: NoteForm::default(),
            close: CloseForm::default(),
            reopen: ReopenForm::default(),
        };
        let mut samples: Vec<Self> = Case::samples().into_iter().map(|case| sample(case, "bewijs=1&tijdlijn=1")).collect();
        let to_mend = Case::samples().into_iter().map(|case| Self {
            sees_evidence: false,
            evidence: Vec::new(),
            note: NoteForm { error: Some("Schrijf eerst een notitie"), ..NoteForm::default() },
            close: CloseForm::sample_to_mend(),
            reopen: ReopenForm { error: Some("Schrijf kort"), ..ReopenForm::default() },
            ..sample(case, "")
        });
        samples.extend(to_mend);
        samples
    }
}

impl CasePage {
    const fn words(&self) -> CaseWords {
        CaseWords(self.frame.preferences.language)
    }

    fn title(&self) -> &str {
        self.frame.text(&self.case.title)
    }

    /// The kind of incident in words, else by its code.
    fn kind(&self) -> String {
        let kind = self.case.wire.rsit_name.as_ref().map_or("", |kind| self.frame.text(kind));
        if kind.is_empty() { self.case.rsit() } else { kind.to_owned() }
    }

    fn seen(&self) -> String {
        self.words().seen_in(self.case.wire.event_count, self.case.wire.alert_count)
    }

    /// The first phase means that nobody handles it, which is untrue once somebody has it.
    fn is_taken_and_open(&self) -> bool {
        self.case.phase == CasePhase::Open && self.case.wire.assignee.is_some()
    }

    fn story(&self) -> Option<Story> {
        let story = self.case.wire.story.as_ref()?;
        let told = |text: &LocalizedText| self.filled_in(self.frame.text(text));
        Some(Story {
            what: story.what.as_ref().map(told).unwrap_or_default(),
            steps: story.r#do.iter().map(told).collect(),
            do_not: story.do_not.iter().map(told).collect(),
            call: story.call.as_ref().map(told).unwrap_or_default(),
        })
    }

    /// The name of the school's device, where all evidence is on this page and speaks of one device alone.
    fn only_device(&self) -> Option<&str> {
        let all_is_shown = i64::try_from(self.evidence.len()).is_ok_and(|shown| shown == self.evidence_total);
        let places = self.evidence.iter().flat_map(|piece| [&piece.from, &piece.to]);
        let mut devices = places.filter(|place| place.device_id.is_some());
        let first = devices.next().filter(|_| all_is_shown)?;
        let is_only = devices.all(|place| place.device_id == first.device_id);
        first.device_name.as_deref().filter(|_| is_only)
    }

    /// A line of the story, with the device and the emergency number filled in.
    fn filled_in(&self, line: &str) -> String {
        let words = self.words();
        let device = self.only_device().unwrap_or(words.the_device());
        let number = self.frame.emergency_line.as_ref().map_or(words.the_number(), |line| &line.phone);
        let parts = [("{toestel}", device), ("{device}", device), ("{noodnummer}", number), ("{number}", number)];
        parts.iter().fold(line.to_owned(), |text, (part, with)| text.replace(part, with))
    }

    fn may(&self, action: Action) -> bool {
        let school: Option<SchoolId> = self.case.wire.school_id.parse().ok();
        let allowed = |visitor: &Visitor| school.is_some_and(|school| visitor.may(action, school));
        self.frame.visitor.as_ref().is_some_and(allowed)
    }

    fn may_assign(&self) -> bool {
        self.may(Action::CaseAssign) && !self.case.is_closed()
    }

    fn may_change_phase(&self) -> bool {
        self.may(Action::CaseChangePhase) && !self.case.is_closed()
    }

    fn may_note(&self) -> bool {
        self.may(Action::CaseNote)
    }

    fn may_close(&self) -> bool {
        self.may(Action::CaseClose) && !self.case.is_closed()
    }

    fn may_reopen(&self) -> bool {
        self.may(Action::CaseReopen) && self.case.is_closed()
    }

    fn may_see_devices(&self) -> bool {
        self.may(Action::DeviceRead)
    }

    /// Whether codes, rules and hashes are shown at once; for others they are folded away.
    fn is_for_specialists(&self) -> bool {
        self.frame.visitor.as_ref().is_some_and(Visitor::works_the_queue)
    }

    /// How far something may travel: by its label, or in words.
    fn audience(&self, tlp: &Tlp) -> &'static str {
        let words = self.words();
        match tlp {
            _ if self.is_for_specialists() => tlp.label(),
            Tlp::Red => words.audience_red(),
            Tlp::AmberStrict => words.audience_amber_strict(),
            Tlp::Amber => words.audience_amber(),
            Tlp::Green => words.audience_green(),
            Tlp::Clear => words.audience_clear(),
        }
    }

    fn is_mine(&self) -> bool {
        self.case.is_of(&self.frame.me())
    }

    /// Where the case was found: the queue, or the school's own incidents.
    fn list(&self) -> (String, &'static str) {
        let shell = self.frame.words();
        match &self.frame.visitor {
            Some(visitor) if visitor.works_the_queue() => ("/wachtrij".to_owned(), shell.queue()),
            _ => (format!("/scholen/{}/incidenten", self.case.wire.school_id), shell.incidents()),
        }
    }

    fn main_act(&self) -> Option<MainAct> {
        if self.case.is_closed() {
            return self.may_reopen().then_some(MainAct::Reopen);
        }
        if self.case.wire.assignee.is_none() && self.may_assign() {
            return Some(MainAct::Take);
        }
        match next_phase(self.case.phase) {
            Some(next) => self.may_change_phase().then_some(MainAct::NextPhase(next)),
            None => self.may_close().then_some(MainAct::Close),
        }
    }

    fn next_phase_label(&self, next: &CasePhase) -> String {
        self.words().next_phase(self.frame.terms().phase(*next).to_lowercase())
    }

    fn steps(&self) -> Vec<Step> {
        let step = |phase: CasePhase| Step {
            name: self.frame.terms().phase(phase),
            state: match phase.cmp(&self.case.phase) {
                Ordering::Less if self.case.has_skipped(phase) => StepState::Skipped,
                Ordering::Less => StepState::Done,
                Ordering::Equal => StepState::Now,
                Ordering::Greater => StepState::ToCome,
            },
            since: (phase == self.case.phase).then(|| self.words().since(self.frame.short_moment(&self.case.phase_since))),
        };
        CasePhase::all().map(step).collect()
    }

    /// The phases that were passed over, in one line; none when the work went through all of them.
    fn skipped(&self) -> Option<String> {
        let skipped: Vec<String> =
            (self.steps().iter()).filter(|step| step.state == StepState::Skipped).map(|step| step.name.to_lowercase()).collect();
        (!skipped.is_empty()).then(|| skipped.join(", "))
    }

    fn timers(&self) -> Vec<TimerMark> {
        let (words, now, language) = (self.words(), self.frame.now, self.frame.language());
        let reaction = self.case.reaction().map(|target| TimerMark::new(target, words.first_reaction(), now, language));
        let resolution = self.case.resolution().map(|target| TimerMark::new(target, words.solution(), now, language));
        reaction.into_iter().chain(resolution).collect()
    }

    /// The phases one may choose, without the present one; closing has a form of its own.
    fn other_phases(&self) -> Vec<(String, &'static str, bool)> {
        let usual_next = next_phase(self.case.phase);
        let phases = CasePhase::all().filter(|phase| *phase != self.case.phase && *phase != CasePhase::Closed);
        phases.map(|phase| (phase.code(), self.frame.terms().phase(phase), usual_next == Some(phase))).collect()
    }

    fn tlp_options(&self) -> Vec<(&'static str, &'static str, bool)> {
        let words = self.words();
        let chosen = self.note.tlp.unwrap_or(Tlp::OF_NOTES);
        let option = |tlp: Tlp| {
            let name = match tlp {
                Tlp::Red => words.tlp_red(),
                Tlp::AmberStrict => words.tlp_amber_strict(),
                Tlp::Amber => words.tlp_amber(),
                Tlp::Green => words.tlp_green(),
                Tlp::Clear => words.tlp_clear(),
            };
            (tlp.label(), name, tlp == chosen)
        };
        Tlp::ALL.into_iter().map(option).collect()
    }

    fn reason_options(&self) -> Vec<(String, &'static str, bool)> {
        self.close.reason_options(self.frame.terms())
    }

    /// The errors of the forms, each with the id of its field.
    fn errors(&self) -> Vec<(&'static str, &'static str)> {
        let fields = [
            ("notitie-tekst", self.note.error),
            ("sluiten-reden", self.close.reason_error),
            ("sluiten-tekst", self.close.text_error),
            ("heropenen-tekst", self.reopen.error),
        ];
        fields.into_iter().filter_map(|(field, error)| Some((field, error?))).collect()
    }

    /// Evidence for the team; a school reads what the sensor saw.
    fn evidence_title(&self) -> &'static str {
        let words = self.words();
        if self.is_for_specialists() { words.evidence() } else { words.what_the_sensor_saw() }
    }

    fn evidence_number(&self, index: &usize) -> i64 {
        self.evidence_from + i64::try_from(*index).unwrap_or_default()
    }

    fn ends<'a>(&self, evidence: &'a Evidence) -> [(&'static str, &'a Place); 2] {
        [(self.words().from(), &evidence.from), (self.words().to(), &evidence.to)]
    }

    fn place_name(&self, place: &Place) -> String {
        let name = place.device_name.as_deref().unwrap_or(&place.ip);
        match place.port {
            Some(port) if place.device_name.is_none() => format!("{name}, {}", self.words().port(port)),
            _ => name.to_owned(),
        }
    }

    /// The address and port, where the name above does not say them.
    fn place_detail(&self, place: &Place) -> Option<String> {
        place.device_name.as_ref()?;
        let port = place.port.map(|port| format!(", {}", self.words().port(port))).unwrap_or_default();
        Some(format!("{}{port}", place.ip))
    }

    fn place_kind(&self, place: &Place) -> &'static str {
        let words = self.words();
        if place.device_id.is_some() {
            words.device_of_school()
        } else if place.is_inside() {
            words.address_in_school()
        } else {
            words.address_outside()
        }
    }

    /// The sensor's name as its makers write it.
    /// Where an alert went beside its first destination: `10.0.1.2, 10.0.1.3 en 299.980 andere adressen`.
    fn further(&self, evidence: &Evidence) -> Option<String> {
        let named = evidence.further.join(", ");
        let unnamed = evidence.destinations - 1 - i64::try_from(evidence.further.len()).unwrap_or_default();
        match (named.is_empty(), unnamed > 0) {
            (true, _) => None,
            (false, false) => Some(named),
            (false, true) => Some(self.words().further_addresses(&named, self.frame.language().number(unnamed))),
        }
    }

    fn sensor_name(&self, evidence: &Evidence) -> String {
        match evidence.sensor.as_str() {
            "suricata" => "Suricata".to_owned(),
            "zeek" => "Zeek".to_owned(),
            "schildwacht" => "Schildwacht".to_owned(),
            other => other.to_owned(),
        }
    }

    fn device_href(&self, place: &Place) -> Option<String> {
        let device = place.device_id.as_deref().filter(|_| self.may_see_devices())?;
        Some(format!("/scholen/{}/toestellen/{device}", self.case.wire.school_id))
    }

    fn told(&self, entry: &TimelineEntry) -> Told {
        let (words, terms) = (self.words(), self.frame.terms());
        let who = entry.actor.as_ref().map_or(terms.schildwacht(), |actor| terms.named(&actor.name)).to_owned();
        let plain = |icon: Icon, did: String| Told { icon: icon.plain(), who: who.clone(), did, text: None, tlp: None };
        match &entry.what {
            Happening::Opened { because } => {
                let did = format!("{}. {}", words.did_open(), words.opened_because(*because));
                Told { icon: Icon::Alert.toned("bad"), ..plain(Icon::Alert, did) }
            }
            Happening::AlertAttached { new_events } => plain(Icon::Network, words.did_attach(*new_events)),
            Happening::Assigned { to: None, .. } => plain(Icon::Handover, words.did_give_back().to_owned()),
            Happening::Assigned { to: Some(to), .. } if entry.actor.as_ref() == Some(to) => plain(Icon::User, words.did_take().to_owned()),
            Happening::Assigned { to: Some(to), .. } => plain(Icon::Handover, words.did_assign_to(terms.named(&to.name))),
            Happening::PhaseChanged { from, to } => plain(Icon::Arrow, words.did_change_phase(terms.phase(*from), terms.phase(*to))),
            Happening::Noted { text, tlp } => {
                Told { text: Some(text.clone()), tlp: Some(*tlp), ..plain(Icon::Note, words.did_note().to_owned()) }
            }
            Happening::Closed { reason, text } => Told {
                icon: Icon::Check.toned("ok"),
                text: Some(text.clone()),
                ..plain(Icon::Check, words.did_close(terms.close_reason(*reason).to_lowercase()))
            },
            Happening::Reopened { text } => {
                Told { icon: Icon::Alert.toned("warn"), text: Some(text.clone()), ..plain(Icon::Alert, words.did_reopen().to_owned()) }
            }
            Happening::SeverityRaised { from, to } => Told {
                icon: Icon::Up.toned("warn"),
                ..plain(Icon::Up, words.did_raise(terms.severity(*from).to_lowercase(), terms.severity(*to).to_lowercase()))
            },
        }
    }
}
