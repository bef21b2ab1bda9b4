//! The case: from the alerts that opened it until it is done with.
//!
//! ```text
//!            ┌──────────── a phase may be skipped, and one may go back ───────────┐
//! open ── in_progress ── containment ── eradication ── recovery ── post_incident
//!            └───────────── close(reason, text) ⇅ reopen(text) ─────────────┘
//!                                       closed
//! ```
//!
//! People's transitions count in [`Case::revision`], so that two people who decide on the same page cannot overwrite each
//! other. What sensors add does not: it must never get in the way of somebody's decision.
//!
//! A transition is `fn verb(&mut self, …, at) -> Result<Change, Refusal>`, in every service. It answers with what happened, because
//! that is what the audit chain, the timeline and the event are written from (`Option` where it may change nothing). It first checks
//! and then alters, so after a refusal the case is as it was, and its caller still has it.

use chrono::{DateTime, TimeDelta, Utc};
use content::Text;
use runtime::{CaseId, Error, Etag};

use super::{
    alert::{AlertNews, Signature},
    change::CaseChange,
    class::{IncidentClass, Rsit},
    close_reason::CloseReason,
    person::Person,
    phase::{Phase, Phases},
    reference::Reference,
    school::School,
    severity::Severity,
    story::Story,
    target::{TargetTable, Targets},
    tlp::Tlp,
    words::ReasonWords,
};

/// Whether there is still work, and what exactly that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// There is work.
    Active {
        /// Where it stands.
        phase: Phase,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// It is done with.
    Closed(Closure),
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    pub reason: CloseReason,
    pub text: ReasonWords,
    /// Who decided.
    pub by: Person,
    pub at: DateTime<Utc>,
    /// The phase it was in, and returns to when it is reopened.
    pub phase: Phase,
}

/// What sensors have counted for a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Different alerts.
    pub alerts: u64,
    /// Events in them, since the window that opened the case.
    pub events: u64,
    /// Of those, told in the timeline.
    pub told_events: u64,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Stable.
    pub id: CaseId,
    /// For people.
    pub reference: Reference,
    /// Whose case it is.
    pub school: School,
    /// What fired. One open case a school and signature.
    pub signature: Signature,
    /// The kind of incident in content.
    pub class_id: String,
    /// The same in the taxonomy.
    pub rsit: Rsit,
    /// What the taxonomy calls that, as content said when it opened.
    pub rsit_name: Text,
    /// What is the matter, as content said when it opened.
    pub title: Text,
    /// What the school is told, likewise.
    pub story: Story,
    /// The content it was opened under.
    pub content_version: String,
    /// Who may read it.
    pub tlp: Tlp,
    pub opened_at: DateTime<Utc>,
    /// How bad; only ever rises.
    pub severity: Severity,
    /// Whether there is work.
    pub state: State,
    /// The phases it has been in.
    pub phases_seen: Phases,
    /// Who has it.
    pub assignee: Option<Person>,
    /// When the team wants to have acted.
    pub targets: Targets,
    /// When somebody first acted.
    pub reacted_at: Option<DateTime<Utc>>,
    /// What sensors have counted.
    pub tally: Tally,
    /// The latest event.
    pub last_event_at: DateTime<Utc>,
    /// The latest change of any kind.
    pub updated_at: DateTime<Utc>,
    /// Counts the decisions of people, from 1.
    pub revision: i64,
}

/// What a case is opened from.
#[derive(Debug)]
pub struct Opening<'a> {
    /// Minted by the use case.
    pub id: CaseId,
    /// Taken in the same transaction.
    pub reference: Reference,
    /// Whose case it is.
    pub school: School,
    /// What the alerts are.
    pub class: &'a IncidentClass,
    pub content_version: &'a str,
    /// Of the content.
    pub targets: &'a TargetTable,
    /// The news that reached the threshold; its signature becomes the case's.
    pub news: &'a AlertNews,
    /// What else lies in the window. `new_events` is what counts.
    pub earlier: &'a [AlertNews],
    /// Now.
    pub at: DateTime<Utc>,
}

