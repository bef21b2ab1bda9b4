//! Who sees what at a school.

use askama::Template;
use auth::{Function, Resource};
use chrono::TimeDelta;
use portal_frame::{Frame, answer::WireEnum as _, mark::Icon, samples::Page, school::School};
use proto::identity::v1::{AccessLevel, DataKind};

use super::{
    address::AccessQuery,
    uses::LastUse,
    view::{FunctionRow, Reach, Reason, ServiceRow},
    words::AccessWords,
};
use crate::people;

/// What the use of one service is on record of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Devices,
    Incidents,
}

/// Who sees what at a school.
#[derive(Template)]
#[template(path = "access/page.html")]
pub(crate) struct AccessPage {
    pub(crate) frame: Frame,
    pub(crate) query: AccessQuery,
    pub(crate) school: School,
    pub(crate) functions: Vec<FunctionRow>,
    pub(crate) services: Vec<ServiceRow>,
    /// What cannot be shown just now.
    pub(crate) missing: Vec<Part>,
    pub(crate) may_export: bool,
    pub(crate) may_see_people: bool,
    /// How many rows the table has.
    pub(crate) total: i64,
}

/// A cell: what is done with a kind of data.
pub(crate) struct Cell {
    pub(crate) label: &'static str,
    /// The word and how it is drawn; `None`: nothing.
    pub(crate) access: Option<(&'static str, &'static str)>,
}

impl AccessPage {
    const fn words(&self) -> AccessWords {
        AccessWords(self.frame.preferences.language)
    }

    fn missing_text(&self, part: &Part) -> &'static str {
        match part {
            Part::Devices => self.words().devices_missing(),
            Part::Incidents => self.words().incidents_missing(),
        }
    }

    /// The parts of the table: who works for the school; who works for the government, with our own services.
    fn parts(&self) -> [(&'static str, Vec<&FunctionRow>, &[ServiceRow]); 2] {
        let is_of_government = |row: &&FunctionRow| row.function.place() == Some(Resource::Platform);
        let (government, own) = self.functions.iter().partition(is_of_government);
        [(self.words().people(), own, &[]), (self.words().services(), government, &self.services)]
    }

    /// The kinds of data that somebody reaches.
    fn kinds(&self) -> Vec<DataKind> {
        let reaches = || self.functions.iter().flat_map(|row| &row.reaches).chain(self.services.iter().flat_map(|row| &row.reaches));
        DataKind::all().filter(|data| reaches().any(|reach| reach.data == *data)).collect()
    }

    /// A cell for each kind of data.
    fn cells(&self, reaches: &[Reach]) -> Vec<Cell> {
        let cell = |data: DataKind| {
            let level = reaches.iter().find(|reach| reach.data == data).map(|reach| reach.level);
            let access = level.map(|level| (self.words().level(level), drawn(level)));
            Cell { label: self.words().data(data), access }
        };
        self.kinds().into_iter().map(cell).collect()
    }

    /// The names of those who hold it, or how many there are.
    fn holders(&self, row: &FunctionRow) -> String {
        let words = self.words();
        match (row.people, row.names.as_slice()) {
            (0, _) if row.last().is_some() => words.by_sign_in().to_owned(),
            (0, _) => words.nobody().to_owned(),
            (people, []) => words.number_of_people(people),
            (_, names) => names.join(", "),
        }
    }

    fn since(&self, row: &FunctionRow) -> String {
        match row.since {
            Some(since) => self.words().function_since(self.frame.language().day(since, self.frame.now)),
            None => self.words().function().to_owned(),
        }
    }

    /// When anything was last used by who holds it, and what.
    fn last(&self, row: &FunctionRow) -> (String, &'static str) {
        let has = |last| row.reaches.iter().any(|reach| reach.last == last);
        match row.last() {
            Some((at, data)) => (self.frame.short_moment(&at), self.words().data(data)),
            None if has(LastUse::Unknown) => (self.words().unknown().to_owned(), ""),
            None if has(LastUse::NotInAYear) => (self.words().row_unused().to_owned(), ""),
            None => (self.words().not_recorded().to_owned(), ""),
        }
    }

    fn last_of(&self, reach: &Reach) -> String {
        match reach.last {
            LastUse::At(at) => self.frame.short_moment(&at),
            LastUse::NotInAYear => self.words().not_in_a_year().to_owned(),
            LastUse::NotRecorded => self.words().not_recorded().to_owned(),
            LastUse::Unknown => self.words().unknown().to_owned(),
        }
    }

    /// Why a kind of data is reached; each reason ends its own sentence.
    fn reasons(&self, reach: &Reach) -> String {
        let texts: Vec<&str> = reach.reasons.iter().map(|reason| reason.text(self.frame.language())).collect();
        if texts.is_empty() { self.words().no_act().to_owned() } else { texts.join(" ") }
    }

    /// For each kind of data, how many people reach it, and how many more or fewer than before.
    fn totals(&self) -> Vec<(&'static str, String, String)> {
        let total = |data: DataKind| {
            let reaching = || self.functions.iter().filter(|row| row.reaches.iter().any(|reach| reach.data == data));
            let people: i64 = reaching().map(|row| row.people).sum();
            let change: i64 = reaching().map(|row| row.begun - row.ended).sum();
            let change = match change {
                0 => String::new(),
                1.. => format!("+{}", self.frame.number(&change)),
                _ => format!("−{}", self.frame.number(&change.abs())),
            };
            (self.words().data(data), self.frame.number(&people), change)
        };
        self.kinds().into_iter().map(total).collect()
    }

    /// The functions that somebody got or lost lately, with how many did, and the kinds of data they reach by it.
    fn changed(&self) -> Vec<(&'static str, String, String)> {
        let changed = self.functions.iter().filter(|row| row.begun > 0 || row.ended > 0);
        let told = |row: &FunctionRow| {
            let kinds: Vec<&str> = row.reaches.iter().map(|reach| self.words().data(reach.data)).collect();
            (self.frame.words().function(row.function), self.words().change(row.begun, row.ended), kinds.join(", ").to_lowercase())
        };
        changed.map(told).collect()
    }

    fn too_wide(&self) -> Vec<&'static str> {
        self.functions.iter().filter(|row| row.seems_too_wide).map(|row| self.frame.words().function(row.function)).collect()
    }

    fn too_wide_title(&self) -> String {
        self.words().too_wide(i64::try_from(self.too_wide().len()).unwrap_or(i64::MAX))
    }

    fn people_href(&self) -> String {
        people::place(self.query.0)
    }
}

