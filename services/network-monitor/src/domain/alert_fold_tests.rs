use chrono::TimeDelta;
use proptest::prelude::*;
use runtime::AlertId;

use super::*;
use crate::domain::{
    alert::{MOST_REMEMBERED, Remembered},
    alert_change::Announcement,
    destinations::MOST_NAMED,
    detection::{Endpoint, RAW_EVENT_LIMIT, Sensor},
};

/// Room for more alerts than any test but those of the bound opens.
const ROOM: u32 = 10_000;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
}

fn detection(signature: i64, source: &str, minute: i64) -> Detection<'static> {
    Detection {
        sensor: Sensor::Suricata,
        signature_id: SignatureId::suricata(1, signature),
        signature: "ET SCAN Potential SSH Scan".into(),
        category: "Attempted Information Leak".into(),
        severity: Severity::Medium,
        source: Endpoint { ip: Some(source.parse().unwrap()), port: Some(40_000) },
        destination: Endpoint { ip: Some("10.0.0.9".parse().unwrap()), port: Some(22) },
        protocol: "tcp".into(),
        time: at(minute),
        fingerprint: Fingerprint::of([minute.to_be_bytes().as_slice()]),
        raw: format!("{{\"minute\":{minute}}}").into(),
    }
}

fn arrival() -> Arrival {
    Arrival { gateway: None, received: at(10_000), origin: 0 }
}

fn school() -> SchoolId {
    Ids::counted().next()
}

fn apply(known: Vec<Alert>, detections: impl IntoIterator<Item = Detection<'static>>, quiet: bool) -> AlertOutcome {
    let mut fold = AlertFold::default();
    for detection in detections {
        fold.add(detection, arrival());
    }
    fold.apply(known, school(), |_| quiet, ROOM, at(10_000), &Ids::counted())
}

fn only(outcome: AlertOutcome) -> AlertChange {
    let [change] = <[AlertChange; 1]>::try_from(outcome.changes).unwrap();
    change
}

#[test]
fn events_of_one_signature_from_one_address_are_one_alert() {
    let change = only(apply(vec![], [detection(1, "10.0.0.5", 0), detection(1, "10.0.0.5", 30), detection(1, "10.0.0.5", 80)], false));
    assert!(change.is_new);
    assert_eq!((change.alert.event_count, change.alert.first, change.alert.last), (3, at(0), at(80)));
    assert_eq!(change.announcement, Some(Announcement { first: true, new_events: 3 }));
    assert_eq!(change.alert.raw_event, "{\"minute\":0}");
}

#[test]
fn each_key_is_looked_up_where_its_own_events_are_and_the_flood_where_it_would_be_counted() {
    let mut fold = AlertFold::default();
    for detection in [detection(1, "10.0.0.5", -500_000), detection(2, "10.0.0.5", 0), detection(2, "10.0.0.5", 90)] {
        fold.add(detection, arrival());
    }
    let wanted: BTreeMap<String, _> = fold.wanted().map(|(key, reach)| (key.signature_id.to_string(), reach)).collect();
    assert_eq!(wanted["suricata:1:1"], at(-500_060)..=at(-499_940));
    assert_eq!(wanted["suricata:1:2"], at(-60)..=at(150));
    assert_eq!(wanted["schildwacht:flood"], at(9_940)..=at(10_060), "when it was received, however old the events");
    assert_eq!(wanted.len(), 3, "nobody refused a request");
    fold.requests_refused(1, arrival());
    assert_eq!(fold.wanted().count(), 4);
}

#[test]
fn another_signature_or_address_is_another_alert() {
    let outcome = apply(vec![], [detection(1, "10.0.0.5", 0), detection(2, "10.0.0.5", 0), detection(1, "10.0.0.6", 0)], false);
    assert_eq!(outcome.changes.len(), 3);
}

#[test]
fn a_scan_is_one_alert_with_many_destinations() {
    let towards = |number: u8| {
        let mut event = detection(1, "10.0.0.5", 0);
        event.destination.ip = Some([10, 0, 1, number].into());
        event.fingerprint = Fingerprint::from_bits(number.into());
        event
    };
    let change = only(apply(vec![], (1..=254).map(towards), false));
    assert_eq!(change.alert.event_count, 254);
    assert_eq!(change.alert.destinations.named().len(), MOST_NAMED);
    assert!((230..=280).contains(&change.alert.destinations.count()), "{}", change.alert.destinations.count());
    let one_more = only(apply(vec![change.alert], [towards(255)], false));
    assert!(!one_more.is_new);
}

