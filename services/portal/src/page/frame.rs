//! What stands around every page: who looks, in which language and colours, the menu, and the message after an act.

use std::sync::Arc;

use askama::{Template, filters::HtmlSafe};
use auth::Action;
use chrono::{DateTime, Utc};
use runtime::SchoolId;

use crate::{
    address::{QueueQuery, QueueView},
    config::EmergencyLine,
    language::Language,
    mark::{CallMark, Face, Icon},
    view::{Person, QueueSummary, Severity},
    visitor::Visitor,
    words::{ShellWords, Terms},
};

/// A file holds this many rows of a list; more are work for another tool.
pub(crate) const MAX_EXPORT_ROWS: usize = 10_000;

/// Light, dark, or whatever the device says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    Device,
    Light,
    Dark,
}

/// What a visitor chose, or what their browser asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) language: Language,
    pub(crate) theme: Theme,
    /// Whether single keys act; some people speak to their computer, and a stray word must not.
    pub(crate) shortcuts: bool,
}

/// What was just done; said once, on the page that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flash {
    Assigned,
    GivenBack,
    PhaseChanged,
    Noted,
    Closed,
    Reopened,
    AllTaken,
    SomeTaken,
    AllClosed,
    SomeClosed,
    GatewayRevoked,
}

/// Which entry of the menu a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Queue,
    MyCases,
    Schools,
    Devices,
    Incidents,
    Gateways,
    /// A page beside the menu: help, a problem.
    Elsewhere,
}

/// Everything around a page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) preferences: Preferences,
    pub(crate) now: DateTime<Utc>,
    /// Path and question of this page, to come back to after a choice of language or colours.
    pub(crate) here: String,
    pub(crate) visitor: Option<Visitor>,
    /// What a form must send back to be believed.
    pub(crate) csrf: String,
    pub(crate) flash: Option<Flash>,
    pub(crate) place: Place,
    /// The team or school in the top bar.
    pub(crate) context: String,
    /// The school this page is about, or the only one this visitor works at.
    pub(crate) school: Option<SchoolId>,
    /// Figures beside the menu, where they are at hand.
    pub(crate) queue: Option<QueueSummary>,
    /// Whom schools call on a bad day, where there is somebody.
    pub(crate) emergency_line: Option<Arc<EmergencyLine>>,
}

/// A group of the menu.
pub(crate) struct MenuGroup {
    pub(crate) title: Option<&'static str>,
    pub(crate) entries: Vec<MenuEntry>,
}

/// An entry of the menu.
pub(crate) struct MenuEntry {
    pub(crate) href: String,
    pub(crate) icon: Icon,
    pub(crate) label: &'static str,
    pub(crate) count: Option<String>,
    pub(crate) is_current: bool,
}

/// The search field in the top bar.
pub(crate) struct Find {
    pub(crate) action: String,
    pub(crate) label: &'static str,
    /// A field that goes along: search all phases.
    pub(crate) hidden: Option<(&'static str, &'static str)>,
}

impl Theme {
    /// As in the cookie and the form.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Device => "toestel",
            Self::Light => "licht",
            Self::Dark => "donker",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::Device, Self::Light, Self::Dark].into_iter().find(|theme| theme.code() == code)
    }

    /// The value of `<html data-theme>`.
    const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Device => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

impl Flash {
    const ALL: [Self; 11] = [
        Self::Assigned,
        Self::GivenBack,
        Self::PhaseChanged,
        Self::Noted,
        Self::Closed,
        Self::Reopened,
        Self::AllTaken,
        Self::SomeTaken,
        Self::AllClosed,
        Self::SomeClosed,
        Self::GatewayRevoked,
    ];

    /// As in the cookie.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Assigned => "toegewezen",
            Self::GivenBack => "teruggegeven",
            Self::PhaseChanged => "fase",
            Self::Noted => "notitie",
            Self::Closed => "gesloten",
            Self::Reopened => "heropend",
            Self::AllTaken => "alle",
            Self::SomeTaken => "enkele",
            Self::AllClosed => "alle-gesloten",
            Self::SomeClosed => "enkele-gesloten",
            Self::GatewayRevoked => "ingetrokken",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flash| flash.code() == code)
    }

    const fn text(self, words: ShellWords) -> &'static str {
        match self {
            Self::Assigned => words.flash_assigned(),
            Self::GivenBack => words.flash_given_back(),
            Self::PhaseChanged => words.flash_phase(),
            Self::Noted => words.flash_noted(),
            Self::Closed => words.flash_closed(),
            Self::Reopened => words.flash_reopened(),
            Self::AllTaken => words.flash_all_taken(),
            Self::SomeTaken => words.flash_some_taken(),
            Self::AllClosed => words.flash_all_closed(),
            Self::SomeClosed => words.flash_some_closed(),
            Self::GatewayRevoked => words.flash_gateway_revoked(),
        }
    }
}

