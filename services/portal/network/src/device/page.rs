//! One device: its warnings and the incident they belong to, then everything known about it, each fact with its source.

use askama::Template;
use chrono::TimeDelta;

use portal_frame::{
    Frame,
    answer::moment,
    card::CaseCard,
    list::{Paging, PlainQuery},
    mark::{Icon, IconMark, SeverityMark},
    samples::Page,
    school::School,
};
use proto::{
    incident_intake::v1::{CasePhase, CaseSeverity, LocalizedText},
    network_monitor::v1::{Endpoint, SourcedValue},
};

use super::alert::{Alert, Meaning};
use crate::devices::{Device, DeviceWords, Verdict, device_title, verdict};

/// A device.
#[derive(Template)]
#[template(path = "device/page.html")]
pub(crate) struct DevicePage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    pub(crate) device: Device,
    /// None where the visitor may not see warnings, or which are of this device is not known.
    pub(crate) warnings: Option<Warnings>,
}

/// Some of the warnings of a device, the newest first.
pub(crate) struct Warnings {
    pub(crate) shown: Vec<Warning>,
    pub(crate) total: i64,
    /// The worst open incident with this device in it.
    pub(crate) running_case: Option<CaseCard>,
    /// None where it is known what they mean.
    pub(crate) unexplained: Option<Unexplained>,
    pub(crate) paging: Paging,
}

/// Why it is not known what warnings mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unexplained {
    /// Who knows does not answer, and may in a minute.
    Away,
    /// Something is wrong on our side, and in a minute still is.
    Refused,
}

/// A warning, and what it means where that is known just now.
pub(crate) struct Warning {
    pub(crate) alert: Alert,
    pub(crate) meaning: Option<Meaning>,
}

/// The worst open incident with one of these alerts in it; of equally bad ones the newest.
pub(crate) fn running_case(warnings: &[Warning]) -> Option<&CaseCard> {
    warnings.iter().filter_map(Warning::open_case).max_by_key(|case| (case.severity, case.opened))
}

impl Warning {
    fn case(&self) -> Option<&CaseCard> {
        self.meaning.as_ref()?.case.as_ref()
    }

    fn open_case(&self) -> Option<&CaseCard> {
        self.case().filter(|case| !case.is_closed())
    }

    fn severity(&self) -> CaseSeverity {
        self.meaning.as_ref().map_or(self.alert.severity, |meaning| meaning.severity)
    }
}

impl Page for DevicePage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |device: Device, warnings| Self { frame: frame.clone(), school: School::sample(), device, warnings };
        let with = |unexplained, shown: Vec<Warning>| {
            let query = PlainQuery::parse("/scholen/1/toestellen/2", "na=2");
            let paging = query.paging(frame.language(), "11–12 van 12".to_owned(), "");
            Some(Warnings { total: 12, running_case: running_case(&shown).cloned(), shown, unexplained, paging })
        };
        let warnings = [
            with(None, Warning::samples()),
            with(Some(Unexplained::Away), Warning::samples()),
            with(Some(Unexplained::Refused), Vec::new()),
            None,
        ];
        Device::samples().into_iter().zip(warnings).map(|(device, warnings)| sample(device, warnings)).collect()
    }
}

impl Warning {
    /// Made-up ones: in an open case, in a closed one, in none, and one without an explanation.
    fn samples() -> Vec<Self> {
        let alert = Alert::sample();
        let title = LocalizedText { nl: "Schadelijke software".to_owned(), en: "Malware".to_owned() };
        let case = CaseCard {
            id: "0190c0de-0000-7000-8000-000000000412".to_owned(),
            reference: "SW-2026-0412".to_owned(),
            title: title.clone(),
            severity: CaseSeverity::High,
            phase: CasePhase::Open,
            opened: alert.first,
        };
        let closed = CaseCard { phase: CasePhase::Closed, ..case.clone() };
        let meant = |case| Some(Meaning { title: title.clone(), severity: CaseSeverity::High, case });
        [meant(Some(case)), meant(Some(closed)), meant(None), None].map(|meaning| Self { alert: alert.clone(), meaning }).into()
    }
}

/// A row of the facts: what, the value, where and when it was learnt.
struct Fact<'a> {
    what: &'static str,
    value: &'a str,
    source: String,
    observed: Option<String>,
}

impl DevicePage {
    const fn words(&self) -> DeviceWords {
        DeviceWords(self.frame.preferences.language)
    }

