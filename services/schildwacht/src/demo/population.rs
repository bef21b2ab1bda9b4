//! The devices of a school.

use std::net::Ipv4Addr;

use rand::{Rng, seq::IndexedRandom};

use super::{chance::Chance, eve::Mac, kind::Kind, school::School};

/// One device.
#[derive(Debug, Clone)]
pub struct Device {
    pub kind: Kind,
    pub mac: Mac,
    /// DHCP host name; empty if it sends none.
    pub name: String,
    /// DHCP vendor class; empty if it sends none.
    pub vendor_class: &'static str,
    /// Decides on which days it comes.
    pub stays: Chance,
    /// Decides what it does in a minute.
    pub minutes: Chance,
    /// Offset of its DHCP renewals in minutes, so that not all devices renew at once.
    pub ahead: u32,
    network: u8,
    /// Among the devices of its network.
    seat: u8,
}

impl Device {
    /// Its address on a day (counted from any fixed day). Phones get another one each day.
    pub fn ip(&self, day: i64) -> Ipv4Addr {
        const SEATS: i64 = 240;
        const FIRST_HOST: i64 = 10;
        let shift = if self.kind == Kind::Phone { day.rem_euclid(SEATS) } else { 0 };
        let host = FIRST_HOST + (i64::from(self.seat) + shift) % SEATS;
        Ipv4Addr::new(10, self.network, self.kind.vlan(), u8::try_from(host).unwrap_or(u8::MAX))
    }

    /// The router of its network, which also gives out the addresses.
    pub const fn router(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.network, self.kind.vlan(), 1)
    }
}

/// The devices of a school, always the same for the same seed.
pub fn devices(school: &School, chance: Chance) -> Vec<Device> {
    let mut seats = std::collections::BTreeMap::<u8, u8>::new();
    let mut devices = Vec::new();
    for (kind, count) in school.devices {
        for number in 1..=*count {
            let chance = chance.of("device").at(*kind as i64).at(i64::from(number));
            let seat = seats.entry(kind.vlan()).or_default();
            devices.push(device(school, *kind, number, *seat, chance));
            *seat += 1;
        }
    }
    devices
}

fn device(school: &School, kind: Kind, number: u8, seat: u8, chance: Chance) -> Device {
    let mut stream = chance.of("identity").stream();
    let tail: [u8; 3] = stream.random();
    let mac = match kind.blocks().choose(&mut stream) {
        Some([a, b, c]) => Mac([*a, *b, *c, tail[0], tail[1], tail[2]]),
        None => random_mac(&mut stream),
    };
    let [.., x, y, z] = mac.0;
    let (name, vendor_class) = match kind {
        Kind::Server => (format!("srv{number:02}"), "MSFT 5.0"),
        // As a real firmware writes it: the text still has its closing NUL.
        Kind::Nas => (format!("nas{number}\0"), "udhcp 1.30.1"),
        Kind::Printer => (format!("BRN{x:02X}{y:02X}{z:02X}"), ""),
        Kind::Camera => (format!("axis-{mac}").replace(':', ""), ""),
        Kind::AccessPoint => (format!("ap-{number:02}"), "ubnt"),
        Kind::Laptop => (format!("LT-{:04}", 100 + u32::from(school.network) * 10 + u32::from(number)), "MSFT 5.0"),
        Kind::Desktop => (format!("LOK{}-{:02}", 1 + number / 22, 1 + number % 22), "MSFT 5.0"),
        Kind::Chromebook => (String::new(), ""),
        Kind::Tablet => ("iPad".to_owned(), ""),
        Kind::Phone => match stream.random_range(0..3) {
            0 => ("iPhone".to_owned(), ""),
            1 => (String::new(), "android-dhcp-14"),
            _ => ("Galaxy-A15".to_owned(), "android-dhcp-15"),
        },
    };
    let ahead = if kind.is_always_on() { stream.random_range(0..24 * 60) } else { 0 };
    Device { kind, mac, name, vendor_class, stays: chance.of("stay"), minutes: chance.of("minute"), ahead, network: school.network, seat }
}

/// Locally administered, not a group: what phones make up.
fn random_mac(stream: &mut impl Rng) -> Mac {
    let mut bytes: [u8; 6] = stream.random();
    bytes[0] = bytes[0] & 0b1111_1100 | 0b10;
    Mac(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::school::SCHOOLS, *};

    #[test]
    fn only_phones_hide_their_address() {
        for school in SCHOOLS {
            for device in devices(school, Chance::seeded(7)) {
                let is_local = device.mac.0[0] & 0b10 != 0;
                assert_eq!(is_local, device.kind == Kind::Phone, "{device:?}");
                assert_eq!(device.mac.0[0] & 1, 0, "a group address: {device:?}");
            }
        }
    }

    #[test]
    fn no_two_devices_share_an_address_on_a_day() {
        for school in SCHOOLS {
            let devices = devices(school, Chance::seeded(7));
            for day in [0, 1, 20_000, 20_239] {
                assert_eq!(devices.iter().map(|device| device.ip(day)).collect::<BTreeSet<_>>().len(), devices.len());
            }
            assert_eq!(devices.iter().map(|device| device.mac).collect::<BTreeSet<_>>().len(), devices.len());
        }
    }

    #[test]
    fn phones_move_and_servers_stay() {
        let devices = devices(&SCHOOLS[0], Chance::seeded(7));
        let moves = |kind: Kind| devices.iter().filter(|device| device.kind == kind).all(|device| device.ip(1) != device.ip(2));
        assert!(moves(Kind::Phone));
        assert!(!moves(Kind::Server));
    }
}
