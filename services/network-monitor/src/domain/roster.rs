//! The devices a batch is about, and what the batch changes in them.
//!
//! The one hard question here is *whose* traffic an address was at a moment. The rules, in order:
//!
//! 1. A card that said so (DHCP, ARP) holds the address from a day before its first claim until eight days after its last.
//! 2. Where several cards claimed it, the one whose claim is nearest to the moment.
//! 3. Where none did, a device known by its address only.
//!
//! When a card claims an address that so far was a device of its own, and both were about at the same time, the two were
//! one device all along, and become one.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use chrono::{DateTime, NaiveDate, Utc};
use runtime::{DeviceId, Ids};

use super::{
    device::{Address, Claimed, Device, DeviceKey},
    fold::{DeviceFold, Seen},
    mac::Mac,
    source::Source,
};

/// What to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChange {
    /// A device never seen before.
    Appeared(Device),
    /// A device seen again.
    Updated {
        /// As the store has it, so that only what differs is written.
        before: Box<Device>,
        /// As it is now.
        after: Device,
    },
    /// A device that turned out to be another: point everything at `into`, then remove it.
    Absorbed {
        /// The device that goes.
        from: DeviceId,
        /// The device that stays.
        into: DeviceId,
    },
}

#[derive(Clone, Debug)]
struct Entry {
    device: Device,
    stored: Stored,
    absorbed_by: Option<DeviceId>,
}

/// How a device stands in the store.
#[derive(Clone, Debug)]
enum Stored {
    /// As it is here.
    Same,
    /// As it was before this batch.
    Before(Box<Device>),
    /// Not at all.
    Not,
}

/// The devices of one school that a batch touches.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    entries: Vec<Entry>,
    by_key: HashMap<DeviceKey, usize>,
    claimants: HashMap<IpAddr, Vec<usize>>,
    /// Devices that may still appear.
    room: u32,
    turned_away: BTreeSet<DeviceKey>,
    /// Use before this day is not kept, however old the traffic that a batch tells of.
    first_kept: NaiveDate,
}

impl Roster {
    /// From the devices the store knows by the batch's cards and addresses; at most `room` more appear, and use counts from `first_kept` on.
    pub fn new(known: Vec<Device>, room: u32, first_kept: NaiveDate) -> Self {
        let mut roster = Self { room, first_kept, ..Self::default() };
        for device in known {
            roster.enter(device, Stored::Same);
        }
        roster
    }

    /// Applies a batch that was heard at a moment.
    pub fn apply(&mut self, fold: &DeviceFold, heard: DateTime<Utc>, ids: &Ids) {
        for (ip, mac, claimed, source) in fold.claims() {
            self.claim(ip, mac, claimed, source, ids);
        }
        for (key, seen) in fold.seen() {
            match key {
                DeviceKey::Mac(_) => self.see_card(key, seen, ids),
                DeviceKey::Ip(ip) => self.see_address(ip, seen, ids),
            }
        }
        for entry in self.entries.iter_mut().filter(|entry| !matches!(entry.stored, Stored::Same)) {
            entry.device.heard = entry.device.heard.max(heard);
        }
    }

    /// How many devices found no room.
    pub fn turned_away(&self) -> usize {
        self.turned_away.len()
    }

    /// Whose an address was at a moment.
    pub fn holder(&self, ip: IpAddr, moment: DateTime<Utc>) -> Option<&Device> {
        self.holder_place(ip, moment).map(|place| &self.entries[place].device)
    }

    /// What to store, in the order in which the store can take it.
    pub fn into_changes(self) -> Vec<DeviceChange> {
        let mut changes = Vec::new();
        for entry in self.entries {
            let Entry { device, stored, absorbed_by } = entry;
            match (absorbed_by, stored) {
                (Some(into), _) => changes.push(DeviceChange::Absorbed { from: device.id, into }),
                (None, Stored::Same) => {}
                (None, Stored::Before(before)) => changes.push(DeviceChange::Updated { before, after: device }),
                (None, Stored::Not) => changes.push(DeviceChange::Appeared(device)),
            }
        }
        let absorbed_last = |change: &DeviceChange| matches!(change, DeviceChange::Absorbed { .. });
        changes.sort_by_key(absorbed_last);
        changes
    }

