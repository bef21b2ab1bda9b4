//! The small marks of the design: icon, severity, clock, timer, person. Each is written once, as a value that renders
//! itself, so that a page cannot spell one differently.

mod icon;

use askama::{Template, filters::HtmlSafe};
use chrono::{DateTime, Utc};

pub(crate) use self::icon::{Icon, IconMark};
use crate::{
    config::EmergencyLine,
    language::Language,
    view::{Person, Severity, Standing, Target},
    words::Terms,
};

/// Bars, word and colour.
#[derive(Template)]
#[template(ext = "html", source = r#"<span class="sev" data-level="{{ severity.level() }}">{{ icon }}{{ word }}</span>"#)]
pub(crate) struct SeverityMark {
    severity: Severity,
    icon: IconMark,
    word: &'static str,
}

impl SeverityMark {
    pub(crate) fn new(severity: Severity, language: Language) -> Self {
        let icon = match severity {
            Severity::Low => Icon::Severity1,
            Severity::Medium => Icon::Severity2,
            Severity::High => Icon::Severity3,
            Severity::VeryHigh => Icon::Severity4,
        };
        Self { severity, icon: icon.plain(), word: Terms(language).severity(severity) }
    }
}

/// A clock in a list: icon, label and how long.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="clock" data-state="{{ standing.state() }}">{{ icon }}<span>{{ label }}</span> <b>{{ text }}</b></span>"#
)]
pub(crate) struct ClockMark {
    standing: Standing,
    icon: IconMark,
    label: &'static str,
    text: String,
}

impl ClockMark {
    pub(crate) fn new(target: Target, label: &'static str, now: DateTime<Utc>, language: Language) -> Self {
        let standing = target.standing(now);
        let icon = match standing {
            Standing::Running { .. } | Standing::Soon { .. } => Icon::Clock,
            Standing::Late { .. } => Icon::Alert,
            Standing::Met { .. } => Icon::Check,
            Standing::Missed { .. } => Icon::Partly,
        };
        Self { standing, icon: icon.plain(), label, text: Terms(language).standing(standing) }
    }
}

/// A clock on its own card: a ring, how long, and the moment itself.
#[derive(Template)]
#[template(path = "mark/timer.html")]
pub(crate) struct TimerMark {
    standing: Standing,
    percent_left: i64,
    label: &'static str,
    text: String,
    detail: String,
}

impl TimerMark {
    pub(crate) fn new(target: Target, label: &'static str, now: DateTime<Utc>, language: Language) -> Self {
        let terms = Terms(language);
        let standing = target.standing(now);
        Self {
            standing,
            percent_left: target.percent_left(now),
            label,
            text: terms.standing(standing),
            detail: terms.standing_detail(target, now),
        }
    }

    const fn is_met(&self) -> bool {
        matches!(self.standing, Standing::Met { .. })
    }

    const fn is_missed(&self) -> bool {
        matches!(self.standing, Standing::Missed { .. })
    }
}

/// Whom to call, in one line: name, number, when somebody picks up, and an address for what can wait.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{{ icon }}<span>{{ name }}: <a href="{{ dialled }}">{{ phone }}</a>{% if let Some(hours) = hours %}, {{ hours }}{% endif %}{% if let Some(mail) = mail %} · <a href="mailto:{{ mail }}">{{ mail }}</a>{% endif %}</span>"#
)]
pub(crate) struct CallMark {
    icon: IconMark,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) dialled: String,
    pub(crate) hours: Option<String>,
    pub(crate) mail: Option<String>,
}

impl CallMark {
    pub(crate) fn new(line: &EmergencyLine, language: Language) -> Self {
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

/// Initials in a disc; the name stands beside it, or the reader hears it.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="face{% if is_me %} me{% endif %}{% if is_nobody %} nobody{% endif %}" aria-hidden="true">{{ initials }}</span>"#
)]
pub(crate) struct Face {
    initials: String,
    is_me: bool,
    is_nobody: bool,
}

impl Face {
    pub(crate) fn of(person: Option<&Person>, me: &str) -> Self {
        match person {
            Some(person) => Self { initials: initials(&person.name), is_me: person.id == me, is_nobody: false },
            None => Self { initials: "–".to_owned(), is_me: false, is_nobody: true },
        }
    }

    pub(crate) fn me(name: &str) -> Self {
        Self { initials: initials(name), is_me: true, is_nobody: false }
    }
}

/// The first letters of the first and the last word: `Jonas De Smet` → `JS`.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next();
    [first, words.next_back()].into_iter().flatten().filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect()
}

impl HtmlSafe for SeverityMark {}
impl HtmlSafe for ClockMark {}
impl HtmlSafe for TimerMark {}
impl HtmlSafe for CallMark {}
impl HtmlSafe for Face {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_first_and_last_word() {
        assert_eq!(["Noor Claes", "Jonas De Smet", "Élise", ""].map(initials), ["NC", "JS", "É", ""]);
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let hostile = Person { id: "1".to_owned(), name: "<b> <i>".to_owned() };
        assert!(!Face::of(Some(&hostile), "2").to_string().contains("<<"));
    }
}
