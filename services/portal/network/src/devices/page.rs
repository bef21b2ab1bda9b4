//! The devices of a school: what to do first, then the list, then what we do not see.

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};

use portal_frame::{
    Frame,
    answer::moment,
    list::{Paging, Tab},
    mark::{Icon, IconMark},
    samples::Page,
    school::School,
};
use proto::network_monitor::v1::DeviceSummary;

use super::{
    address::{DeviceOrder, DeviceQuery, DeviceView},
    view::Device,
    words::DeviceWords,
};
use crate::gateways::SILENT_AFTER;

/// As network-monitor counts "new" and "quiet".
const NEW_FOR: TimeDelta = TimeDelta::days(7);
const QUIET_AFTER: TimeDelta = TimeDelta::days(30);

/// The devices of a school.
#[derive(Template)]
#[template(path = "devices/page.html")]
pub(crate) struct DevicesPage {
    pub(crate) frame: Frame,
    pub(crate) query: DeviceQuery,
    pub(crate) school: School,
    pub(crate) summary: DeviceSummary,
    pub(crate) devices: Vec<Device>,
    pub(crate) paging: Paging,
    /// How many rows the list has.
    pub(crate) total: i64,
    /// How many incidents go on; none where that is not to be known just now, or not by this visitor.
    pub(crate) open_incidents: Option<i64>,
}

/// The one answer of the page.
struct Answer {
    tone: &'static str,
    icon: Icon,
    title: String,
    text: &'static str,
    link: Option<(String, String)>,
}

/// The status of one device: a word and its reason.
pub(crate) struct Verdict {
    pub(crate) tone: Option<&'static str>,
    pub(crate) icon: Icon,
    pub(crate) word: &'static str,
    pub(crate) reason: String,
}

impl Page for DevicesPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |question: &str, devices: Vec<Device>, summary: DeviceSummary, open_incidents| {
            let query = DeviceQuery::parse(portal_frame::samples::school_id(), question);
            let paging = Paging::new(frame.language(), &query.trail, "1–4 van 4".to_owned(), "next", |trail| query.at(trail));
            let school = School::sample();
            Self { frame: frame.clone(), query, school, summary, devices, paging, total: 20_000, open_incidents }
        };
        let heard = |days_ago| Some(proto::time::timestamp(frame.now - TimeDelta::days(days_ago)));
        let warned = DeviceSummary { total: 4, seen_today: 2, new_this_week: 1, quiet: 1, with_open_alerts: 1, last_event_time: heard(0) };
        let new = DeviceSummary { with_open_alerts: 0, ..warned };
        let calm = DeviceSummary { new_this_week: 0, ..new };
        let silent = DeviceSummary { last_event_time: heard(2), ..calm };
        let never = DeviceSummary { last_event_time: None, ..calm };
        let mut samples = vec![sample("weergave=waarschuwing&zoek=pc&na=1", Device::samples(), warned, Some(1))];
        samples.extend([warned, new, calm, silent].map(|summary| sample("", Device::samples(), summary, Some(0))));
        samples.extend([sample("zoek=x", Vec::new(), never, None), sample("", Vec::new(), never, Some(2))]);
        samples
    }
}

impl DevicesPage {
    const fn words(&self) -> DeviceWords {
        DeviceWords(self.frame.preferences.language)
    }

    fn lead(&self) -> String {
        let summary = &self.summary;
        self.words().summary(summary.total, summary.seen_today, summary.new_this_week)
    }

    /// When the sensor last sent something.
    fn last_event(&self) -> Option<DateTime<Utc>> {
        moment(self.summary.last_event_time)
    }

    fn has_incident(&self) -> bool {
        self.open_incidents.is_some_and(|open| open > 0)
    }

