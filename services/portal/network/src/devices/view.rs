//! A device on a school's network. Devices, never pupils: nothing here says who holds one or where it went.

use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::{
    answer::{Unreadable, given, required_moment, required_text},
    mark::Icon,
};
use proto::network_monitor::v1::{self as wire, SourcedValue};

/// One device.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) mac: Option<String>,
    /// The address was made up by the device itself, so it may come back as another one.
    pub(crate) mac_random: bool,
    pub(crate) ips: Vec<SourcedValue>,
    pub(crate) names: Vec<SourcedValue>,
    pub(crate) vendor: Option<SourcedValue>,
    pub(crate) software: Vec<SourcedValue>,
    pub(crate) services: Vec<SourcedValue>,
    pub(crate) first_seen: DateTime<Utc>,
    pub(crate) last_seen: DateTime<Utc>,
    /// Quarters of an hour with traffic, a day each, oldest first.
    pub(crate) week: Vec<i32>,
    pub(crate) quarters: i64,
    pub(crate) open_alerts: i32,
}

/// What to draw beside a device. A picture for the eye, taken from its names, services and vendor; never a verdict, and
/// never said in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Printer,
    NetworkGear,
    Server,
    Board,
    Camera,
    Phone,
    Tablet,
    Laptop,
    Desktop,
    Unknown,
}

impl Device {
    /// Made-up devices: one with an alert, one that is new, one long not seen, and one of which little is known.
    pub(crate) fn samples() -> Vec<Self> {
        let now = portal_frame::samples::now();
        let sourced = |value: &str| SourcedValue {
            value: value.to_owned(),
            source: "suricata.dhcp".to_owned(),
            observe_time: Some(proto::time::timestamp(now)),
        };
        let (old, older) = (now - TimeDelta::days(20), now - TimeDelta::days(60));
        let known = Self {
            id: "0190c0de-0000-7000-8000-0000000000d1".to_owned(),
            mac: Some("00:11:22:33:44:55".to_owned()),
            mac_random: false,
            ips: vec![sourced("10.0.0.9")],
            names: vec![sourced("SEC-PC-02")],
            vendor: Some(sourced("Dell")),
            software: vec![sourced("Windows")],
            services: vec![sourced("ipp")],
            first_seen: old,
            last_seen: now,
            week: vec![0, 4, 40, 8, 0, 0, 2],
            quarters: 54,
            open_alerts: 2,
        };
        let new = Self { first_seen: now, open_alerts: 0, mac_random: true, ..known.clone() };
        let quiet = Self { first_seen: older, last_seen: older, open_alerts: 0, ..known.clone() };
        let bare = Self { names: Vec::new(), vendor: None, mac: None, week: Vec::new(), open_alerts: 0, ..known.clone() };
        vec![known, new, quiet, bare]
    }

    /// What people call it: its name, else vendor, else the address.
    pub(crate) fn title(&self) -> Option<&str> {
        let name = self.names.first().map(|name| name.value.as_str());
        name.or_else(|| self.vendor.as_ref().map(|vendor| vendor.value.as_str()))
    }

    /// The address that tells it apart: the card's, else the network's.
    pub(crate) fn address(&self) -> &str {
        self.mac.as_deref().or_else(|| self.ips.first().map(|ip| ip.value.as_str())).unwrap_or_default()
    }

    /// On how many of the last seven days it was seen.
    pub(crate) fn days_in_use(&self) -> usize {
        self.week.iter().filter(|quarters| **quarters > 0).count()
    }

    /// The bars of the week, for an SVG of 68 × 20: (x, y, height).
    pub(crate) fn week_bars(&self) -> Vec<(i32, i32, i32)> {
        // Eight hours, a school day, is the full height.
        const FULL_DAY: i32 = 32;
        let bar = |(index, quarters): (usize, &i32)| {
            // At least 2 high, so that an empty day shows as a stub and a short one as more than that.
            let height = if *quarters > 0 { (quarters.clamp(&0, &FULL_DAY) * 17 / FULL_DAY) + 3 } else { 2 };
            (i32::try_from(index).unwrap_or_default() * 10, 20 - height, height)
        };
        self.week.iter().take(7).enumerate().map(bar).collect()
    }

