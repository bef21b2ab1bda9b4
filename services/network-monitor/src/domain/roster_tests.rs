use proptest::prelude::*;

use super::*;
use crate::domain::{fact::Told, sighting::Sighting, usage::first_kept};

const LAPTOP: &str = "00:1b:21:0a:bc:01";
const TABLET: &str = "00:1b:21:0a:bc:02";
const IP: &str = "10.0.0.5";

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + hour * 3_600, 0).unwrap()
}

fn claim(mac: &str, ip: &str, hour: i64) -> Sighting {
    Sighting::of_mac(Source::SuricataDhcp, mac.parse().unwrap(), Some(ip.parse().unwrap()), at(hour)).unwrap()
}

fn traffic(ip: &str, hour: i64) -> Sighting {
    Sighting::of_address(Source::SuricataFlow, ip.parse().unwrap(), false, at(hour)).unwrap()
}

fn apply(known: Vec<Device>, sightings: impl IntoIterator<Item = Sighting>, ids: &Ids) -> Vec<DeviceChange> {
    let mut fold = DeviceFold::default();
    for sighting in sightings {
        fold.add(sighting);
    }
    let mut roster = Roster::new(known, 1_000, NaiveDate::MIN);
    roster.apply(&fold, at(1_000), ids);
    roster.into_changes()
}

/// The devices after each batch was stored.
fn stored(batches: Vec<Vec<Sighting>>) -> Vec<Device> {
    let ids = Ids::counted();
    let mut devices: Vec<Device> = Vec::new();
    for batch in batches {
        for change in apply(devices.clone(), batch, &ids) {
            match change {
                DeviceChange::Appeared(device) => devices.push(device),
                DeviceChange::Updated { before, after } => {
                    let place = devices.iter().position(|known| known.id == after.id).unwrap();
                    assert_eq!(*before, devices[place]);
                    devices[place] = after;
                }
                DeviceChange::Absorbed { from, .. } => devices.retain(|known| known.id != from),
            }
        }
    }
    devices
}

fn slots(device: &Device) -> u32 {
    device.days.values().map(|day| day.count()).sum()
}

#[test]
fn traffic_counts_for_the_card_that_claimed_the_address() {
    let devices = stored(vec![vec![claim(LAPTOP, IP, 0)], vec![traffic(IP, 1), traffic(IP, 2)]]);
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].key, DeviceKey::Mac(LAPTOP.parse().unwrap()));
    assert_eq!(slots(&devices[0]), 3);
    assert_eq!(devices[0].last_seen, at(2));
}

#[test]
fn a_claim_in_the_same_batch_counts_wherever_it_stands() {
    let devices = stored(vec![vec![traffic(IP, 1), claim(LAPTOP, IP, 0)]]);
    assert_eq!(devices.len(), 1);
}

#[test]
fn a_device_known_by_its_address_becomes_the_one_of_the_card() {
    let server = traffic(IP, 0).telling([Told::Service { transport: "tcp", port: 443, protocol: "tls".to_owned() }]);
    let devices = stored(vec![vec![server], vec![claim(LAPTOP, IP, 5)]]);
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].key, DeviceKey::Mac(LAPTOP.parse().unwrap()));
    assert_eq!((devices[0].first_seen, devices[0].last_seen), (at(0), at(5)));
    assert_eq!(devices[0].services.best().unwrap().value, "443/tcp tls");
    assert_eq!(slots(&devices[0]), 2);
}

#[test]
fn an_address_quiet_for_long_was_somebody_else() {
    let devices = stored(vec![vec![traffic(IP, 0)], vec![claim(LAPTOP, IP, 24 * 30)]]);
    assert_eq!(devices.len(), 2, "who had the address a month ago is not who has it now");
}

#[test]
fn an_address_that_moves_leaves_each_card_its_own_traffic() {
    let devices = stored(vec![
        vec![claim(LAPTOP, IP, 0), traffic(IP, 1), traffic(IP, 2)],
        vec![claim(TABLET, IP, 10), traffic(IP, 11)],
        vec![traffic(IP, 3)],
    ]);
    let of = |mac: &str| devices.iter().find(|device| device.key == DeviceKey::Mac(mac.parse().unwrap())).unwrap();
    assert_eq!(devices.len(), 2);
    assert_eq!(slots(of(LAPTOP)), 4, "hours 0 to 2, and the late line of hour 3");
    assert_eq!(slots(of(TABLET)), 2);
}

#[test]
fn a_claim_does_not_last_for_ever() {
    let devices = stored(vec![vec![claim(LAPTOP, IP, 0)], vec![traffic(IP, 24 * 9)]]);
    assert_eq!(devices.len(), 2);
}