    fn enter(&mut self, device: Device, stored: Stored) -> usize {
        let place = self.entries.len();
        self.by_key.insert(device.key, place);
        for address in &device.addresses {
            if device.claim_on(address.ip).is_some() {
                self.claimants.entry(address.ip).or_default().push(place);
            }
        }
        self.entries.push(Entry { device, stored, absorbed_by: None });
        place
    }

    fn touch(&mut self, place: usize) -> &mut Device {
        let entry = &mut self.entries[place];
        if matches!(entry.stored, Stored::Same) {
            entry.stored = Stored::Before(Box::new(entry.device.clone()));
        }
        &mut entry.device
    }

    /// `None` when there is no room for another.
    fn find_or_enter(&mut self, key: DeviceKey, seen: DateTime<Utc>, ids: &Ids) -> Option<usize> {
        if let Some(place) = self.by_key.get(&key) {
            return Some(*place);
        }
        let Some(room) = self.room.checked_sub(1) else {
            self.turned_away.insert(key);
            return None;
        };
        self.room = room;
        Some(self.enter(Device::new(ids.next(), key, seen), Stored::Not))
    }

    fn claim(&mut self, ip: IpAddr, mac: Mac, claimed: Claimed, source: Source, ids: &Ids) {
        let Some(place) = self.find_or_enter(DeviceKey::Mac(mac), claimed.first, ids) else { return };
        self.touch(place).has_address(Address { ip, source, observed: claimed.last, claimed: Some(claimed) });
        let claimants = self.claimants.entry(ip).or_default();
        if !claimants.contains(&place) {
            claimants.push(place);
        }
        self.absorb_address_only(ip, place);
    }

    /// Makes one device of a card and of the device that so far was known by the card's address only.
    fn absorb_address_only(&mut self, ip: IpAddr, place: usize) {
        let Some(&other) = self.by_key.get(&DeviceKey::Ip(ip)) else { return };
        let Some(claimed) = self.entries[place].device.claim_on(ip) else { return };
        let address_only = &self.entries[other].device;
        let about_at_the_same_time = claimed.covers(address_only.last_seen).is_some();
        if !about_at_the_same_time {
            return;
        }
        let absorbed = address_only.clone();
        let into = self.entries[place].device.id;
        self.by_key.remove(&DeviceKey::Ip(ip));
        self.entries[other].absorbed_by = Some(into);
        self.touch(place).absorb(absorbed);
    }

    fn see_card(&mut self, key: DeviceKey, seen: &Seen, ids: &Ids) {
        let Some(first) = seen.spans().map(|span| span.first).min() else { return };
        let Some(place) = self.find_or_enter(key, first, ids) else { return };
        let first_kept = self.first_kept;
        let device = self.touch(place);
        for span in seen.spans() {
            device.see(span, first_kept);
        }
        for (topic, fact) in &seen.facts {
            device.learn(*topic, fact.clone());
        }
    }

    /// Each quarter-hour of an address goes to the device that held it then.
    fn see_address(&mut self, ip: IpAddr, seen: &Seen, ids: &Ids) {
        for span in seen.spans() {
            let Some(place) = self.holder_or_enter(ip, span.first, ids) else { continue };
            let first_kept = self.first_kept;
            let device = self.touch(place);
            device.see(span, first_kept);
            device.has_address(Address { ip, source: seen.source, observed: span.last, claimed: None });
        }
        for (topic, fact) in &seen.facts {
            let Some(place) = self.holder_or_enter(ip, fact.observed, ids) else { continue };
            self.touch(place).learn(*topic, fact.clone());
        }
    }

    fn holder_or_enter(&mut self, ip: IpAddr, moment: DateTime<Utc>, ids: &Ids) -> Option<usize> {
        self.holder_place(ip, moment).or_else(|| self.find_or_enter(DeviceKey::Ip(ip), moment, ids))
    }

    fn holder_place(&self, ip: IpAddr, moment: DateTime<Utc>) -> Option<usize> {
        let claimants = self.claimants.get(&ip).into_iter().flatten();
        let covering = claimants.filter_map(|place| {
            let coverage = self.entries[*place].device.claim_on(ip)?.covers(moment)?;
            Some((coverage, *place))
        });
        let nearest = covering.min().map(|(_, place)| place);
        nearest.or_else(|| self.by_key.get(&DeviceKey::Ip(ip)).copied())
    }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