/// How a word in a cell is drawn.
const fn drawn(level: AccessLevel) -> &'static str {
    match level {
        AccessLevel::Changes => "change",
        AccessLevel::Keeps => "keep",
        AccessLevel::Sees | AccessLevel::Unspecified => "see",
    }
}

impl Page for AccessPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |functions: Vec<FunctionRow>, services: Vec<ServiceRow>, missing: Vec<Part>, may| Self {
            frame: frame.clone(),
            query: AccessQuery(portal_frame::samples::school_id()),
            school: School::sample(),
            functions,
            services,
            missing,
            may_export: may,
            may_see_people: may,
            total: 20_000,
        };
        let service = |name: &str| ServiceRow {
            service: name.to_owned(),
            reaches: DataKind::all()
                .map(|data| Reach { data, level: AccessLevel::Keeps, reasons: Vec::new(), last: LastUse::NotRecorded })
                .collect(),
        };
        vec![
            sample(FunctionRow::samples(), ["identity", "incident-intake", "newer"].map(service).into(), Vec::new(), true),
            sample(
                FunctionRow::samples(),
                vec![service("network-monitor"), service("telemetry-ingest")],
                vec![Part::Devices, Part::Incidents],
                false,
            ),
            sample(Vec::new(), Vec::new(), Vec::new(), true),
        ]
    }
}

impl FunctionRow {
    /// Made-up ones: one that is used, one that is not, one of many, one of nobody.
    fn samples() -> Vec<Self> {
        let (school, board, now) = (portal_frame::samples::school_id(), portal_frame::samples::board_id(), portal_frame::samples::now());
        let reach = |data, level, last| Reach { data, level, reasons: vec![Reason::sample()], last };
        let at = LastUse::At(now - TimeDelta::hours(2));
        let row = |function, people, names: &[&str], reaches| Self {
            function,
            people,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            since: (people > 0).then(|| now - TimeDelta::days(500)),
            begun: i64::from(people > 3),
            ended: i64::from(people > 1),
            reaches,
            seems_too_wide: false,
        };
        use AccessLevel::{Changes, Sees};
        let of_director = vec![
            reach(DataKind::Organisation, Sees, LastUse::NotRecorded),
            reach(DataKind::People, Changes, LastUse::NotInAYear),
            reach(DataKind::Incidents, Sees, at),
        ];
        let of_coordinator =
            vec![reach(DataKind::Gateways, Changes, LastUse::NotInAYear), reach(DataKind::Network, Sees, LastUse::NotRecorded)];
        let of_teachers = vec![reach(DataKind::Organisation, Sees, LastUse::NotRecorded)];
        let of_team = vec![reach(DataKind::Messages, Sees, LastUse::Unknown), reach(DataKind::Contacts, Changes, LastUse::Unknown)];
        vec![
            row(Function::Director(school), 1, &["Els Vermeulen"], of_director),
            Self { seems_too_wide: true, ..row(Function::IctCoordinator(school), 2, &["Karim Benali", "Jo Maes"], of_coordinator) },
            row(Function::Teacher(school), 19, &[], of_teachers.clone()),
            row(Function::Dpo(board), 0, &[], vec![reach(DataKind::History, Sees, LastUse::NotInAYear)]),
            row(Function::Responder, 0, &[], of_team),
        ]
    }
}