impl Frame {
    /// Makes this a page about one school: its name stands in the bar of who works there.
    pub(crate) fn about_school(&mut self, school: SchoolId, name: &str) {
        self.school = Some(school);
        if self.own_school_here().is_some() {
            name.clone_into(&mut self.context);
        }
    }

    pub(crate) const fn language(&self) -> Language {
        self.preferences.language
    }

    pub(crate) const fn words(&self) -> ShellWords {
        ShellWords(self.preferences.language)
    }

    pub(crate) const fn terms(&self) -> Terms {
        Terms(self.preferences.language)
    }

    /// The moment as said now.
    pub(crate) fn moment(&self, at: &DateTime<Utc>) -> String {
        self.language().moment(*at, self.now)
    }

    /// The moment as machines read it, for `<time datetime>`.
    pub(crate) fn machine_time(&self, at: &DateTime<Utc>) -> String {
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    pub(crate) fn number(&self, number: &i64) -> String {
        self.language().number(*number)
    }

    /// What to say beside an export of a list with so many rows, when not all of them fit into the file.
    pub(super) fn export_note(&self, total: &i64) -> Option<String> {
        let most = i64::try_from(MAX_EXPORT_ROWS).unwrap_or(i64::MAX);
        (*total > most).then(|| self.words().export_cut(self.number(&most), self.number(total)))
    }

    pub(super) fn theme_attribute(&self) -> Option<&'static str> {
        self.preferences.theme.attribute()
    }

