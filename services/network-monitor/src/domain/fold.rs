//! A batch of sightings folded together, so that the store is touched once per device and not once per line.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    ops::RangeInclusive,
};

use chrono::{DateTime, Utc};

use super::{
    device::{Claimed, DeviceKey},
    fact::{Fact, Told, Topic},
    mac::Mac,
    sighting::{Sighting, Who},
    source::Source,
    usage::{Quarter, Span},
};

/// Devices that one batch takes in: more than a large school has, so that a flood of invented addresses costs no more than that.
const MOST_DEVICES: usize = 5_000;

/// Facts that one batch takes in of one device: many more than are kept.
const MOST_FACTS: usize = 256;

/// What a batch says of one device, as the sensor named it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The best source that saw it.
    pub source: Source,
    /// When.
    spans: BTreeMap<Quarter, Span>,
    /// What it told, each subject and source once, at most [`MOST_FACTS`].
    pub facts: Vec<(Topic, Fact)>,
    /// Events that it took part in.
    events: u64,
}

impl Seen {
    const fn new(source: Source) -> Self {
        Self { source, spans: BTreeMap::new(), facts: Vec::new(), events: 0 }
    }

    /// The quarter-hours in which it was seen, in order.
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        self.spans.values()
    }

    fn mark(&mut self, moment: DateTime<Utc>) {
        let quarter = Quarter::of(moment);
        let span = self.spans.entry(quarter).or_insert(Span { quarter, first: moment, last: moment });
        span.first = span.first.min(moment);
        span.last = span.last.max(moment);
    }

    fn learn(&mut self, told: Told, source: Source, observed: DateTime<Utc>) {
        let (topic, fact) = told.into_fact(source, observed);
        let same = |known: &&mut (Topic, Fact)| {
            known.0 == topic && known.1.source == source && known.1.subject == fact.subject && known.1.value == fact.value
        };
        if let Some((_, known)) = self.facts.iter_mut().find(same) {
            known.observed = known.observed.max(observed);
        } else if self.facts.len() < MOST_FACTS {
            self.facts.push((topic, fact));
        }
    }
}

/// What a batch says of all devices.
#[derive(Clone, Debug, Default)]
pub struct DeviceFold {
    seen: HashMap<DeviceKey, Seen>,
    claims: HashMap<(IpAddr, Mac), (Claimed, Source)>,
}

impl DeviceFold {
    /// Folds one sighting in.
    pub fn add(&mut self, sighting: Sighting) {
        let Sighting { who, source, first, last, told } = sighting;
        let key = match who {
            Who::Mac(mac) | Who::Claim(mac, _) => DeviceKey::Mac(mac),
            Who::Ip(ip) => DeviceKey::Ip(ip),
        };
        if let Who::Claim(mac, ip) = who {
            let (claimed, best) = self.claims.entry((ip, mac)).or_insert((Claimed::at(first), source));
            claimed.join(Claimed { first, last });
            if source.weight() > best.weight() {
                *best = source;
            }
        }
        let seen = self.seen.entry(key).or_insert_with(|| Seen::new(source));
        if source.weight() > seen.source.weight() {
            seen.source = source;
        }
        seen.events += 1;
        seen.mark(first);
        seen.mark(last);
        for told in told {
            seen.learn(told, source, last);
        }
    }

    /// Leaves out what is too much for one batch, and answers how many devices that are: cards stay before addresses, and what took part
    /// in more events before what took part in few.
    pub fn limit(&mut self) -> usize {
        let too_many = self.seen.len().saturating_sub(MOST_DEVICES);
        if too_many > 0 {
            let mut seen: Vec<(DeviceKey, Seen)> = std::mem::take(&mut self.seen).into_iter().collect();
            seen.sort_by_key(|(key, seen)| (key.mac().is_none(), Reverse(seen.events), *key));
            seen.truncate(MOST_DEVICES);
            self.seen = seen.into_iter().collect();
            self.claims.retain(|(_, mac), _| self.seen.contains_key(&DeviceKey::Mac(*mac)));
        }
        too_many
    }

    /// The cards to look up in the store.
    pub fn macs(&self) -> BTreeSet<Mac> {
        self.seen.keys().filter_map(|key| key.mac()).collect()
    }