/// Why a transition was refused. The case is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum Refusal {
    /// There is no more work on it.
    #[error("the case is closed; reopen it first")]
    #[strum(serialize = "case_closed")]
    Closed,
    /// It cannot be reopened.
    #[error("the case is not closed, so there is nothing to reopen")]
    #[strum(serialize = "case_not_closed")]
    NotClosed,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::failed_precondition(refusal.into(), refusal.to_string())
    }
}

impl Case {
    /// Opens a case, and says so.
    pub fn open(opening: Opening<'_>) -> (Self, CaseChange) {
        let Opening { class, news, at, .. } = opening;
        let evidence = || opening.earlier.iter().chain([news]);
        let alerts = opening.earlier.iter().filter(|earlier| earlier.alert.id != news.alert.id).count() as u64 + 1;
        let events = evidence().fold(0_u64, |sum, news| sum.saturating_add(news.new_events));
        let asked = evidence().map(|news| class.severity_of(news.alert.severity)).chain(class.severity_by_numbers(alerts, events)).max();
        let severity = asked.unwrap_or(Severity::Low);

        let case = Self {
            id: opening.id,
            reference: opening.reference,
            school: opening.school,
            signature: news.alert.signature.clone(),
            class_id: class.id.clone(),
            rsit: class.rsit.clone(),
            rsit_name: class.rsit_name.clone(),
            title: class.title.clone(),
            story: class.story.clone(),
            content_version: opening.content_version.to_owned(),
            tlp: Tlp::Amber,
            opened_at: at,
            severity,
            state: State::Active { phase: Phase::Open, since: at },
            phases_seen: Phases::only(Phase::Open),
            assignee: None,
            targets: opening.targets.from(at, severity),
            reacted_at: None,
            tally: Tally { alerts, events, told_events: events },
            last_event_at: evidence().map(|news| news.alert.last_at).max().unwrap_or(at),
            updated_at: at,
            revision: 1,
        };
        (case, CaseChange::Opened { threshold: class.opens })
    }

    /// Processes news of an alert, and says what of it belongs in the timeline: every rise of severity, and the 2nd, 5th,
    /// 10th, 20th … alert, so that a busy sensor does not bury what people wrote.
    ///
    /// `is_new` says that this case has no evidence of the alert yet.
    pub fn attach(
        &mut self,
        news: &AlertNews,
        is_new: bool,
        class: &IncidentClass,
        targets: &TargetTable,
        at: DateTime<Utc>,
    ) -> Result<Vec<CaseChange>, Refusal> {
        self.active_phase()?;
        self.tally.events = self.tally.events.saturating_add(news.new_events);
        self.last_event_at = self.last_event_at.max(news.alert.last_at);
        self.updated_at = at;

        let mut changes = Vec::new();
        if is_new {
            self.tally.alerts += 1;
            if is_round(self.tally.alerts) {
                let new_events = self.tally.events - self.tally.told_events;
                self.tally.told_events = self.tally.events;
                changes.push(CaseChange::AlertAttached { alert_id: news.alert.id, new_events });
            }
        }
        let asked = class.severity_by_numbers(self.tally.alerts, self.tally.events).max(Some(class.severity_of(news.alert.severity)));
        if let Some(to) = asked.filter(|asked| *asked > self.severity) {
            changes.push(CaseChange::SeverityRaised { from: self.severity, to });
            self.severity = to;
            // The clock of the new severity begins now: nobody is late for what nobody could know.
            self.targets = self.targets.tightened(targets.from(at, to));
        }
        Ok(changes)
    }

    /// Gives the case to somebody, or back. `None` when that changes nothing.
    pub fn assign(&mut self, to: Option<Person>, at: DateTime<Utc>) -> Result<Option<CaseChange>, Refusal> {
        self.active_phase()?;
        let same_person = self.assignee.as_ref().map(|person| person.id) == to.as_ref().map(|person| person.id);
        if same_person {
            return Ok(None);
        }
        if to.is_some() {
            self.note_reaction(at);
        }
        let from = std::mem::replace(&mut self.assignee, to.clone());
        self.decided(at);
        Ok(Some(CaseChange::Assigned { from, to }))
    }

