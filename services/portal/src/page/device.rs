//! One device: everything known about it, each fact with its source.

use askama::Template;
use chrono::TimeDelta;

use super::{
    Frame,
    devices::{Verdict, device_title, verdict},
};
use crate::{
    mark::Icon,
    view::{Device, School, Sourced},
    words::DeviceWords,
};

/// A device.
#[derive(Template)]
#[template(path = "device.html")]
pub(crate) struct DevicePage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    pub(crate) device: Device,
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

    fn facts(&self) -> Vec<Fact<'_>> {
        let (words, device) = (self.words(), &self.device);
        let fact = |what: &'static str, sourced: &'_ Sourced| -> (&'static str, String, Option<String>) {
            (what, words.source_name(&sourced.source), sourced.observed.map(|at| self.frame.moment(&at)))
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

    /// Each of the last seven days with its quarters of an hour, oldest first.
    fn week(&self) -> Vec<(String, String)> {
        let days = i64::try_from(self.device.week.len()).unwrap_or_default();
        let day = |(index, quarters): (usize, &i32)| {
            let days_ago = days - 1 - i64::try_from(index).unwrap_or_default();
            let name = self.frame.language().day(self.frame.now - TimeDelta::days(days_ago), self.frame.now);
            (name, self.frame.language().number(*quarters))
        };
        self.device.week.iter().enumerate().map(day).collect()
    }
}