    /// The addresses whose holders, past and present, to look up in the store.
    pub fn ips(&self) -> BTreeSet<IpAddr> {
        let seen = self.seen.keys().filter_map(|key| match key {
            DeviceKey::Ip(ip) => Some(*ip),
            DeviceKey::Mac(_) => None,
        });
        let claimed = self.claims.keys().map(|(ip, _)| *ip);
        seen.chain(claimed).collect()
    }

    /// From the first moment to the last; `None` when nobody was seen.
    pub fn moments(&self) -> Option<RangeInclusive<DateTime<Utc>>> {
        let spans = || self.seen.values().flat_map(Seen::spans);
        let first = spans().map(|span| span.first).min()?;
        let last = spans().map(|span| span.last).max()?;
        Some(first..=last)
    }

    /// The claims in order of time, then of address, so that the outcome does not depend on chance.
    pub fn claims(&self) -> Vec<(IpAddr, Mac, Claimed, Source)> {
        let mut claims: Vec<_> = self.claims.iter().map(|((ip, mac), (claimed, source))| (*ip, *mac, *claimed, *source)).collect();
        claims.sort_by_key(|(ip, mac, claimed, _)| (claimed.first, *ip, *mac));
        claims
    }

    /// What was seen, cards before addresses, in a steady order.
    pub fn seen(&self) -> Vec<(DeviceKey, &Seen)> {
        let mut seen: Vec<_> = self.seen.iter().map(|(key, seen)| (*key, seen)).collect();
        seen.sort_by_key(|(key, _)| *key);
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_100 + minute * 60, 0).unwrap()
    }

    #[test]
    fn a_thousand_lines_about_one_device_become_one_entry() {
        let mut fold = DeviceFold::default();
        for minute in 0..1_000 {
            let told = Told::Service { transport: "tcp", port: 443, protocol: "tls".to_owned() };
            let sighting = Sighting::of_address(Source::SuricataFlow, "10.0.0.5".parse().unwrap(), false, at(minute % 20)).unwrap();
            fold.add(sighting.telling([told]));
        }
        let seen = fold.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].1.spans().count(), 2, "20 minutes touch two quarter-hours");
        assert_eq!(seen[0].1.facts.len(), 1);
        assert_eq!(seen[0].1.facts[0].1.observed, at(19));
    }

    #[test]
    fn long_traffic_counts_where_it_began_and_where_it_ended() {
        let mut fold = DeviceFold::default();
        let sighting = Sighting::of_address(Source::ZeekConn, "10.0.0.5".parse().unwrap(), false, at(0)).unwrap();
        fold.add(sighting.until(at(600)));
        assert_eq!(fold.seen()[0].1.spans().count(), 2, "what lies between may have been silent");
    }

    #[test]
    fn a_claim_names_both_card_and_address() {
        let mut fold = DeviceFold::default();
        let mac: Mac = "00:1b:21:0a:bc:de".parse().unwrap();
        let ip: IpAddr = "10.0.0.5".parse().unwrap();
        fold.add(Sighting::of_mac(Source::SuricataArp, mac, Some(ip), at(3)).unwrap());
        fold.add(Sighting::of_mac(Source::SuricataDhcp, mac, Some(ip), at(1)).unwrap());
        assert_eq!(fold.macs().into_iter().collect::<Vec<_>>(), [mac]);
        assert_eq!(fold.ips().into_iter().collect::<Vec<_>>(), [ip]);
        assert_eq!(fold.claims(), [(ip, mac, Claimed { first: at(1), last: at(3) }, Source::SuricataDhcp)]);
    }

    #[test]
    fn the_best_source_is_kept_whichever_came_first() {
        let (mac, ip): (Mac, IpAddr) = ("00:1b:21:0a:bc:de".parse().unwrap(), "10.0.0.5".parse().unwrap());
        let sources = [Source::SuricataArp, Source::SuricataDhcp];
        for [first, second] in [sources, [sources[1], sources[0]]] {
            let mut fold = DeviceFold::default();
            fold.add(Sighting::of_mac(first, mac, Some(ip), at(1)).unwrap());
            fold.add(Sighting::of_mac(second, mac, Some(ip), at(2)).unwrap());
            assert_eq!((fold.seen()[0].1.source, fold.claims()[0].3), (Source::SuricataDhcp, Source::SuricataDhcp), "{first:?} came first");
        }
    }
}
