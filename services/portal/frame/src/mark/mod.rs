//! The small marks of the design: icon, severity, clock, timer, person. Each is written once, as a value that renders
//! itself, so that a page cannot spell one differently.

mod clock;
mod icon;

use askama::{Template, filters::HtmlSafe};
use proto::incident_intake::v1::{CaseSeverity, Person};

pub use self::{
    clock::{ClockMark, Standing, Target, TimerMark},
    icon::{Icon, IconMark},
};
use crate::{config::EmergencyLine, language::Language, words::Terms};

/// Bars, word and colour.
#[derive(Template)]
#[template(ext = "html", source = r#"<span class="sev" data-level="{{ level }}">{{ icon }}{{ word }}</span>"#)]
pub struct SeverityMark {
    /// 1 low to 4 very high.
    level: i32,
    icon: IconMark,
    word: &'static str,
}

impl SeverityMark {
    pub fn new(severity: CaseSeverity, language: Language) -> Self {
        let icon = match severity {
            CaseSeverity::Unspecified | CaseSeverity::Low => Icon::Severity1,
            CaseSeverity::Medium => Icon::Severity2,
            CaseSeverity::High => Icon::Severity3,
            CaseSeverity::VeryHigh => Icon::Severity4,
        };
        Self { level: severity.into(), icon: icon.plain(), word: Terms(language).severity(severity) }
    }
}

/// The emergency line: name, number, opening hours, and a mail address for what can wait.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{{ icon }}<span>{{ name }}: <a href="{{ dialled }}">{{ phone }}</a>{% if let Some(hours) = hours %}, {{ hours }}{% endif %}{% if let Some(mail) = mail %} · <a href="mailto:{{ mail }}">{{ mail }}</a>{% endif %}</span>"#
)]
pub struct CallMark {
    icon: IconMark,
    pub name: String,
    pub phone: String,
    pub dialled: String,
    pub hours: Option<String>,
    pub mail: Option<String>,
}

impl CallMark {
    pub fn new(line: &EmergencyLine, language: Language) -> Self {
        let text = |text: &content::Text| language.pick(&text.nl, &text.en).clone();
        Self {
            icon: Icon::Phone.plain(),
            name: text(&line.name),
            phone: line.phone.clone(),
            dialled: line.dialled(),
            hours: line.hours.as_ref().map(text),
            mail: line.mail.clone(),
        }
    }
}

/// Initials in a disc. The name is in the text beside it.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="face{% if is_me %} me{% endif %}{% if is_nobody %} nobody{% endif %}" aria-hidden="true">{{ initials }}</span>"#
)]
pub struct Face {
    initials: String,
    is_me: bool,
    is_nobody: bool,
}

impl Face {
    pub fn of(person: Option<&Person>, me: &str) -> Self {
        match person {
            Some(person) => Self { initials: initials(&person.name), is_me: person.person_id == me, is_nobody: false },
            None => Self { initials: "–".to_owned(), is_me: false, is_nobody: true },
        }
    }

    /// Somebody of whom only the name is at hand.
    pub fn named(name: &str) -> Self {
        Self { initials: initials(name), is_me: false, is_nobody: false }
    }

    pub fn me(name: &str) -> Self {
        Self { initials: initials(name), is_me: true, is_nobody: false }
    }
}

/// The first letters of the first and the last word: `Jonas De Smet` → `JS`. A dash for a person who was erased.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next();
    if first.is_none() {
        return "–".to_owned();
    }
    [first, words.next_back()].into_iter().flatten().filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect()
}

impl HtmlSafe for SeverityMark {}
impl HtmlSafe for CallMark {}
impl HtmlSafe for Face {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_first_and_last_word() {
        assert_eq!(["Noor Claes", "Jonas De Smet", "Élise", ""].map(initials), ["NC", "JS", "É", "–"]);
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let hostile = Person { person_id: "1".to_owned(), name: "<b> <i>".to_owned() };
        assert!(!Face::of(Some(&hostile), "2").to_string().contains("<<"));
    }
}
