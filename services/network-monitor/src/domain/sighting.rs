//! A device was seen: what every line about devices comes down to.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::{address, fact::Told, mac::Mac, source::Source};

/// How the sensor could tell which device it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// By its hardware address.
    Mac(Mac),
    /// By its network address only.
    Ip(IpAddr),
    /// By both: this hardware address has this network address now.
    Claim(Mac, IpAddr),
}

/// A device took part in traffic.
///
/// Only what *spoke* was seen: the destination of a packet that nobody answered may not exist, and a scan of a whole
/// network would otherwise fill the list with ghosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub who: Who,
    /// What told us.
    pub source: Source,
    /// When its traffic began.
    pub first: DateTime<Utc>,
    /// When its traffic ended; the same for a single moment.
    pub last: DateTime<Utc>,
    /// What else the event told about it.
    pub told: Vec<Told>,
}

impl Sighting {
    /// A device on the school's own side, known by its network address, or by the card in it. `None` for every other address
    /// and for those that devices make up; `said_local` is the sensor's own word that a public address is the school's.
    pub fn of_address(source: Source, ip: IpAddr, said_local: bool, at: DateTime<Utc>) -> Option<Self> {
        let is_ours = address::is_local(ip) || (said_local && address::is_one_device(ip));
        if !is_ours || address::is_made_up(ip) {
            return None;
        }
        let who = address::card_in(ip).map_or(Who::Ip(ip), |mac| Who::Claim(mac, ip));
        Some(Self { who, source, first: at, last: at, told: Vec::new() })
    }

    /// A device that gave its hardware address, and maybe its network address. `None` for addresses of groups.
    pub fn of_mac(source: Source, mac: Mac, ip: Option<IpAddr>, at: DateTime<Utc>) -> Option<Self> {
        let usable_ip = ip.filter(|ip| address::is_one_device(*ip));
        let who = usable_ip.map_or(Who::Mac(mac), |ip| Who::Claim(mac, ip));
        mac.is_one_device().then(|| Self { who, source, first: at, last: at, told: Vec::new() })
    }

    /// The same, with traffic until a later moment.
    #[must_use]
    pub fn until(mut self, last: DateTime<Utc>) -> Self {
        self.last = self.first.max(last);
        self
    }

    /// The same, with something told.
    #[must_use]
    pub fn telling(mut self, told: impl IntoIterator<Item = Told>) -> Self {
        self.told.extend(told);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    #[test]
    fn a_public_address_is_ours_only_when_the_sensor_says_so() {
        let ip: IpAddr = "2a02:2c40::17".parse().unwrap();
        assert_eq!(Sighting::of_address(Source::ZeekConn, ip, false, at()), None);
        assert!(Sighting::of_address(Source::ZeekConn, ip, true, at()).is_some());
    }

    #[test]
    fn an_ipv6_address_counts_for_its_card_or_not_at_all() {
        let mac: Mac = "00:1b:21:0a:bc:de".parse().unwrap();
        let from_card: IpAddr = "fe80::21b:21ff:fe0a:bcde".parse().unwrap();
        assert_eq!(Sighting::of_address(Source::ZeekConn, from_card, false, at()).unwrap().who, Who::Claim(mac, from_card));
        let made_up: IpAddr = "fe80::8d1f:33c2:9a01:4410".parse().unwrap();
        assert_eq!(Sighting::of_address(Source::ZeekConn, made_up, false, at()), None);
    }

    #[test]
    fn a_group_is_never_a_device_whatever_the_sensor_says() {
        let ip: IpAddr = "224.0.0.251".parse().unwrap();
        assert_eq!(Sighting::of_address(Source::ZeekConn, ip, true, at()), None);
        let mac: Mac = "ff:ff:ff:ff:ff:ff".parse().unwrap();
        assert_eq!(Sighting::of_mac(Source::SuricataArp, mac, None, at()), None);
    }

    #[test]
    fn a_device_without_an_address_yet_is_known_by_its_card() {
        let mac: Mac = "00:1b:21:0a:bc:de".parse().unwrap();
        let probe = Sighting::of_mac(Source::SuricataArp, mac, Some("0.0.0.0".parse().unwrap()), at()).unwrap();
        assert_eq!(probe.who, Who::Mac(mac));
    }
}