    pub(super) fn flash_text(&self) -> Option<&'static str> {
        self.flash.map(|flash| flash.text(self.words()))
    }

    /// The theme buttons: code, label, whether it is the one in use.
    pub(super) fn themes(&self) -> [(&'static str, &'static str, bool); 3] {
        let words = self.words();
        [(Theme::Device, words.colours_device()), (Theme::Light, words.colours_light()), (Theme::Dark, words.colours_dark())]
            .map(|(theme, label)| (theme.code(), label, theme == self.preferences.theme))
    }

    /// The same page in the other language: address, language code and the language's own name.
    pub(crate) fn other_language(&self) -> (String, &'static str, &'static str) {
        let (other, name) = self.language().other();
        let separator = if self.here.contains('?') { '&' } else { '?' };
        (format!("{}{separator}lang={}", self.here, other.code()), other.code(), name)
    }

    /// The visitor's id, to tell their own cases; empty for nobody.
    pub(crate) fn me(&self) -> String {
        self.visitor.as_ref().map(Visitor::id).unwrap_or_default()
    }

    pub(crate) fn face(&self, person: Option<&Person>) -> Face {
        Face::of(person, &self.me())
    }

    pub(crate) fn severity(&self, severity: &Severity) -> crate::mark::SeverityMark {
        crate::mark::SeverityMark::new(*severity, self.language())
    }

    /// Whom to call on a bad day: for schools, and for who is not signed in. The response team is who picks up.
    pub(super) fn call(&self) -> Option<CallMark> {
        let line = self.emergency_line.as_ref().filter(|_| !self.is_dense())?;
        Some(CallMark::new(line, self.language()))
    }

    /// The hidden field without which no form is believed.
    pub(crate) fn csrf_field(&self) -> CsrfField {
        CsrfField { token: self.csrf.clone() }
    }

    /// Dense for people who live in the product all day, roomy for schools.
    pub(super) fn is_dense(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.may_everywhere(Action::SchoolRead))
    }

    pub(super) fn my_face(&self) -> Face {
        Face::me(self.visitor.as_ref().map(Visitor::name).unwrap_or_default())
    }

    /// What the visitor is, in words, for the account menu.
    pub(super) fn functions(&self) -> Vec<&'static str> {
        let words = self.words();
        let Some(visitor) = &self.visitor else { return Vec::new() };
        let mut named: Vec<&'static str> = Vec::new();
        for function in &visitor.principal().functions {
            let name = match function {
                auth::Function::Responder => words.responder(),
                auth::Function::ResponseLead => words.response_lead(),
                auth::Function::Operator => words.operator(),
                auth::Function::Director(_) => words.director(),
                auth::Function::IctCoordinator(_) => words.ict_coordinator(),
                auth::Function::Reviewer => words.reviewer(),
                auth::Function::BoardMember(_) => words.board_member(),
                auth::Function::Dpo(_) => words.dpo(),
                auth::Function::VendorContact(_) => words.vendor_contact(),
                auth::Function::Pupil => words.pupil(),
                auth::Function::Parent => words.parent(),
            };
            if !named.contains(&name) {
                named.push(name);
            }
        }
        named
    }

    pub(super) fn find(&self) -> Option<Find> {
        let visitor = self.visitor.as_ref()?;
        let words = self.words();
        if visitor.works_the_queue() {
            return Some(Find { action: "/wachtrij".to_owned(), label: words.search_cases(), hidden: Some(("fase", "alle")) });
        }
        let school = self.own_school_here()?;
        Some(Find { action: format!("/scholen/{school}/toestellen"), label: words.search_devices(), hidden: None })
    }

    /// Only what works, and only what this visitor may see.
    pub(super) fn menu(&self) -> Vec<MenuGroup> {
        let Some(visitor) = &self.visitor else { return Vec::new() };
        let words = self.words();
        let mut groups = Vec::new();
        if visitor.works_the_queue() {
            let count = |pick: fn(&QueueSummary) -> i64| self.queue.as_ref().map(|summary| self.language().number(pick(summary)));
            let mine = QueueQuery::default().in_view(QueueView::Mine).href();
            groups.push(MenuGroup {
                title: None,
                entries: vec![
                    self.entry(Place::Queue, "/wachtrij".to_owned(), Icon::Queue, words.queue(), count(|summary| summary.open)),
                    self.entry(Place::MyCases, mine, Icon::Inbox, words.my_cases(), count(|summary| summary.mine)),
                ],
            });
            let gateways = self.entry(Place::Gateways, "/gateways".to_owned(), Icon::Router, words.gateways(), None);
            let schools = self.entry(Place::Schools, "/scholen".to_owned(), Icon::School, words.schools(), None);
            groups.push(MenuGroup { title: Some(words.network()), entries: vec![schools, gateways] });
        } else if visitor.may_everywhere(Action::GatewayRead) {
            let gateways = self.entry(Place::Gateways, "/gateways".to_owned(), Icon::Router, words.gateways(), None);
            let schools = self.entry(Place::Schools, "/scholen".to_owned(), Icon::School, words.schools(), None);
            groups.push(MenuGroup { title: Some(words.platform()), entries: vec![gateways, schools] });
        }
        let works_at_several = visitor.own_schools().len() > 1;
        if works_at_several {
            let schools = self.entry(Place::Schools, "/scholen".to_owned(), Icon::School, words.schools(), None);
            groups.push(MenuGroup { title: Some(words.your_schools()), entries: vec![schools] });
        }
        if let Some(school) = self.own_school_here() {
            let path = |page: &str| format!("/scholen/{school}/{page}");
            let mut entries = vec![
                self.entry(Place::Devices, path("toestellen"), Icon::Laptop, words.devices(), None),
                self.entry(Place::Incidents, path("incidenten"), Icon::Alert, words.incidents(), None),
            ];
            let installs_gateways = visitor.may(Action::GatewayEnrol, school) && !visitor.may_everywhere(Action::GatewayEnrol);
            if installs_gateways {
                entries.push(self.entry(Place::Gateways, "/gateways".to_owned(), Icon::Router, words.gateways(), None));
            }
            groups.push(MenuGroup { title: Some(words.your_school()), entries });
        }
        groups
    }

    /// Whether the visitor works at the school that this page is about.
    pub(crate) fn is_at_own_school(&self) -> bool {
        self.own_school_here().is_some()
    }

    /// The school of this page, where the visitor works there.
    fn own_school_here(&self) -> Option<SchoolId> {
        let visitor = self.visitor.as_ref()?;
        self.school.filter(|school| visitor.own_schools().contains(school))
    }

    fn entry(&self, place: Place, href: String, icon: Icon, label: &'static str, count: Option<String>) -> MenuEntry {
        MenuEntry { href, icon, label, count, is_current: self.place == place }
    }
}

/// `<input type="hidden" name="csrf" …>`.
#[derive(Template)]
#[template(ext = "html", source = r#"<input type="hidden" name="csrf" value="{{ token }}">"#)]
pub(crate) struct CsrfField {
    token: String,
}

impl HtmlSafe for CsrfField {}

/// The pages of a list, below it.
#[derive(Template)]
#[template(path = "mark/paging.html")]
pub(crate) struct Paging {
    words: ShellWords,
    page: String,
    range: String,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
}

impl HtmlSafe for Paging {}

impl Paging {
    /// `range` in words; the addresses of the other pages, where there are any.
    pub(crate) fn new(language: Language, page: usize, range: String, addresses: [Option<String>; 3]) -> Self {
        let [first, previous, next] = addresses;
        let page = language.number(i64::try_from(page).unwrap_or_default());
        Self { words: ShellWords(language), page, range, first, previous, next }
    }

    /// Whether there is more than one page.
    pub(super) fn has_pages(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}
