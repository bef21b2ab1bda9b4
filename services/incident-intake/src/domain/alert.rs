//! An alert of network-monitor, as far as cases need to know it.

use std::{collections::BTreeSet, net::IpAddr};

use chrono::{DateTime, Utc};
use runtime::{AlertId, SchoolId};
use serde::{Deserialize, Serialize};

/// What a sensor's own rule says of severity. Its number is the one on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(Serialize, Deserialize, strum::IntoStaticStr, strum::VariantArray, strum::FromRepr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(i32)]
pub enum AlertSeverity {
    /// Also what a sensor says nothing about.
    Low = 1,
    /// In between.
    Medium,
    /// The worst a sensor can say.
    High,
}

/// The rule that fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// `suricata:1:2027865` (gid:sid) or `zeek:SSL::Invalid_Server_Cert`.
    pub id: String,
    /// The rule's own text, for specialists.
    pub text: String,
    /// The rule's own category; may be empty.
    pub category: String,
}

impl Signature {
    /// Begins the ids of what the platform itself says.
    const OF_PLATFORM: &str = "schildwacht:";

    /// Of what the platform itself says: a school reached a bound. network-monitor gives the alerts it counts together the same id.
    pub fn flood() -> Self {
        Self {
            id: "schildwacht:flood".to_owned(),
            text: "Flood: more new alerts or cases than one school may have".to_owned(),
            category: "Flood".to_owned(),
        }
    }

    /// Whether the platform itself says it: that a school reached a bound.
    pub fn is_of_platform(&self) -> bool {
        self.id.starts_with(Self::OF_PLATFORM)
    }
}

/// One end of the traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Endpoint {
    /// As the sensor wrote it; may be empty.
    pub ip: String,
    /// 0 when the protocol has none.
    pub port: u16,
    /// The school's device at this address, when it is known.
    pub device: Option<Device>,
}

/// A device of the school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id in network-monitor.
    pub id: String,
    /// What people call it; may be empty.
    pub name: String,
}

/// An end of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Who started it.
    Source,
    /// Whom it was meant for.
    Destination,
}

/// A device of the school that takes part, or an address of its network that no device is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Involved {
    /// At which end of the traffic.
    pub end: End,
    /// What it is kept apart by: the device's id, else its address.
    pub key: String,
    /// The device, when it is known.
    pub device: Option<Device>,
    /// As in [`search_key`]; may be empty when the device is known.
    pub ip: String,
}

/// Where traffic comes from, seen from the school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A device of the school, or an address that only exists within a network.
    Inside,
    /// Anything else.
    Outside,
}

impl Endpoint {
    /// On which side of the school's network it stands.
    pub fn side(&self) -> Side {
        let is_inside = self.device.is_some() || self.ip.parse().is_ok_and(exists_only_within_a_network);
        if is_inside { Side::Inside } else { Side::Outside }
    }

    fn involved(&self, end: End) -> Option<Involved> {
        let ip = search_key(&self.ip);
        let is_no_address_yet = ip.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
        let key = match &self.device {
            Some(device) => device.id.clone(),
            None if self.side() == Side::Outside || is_no_address_yet => return None,
            None => ip.clone(),
        };
        Some(Involved { end, key, device: self.device.clone(), ip })
    }
}

/// Addresses that no router of the internet carries: RFC 1918, RFC 4193, link-local, loopback and "not known yet" (0.0.0.0).
fn exists_only_within_a_network(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || v4.is_loopback() || v4.is_unspecified(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => exists_only_within_a_network(IpAddr::V4(v4)),
            None => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback() || v6.is_unspecified(),
        },
    }
}

/// An alert as it was when last heard of. Stores keep it in this shape, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id in network-monitor.
    pub id: AlertId,
    /// The school whose sensor reported it.
    pub school_id: SchoolId,
    /// The rule that fired.
    pub signature: Signature,
    /// How bad the rule calls it.
    pub severity: AlertSeverity,
    /// Who started the traffic.
    pub source: Endpoint,
    /// Whom it was meant for.
    pub destination: Endpoint,
    /// How many addresses its events went to; a worm's are many.
    #[serde(default)]
    pub destination_count: u64,
    /// The first of them.
    #[serde(default)]
    pub destination_ips: Vec<String>,
    /// `tcp`, `udp` …; may be empty.
    pub protocol: String,
    /// `suricata` or `zeek`.
    pub sensor: String,
    /// The first event.
    pub first_at: DateTime<Utc>,
    /// The latest event.
    pub last_at: DateTime<Utc>,
    /// All events folded into it, at least 1.
    pub event_count: u64,
    /// The first event as it came, JSON; may be empty.
    pub raw_event: String,
}

impl Alert {
    /// The school's devices at its ends, the one that began the traffic first; each once.
    pub fn involved(&self) -> Vec<Involved> {
        let ends = [(&self.source, End::Source), (&self.destination, End::Destination)];
        let mut involved: Vec<Involved> = ends.into_iter().filter_map(|(endpoint, end)| endpoint.involved(end)).collect();
        involved.dedup_by(|later, earlier| later.key == earlier.key);
        involved
    }

    /// The same, as the alert that stands for all of a school that found no room.
    #[must_use]
    pub fn as_flood(&self) -> Self {
        Self { signature: Signature::flood(), ..self.clone() }
    }

