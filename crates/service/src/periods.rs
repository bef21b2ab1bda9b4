//! How long each class is kept: content, `content/retention/`.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use content::{Body, Flaws, Library, LoadError, Pack, Settings, Spanned, Text};
use serde::Deserialize;
use storage::classified::Class;

/// How long a class is kept, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    pub name: Text,
    pub ends: Ends,
    pub basis: Basis,
    /// The article or the decision.
    pub source: String,
    pub reason: Text,
}

/// When something of a class goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ends {
    /// So many days after something.
    After { days: u32, from: Text },
    /// Not by its age.
    Otherwise(Text),
}

/// Who says how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Basis {
    /// A law names the period, or what it must reach.
    Law,
    /// The controller's own choice, within what the law leaves.
    OwnChoice,
}

/// All versions, and the one that holds at a moment: the newest that has begun. Where none has, the first: nothing is kept for ever because
/// somebody forgot a file.
#[derive(Debug, Clone)]
pub struct Periods {
    first: Pack<Classes>,
    later: Vec<Pack<Classes>>,
}

impl Periods {
    /// Reads the content.
    ///
    /// # Errors
    /// When it is not right; every flaw is named.
    pub fn load(settings: &Settings) -> Result<Self, LoadError> {
        Self::of(&Library::load(settings)?)
    }

    fn of(library: &Library<Classes>) -> Result<Self, LoadError> {
        let (first, later) = library.packs().split_first().ok_or(LoadError::Missing { id: Classes::ID })?;
        Ok(Self { first: first.clone(), later: later.to_vec() })
    }

    fn at(&self, moment: DateTime<Utc>) -> &Pack<Classes> {
        let day = moment.date_naive();
        self.later.iter().rev().find(|pack| pack.valid_from <= day).unwrap_or(&self.first)
    }

    /// The version of the content that holds at a moment.
    pub fn version(&self, moment: DateTime<Utc>) -> &str {
        &self.at(moment).version
    }

    /// What is said of a class; every class has something.
    pub fn period(&self, class: Class, moment: DateTime<Utc>) -> Option<&Period> {
        self.at(moment).body.0.get(&class)
    }

    /// What is said of each class at a moment.
    pub fn all(&self, moment: DateTime<Utc>) -> impl Iterator<Item = &Period> {
        self.at(moment).body.0.values()
    }

    /// How many days rows of a class are kept; `None` for what ends otherwise.
    pub fn days(&self, class: Class, moment: DateTime<Utc>) -> Option<u32> {
        match self.period(class, moment)?.ends {
            Ends::After { days, .. } => Some(days),
            Ends::Otherwise(_) => None,
        }
    }

    /// Rows that began to age before this are past their period; `None` for what ends otherwise.
    pub fn over_before(&self, class: Class, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.days(class, moment).map(|days| moment - TimeDelta::days(days.into()))
    }
}

