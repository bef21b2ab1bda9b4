//! The devices of a school: what to do first, then the list, then what we do not see.

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Frame, Paging};
use crate::{
    address::{DeviceOrder, DeviceQuery, DeviceView},
    mark::{Icon, IconMark},
    view::{Device, DeviceSummary, SILENT_AFTER, School},
    words::DeviceWords,
};

/// As network-monitor counts "new" and "quiet".
const NEW_FOR: TimeDelta = TimeDelta::days(7);
const QUIET_AFTER: TimeDelta = TimeDelta::days(30);

/// The devices of a school.
#[derive(Template)]
#[template(path = "devices.html")]
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

/// How one device stands: a word, its reason, and where it was learnt.
pub(super) struct Verdict {
    pub(super) tone: Option<&'static str>,
    pub(super) icon: Icon,
    pub(super) word: &'static str,
    pub(super) reason: String,
}

struct Tab {
    href: String,
    label: &'static str,
    count: String,
    tone: Option<&'static str>,
    is_current: bool,
}

impl DevicesPage {
    const fn words(&self) -> DeviceWords {
        DeviceWords(self.frame.preferences.language)
    }

    fn lead(&self) -> String {
        let summary = &self.summary;
        self.words().summary(summary.total, summary.seen_today, summary.new_this_week)
    }

    fn has_incident(&self) -> bool {
        self.open_incidents.is_some_and(|open| open > 0)
    }

    /// What matters most comes first: an incident goes on whether or not the sensor still speaks.
    fn answer(&self) -> Answer {
        let (words, summary) = (self.words(), &self.summary);
        if let Some(open @ 1..) = self.open_incidents {
            let link = (format!("/scholen/{}/incidenten", self.school.id), words.incidents_link(open));
            let (title, text) = (words.incidents_title(open), words.incidents_text());
            return Answer { tone: "bad", icon: Icon::Alert, title, text, link: Some(link) };
        }
        let Some(last_event) = summary.last_event else {
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

pub(super) fn device_title(words: DeviceWords, device: &Device) -> String {
    device.title().map_or_else(|| words.unnamed().to_owned(), str::to_owned)
}

pub(super) fn verdict(words: DeviceWords, frame: &Frame, device: &Device) -> Verdict {
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