    fn title(&self) -> String {
        device_title(self.words(), &self.device)
    }

    fn verdict(&self) -> Verdict {
        verdict(self.words(), &self.frame, &self.device)
    }

    fn running_case(&self) -> Option<&CaseCard> {
        self.warnings.as_ref()?.running_case.as_ref()
    }

    fn case_title<'a>(&self, case: &'a CaseCard) -> &'a str {
        self.frame.text(&case.title)
    }

    /// What is the matter in plain words; what the sensor calls it, where those are missing just now.
    fn warning_title<'a>(&self, warning: &'a Warning) -> &'a str {
        match &warning.meaning {
            Some(meaning) => self.frame.text(&meaning.title),
            None => &warning.alert.signature,
        }
    }

    fn warning_icon(&self, warning: &Warning) -> IconMark {
        match warning.case() {
            Some(case) if case.is_closed() => Icon::Check.large(),
            Some(_) => Icon::Alert.large(),
            None => Icon::Network.large(),
        }
    }

    fn warning_severity(&self, warning: &Warning) -> SeverityMark {
        self.frame.severity(&warning.severity())
    }

    /// Whether the incident it was part of is done with.
    fn is_over(&self, warning: &Warning) -> bool {
        warning.case().is_some_and(CaseCard::is_closed)
    }

    /// How often, with whom and when: `14 keer naar 203.0.113.77, vandaag 15.47–16.11 u.`
    fn warning_detail(&self, warning: &Warning) -> String {
        let (words, alert) = (self.words(), &warning.alert);
        let other = self.place_name(alert.other_end(&self.device.id));
        let span = self.frame.language().span(alert.first, alert.last, self.frame.now);
        let seen = words.times(alert.events);
        if alert.is_from(&self.device.id) { words.warning_to(seen, other, span) } else { words.warning_from(seen, other, span) }
    }

    fn place_name(&self, place: &Endpoint) -> String {
        let known = [&place.device_name, &place.ip].into_iter().find(|name| !name.is_empty());
        known.cloned().unwrap_or_else(|| self.words().unknown_address().to_owned())
    }

    /// In which incident, and how far that is.
    fn warning_case(&self, warning: &Warning) -> String {
        let (words, terms) = (self.words(), self.frame.terms());
        match (&warning.meaning, warning.case()) {
            (None, _) => words.case_unknown().to_owned(),
            (Some(_), None) => words.in_no_case().to_owned(),
            (Some(_), Some(case)) => words.in_case(&case.reference, terms.phase(case.phase).to_lowercase()),
        }
    }

    fn warnings_hint(&self, warnings: &Warnings) -> &'static str {
        let words = self.words();
        match warnings.unexplained {
            None => words.warnings_hint(),
            Some(Unexplained::Away) => words.warnings_unexplained_now(),
            Some(Unexplained::Refused) => words.warnings_unexplained(),
        }
    }

    fn facts(&self) -> Vec<Fact<'_>> {
        let (words, device) = (self.words(), &self.device);
        let fact = |what: &'static str, sourced: &SourcedValue| -> (&'static str, String, Option<String>) {
            (what, words.source_name(&sourced.source), moment(sourced.observe_time).map(|at| self.frame.short_moment(&at)))
        };
        let all = [
            (words.name(), device.names.as_slice()),
            (words.make(), device.vendor.as_slice()),
            (words.address(), device.ips.as_slice()),
            (words.software(), device.software.as_slice()),
            (words.service(), device.services.as_slice()),
        ];
        let mut facts = Vec::new();
        for (what, values) in all {
            for sourced in values {
                let (what, source, observed) = fact(what, sourced);
                facts.push(Fact { what, value: &sourced.value, source, observed });
            }
        }
        facts
    }

    /// Each of the last seven days with how long the device was on, oldest first.
    fn week(&self) -> Vec<(String, String)> {
        let days = i64::try_from(self.device.week.len()).unwrap_or_default();
        let day = |(index, quarters): (usize, &i32)| {
            let days_ago = days - 1 - i64::try_from(index).unwrap_or_default();
            let name = self.frame.language().day(self.frame.now - TimeDelta::days(days_ago), self.frame.now);
            (name, self.frame.language().clock_duration(TimeDelta::minutes(i64::from(*quarters) * 15)))
        };
        self.device.week.iter().enumerate().map(day).collect()
    }
}
