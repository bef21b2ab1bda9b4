//! The frame of every page: visitor, language, colours, menu, and the message after an act.

use std::{mem::discriminant, sync::Arc};

use askama::{Template, filters::HtmlSafe};
use auth::{Action, Resource};
use chrono::{DateTime, Utc};
use proto::incident_intake::v1::{CaseSeverity, LocalizedText, Person};
use runtime::SchoolId;

use crate::{
    area::{Area, Figure, MenuEntry, MenuPlace, Message, Onlooker, Search},
    assets,
    card::text_in,
    config::EmergencyLine,
    language::Language,
    mark::{CallMark, Face, Icon, SeverityMark},
    organisation::Offered,
    visitor::Visitor,
    words::{ShellWords, Terms},
};

/// A file holds this many rows of a list; more are work for another tool.
pub const MAX_EXPORT_ROWS: usize = 10_000;

/// Light, dark, or whatever the device says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Device,
    Light,
    Dark,
}

/// What a visitor chose, or what their browser asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferences {
    pub language: Language,
    pub theme: Theme,
    /// Whether single keys are shortcuts. Speech input can press them by accident (WCAG 2.1.4), so they can be turned off.
    pub shortcuts: bool,
}

/// Everything around a page.
#[derive(Clone)]
pub struct Frame {
    pub preferences: Preferences,
    pub now: DateTime<Utc>,
    /// Path and question of this page, to come back to after a choice of language or colours.
    pub here: String,
    pub visitor: Option<Visitor>,
    /// The CSRF token for the page's forms, masked.
    pub csrf: String,
    pub flash: Option<Message>,
    /// The address by which the menu tells where this page belongs; empty for a page beside the menu.
    pub place: String,
    /// The team or school in the top bar.
    pub context: String,
    /// The school this page is about, or the one this visitor chose, or the only one they work at.
    pub school: Option<SchoolId>,
    /// Which of several organisations this visitor looks at; `None`: all of them.
    pub organisation: Option<Resource>,
    /// Those to switch between; empty for who has one.
    pub organisations: Vec<Offered>,
    pub areas: &'static [Area],
    /// Beside entries of the menu, where they are at hand.
    pub figures: Vec<Figure>,
    /// The emergency line of schools, where one is configured.
    pub emergency_line: Option<Arc<EmergencyLine>>,
}

/// A group of the menu.
pub struct MenuGroup {
    pub title: Option<&'static str>,
    pub entries: Vec<ShownEntry>,
}

/// An entry of the menu, as shown on one page.
pub struct ShownEntry {
    pub href: String,
    pub icon: Icon,
    pub label: &'static str,
    pub count: Option<String>,
    pub is_current: bool,
}

impl Theme {
    /// As in the cookie and the form.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Device => "toestel",
            Self::Light => "licht",
            Self::Dark => "donker",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
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

impl Frame {
    /// Makes this a page about one school. Whose own it is sees its name in the top bar.
    pub fn about_school(&mut self, school: SchoolId, name: &str) {
        self.school = Some(school);
        if self.own_school().is_some() {
            name.clone_into(&mut self.context);
        }
    }

    pub const fn language(&self) -> Language {
        self.preferences.language
    }

    pub const fn words(&self) -> ShellWords {
        ShellWords(self.preferences.language)
    }

    pub const fn terms(&self) -> Terms {
        Terms(self.preferences.language)
    }

