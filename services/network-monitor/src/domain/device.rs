//! A device on a school's network. Devices, never pupils.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use runtime::DeviceId;

use super::{
    fact::{Fact, Facts, Topic},
    mac::Mac,
    source::Source,
    usage::{DaySlots, Span},
    vendor,
};

/// How long an address stays with the card that last claimed it: the longest lease in common use (Windows' default). After
/// that its traffic may be anybody's.
pub const CLAIM_LASTS: TimeDelta = TimeDelta::days(8);

/// How far before its first claim an address already belonged to the card: the sensor may have missed the exchange, or
/// the card may have held its address for a while before it said so.
pub const CLAIM_REACHES_BACK: TimeDelta = TimeDelta::hours(24);

const MOST_ADDRESSES: usize = 16;
const MOST_NAMES: usize = 8;
const MOST_SOFTWARE: usize = 24;
const MOST_SERVICES: usize = 48;

/// By what a device is known within its school.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceKey {
    /// Its card.
    Mac(Mac),
    /// Its address, as long as no card has claimed it.
    Ip(IpAddr),
}

impl DeviceKey {
    /// The card, where one is known.
    pub const fn mac(self) -> Option<Mac> {
        match self {
            Self::Mac(mac) => Some(mac),
            Self::Ip(_) => None,
        }
    }
}

impl fmt::Display for DeviceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mac(mac) => mac.fmt(formatter),
            Self::Ip(ip) => ip.fmt(formatter),
        }
    }
}

/// From when until when a card said that an address is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
}

impl Claimed {
    /// A claim made once.
    pub const fn at(moment: DateTime<Utc>) -> Self {
        Self { first: moment, last: moment }
    }

    /// Widens the claim.
    pub fn join(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// How well the claim covers a moment, best first; `None` when it does not.
    pub fn covers(self, moment: DateTime<Utc>) -> Option<(Coverage, TimeDelta)> {
        if moment < self.first {
            let gap = self.first - moment;
            (gap <= CLAIM_REACHES_BACK).then_some((Coverage::Before, gap))
        } else if moment <= self.last {
            Some((Coverage::Within, TimeDelta::zero()))
        } else {
            let gap = moment - self.last;
            (gap <= CLAIM_LASTS).then_some((Coverage::After, gap))
        }
    }
}

/// How a claim covers a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coverage {
    /// Between the first claim and the last.
    Within,
    /// Some time after the last claim.
    After,
    /// Shortly before the first claim.
    Before,
}

/// A network address a device has or had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// What told us, the best that did.
    pub source: Source,
    /// When the device was last known to have it.
    pub observed: DateTime<Utc>,
    /// The card's own word; `None` where traffic is all we saw.
    pub claimed: Option<Claimed>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id; stays when an address-only device becomes known by its card only if no device of that card existed.
    pub id: DeviceId,
    /// By what it is known.
    pub key: DeviceKey,
    /// Its addresses, the last one it had first.
    pub addresses: Vec<Address>,
    /// What it is called.
    pub names: Facts,
    /// What runs on it.
    pub software: Facts,
    /// Where it answers.
    pub services: Facts,
    /// The first traffic we know of.
    pub first_seen: DateTime<Utc>,
    /// The last traffic we know of.
    pub last_seen: DateTime<Utc>,
    /// When we last heard of it. Later than `last_seen` where old events are read.
    pub heard: DateTime<Utc>,
    /// Its use. Holds the days that were loaded or touched, not necessarily all.
    pub days: BTreeMap<NaiveDate, DaySlots>,
}

impl Device {
    /// A device that was just seen for the first time.
    pub fn new(id: DeviceId, key: DeviceKey, seen: DateTime<Utc>) -> Self {
        Self {
            id,
            key,
            addresses: Vec::new(),
            names: Facts::default(),
            software: Facts::default(),
            services: Facts::default(),
            first_seen: seen,
            last_seen: seen,
            heard: seen,
            days: BTreeMap::new(),
        }
    }