    /// By what people look for it: addresses and names of devices at either end, as [`search_key`] makes them.
    pub fn search_keys(&self) -> BTreeSet<String> {
        let ends = [&self.source, &self.destination];
        let names = ends.into_iter().filter_map(|end| end.device.as_ref()).map(|device| device.name.as_str());
        let ips = ends.into_iter().map(|end| end.ip.as_str()).chain(self.destination_ips.iter().map(String::as_str));
        let keys = ips.chain(names).map(search_key);
        keys.filter(|key| !key.is_empty()).collect()
    }
}

/// An address or a name of a device in the one spelling by which it is looked up: `2001:DB8:0::1` is `2001:db8::1`.
pub fn search_key(text: &str) -> String {
    let text = text.trim();
    text.parse::<IpAddr>().map_or_else(|_| text.to_lowercase(), |address| address.to_canonical().to_string())
}

/// News of an alert: opened, or grown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNews {
    /// The alert as it stands now.
    pub alert: Alert,
    /// Whether this is the first that is heard of it.
    pub first: bool,
    /// Events folded in since the last news, at least 1.
    pub new_events: u64,
}

#[cfg(test)]
impl Alert {
    /// Two events of one rule, from a device of the school.
    pub(super) fn sample() -> Self {
        let at = "2026-09-24T09:50:00.5Z".parse().unwrap();
        let device = Some(Device { id: "d1".to_owned(), name: "SEC-PC-02".to_owned() });
        Self {
            id: uuid::Uuid::from_u64_pair(0, 1).into(),
            school_id: uuid::Uuid::from_u64_pair(0, 2).into(),
            signature: Signature { id: "suricata:1:1".to_owned(), text: "ET SCAN".to_owned(), category: String::new() },
            severity: AlertSeverity::Medium,
            source: Endpoint { ip: "10.0.0.1".to_owned(), port: 51_422, device },
            destination: Endpoint::default(),
            destination_count: 1,
            destination_ips: Vec::new(),
            protocol: "tcp".to_owned(),
            sensor: "suricata".to_owned(),
            first_at: at,
            last_at: at,
            event_count: 2,
            raw_event: "{}".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of years hold alerts in this shape.
    #[test]
    fn what_is_stored_keeps_its_shape() {
        let alert = Alert::sample();
        let stored = serde_json::to_string_pretty(&alert).unwrap();
        assert_eq!(serde_json::from_str::<Alert>(&stored).unwrap(), alert);
        insta::assert_snapshot!(stored);
    }

    #[test]
    fn an_address_is_looked_up_however_it_is_written() {
        let spellings = [
            (" 10.20.4.37 ", "10.20.4.37"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("SEC-PC-02", "sec-pc-02"),
        ];
        for (written, key) in spellings {
            assert_eq!(search_key(written), key);
        }
    }

    #[test]
    fn devices_of_the_school_take_part_and_nobody_else_does() {
        let known = |id: &str, ip: &str| {
            let device = Some(Device { id: id.to_owned(), name: "SEC-PC-02".to_owned() });
            Endpoint { ip: ip.to_owned(), port: 0, device }
        };
        let unknown = |ip: &str| Endpoint { ip: ip.to_owned(), ..Endpoint::default() };
        let keys = |source: Endpoint, destination: Endpoint| {
            let alert = Alert { source, destination, ..Alert::sample() };
            alert.involved().into_iter().map(|involved| involved.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(known("d1", "10.0.0.1"), unknown("203.0.113.77")), ["d1"]);
        assert_eq!(keys(unknown("203.0.113.77"), unknown("FD12:0::1")), ["fd12::1"]);
        assert_eq!(keys(unknown("10.0.0.2"), known("d1", "10.0.0.1")), ["10.0.0.2", "d1"], "who began comes first");
        assert_eq!(keys(known("d1", "10.0.0.1"), known("d1", "10.0.0.9")), ["d1"]);
        assert!(keys(unknown("0.0.0.0"), unknown("")).is_empty());
    }

    fn side_of(ip: &str) -> Side {
        Endpoint { ip: ip.to_owned(), ..Endpoint::default() }.side()
    }

    #[test]
    fn addresses_of_a_school_network_are_inside() {
        for ip in ["10.47.8.150", "172.16.0.1", "192.168.1.20", "0.0.0.0", "169.254.3.4", "fd12::1", "fe80::1", "::ffff:10.0.0.1"] {
            assert_eq!(side_of(ip), Side::Inside, "{ip}");
        }
    }

    #[test]
    fn other_addresses_and_none_are_outside() {
        for ip in ["203.0.113.77", "172.32.0.1", "2001:db8::1", "::ffff:203.0.113.77", "", "not an address"] {
            assert_eq!(side_of(ip), Side::Outside, "{ip}");
        }
    }

    #[test]
    fn a_known_device_is_inside_whatever_its_address() {
        let device = Some(Device { id: "d1".to_owned(), name: "Server".to_owned() });
        assert_eq!(Endpoint { ip: "203.0.113.10".to_owned(), port: 443, device }.side(), Side::Inside);
    }

    #[test]
    fn an_alert_is_found_by_the_addresses_and_the_names_at_both_ends() {
        let destination = Endpoint { ip: "2001:DB8:0::7".to_owned(), ..Endpoint::default() };
        let alert = Alert { destination, destination_ips: vec!["203.0.113.9".to_owned(), String::new()], ..Alert::sample() };
        let keys = ["10.0.0.1", "2001:db8::7", "203.0.113.9", "sec-pc-02"].map(str::to_owned);
        assert_eq!(alert.search_keys(), BTreeSet::from(keys));
    }
}