#[test]
fn each_alert_of_a_batch_keeps_what_its_own_events_say() {
    let mut later = detection(1, "10.0.0.5", 90);
    later.destination = Endpoint { ip: Some("10.0.0.8".parse().unwrap()), port: Some(445) };
    let outcome = apply(vec![], [detection(1, "10.0.0.5", 0), later.clone()], false);
    assert_eq!(outcome.changes.len(), 2);
    assert_eq!((outcome.changes[1].alert.destination, outcome.changes[1].alert.destinations.count()), (later.destination, 1));
    assert_eq!(outcome.changes[1].alert.raw_event, "{\"minute\":90}", "and keeps a message of its own");
}

#[test]
fn an_alert_and_its_device_that_find_no_room_are_one_event() {
    for (events, devices, counted) in [(4, 3, 4), (2, 3, 3)] {
        let mut fold = AlertFold::default();
        for signature in 0..events {
            fold.add(detection(signature, "10.0.0.5", 0), arrival());
        }
        fold.devices_turned_away(devices, at(10_000));
        let outcome = fold.apply(Vec::new(), school(), |_| false, 0, at(10_000), &Ids::counted());
        assert_eq!(outcome.flooded, counted, "{events} events, {devices} devices");
    }
}

#[test]
fn what_finds_no_room_is_counted_in_the_flood_alert_and_the_worst_comes_first() {
    let mut worst = detection(9, "10.0.0.9", 5);
    worst.severity = Severity::High;
    let mut fold = AlertFold::default();
    (0..8).map(|number| detection(number, "10.0.0.5", number)).chain([worst]).for_each(|event| fold.add(event, arrival()));
    let outcome = fold.apply(vec![], school(), |_| true, 3, at(10_000), &Ids::counted());
    assert_eq!((outcome.opened, outcome.flooded), (3, 6));
    let opened: Vec<&str> = outcome.changes.iter().map(|change| change.alert.signature_id.as_str()).collect();
    assert_eq!(opened, ["suricata:1:9", "suricata:1:0", "suricata:1:1", "schildwacht:flood"]);
    let flood = outcome.changes.last().unwrap();
    assert_eq!((flood.alert.event_count, flood.alert.severity, flood.alert.sensor), (6, Severity::High, Sensor::Schildwacht));
    assert!(flood.announcement.is_some(), "a flood is told also where its signatures are kept quiet");

    let mut next = AlertFold::default();
    next.add(detection(20, "10.0.0.5", 10), arrival());
    next.devices_turned_away(4, at(10_000));
    let later = next.apply(vec![flood.alert.clone()], school(), |_| false, 0, at(10_000), &Ids::counted());
    let grown = only(later);
    assert_eq!((grown.is_new, grown.alert.id, grown.alert.event_count), (false, flood.alert.id, 10));
}

#[test]
fn a_batch_looks_up_so_many_alerts_and_no_more() {
    let mut fold = AlertFold::default();
    for number in 0..5_000_u32 {
        let source = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).to_string();
        fold.add(detection(1, &source, 0), arrival());
    }
    fold.limit();
    assert_eq!(fold.wanted().count(), MOST_KEYS + 1, "and that which says that a bound was reached");
    let outcome = fold.apply(vec![], school(), |_| false, ROOM, at(10_000), &Ids::counted());
    assert_eq!((u64::from(outcome.opened), outcome.flooded), (MOST_KEYS as u64, 5_000 - MOST_KEYS as u64));
}

#[test]
fn after_an_hour_of_silence_a_new_alert_opens() {
    let outcome = apply(vec![], [detection(1, "10.0.0.5", 0), detection(1, "10.0.0.5", 61)], false);
    assert_eq!(outcome.changes.len(), 2);
}

#[test]
fn what_goes_on_for_days_is_an_alert_a_day() {
    let every_half_hour = (0..96).map(|half| detection(1, "10.0.0.5", half * 30));
    let outcome = apply(vec![], every_half_hour, false);
    assert_eq!(outcome.changes.len(), 2);
    assert_eq!(outcome.changes.iter().map(|change| change.alert.event_count).sum::<i64>(), 96);
}

#[test]
fn later_events_join_the_alert_in_the_store() {
    let stored = only(apply(vec![], [detection(1, "10.0.0.5", 0)], false)).alert;
    let change = only(apply(vec![stored.clone()], [detection(1, "10.0.0.5", 20), detection(1, "10.0.0.5", -20)], false));
    assert!(!change.is_new);
    assert_eq!(change.alert.id, stored.id);
    assert_eq!((change.alert.first, change.alert.last, change.alert.event_count), (at(-20), at(20), 3));
    assert_eq!(change.announcement, Some(Announcement { first: false, new_events: 2 }));
}