#[test]
fn devices_not_seen_are_not_stored_again() {
    let ids = Ids::counted();
    let bystander = Device::new(ids.next(), DeviceKey::Ip(IP.parse().unwrap()), at(0));
    assert_eq!(apply(vec![bystander], [traffic("10.0.0.6", 1)], &ids).len(), 1);
}

#[test]
fn old_traffic_makes_a_device_known_but_days_that_are_not_kept_are_not_marked() {
    let hours = (0..10_000).map(|day| day * 24);
    let mut fold = DeviceFold::default();
    hours.clone().flat_map(|hour| [traffic(IP, -hour), claim(LAPTOP, "10.0.0.6", -hour)]).for_each(|seen| fold.add(seen));
    let mut roster = Roster::new(vec![], 2, first_kept(at(0), 35));
    roster.apply(&fold, at(0), &Ids::counted());
    for change in roster.into_changes() {
        let DeviceChange::Appeared(device) = change else { panic!("{change:?}") };
        assert_eq!((device.first_seen, device.last_seen), (at(-9_999 * 24), at(0)));
        assert_eq!(device.days.len(), 36, "today and 35 days before");
    }
}

fn any_sighting() -> impl Strategy<Value = Sighting> {
    let macs = proptest::sample::select(vec![LAPTOP, TABLET, "02:00:00:00:00:03"]);
    let ips = proptest::sample::select(vec!["10.0.0.5", "10.0.0.6", "fd00::7"]);
    prop_oneof![
        (macs, ips.clone(), 0_i64..20).prop_map(|(mac, ip, hour)| claim(mac, ip, hour)),
        (ips, 0_i64..20).prop_map(|(ip, hour)| traffic(ip, hour)),
    ]
}

/// What of a device does not depend on chance: everything but its id.
fn portrait(devices: &[Device]) -> Vec<String> {
    let mut portraits: Vec<String> = devices
        .iter()
        .map(|device| format!("{} {} {} {} {:?}", device.key, device.first_seen, device.last_seen, slots(device), device.addresses))
        .collect();
    portraits.sort();
    portraits
}

proptest! {
    #[test]
    fn the_order_within_a_batch_does_not_matter(sightings in proptest::collection::vec(any_sighting(), 0..30), turn in 0_usize..30) {
        let mut turned = sightings.clone();
        turned.rotate_left(turn % sightings.len().max(1));
        prop_assert_eq!(portrait(&stored(vec![sightings])), portrait(&stored(vec![turned])));
    }

    #[test]
    fn a_batch_sent_twice_changes_nothing(sightings in proptest::collection::vec(any_sighting(), 0..30)) {
        let once = stored(vec![sightings.clone()]);
        let twice = stored(vec![sightings.clone(), sightings]);
        prop_assert_eq!(portrait(&once), portrait(&twice));
    }

    #[test]
    fn no_key_is_ever_taken_twice(batches in proptest::collection::vec(proptest::collection::vec(any_sighting(), 0..10), 0..6)) {
        let devices = stored(batches);
        let keys: std::collections::BTreeSet<DeviceKey> = devices.iter().map(|device| device.key).collect();
        prop_assert_eq!(keys.len(), devices.len());
    }

    #[test]
    fn no_quarter_of_an_hour_is_lost(sightings in proptest::collection::vec(any_sighting(), 1..30)) {
        let devices = stored(vec![sightings.clone()]);
        let distinct: std::collections::BTreeSet<_> = sightings.iter().map(|sighting| sighting.first).collect();
        let seen: u32 = devices.iter().map(slots).sum();
        prop_assert!(seen as usize >= distinct.len());
    }
}

#[test]
fn devices_that_find_no_room_are_turned_away_and_those_that_are_known_are_not() {
    let ids = Ids::counted();
    let known = apply(vec![], [traffic("10.0.0.5", 0)], &ids);
    let [DeviceChange::Appeared(known)] = &known[..] else { panic!("{known:?}") };
    let mut fold = DeviceFold::default();
    [traffic("10.0.0.5", 1), traffic("10.0.0.6", 1), traffic("10.0.0.7", 1), claim("02:00:00:00:00:01", "10.0.0.8", 1)]
        .into_iter()
        .for_each(|seen| fold.add(seen));
    let mut roster = Roster::new(vec![known.clone()], 1, NaiveDate::MIN);
    roster.apply(&fold, at(1_000), &ids);
    assert_eq!(roster.turned_away(), 2, "the card came first");
    let changes = roster.into_changes();
    let appeared: Vec<String> = changes
        .iter()
        .filter_map(|change| match change {
            DeviceChange::Appeared(device) => Some(device.key.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(appeared, ["02:00:00:00:00:01"]);
    assert!(changes.iter().any(|change| matches!(change, DeviceChange::Updated { after, .. } if after.id == known.id)));
}