    /// The most important fact comes first: an open incident, also when the sensor is silent.
    fn answer(&self) -> Answer {
        let (words, summary) = (self.words(), &self.summary);
        if let Some(open @ 1..) = self.open_incidents {
            let link = (format!("/scholen/{}/incidenten", self.school.id), words.incidents_link(open));
            let (title, text) = (words.incidents_title(open), words.incidents_text());
            return Answer { tone: "bad", icon: Icon::Alert, title, text, link: Some(link) };
        }
        let Some(last_event) = self.last_event() else {
            return Answer {
                tone: "warn",
                icon: Icon::Router,
                title: words.never_title().to_owned(),
                text: words.never_text(),
                link: None,
            };
        };
        if self.frame.now - last_event > SILENT_AFTER {
            let title = words.silent_title(self.frame.moment(&last_event));
            return Answer { tone: "bad", icon: Icon::Alert, title, text: words.silent_text(), link: None };
        }
        if summary.with_open_alerts > 0 {
            let count = summary.with_open_alerts;
            let link = (self.query.in_view(DeviceView::Warned).href(), words.warned_devices_link(count));
            let (title, text) = (words.warned_title(count), words.warned_text());
            return Answer { tone: "warn", icon: Icon::Alert, title, text, link: Some(link) };
        }
        if summary.new_this_week > 0 {
            let link = (self.query.in_view(DeviceView::New).href(), words.new_link().to_owned());
            let title = words.new_title(summary.new_this_week);
            return Answer { tone: "info", icon: Icon::Info, title, text: words.new_text(), link: Some(link) };
        }
        Answer { tone: "ok", icon: Icon::Check, title: words.calm_title().to_owned(), text: words.calm_text(), link: None }
    }

    fn tabs(&self) -> Vec<Tab> {
        let (words, summary) = (self.words(), &self.summary);
        let tab = |view: DeviceView| {
            let (label, count, tone) = match view {
                DeviceView::All => (words.view_all(), summary.total, None),
                DeviceView::New => (words.view_new(), summary.new_this_week, None),
                DeviceView::Warned => (words.view_warned(), summary.with_open_alerts, (summary.with_open_alerts > 0).then_some("warn")),
                DeviceView::Quiet => (words.view_quiet(), summary.quiet, None),
            };
            let is_current = self.query.view == view;
            Tab { href: self.query.in_view(view).href(), label, count: self.frame.language().number(count), tone, is_current }
        };
        DeviceView::ALL.into_iter().map(tab).collect()
    }

    fn list_title(&self) -> &'static str {
        let words = self.words();
        match self.query.view {
            DeviceView::All => words.all_devices(),
            DeviceView::New => words.view_new(),
            DeviceView::Warned => words.view_warned(),
            DeviceView::Quiet => words.view_quiet(),
        }
    }

    fn order_options(&self) -> Vec<(&'static str, &'static str, bool)> {
        let words = self.words();
        let option = |order| {
            let name = match order {
                DeviceOrder::LastSeen => words.order_last_seen(),
                DeviceOrder::FirstSeen => words.order_first_seen(),
                DeviceOrder::Name => words.order_name(),
                DeviceOrder::Use => words.order_use(),
            };
            (order.code(), name, self.query.order == order)
        };
        DeviceOrder::ALL.into_iter().map(option).collect()
    }

    /// Label, address to sort by it, `aria-sort`.
    fn column(&self, order: DeviceOrder) -> (String, Option<&'static str>) {
        (self.query.ordered_by(order).href(), self.query.aria_sort(order))
    }

    fn title_of(&self, device: &Device) -> String {
        device_title(self.words(), device)
    }

    fn icon_of(&self, device: &Device) -> IconMark {
        device.look().icon().plain()
    }

    fn verdict(&self, device: &Device) -> Verdict {
        verdict(self.words(), &self.frame, device)
    }

    fn is_filtered(&self) -> bool {
        self.query.view != DeviceView::All || !self.query.search.is_empty()
    }
}

pub(crate) fn device_title(words: DeviceWords, device: &Device) -> String {
    device.title().map_or_else(|| words.unnamed().to_owned(), str::to_owned)
}

pub(crate) fn verdict(words: DeviceWords, frame: &Frame, device: &Device) -> Verdict {
    let since = |at: DateTime<Utc>| frame.now - at;
    if device.open_alerts > 0 {
        let reason = words.warned_reason(device.open_alerts);
        return Verdict { tone: Some("warn"), icon: Icon::Alert, word: words.is_warned(), reason };
    }
    if since(device.last_seen) > QUIET_AFTER {
        return Verdict { tone: None, icon: Icon::NoneNeeded, word: words.is_quiet(), reason: words.quiet_reason().to_owned() };
    }
    if since(device.first_seen) < NEW_FOR {
        let reason = words.new_reason(frame.language().day(device.first_seen, frame.now));
        return Verdict { tone: Some("info"), icon: Icon::Plus, word: words.is_new(), reason };
    }
    Verdict { tone: Some("ok"), icon: Icon::Check, word: words.calm(), reason: words.calm_reason().to_owned() }
}