#[test]
fn events_sent_again_are_not_counted_again() {
    let stored = only(apply(vec![], [detection(1, "10.0.0.5", 0), detection(1, "10.0.0.5", 0)], false)).alert;
    assert_eq!(stored.event_count, 1);
    let outcome = apply(vec![stored], [detection(1, "10.0.0.5", 0)], false);
    assert_eq!((outcome.changes.len(), outcome.repeated), (0, 1));
}

#[test]
fn a_suppressed_alert_is_counted_and_told_in_full_once_it_may_be() {
    let quiet = apply(vec![], [detection(1, "10.0.0.5", 0), detection(1, "10.0.0.5", 1)], true);
    assert_eq!(quiet.suppressed, 2);
    let change = only(quiet);
    assert_eq!((change.announcement, change.alert.told_event_count, change.alert.event_count), (None, 0, 2));
    let told = only(apply(vec![change.alert], [detection(1, "10.0.0.5", 2)], false));
    assert_eq!(told.announcement, Some(Announcement { first: true, new_events: 3 }));
}

#[test]
fn what_a_suppression_kept_from_an_alert_that_was_told_before_is_told_too_once_it_may_be() {
    let told = only(apply(vec![], [detection(1, "10.0.0.5", 0)], false)).alert;
    let quiet = only(apply(vec![told], [detection(1, "10.0.0.5", 1), detection(1, "10.0.0.5", 2)], true));
    assert_eq!(quiet.announcement, None);
    let told_again = only(apply(vec![quiet.alert], [detection(1, "10.0.0.5", 3)], false));
    assert_eq!(told_again.announcement, Some(Announcement { first: false, new_events: 3 }));
}

#[test]
fn growth_waits_for_a_minute_unless_the_alert_doubled_or_became_worse() {
    let grown = |known: Alert, minutes: &[i64], severity: Severity, now: DateTime<Utc>| {
        let mut fold = AlertFold::default();
        for minute in minutes {
            fold.add(Detection { severity, ..detection(1, "10.0.0.5", *minute) }, arrival());
        }
        only(fold.apply(vec![known], school(), |_| false, ROOM, now, &Ids::counted()))
    };
    let now = at(10_000);
    let told = only(apply(vec![], (0..10).map(|minute| detection(1, "10.0.0.5", minute)), false)).alert;
    assert_eq!((told.told, told.growth_due), (Some(now), None));

    let later = now + TimeDelta::seconds(59);
    let waits = grown(told.clone(), &[11, 12], Severity::Medium, later);
    assert_eq!((waits.announcement, waits.alert.told_event_count), (None, 10));
    assert_eq!((waits.alert.told, waits.alert.growth_due), (Some(now), Some(now + TimeDelta::minutes(1))));

    let doubled: Vec<i64> = (13..21).collect();
    let told_again = grown(waits.alert.clone(), &doubled, Severity::Medium, later);
    assert_eq!(told_again.announcement, Some(Announcement { first: false, new_events: 10 }));
    assert_eq!((told_again.alert.told, told_again.alert.growth_due), (Some(later), None));
    assert_eq!(grown(waits.alert.clone(), &doubled[1..], Severity::Medium, later).announcement, None, "one less is not twice as many");

    let worse = grown(waits.alert.clone(), &[13], Severity::High, later);
    assert_eq!(worse.announcement, Some(Announcement { first: false, new_events: 3 }));
    let after_a_minute = grown(waits.alert.clone(), &[13], Severity::Medium, now + TimeDelta::minutes(1));
    assert_eq!(after_a_minute.announcement, Some(Announcement { first: false, new_events: 3 }));

    let suppressed = only(apply(vec![waits.alert], [detection(1, "10.0.0.5", 13)], true)).alert;
    assert_eq!((suppressed.told_event_count, suppressed.growth_due), (10, None), "what became quiet is not told when it is due");
}

#[test]
fn the_worst_event_sets_the_severity() {
    let mut worse = detection(1, "10.0.0.5", 1);
    worse.severity = Severity::High;
    assert_eq!(only(apply(vec![], [detection(1, "10.0.0.5", 0), worse], false)).alert.severity, Severity::High);
}