/// The body of the pack: every class with its period.
#[derive(Debug, Clone)]
struct Classes(BTreeMap<Class, Period>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    classes: Spanned<BTreeMap<String, Spanned<WrittenPeriod>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPeriod {
    name: Text,
    #[serde(default)]
    days: Option<u32>,
    /// From when the days are counted.
    #[serde(default)]
    from: Option<Text>,
    /// What ends it otherwise.
    #[serde(default)]
    until: Option<Text>,
    basis: Basis,
    source: Spanned<String>,
    reason: Text,
}

impl Body for Classes {
    const ID: &'static str = "retention";

    type Written = Written;

    fn read(written: Written, flaws: &mut Flaws) -> Option<Self> {
        let mut classes = BTreeMap::new();
        for class in Class::ALL.iter().filter(|class| !written.classes.value.contains_key(class.name())) {
            flaws.add(&written.classes, format!("say how long {} is kept", class.name()));
        }
        for (name, period) in written.classes.value {
            let Ok(class) = name.parse::<Class>() else {
                flaws.add(&period, format!("there is no class {name}"));
                continue;
            };
            if let Some(read) = read(class, &period, flaws) {
                classes.insert(class, read);
            }
        }
        Some(Self(classes))
    }
}

fn read(class: Class, period: &Spanned<WrittenPeriod>, flaws: &mut Flaws) -> Option<Period> {
    let WrittenPeriod { name, days, from, until, basis, source, reason } = &period.value;
    if source.value.trim().is_empty() {
        flaws.add(source, "name the article, or who decided it");
    }
    let ends = match (class.least_days(), days, from, until) {
        (Some((least, why)), Some(days), Some(_), None) if *days < least => {
            flaws.add(period, format!("give {least} days or more: {why}"));
            return None;
        }
        (Some(_), Some(days), Some(from), None) => Ends::After { days: *days, from: from.clone() },
        (Some(_), ..) => {
            flaws.add(period, "its rows go by their age: give `days` and `from`, and no `until`");
            return None;
        }
        (None, None, None, Some(until)) => Ends::Otherwise(until.clone()),
        (None, ..) => {
            flaws.add(period, "its rows do not go by their age: give `until`, and neither `days` nor `from`");
            return None;
        }
    };
    Some(Period { name: name.clone(), ends, basis: *basis, source: source.value.trim().to_owned(), reason: reason.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(class: Class) -> String {
        let text = "{ nl: n, en: e }";
        let ends = match class.least_days() {
            Some((least, _)) => format!("days: {least}, from: {text}"),
            None => format!("until: {text}"),
        };
        format!("    {}: {{ name: {text}, {ends}, basis: own_choice, source: us, reason: {text} }}\n", class.name())
    }

    fn pack(version: u8, classes: &str) -> (String, String) {
        let begins = format!("valid_from: 202{version}-01-01\nvalid_to: 202{version}-12-31");
        let head = format!("id: retention\nversion: \"{version}\"\n{begins}\nsources: [{{ title: a test }}]\n");
        (format!("{version}.yaml"), format!("{head}body:\n  classes:\n{classes}"))
    }

    fn all() -> String {
        Class::ALL.iter().copied().map(period).collect()
    }

    fn load(packs: &[(String, String)]) -> Result<Periods, String> {
        Library::read(packs).and_then(|library| Periods::of(&library)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_content_says_it_of_every_class() {
        let periods = Periods::load(&Settings::default()).unwrap();
        let now = "2026-11-24T09:00:00Z".parse().unwrap();
        for class in Class::ALL {
            let said = periods.period(*class, now).unwrap();
            assert_eq!(matches!(said.ends, Ends::After { .. }), class.least_days().is_some(), "{}", class.name());
        }
        assert_eq!(periods.days(Class::Alerts, now), Some(365));
        assert_eq!(periods.over_before(Class::DeviceUse, now), Some("2026-10-20T09:00:00Z".parse().unwrap()));
        assert_eq!(periods.over_before(Class::Audit, now), None);
    }

    #[test]
    fn a_class_without_a_period_is_no_content() {
        assert!(load(&[pack(6, &all())]).is_ok());
        for (from, to, complaint) in [
            (period(Class::Alerts), String::new(), "say how long alerts is kept"),
            (period(Class::Alerts), period(Class::Alerts).replace("alerts", "allerts"), "there is no class allerts"),
            (
                period(Class::Devices),
                period(Class::Devices).replace("days: 31", "days: 30"),
                "give 31 days or more: a device counts as quiet",
            ),
            (period(Class::Audit), period(Class::Audit).replace("until", "days: 1, from"), "give `until`"),
            (period(Class::Mails), period(Class::Mails).replace("days: 1, from", "until"), "give `days` and `from`"),
            (period(Class::Mails), period(Class::Mails).replace("source: us", "source: ''"), "name the article"),
        ] {
            let refused = load(&[pack(6, &all().replace(&from, &to))]).unwrap_err();
            assert!(refused.contains(complaint), "{refused}");
        }
    }

    #[test]
    fn the_newest_that_has_begun_holds_also_after_its_last_day() {
        let longer = all().replace("days: 31, ", "days: 90, ");
        let periods = load(&[pack(6, &all()), pack(8, &longer)]).unwrap();
        let days = |moment: &str| periods.days(Class::Devices, moment.parse().unwrap()).unwrap();
        let said = ["2020-01-01T00:00:00Z", "2027-06-01T00:00:00Z", "2028-01-01T12:00:00Z", "2035-01-01T00:00:00Z"].map(days);
        assert_eq!(said, [31, 31, 90, 90]);
        assert_eq!(periods.version("2035-01-01T00:00:00Z".parse().unwrap()), "8");
    }
}
