//! Properties of the generated events that the services rely on.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const TUESDAY_MORNING: &str = "2026-11-24T10:00:00Z";
const TUESDAY_NIGHT: &str = "2026-11-24T03:00:00Z";

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn minutes(school: &SchoolNetwork, start: &str, minutes: i64) -> Vec<Event> {
    let start = moment(start);
    school.events(start..start + TimeDelta::minutes(minutes), Density::Live).unwrap()
}

fn parsed(event: &Event) -> Value {
    serde_json::from_str(&event.line).unwrap()
}

fn kinds(events: &[Event]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for event in events {
        *kinds.entry(parsed(event)["event_type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    kinds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_span_gives_the_same_events_in_one_go_and_in_pieces(
        seed in any::<u64>(),
        school in 0..5_usize,
        start in 1_750_000_000_i64..1_900_000_000,
        lengths in prop::collection::vec(0_i64..2_500, 1..4),
        history in any::<bool>(),
    ) {
        let density = if history { Density::History } else { Density::Live };
        let generator = Generator::new(seed);
        let school = &generator.schools()[school];
        let start = DateTime::from_timestamp(start, 0).unwrap();
        let mut pieces = Vec::new();
        let mut end = start;
        for length in lengths {
            let next = end + TimeDelta::seconds(length);
            pieces.extend(school.events(end..next, density).unwrap());
            end = next;
        }
        prop_assert_eq!(&pieces, &Generator::new(seed).schools().iter().find(|other| other.school().key == school.school().key).unwrap().events(start..end, density).unwrap());
        prop_assert!(pieces.iter().all(|event| (start..end).contains(&event.at)));
        prop_assert!(pieces.is_sorted_by_key(|event| event.at));
    }

    #[test]
    fn every_event_is_one_line_of_the_schools_own_network(seed in any::<u64>(), start in 1_750_000_000_i64..1_900_000_000) {
        let start = DateTime::from_timestamp(start, 0).unwrap();
        for school in Generator::new(seed).schools() {
            let home = format!("10.{}.", school.school().network);
            for event in school.events(start..start + TimeDelta::minutes(10), Density::Live).unwrap() {
                prop_assert!(!event.line.contains('\n'));
                let value = parsed(&event);
                let ips = [&value["src_ip"], &value["dest_ip"], &value["dhcp"]["assigned_ip"], &value["dhcp"]["requested_ip"]];
                prop_assert!(ips.iter().any(|ip| ip.as_str().is_some_and(|ip| ip.starts_with(&home))), "{}", event.line);
                let written = DateTime::parse_from_str(value["timestamp"].as_str().unwrap(), "%Y-%m-%dT%H:%M:%S%.f%z").unwrap();
                prop_assert_eq!(written.with_timezone(&Utc), event.at);
            }
        }
    }
}

#[test]
fn seeds_differ() {
    let events = |seed| minutes(&Generator::new(seed).schools()[0], TUESDAY_MORNING, 5);
    assert_eq!(events(1), events(1));
    assert_ne!(events(1), events(2));
}

#[test]
fn school_day_shows_every_kind_of_event_and_the_night_is_quiet() {
    for school in Generator::new(1).schools() {
        let by_day = minutes(school, TUESDAY_MORNING, 180);
        let found: BTreeSet<String> = kinds(&by_day).into_keys().collect();
        for kind in ["arp", "dhcp", "dns", "flow", "tls"] {
            assert!(found.contains(kind), "no {kind} at {}", school.school().key);
        }
        let by_night = minutes(school, TUESDAY_NIGHT, 180);
        assert!(!by_night.is_empty());
        assert!(by_night.len() * 3 < by_day.len(), "{}: {} by night, {} by day", school.school().key, by_night.len(), by_day.len());
    }
}

#[test]
fn trouble_begins_when_asked_by_day_and_by_night() {
    for school in Generator::new(1).schools() {
        for start in [TUESDAY_MORNING, TUESDAY_NIGHT].map(moment) {
            let trouble = school.trouble(start).unwrap();
            assert!(!trouble.is_empty(), "{} at {start}", school.school().key);
            assert!(trouble.iter().all(|event| event.at >= start && parsed(event)["event_type"] == "alert"));
        }
    }
}

#[test]
fn a_week_brings_noise_to_every_school_and_something_serious_to_some() {
    let (start, end) = (moment("2026-11-16T00:00:00Z"), moment("2026-11-23T00:00:00Z"));
    let mut serious = 0;
    for school in Generator::new(1).schools() {
        let events = school.events(start..end, Density::History).unwrap();
        let sids: BTreeSet<u64> = events.iter().filter_map(|event| parsed(event)["alert"]["signature_id"].as_u64()).collect();
        assert!(sids.iter().any(|sid| *sid > 1_000_200), "no noise at {}", school.school().key);
        serious += sids.iter().filter(|sid| **sid < 1_000_200).count();
    }
    assert!((3..20).contains(&serious), "{serious}");
}

#[test]
fn sensors_differ_in_version_zone_and_habits() {
    let generator = Generator::new(1);
    let lines = |key: &str| {
        let school = generator.schools().iter().find(|school| school.school().key == key).unwrap();
        minutes(school, TUESDAY_MORNING, 240).into_iter().map(|event| event.line).collect::<Vec<_>>().join("\n")
    };
    let (six, eight, west, east) = (lines("sint-barbara"), lines("ter-leie"), lines("merel"), lines("hagelkruis"));
    assert!(six.contains("+0100") && west.contains("-0600") && east.contains("+0530"));
    assert!(six.contains("\"type\":\"query\"") && eight.contains("\"type\":\"request\",\"id\"") && eight.contains("\"queries\":[{"));
    assert!(eight.contains("\"ether\":{\"src_mac\":") && eight.contains("\"src_macs\":[") && !six.contains("\"ether\""));
}

#[test]
fn names_carry_the_nul_that_real_firmware_leaves() {
    let generator = Generator::new(1);
    let day = generator.schools()[0].events(moment("2026-11-24T00:00:00Z")..moment("2026-11-25T00:00:00Z"), Density::History).unwrap();
    assert!(day.iter().any(|event| event.line.contains("\"hostname\":\"nas1\\u0000\"")));
}