    /// Moves on, or back. `None` when that changes nothing.
    pub fn change_phase(&mut self, to: Phase, at: DateTime<Utc>) -> Result<Option<CaseChange>, Refusal> {
        let from = self.active_phase()?;
        if from == to {
            return Ok(None);
        }
        self.state = State::Active { phase: to, since: at };
        self.phases_seen = self.phases_seen.with(to);
        self.note_reaction(at);
        self.decided(at);
        Ok(Some(CaseChange::PhaseChanged { from, to }))
    }

    /// Is done with it.
    pub fn close(&mut self, reason: CloseReason, text: ReasonWords, by: Person, at: DateTime<Utc>) -> Result<CaseChange, Refusal> {
        let phase = self.active_phase()?;
        self.state = State::Closed(Closure { reason, text: text.clone(), by, at, phase });
        self.note_reaction(at);
        self.decided(at);
        Ok(CaseChange::Closed { reason, text })
    }

    /// Takes it up again, in the phase it was in, with a new clock for the solution.
    pub fn reopen(&mut self, text: ReasonWords, targets: &TargetTable, at: DateTime<Utc>) -> Result<CaseChange, Refusal> {
        let State::Closed(closure) = &self.state else { return Err(Refusal::NotClosed) };
        self.state = State::Active { phase: closure.phase, since: at };
        let Targets { resolve_by, resolve_soon, .. } = targets.from(at, self.severity);
        self.targets = Targets { resolve_by, resolve_soon, ..self.targets };
        self.decided(at);
        Ok(CaseChange::Reopened { text })
    }

    /// Takes in that somebody wrote a note. That decides nothing, so it gets in nobody's way, and a closed case takes notes too.
    pub fn note(&mut self, at: DateTime<Utc>) {
        self.updated_at = at;
    }

    /// How long the first reaction took, when there was none before the decision that this case is the result of.
    pub fn first_reaction(&self, reacted_before: Option<DateTime<Utc>>) -> Option<TimeDelta> {
        if reacted_before.is_some() { None } else { Some(self.reacted_at? - self.opened_at) }
    }

    /// The target that comes next: the first reaction, then the solution; `None` when it is closed.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        match self.state {
            State::Closed(_) => None,
            State::Active { .. } if self.reacted_at.is_some() => Some(self.targets.resolve_by),
            State::Active { .. } => Some(self.targets.react_by.min(self.targets.resolve_by)),
        }
    }

    /// Whether its closing keeps the signature quiet: it was a false positive, not long ago, and nothing worse than that
    /// is reported now. What the platform itself says is never kept quiet: the next time another bound may hide another attack.
    pub fn keeps_quiet(&self, severity: Severity, quiet_for: TimeDelta, at: DateTime<Utc>) -> bool {
        let State::Closed(closure) = &self.state else { return false };
        let may_be_quiet = closure.reason == CloseReason::FalsePositive && !self.signature.is_of_platform();
        may_be_quiet && at - closure.at < quiet_for && severity <= self.severity
    }

    /// Names the case as people's decisions left it: what sensors add does not alter it.
    pub fn etag(&self) -> Etag {
        Etag::new(format!("r{}", self.revision))
    }

    /// Whether there is still work.
    pub fn is_active(&self) -> bool {
        matches!(self.state, State::Active { .. })
    }

    fn active_phase(&self) -> Result<Phase, Refusal> {
        match self.state {
            State::Active { phase, .. } => Ok(phase),
            State::Closed(_) => Err(Refusal::Closed),
        }
    }

    /// The first act of a person is the reaction, also when they close the case without taking it.
    fn note_reaction(&mut self, at: DateTime<Utc>) {
        self.reacted_at.get_or_insert(at);
    }

    fn decided(&mut self, at: DateTime<Utc>) {
        self.updated_at = at;
        self.revision += 1;
    }
}

/// 1, 2, 5, 10, 20, 50, 100 …
fn is_round(count: u64) -> bool {
    let mut leading = count;
    while leading >= 10 && leading.is_multiple_of(10) {
        leading /= 10;
    }
    matches!(leading, 1 | 2 | 5)
}

#[cfg(test)]
mod tests;
