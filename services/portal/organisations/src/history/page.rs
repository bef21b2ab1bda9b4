//! The history of a school.

use askama::Template;
use auth::Function;
use chrono::TimeDelta;
use portal_frame::{
    Frame,
    list::Paging,
    mark::{Face, Icon},
    samples::Page,
    school::School,
};
use proto::{history::v1::HistoryKind, incident_intake::v1::CasePhase};

use super::{
    address::{HistoryQuery, HistoryView},
    view::{Actor, Deed, Entry},
    words::HistoryWords,
};

/// What one service has on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    School,
    Devices,
    Incidents,
}

/// The history of a school.
#[derive(Template)]
#[template(path = "history/page.html")]
pub(crate) struct HistoryPage {
    pub(crate) frame: Frame,
    pub(crate) query: HistoryQuery,
    pub(crate) school: School,
    pub(crate) entries: Vec<Entry>,
    pub(crate) paging: Paging,
    /// How many lines the list has.
    pub(crate) total: i64,
    /// What cannot be shown just now.
    pub(crate) missing: Vec<Part>,
    pub(crate) may_export: bool,
}

impl HistoryPage {
    const fn words(&self) -> HistoryWords {
        HistoryWords(self.frame.preferences.language)
    }

    fn missing_text(&self, part: &Part) -> &'static str {
        match part {
            Part::School => self.words().school_missing(),
            Part::Devices => self.words().devices_missing(),
            Part::Incidents => self.words().incidents_missing(),
        }
    }

    /// Code, label, whether it is chosen.
    fn views(&self) -> Vec<(&'static str, &'static str, bool)> {
        let words = self.words();
        let view = |view: HistoryView| {
            let label = match view {
                HistoryView::All => words.view_all(),
                HistoryView::Read => words.view_read(),
                HistoryView::Exported => words.view_exported(),
                HistoryView::Changed => words.view_changed(),
            };
            (view.code(), label, view == self.query.view)
        };
        HistoryView::ALL.into_iter().map(view).collect()
    }

    fn is_filtered(&self) -> bool {
        self.query.view != HistoryView::All || !self.query.search.is_empty()
    }

    /// Who did it: face, name, and what they are.
    fn actor(&self, entry: &Entry) -> (Face, String, &'static str) {
        match &entry.actor {
            Actor::Schildwacht => (Face::of(None, ""), self.frame.terms().schildwacht().to_owned(), self.words().automatic()),
            Actor::Person { name, function } => {
                let is_me = self.frame.visitor.as_ref().is_some_and(|visitor| visitor.principal().actor() == entry.actor_id);
                let function = function.map(|function| self.frame.words().function(function)).unwrap_or_default();
                match name {
                    Some(name) => (if is_me { Face::me(name) } else { Face::named(name) }, name.clone(), function),
                    None => (Face::of(None, ""), self.frame.terms().erased_person().to_owned(), function),
                }
            }
        }
    }
}

impl Page for HistoryPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |question: &str, entries: Vec<Entry>, missing: Vec<Part>, may_export| {
            let query = HistoryQuery::parse(portal_frame::samples::school_id(), question);
            let paging = Paging::new(frame.language(), &query.trail, "1–3 van 3".to_owned(), "next", |trail| query.at(trail));
            Self { frame: frame.clone(), query, school: School::sample(), entries, paging, total: 20_000, missing, may_export }
        };
        vec![
            sample("", Entry::samples(), Vec::new(), true),
            sample("weergave=gelezen&zoek=noor&na=1", Entry::samples(), vec![Part::School, Part::Devices, Part::Incidents], false),
            sample("", Vec::new(), Vec::new(), true),
            sample("zoek=x", Vec::new(), vec![Part::Devices], false),
        ]
    }
}

impl Entry {
    /// One made-up entry of each kind, by different people.
    fn samples() -> Vec<Self> {
        let school = portal_frame::samples::school_id();
        let person = |name: Option<&str>, function| Actor::Person { name: name.map(str::to_owned), function };
        let noor = person(Some("Noor Claes"), Some(Function::Responder));
        let els = person(Some("Els Vermeulen"), Some(Function::Director(school)));
        let teacher = Function::Teacher(school);
        let deeds = [
            (HistoryKind::Read, noor.clone(), Deed::ReadCase),
            (HistoryKind::Export, els.clone(), Deed::ExportedDevices(45)),
            (HistoryKind::Export, noor.clone(), Deed::ExportedCases(None)),
            (HistoryKind::Export, person(None, None), Deed::ExportedCases(Some(1))),
            (HistoryKind::Change, Actor::Schildwacht, Deed::OpenedCase),
            (HistoryKind::Change, noor, Deed::ChangedPhase(CasePhase::Containment)),
            (HistoryKind::Change, els, Deed::Appointed(teacher)),
        ];
        let of = |(number, (kind, actor, deed)): (i64, (HistoryKind, Actor, Deed))| Self {
            id: format!("entry-{number}"),
            at: portal_frame::samples::now() - TimeDelta::hours(number),
            kind,
            actor,
            actor_id: "person:noor".to_owned(),
            deed,
            action: "case.read".to_owned(),
            resource: if number % 2 == 0 { "case:zaak".to_owned() } else { "gateway:g".to_owned() },
            name: Some("SW-2026-0004".to_owned()),
            next_page_token: String::new(),
        };
        (0..).zip(deeds).map(of).collect()
    }
}