    pub(crate) fn look(&self) -> Look {
        let names = self.names.iter().map(|name| name.value.to_lowercase()).collect::<Vec<_>>();
        let services = self.services.iter().map(|service| service.value.to_lowercase()).collect::<Vec<_>>();
        let vendor = self.vendor.as_ref().map(|vendor| vendor.value.to_lowercase()).unwrap_or_default();
        let named = |parts: &[&str]| names.iter().any(|name| parts.iter().any(|part| name.contains(part)));
        let serves = |parts: &[&str]| services.iter().any(|service| parts.iter().any(|part| service.contains(part)));
        let made_by = |parts: &[&str]| parts.iter().any(|part| vendor.contains(part));

        let printer_makers = ["canon", "ricoh", "brother", "kyocera", "lexmark", "xerox", "epson", "konica"];
        let network_makers = ["ubiquiti", "aruba", "mikrotik", "ruckus", "tp-link"];
        if named(&["print", "prt-", "brn"]) || serves(&["ipp", "jetdirect", "lpd", "9100"]) || made_by(&printer_makers) {
            Look::Printer
        } else if named(&["switch", "router", "wifi", "accesspoint", "ap-"]) || made_by(&network_makers) {
            Look::NetworkGear
        } else if named(&["camera", "axis"]) || made_by(&["axis communications", "hikvision", "dahua"]) {
            Look::Camera
        } else if named(&["srv", "server", "nas"]) || made_by(&["vmware", "supermicro", "synology", "qnap"]) {
            Look::Server
        } else if named(&["bord", "board"]) || made_by(&["promethean", "smart technologies"]) {
            Look::Board
        } else if named(&["iphone", "galaxy", "pixel", "android"]) {
            Look::Phone
        } else if named(&["ipad", "tablet", "tab-"]) {
            Look::Tablet
        } else if named(&["laptop", "lt-", "-lt", "book"]) {
            Look::Laptop
        } else if named(&["desktop", "-pc", "pc-"]) {
            Look::Desktop
        } else {
            Look::Unknown
        }
    }
}

impl Look {
    pub(crate) const fn icon(self) -> Icon {
        match self {
            Self::Printer => Icon::Printer,
            Self::NetworkGear => Icon::Router,
            Self::Server => Icon::Server,
            Self::Board => Icon::Board,
            Self::Camera => Icon::Camera,
            Self::Phone => Icon::Mobile,
            Self::Tablet => Icon::Tablet,
            Self::Laptop => Icon::Laptop,
            Self::Desktop => Icon::Desktop,
            Self::Unknown => Icon::Network,
        }
    }
}

impl TryFrom<wire::Device> for Device {
    type Error = Unreadable;

    fn try_from(device: wire::Device) -> Result<Self, Unreadable> {
        Ok(Self {
            id: required_text(device.device_id, "device.device_id")?,
            mac: given(device.mac),
            mac_random: device.mac_random,
            ips: device.ips,
            names: device.names,
            vendor: device.vendor,
            software: device.software,
            services: device.services,
            first_seen: required_moment(device.first_seen_time, "device.first_seen_time")?,
            last_seen: required_moment(device.last_seen_time, "device.last_seen_time")?,
            quarters: device.slots_total.into(),
            week: device.slots_per_day,
            open_alerts: device.open_alerts,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn device(change: impl FnOnce(&mut wire::Device)) -> Device {
        let mut device = wire::Device {
            device_id: "0190".to_owned(),
            first_seen_time: Some(prost_types::Timestamp::default()),
            last_seen_time: Some(prost_types::Timestamp::default()),
            ..wire::Device::default()
        };
        change(&mut device);
        Device::try_from(device).unwrap()
    }

    fn sourced(value: &str) -> wire::SourcedValue {
        wire::SourcedValue { value: value.to_owned(), ..wire::SourcedValue::default() }
    }

    #[test]
    fn a_device_is_called_by_its_name_then_vendor_then_nothing_but_its_address() {
        let named = device(|device| (device.names, device.vendor) = (vec![sourced("SEC-PC-02")], Some(sourced("Dell"))));
        let unnamed = device(|device| device.vendor = Some(sourced("Dell")));
        let bare = device(|device| device.ips = vec![sourced("10.0.0.9")]);
        assert_eq!((named.title(), unnamed.title(), bare.title()), (Some("SEC-PC-02"), Some("Dell"), None));
        assert_eq!(bare.address(), "10.0.0.9");
    }

    #[test]
    fn the_picture_follows_names_services_and_vendor() {
        let look =
            |name: &str, vendor: &str| device(|device| (device.names, device.vendor) = (vec![sourced(name)], Some(sourced(vendor)))).look();
        assert_eq!(look("PRT-02", "HP"), Look::Printer);
        assert_eq!(look("AP-05", ""), Look::NetworkGear);
        assert_eq!(look("x", "Ubiquiti Inc"), Look::NetworkGear);
        assert_eq!(look("iPad-van-klas-3", "Apple"), Look::Tablet);
        assert_eq!(look("q", "Dell"), Look::Unknown);
    }

    proptest! {
        #[test]
        fn bars_stay_within_their_picture(week in prop::collection::vec(any::<i32>(), 0..20)) {
            for (x, y, height) in device(|device| device.slots_per_day = week).week_bars() {
                prop_assert!((0..=60).contains(&x) && y >= 0 && y + height == 20 && height >= 2);
            }
        }
    }
}