#[test]
fn a_large_event_is_shortened_to_valid_json() {
    let mut large = detection(1, "10.0.0.5", 0);
    large.raw = format!("{{\"event_type\":\"alert\",\"payload\":\"{}\",\"packet\":\"{}\"}}", "A".repeat(20_000), "B".repeat(12_000)).into();
    let raw = only(apply(vec![], [large], false)).alert.raw_event;
    assert!(raw.len() <= RAW_EVENT_LIMIT);
    let json: serde_json::Value = serde_json::from_str(&raw).unwrap();
    assert_eq!(json["event_type"], "alert");
    assert!(json.get("packet").is_some() && json.get("payload").is_none(), "only the largest gives way");
}

#[test]
fn what_is_remembered_survives_the_store() {
    let mut remembered = Remembered::default();
    for number in 0..MOST_REMEMBERED as u64 + 50 {
        remembered.remember(Fingerprint::from_bits(number));
    }
    assert_eq!(remembered.to_bytes().len(), MOST_REMEMBERED * 8);
    assert_eq!(Remembered::from_bytes(&remembered.to_bytes()), remembered);
}

#[test]
fn a_flood_of_small_requests_sent_again_is_known_again() {
    let requests = |first: usize| {
        (0..1_000).map(move |number| {
            let mut event = detection(1, "10.0.0.5", 0);
            event.fingerprint = Fingerprint::from_bits(number);
            (event, Arrival { origin: first + number as usize, ..arrival() })
        })
    };
    let mut fold = AlertFold::default();
    requests(0).chain(requests(1_000)).for_each(|(event, arrival)| fold.add(event, arrival));
    let outcome = fold.apply(vec![], school(), |_| false, ROOM, at(10_000), &Ids::counted());
    assert_eq!((outcome.changes[0].alert.event_count, outcome.repeated), (1_000, 1_000));
}

proptest! {
    #[test]
    fn no_event_is_lost_or_counted_twice(minutes in proptest::collection::vec(0_i64..3_000, 1..100), cut in 0_usize..100) {
        // The same events once in one batch, once in two batches of which the second repeats the first.
        let events: Vec<_> = minutes.iter().map(|minute| detection(1, "10.0.0.5", *minute)).collect();
        let distinct: std::collections::BTreeSet<_> = minutes.iter().collect();
        let whole = apply(vec![], events.clone(), false);
        prop_assert_eq!(whole.changes.iter().map(|change| change.alert.event_count).sum::<i64>() as usize, distinct.len());

        let first = apply(vec![], events[..cut % events.len()].to_vec(), false);
        let mut stored: BTreeMap<AlertId, Alert> = first.changes.into_iter().map(|change| (change.alert.id, change.alert)).collect();
        let mut fold = AlertFold::default();
        events.into_iter().for_each(|event| fold.add(event, arrival()));
        let ids = Ids::counted();
        (0..1_000).for_each(|_| { let _used: AlertId = ids.next(); });
        let second = fold.apply(stored.values().cloned().collect(), school(), |_| false, ROOM, at(10_000), &ids);
        stored.extend(second.changes.into_iter().map(|change| (change.alert.id, change.alert)));
        prop_assert_eq!(stored.values().map(|alert| alert.event_count).sum::<i64>() as usize, distinct.len());
    }

    #[test]
    fn a_large_request_sent_again_is_not_counted_again(events in 257_i64..3_000, others in 0_usize..5, turn in 0_usize..3_000) {
        let request = |first: i64, count: i64| (first..first + count).map(|number| {
            let mut event = detection(1, "10.0.0.5", number % 50);
            event.fingerprint = Fingerprint::of([number.to_be_bytes().as_slice()]);
            event
        });
        let mut alert = only(apply(vec![], request(0, events), false)).alert;
        for other in 0..others as i64 {
            alert = only(apply(vec![alert], request(10_000 * (other + 1), 300), false)).alert;
        }
        let count = alert.event_count;
        prop_assert_eq!(count, events + 300 * others as i64);
        let mut again: Vec<_> = request(0, events).collect();
        again.rotate_left(turn % events as usize);
        let outcome = apply(vec![alert], again, false);
        prop_assert_eq!((outcome.changes.len(), outcome.repeated), (0, events as u64));
    }

    #[test]
    fn the_order_within_a_batch_does_not_matter(minutes in proptest::collection::vec(0_i64..600, 1..40), turn in 0_usize..40) {
        let spans = |minutes: &[i64]| {
            let outcome = apply(vec![], minutes.iter().map(|minute| detection(1, "10.0.0.5", *minute)), false);
            outcome.changes.into_iter().map(|change| (change.alert.first, change.alert.last, change.alert.event_count)).collect::<Vec<_>>()
        };
        let mut turned = minutes.clone();
        turned.rotate_left(turn % minutes.len());
        prop_assert_eq!(spans(&minutes), spans(&turned));
    }
}