    /// A text of content, in the language of the page.
    pub fn text<'a>(&self, text: &'a LocalizedText) -> &'a str {
        text_in(self.language(), text)
    }

    pub const fn styles(&self) -> &'static str {
        assets::PORTAL_CSS
    }

    pub const fn favicon(&self) -> &'static str {
        assets::FAVICON_SVG
    }

    pub const fn script(&self) -> &'static str {
        assets::PORTAL_JS
    }

    /// The moment in a table.
    pub fn short_moment(&self, at: &DateTime<Utc>) -> String {
        self.language().short_moment(*at, self.now)
    }

    /// The moment in a sentence.
    pub fn moment(&self, at: &DateTime<Utc>) -> String {
        self.language().moment(*at, self.now)
    }

    /// The moment as machines read it, for `<time datetime>`.
    pub fn machine_time(&self, at: &DateTime<Utc>) -> String {
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    pub fn number(&self, number: &i64) -> String {
        self.language().number(*number)
    }

    /// What to say beside an export of a list with so many rows, when not all of them fit into the file.
    pub fn export_note(&self, total: &i64) -> Option<String> {
        let most = i64::try_from(MAX_EXPORT_ROWS).unwrap_or(i64::MAX);
        (*total > most).then(|| self.words().export_cut(self.number(&most), self.number(total)))
    }

    pub fn theme_attribute(&self) -> Option<&'static str> {
        self.preferences.theme.attribute()
    }

    pub fn flash_text(&self) -> Option<&'static str> {
        self.flash.map(|message| self.language().pick(message.texts[0], message.texts[1]))
    }

    /// The theme buttons: code, label, whether it is the one in use.
    pub fn themes(&self) -> [(&'static str, &'static str, bool); 3] {
        let words = self.words();
        [(Theme::Device, words.colours_device()), (Theme::Light, words.colours_light()), (Theme::Dark, words.colours_dark())]
            .map(|(theme, label)| (theme.code(), label, theme == self.preferences.theme))
    }

    /// The same page in the other language: address, language code and the language's own name.
    pub fn other_language(&self) -> (String, &'static str, &'static str) {
        let (other, name) = self.language().other();
        let separator = if self.here.contains('?') { '&' } else { '?' };
        (format!("{}{separator}lang={}", self.here, other.code()), other.code(), name)
    }

    /// The visitor's id as cases name it; empty when nobody is signed in.
    pub fn me(&self) -> String {
        self.visitor.as_ref().map(Visitor::id).unwrap_or_default()
    }

    pub fn face(&self, person: Option<&Person>) -> Face {
        Face::of(person, &self.me())
    }

    pub fn severity(&self, severity: &CaseSeverity) -> SeverityMark {
        SeverityMark::new(*severity, self.language())
    }

    /// Whom to call on a bad day: for schools, and for who is not signed in. The response team is who picks up.
    pub fn call(&self) -> Option<CallMark> {
        let line = self.emergency_line.as_ref().filter(|_| !self.is_dense())?;
        Some(CallMark::new(line, self.language()))
    }

    /// The hidden field with the CSRF token.
    pub fn csrf_field(&self) -> CsrfField {
        CsrfField { token: self.csrf.clone() }
    }

    /// Dense for people who live in the product all day, roomy for schools.
    pub fn is_dense(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.may_everywhere(Action::SchoolRead))
    }

    pub fn my_face(&self) -> Face {
        Face::me(self.visitor.as_ref().map(Visitor::name).unwrap_or_default())
    }

    /// What the visitor is, in words, for the account menu.
    pub fn functions(&self) -> Vec<&'static str> {
        let words = self.words();
        let Some(visitor) = &self.visitor else { return Vec::new() };
        let mut named: Vec<&'static str> = Vec::new();
        for function in &visitor.principal().functions {
            let name = words.function(*function);
            if !named.contains(&name) {
                named.push(name);
            }
        }
        named
    }

    fn onlooker(&self) -> Option<Onlooker<'_>> {
        let visitor = self.visitor.as_ref()?;
        Some(Onlooker { visitor, own_school: self.own_school(), language: self.language() })
    }

    /// The search field of the top bar.
    pub fn find(&self) -> Option<Search> {
        let onlooker = self.onlooker()?;
        self.areas.iter().find_map(|area| (area.search)(&onlooker))
    }

    /// What all areas offer this visitor, in the order of the menu. Who holds a function and has no work here, such as a teacher or a pupil, is
    /// offered what is theirs.
    pub fn entries(&self) -> Vec<MenuEntry> {
        let Some(onlooker) = self.onlooker() else { return Vec::new() };
        let mut entries: Vec<MenuEntry> = self.areas.iter().flat_map(|area| (area.menu)(&onlooker)).collect();
        entries.retain(|entry| self.is_of_choice(entry));
        entries.sort_by_key(|entry| entry.place);
        if entries.is_empty() && !onlooker.visitor.principal().functions.is_empty() {
            let (href, label) = ("/mijn-toegang".to_owned(), self.words().own_access());
            entries.push(MenuEntry { place: MenuPlace::Work(0), href, icon: Icon::Users, label });
        }
        entries
    }

    /// Whether an entry belongs to the organisation that was chosen.
    fn is_of_choice(&self, entry: &MenuEntry) -> bool {
        match self.organisation {
            Some(Resource::Platform) => matches!(entry.place, MenuPlace::Work(_) | MenuPlace::Network(_) | MenuPlace::Platform(_)),
            Some(Resource::Vendor(vendor)) => {
                matches!(entry.place, MenuPlace::YourVendor(_)) && entry.href.split('/').any(|part| part == vendor.to_string())
            }
            Some(_) => matches!(entry.place, MenuPlace::YourSchools(_) | MenuPlace::YourSchool(_)),
            None => true,
        }
    }

    /// Where the work is: the first entry of the menu, or of the school that was chosen. None for who has no rights here.
    pub fn start(&self) -> Option<String> {
        let entries = self.entries();
        let of_school = entries.iter().find(|entry| matches!(entry.place, MenuPlace::YourSchool(_)));
        let chosen = of_school.filter(|_| matches!(self.organisation, Some(Resource::School(_))));
        chosen.or(entries.first()).map(|entry| entry.href.clone())
    }

    /// Whether the switcher leaves schools out, which the list of schools has.
    pub fn has_more_schools(&self) -> bool {
        let own = self.visitor.as_ref().map(Visitor::organisations).unwrap_or_default();
        self.organisations.len() < own.len()
    }

    /// What the switcher says that one looks at.
    pub fn looked_at(&self) -> &str {
        let chosen = self.organisations.iter().find(|offered| offered.is_chosen);
        chosen.map_or(self.words().all_organisations(), |offered| &offered.name)
    }

    /// Only what works, and only what this visitor may see.
    pub fn menu(&self) -> Vec<MenuGroup> {
        let entries = self.entries();
        let is_above = |href: &str| self.place.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let current = entries.iter().map(|entry| entry.href.as_str()).filter(|href| is_above(href)).max_by_key(|href| href.len());
        let current = current.map(str::to_owned);
        let groups = entries.chunk_by(|one, next| discriminant(&one.place) == discriminant(&next.place));
        groups.map(|group| self.group(group, current.as_deref())).collect()
    }

    fn group(&self, entries: &[MenuEntry], current: Option<&str>) -> MenuGroup {
        let words = self.words();
        let title = entries.first().and_then(|first| match first.place {
            MenuPlace::Work(_) => None,
            MenuPlace::Network(_) => Some(words.network()),
            MenuPlace::Platform(_) => Some(words.platform()),
            MenuPlace::YourVendor(_) => Some(words.your_company()),
            MenuPlace::YourSchools(_) => Some(words.your_schools()),
            MenuPlace::YourSchool(_) => Some(words.your_school()),
        });
        let shown = |entry: &MenuEntry| ShownEntry {
            href: entry.href.clone(),
            icon: entry.icon,
            label: entry.label,
            count: self.figures.iter().find(|(href, _)| *href == entry.href).map(|(_, figure)| self.number(figure)),
            is_current: current == Some(&entry.href),
        };
        MenuGroup { title, entries: entries.iter().map(shown).collect() }
    }

    /// Whether this page is about a school of the visitor's own.
    pub fn is_at_own_school(&self) -> bool {
        self.own_school().is_some()
    }

    /// The school of this page, where it is the visitor's own.
    pub fn own_school(&self) -> Option<SchoolId> {
        let visitor = self.visitor.as_ref()?;
        self.school.filter(|school| visitor.own_schools().contains(school))
    }
}

/// `<input type="hidden" name="csrf" …>`.
#[derive(Template)]
#[template(ext = "html", source = r#"<input type="hidden" name="csrf" value="{{ token }}">"#)]
pub struct CsrfField {
    token: String,
}

impl HtmlSafe for CsrfField {}
