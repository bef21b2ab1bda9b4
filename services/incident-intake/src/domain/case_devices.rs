//! Which devices of the school a case is about.

use std::collections::BTreeMap;

use super::alert::{Alert, End, Involved};

/// A device of the school in the evidence of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseDevice {
    /// As network-monitor knows it; `None` when only its address is known.
    pub id: Option<String>,
    /// May be empty.
    pub name: String,
    /// May be empty.
    pub ip: String,
}

/// Some of a case's devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseDevices {
    /// In the order in which they came into the evidence.
    pub first: Vec<CaseDevice>,
    /// How many there are in all.
    pub total: u64,
}

/// A device in the roster of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Whether the key is the id of a device, not an address.
    pub is_known: bool,
    /// May be empty.
    pub name: String,
    /// May be empty.
    pub ip: String,
    /// Where in the evidence it came first: twice the position of the alert, one more for its destination.
    pub position: i64,
}

/// Devices of a case by their keys: those that some alerts may be about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster(pub BTreeMap<String, Member>);

impl Roster {
    /// Processes an alert at its place in the evidence; `before` is what the case knew of the same alert until now.
    ///
    /// An address becomes the device that is known to have it, in its place. So does a device without a name whose alert is now
    /// another's: network-monitor takes what it knew by its address only for the device whose card shows up there.
    pub fn take_in(&mut self, place: i64, alert: &Alert, before: Option<&Alert>) {
        let before = before.map(Alert::involved).unwrap_or_default();
        for involved in alert.involved() {
            let position = place.saturating_mul(2).saturating_add(i64::from(involved.end == End::Destination));
            let was = before.iter().find(|before| before.end == involved.end && before.ip == involved.ip);
            self.take_in_one(position, involved, was);
        }
    }

    fn take_in_one(&mut self, position: i64, involved: Involved, was: Option<&Involved>) {
        let Involved { key, device, ip, .. } = involved;
        let Some(device) = device else {
            let holder = self.0.values_mut().find(|member| member.is_known && member.ip == key);
            match holder {
                Some(holder) => holder.position = holder.position.min(position),
                None => self.enter(key, Member { is_known: false, name: String::new(), ip, position }),
            }
            return;
        };
        let was_nameless = |was: &&Involved| was.key != key && was.device.as_ref().is_some_and(|device| device.name.is_empty());
        let replaced = [self.take_out(&ip, false), was.filter(was_nameless).and_then(|was| self.take_out(&was.key, true))];
        let position = replaced.into_iter().flatten().map(|member| member.position).fold(position, i64::min);
        self.enter(key, Member { is_known: true, name: device.name, ip, position });
    }

    fn take_out(&mut self, key: &str, is_known: bool) -> Option<Member> {
        let is_meant = self.0.get(key).is_some_and(|member| member.is_known == is_known && (!is_known || member.name.is_empty()));
        if is_meant { self.0.remove(key) } else { None }
    }

    /// What is told last counts, but a device keeps the name and the address it had when none is told.
    fn enter(&mut self, key: String, told: Member) {
        let Some(member) = self.0.get_mut(&key) else {
            self.0.insert(key, told);
            return;
        };
        member.position = member.position.min(told.position);
        for (kept, told) in [(&mut member.name, told.name), (&mut member.ip, told.ip)] {
            if !told.is_empty() {
                *kept = told;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::{Device, Endpoint};

    fn end(ip: &str, device: Option<(&str, &str)>) -> Endpoint {
        let device = device.map(|(id, name)| Device { id: id.to_owned(), name: name.to_owned() });
        Endpoint { ip: ip.to_owned(), device, ..Endpoint::default() }
    }

    fn between(source: Endpoint, destination: Endpoint) -> Alert {
        Alert { source, destination, ..Alert::sample() }
    }

    /// Key, name and address of each, in order.
    fn told(roster: &Roster) -> Vec<(i64, &str, &str, &str)> {
        let mut members: Vec<_> =
            roster.0.iter().map(|(key, member)| (member.position, key.as_str(), member.name.as_str(), member.ip.as_str())).collect();
        members.sort_unstable();
        members
    }

    #[test]
    fn both_ends_take_part_in_the_order_of_the_evidence() {
        let mut roster = Roster::default();
        roster.take_in(3, &between(end("10.0.0.1", Some(("d1", "PC-1"))), end("10.0.0.2", Some(("d2", "")))), None);
        roster.take_in(1, &between(end("10.0.0.2", Some(("d2", "PC-2"))), end("203.0.113.7", None)), None);
        assert_eq!(told(&roster), [(2, "d2", "PC-2", "10.0.0.2"), (6, "d1", "PC-1", "10.0.0.1")], "addresses outside are no devices");
    }

    #[test]
    fn an_address_becomes_the_device_that_has_it_in_its_place() {
        let mut roster = Roster::default();
        let elsewhere = || end("203.0.113.7", None);
        roster.take_in(0, &between(end("10.0.0.5", None), elsewhere()), None);
        assert_eq!(told(&roster), [(0, "10.0.0.5", "", "10.0.0.5")]);
        roster.take_in(4, &between(end("10.0.0.5", Some(("d5", "PC-5"))), elsewhere()), None);
        assert_eq!(told(&roster), [(0, "d5", "PC-5", "10.0.0.5")]);
        roster.take_in(5, &between(end("10.0.0.5", None), elsewhere()), None);
        assert_eq!(told(&roster), [(0, "d5", "PC-5", "10.0.0.5")], "an address that a device has is that device");
    }

    #[test]
    fn a_device_without_a_name_gives_way_to_the_one_whose_alert_it_was() {
        let elsewhere = || end("203.0.113.7", None);
        let nameless = between(end("10.0.0.5", Some(("d5", ""))), elsewhere());
        let named = between(end("10.0.0.5", Some(("d6", "PC-6"))), elsewhere());
        let mut roster = Roster::default();
        roster.take_in(0, &nameless, None);
        roster.take_in(2, &named, Some(&nameless));
        assert_eq!(told(&roster), [(0, "d6", "PC-6", "10.0.0.5")]);
        // One that has a name stays, and so does one that is told again.
        let other = between(end("10.0.0.5", Some(("d7", "PC-7"))), elsewhere());
        roster.take_in(3, &other, Some(&named));
        roster.take_in(4, &other, Some(&other));
        assert_eq!(told(&roster), [(0, "d6", "PC-6", "10.0.0.5"), (6, "d7", "PC-7", "10.0.0.5")]);
    }
}