    /// Who made its card.
    pub fn vendor(&self) -> Option<&'static str> {
        self.key.mac().and_then(vendor::of)
    }

    /// The name to show: its best name, its address, its card.
    pub fn display_name(&self) -> String {
        let name = self.own_name().map(str::to_owned);
        name.or_else(|| self.addresses.first().map(|address| address.ip.to_string())).unwrap_or_else(|| self.key.to_string())
    }

    /// What it calls itself.
    pub fn own_name(&self) -> Option<&str> {
        self.names.best().map(|fact| fact.value.as_str())
    }

    /// It was seen during some part of a quarter-hour. That counts as use on the days that are kept.
    pub fn see(&mut self, span: &Span, first_kept: NaiveDate) {
        self.first_seen = self.first_seen.min(span.first);
        self.last_seen = self.last_seen.max(span.last);
        let (day, slot) = span.quarter.brussels();
        if day >= first_kept {
            self.days.entry(day).or_default().mark(slot);
        }
    }

    /// It told something about itself.
    pub fn learn(&mut self, topic: Topic, fact: Fact) {
        match topic {
            Topic::Names => self.names.learn(fact, MOST_NAMES),
            Topic::Software => self.software.learn(fact, MOST_SOFTWARE),
            Topic::Services => self.services.learn(fact, MOST_SERVICES),
        };
    }

    /// It has an address.
    pub fn has_address(&mut self, new: Address) {
        match self.addresses.iter_mut().find(|known| known.ip == new.ip) {
            Some(known) => {
                let better = (new.source.weight(), new.source) > (known.source.weight(), known.source);
                known.source = if better { new.source } else { known.source };
                known.observed = known.observed.max(new.observed);
                match (&mut known.claimed, new.claimed) {
                    (Some(known), Some(new)) => known.join(new),
                    (none @ None, new) => *none = new,
                    (Some(_), None) => {}
                }
            }
            None => self.addresses.push(new),
        }
        self.addresses.sort_by_key(|address| std::cmp::Reverse((address.observed, address.ip)));
        self.addresses.truncate(MOST_ADDRESSES);
    }

    /// The claim this device's card has on an address.
    pub fn claim_on(&self, ip: IpAddr) -> Option<Claimed> {
        self.key.mac()?;
        self.addresses.iter().find(|address| address.ip == ip)?.claimed
    }

    /// Takes over everything known of a device that turned out to be this one.
    pub fn absorb(&mut self, other: Self) {
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.heard = self.heard.max(other.heard);
        for (topic, facts) in [(Topic::Names, other.names), (Topic::Software, other.software), (Topic::Services, other.services)] {
            for fact in facts.into_vec() {
                self.learn(topic, fact);
            }
        }
        for address in other.addresses {
            self.has_address(address);
        }
        for (day, slots) in other.days {
            self.days.entry(day).or_default().join(slots);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + hour * 3_600, 0).unwrap()
    }

    #[test]
    fn a_claim_reaches_a_day_back_and_eight_days_on() {
        let claim = Claimed { first: at(100), last: at(200) };
        assert_eq!(claim.covers(at(150)).unwrap().0, Coverage::Within);
        assert_eq!(claim.covers(at(80)).unwrap().0, Coverage::Before);
        assert_eq!(claim.covers(at(75)), None);
        assert_eq!(claim.covers(at(200 + 8 * 24)).unwrap().0, Coverage::After);
        assert_eq!(claim.covers(at(201 + 8 * 24)), None);
    }

    #[test]
    fn an_address_keeps_its_best_source_its_last_moment_and_all_of_its_claim() {
        let ip: IpAddr = "10.0.0.5".parse().unwrap();
        let told = |source, hour| Address { ip, source, observed: at(hour), claimed: Some(Claimed::at(at(hour))) };
        let all = [told(Source::SuricataArp, 2), told(Source::SuricataDhcp, 1), told(Source::SuricataFlow, 3)];
        for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]] {
            let mut device = Device::new(runtime::Ids::counted().next(), DeviceKey::Ip(ip), at(0));
            order.iter().for_each(|index| device.has_address(all[*index]));
            let [address] = &device.addresses[..] else { panic!("one address: {:?}", device.addresses) };
            assert_eq!((address.source, address.observed), (Source::SuricataDhcp, at(3)), "{order:?}");
            assert_eq!(address.claimed, Some(Claimed { first: at(1), last: at(3) }), "{order:?}");
        }
    }

    #[test]
    fn the_name_shown_is_the_best_there_is() {
        let ip: IpAddr = "10.0.0.5".parse().unwrap();
        let mut device = Device::new(runtime::Ids::counted().next(), DeviceKey::Mac("00:1b:21:0a:bc:de".parse().unwrap()), at(0));
        assert_eq!(device.display_name(), "00:1b:21:0a:bc:de");
        device.has_address(Address { ip, source: Source::SuricataArp, observed: at(1), claimed: Some(Claimed::at(at(1))) });
        assert_eq!(device.display_name(), "10.0.0.5");
        let (topic, fact) = super::super::fact::Told::Name("LKR-LT-11".to_owned()).into_fact(Source::SuricataDhcp, at(2));
        device.learn(topic, fact);
        assert_eq!(device.display_name(), "LKR-LT-11");
        assert!(device.vendor().is_some_and(|vendor| !vendor.is_empty()));
    }

    #[test]
    fn the_latest_address_comes_first_and_old_ones_are_forgotten() {
        let mut device = Device::new(runtime::Ids::counted().next(), DeviceKey::Mac("00:1b:21:0a:bc:de".parse().unwrap()), at(0));
        for number in 0..20_u8 {
            let ip = IpAddr::from([10, 0, 0, number]);
            device.has_address(Address { ip, source: Source::ZeekDhcp, observed: at(number.into()), claimed: None });
        }
        assert_eq!(device.addresses.len(), MOST_ADDRESSES);
        assert_eq!(device.addresses[0].ip, IpAddr::from([10, 0, 0, 19]));
    }
}
