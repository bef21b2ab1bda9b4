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
