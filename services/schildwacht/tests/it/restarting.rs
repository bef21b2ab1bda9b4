//! Nothing is lost: not by a stop, and not by `kill -9` in the middle of the work.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use serde_json::Value;
use testkit::eventually;

use crate::{
    eve,
    people::Person,
    town::{School, Town, ZANDLOPER},
};

/// The cases of everybody, by id, with their numbers.
async fn case_numbers(noor: &Person) -> BTreeMap<String, String> {
    noor.cases_of("").await.unwrap().into_iter().map(|case| (case.case_id, case.reference)).collect()
}

async fn until_a_case_opens(noor: &Person, school: &School, sid: u32) {
    let signature = format!("suricata:1:{sid}");
    eventually("a case", async || noor.cases_of(&school.id).await.unwrap().into_iter().find(|case| case.signature_id == signature)).await;
}

#[tokio::test]
async fn a_stop_and_a_start_change_nothing() {
    let mut town = Town::open().await;
    let school = town.school(ZANDLOPER).await;
    let noor = Person::sign_in(&town.site, "noor").await;
    let sensor = town.sensor(&school).await;
    let at = eve::just_now();
    let lease = eve::lease(at, "02:00:00:00:00:01", "10.20.4.37", "laptop-37");
    sensor.post(&[lease, eve::contact_with_malware(at, 2_000_001, "10.20.4.37")]).await.unwrap();
    until_a_case_opens(&noor, &school, 2_000_001).await;
    let before = (case_numbers(&noor).await, noor.devices_of(&school.id).await.unwrap(), noor.alerts_of(&school.id).await.unwrap());

    town.process.terminate();
    assert_eq!(town.process.end().await.code(), Some(0), "{}", town.process.stderr());
    town.process = town.site.serve().await;

    // The tokens from before still hold: the issuer kept its keys.
    let noor = Person::with_token(&town.site, noor.token);
    let after = (case_numbers(&noor).await, noor.devices_of(&school.id).await.unwrap(), noor.alerts_of(&school.id).await.unwrap());
    assert_eq!(after, before);
    eventually("the gateway to be let in", async || sensor.post(&[]).await.ok()).await;
    sensor.post(&[eve::contact_with_malware(at, 2_000_002, "10.20.4.37")]).await.unwrap();
    until_a_case_opens(&noor, &school, 2_000_002).await;
    let numbers: BTreeSet<String> = case_numbers(&noor).await.into_values().collect();
    assert_eq!(numbers.len(), 2, "the second case has a number of its own: {numbers:?}");
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_nine() {
    const SENDERS: u32 = 4;
    const ENOUGH: usize = 60;
    let mut town = Town::open().await;
    let school = town.school(ZANDLOPER).await;
    let noor = Person::sign_in(&town.site, "noor").await;
    let sensor = town.sensor(&school).await;
    let acknowledged = std::sync::Mutex::new(BTreeSet::new());

    // Each sender posts until nobody answers, and notes what was acknowledged.
    let sending = (0..SENDERS).map(async |sender| {
        let mut number = sender;
        while sensor.post(&batch(number)).await.is_ok() {
            acknowledged.lock().unwrap().insert(number);
            number += SENDERS;
        }
    });
    let killing = async {
        eventually("enough to be acknowledged", async || (acknowledged.lock().unwrap().len() >= ENOUGH).then_some(())).await;
        let numbers = case_numbers(&noor).await;
        town.process.kill();
        numbers
    };
    let (_, numbers_before) = tokio::join!(join_all(sending), killing);
    assert_eq!(town.process.end().await.code(), None, "killed, not stopped");
    let acknowledged = acknowledged.into_inner().unwrap();

    town.process = town.site.serve().await;
    let noor = Person::with_token(&town.site, noor.token);
    let wanted: BTreeSet<String> = acknowledged.iter().flat_map(|number| [signature(*number), malware_signature(*number)]).collect();
    let alerts = eventually("all acknowledged alerts", async || {
        let alerts = noor.alerts_of(&school.id).await.unwrap();
        let told: BTreeSet<String> = alerts.iter().map(|alert| alert.signature_id.clone()).collect();
        wanted.is_subset(&told).then_some(alerts)
    })
    .await;
    assert!(alerts.iter().all(|alert| alert.event_count == 1), "nothing is counted twice");
    let devices = noor.devices_of(&school.id).await.unwrap();
    let missing: Vec<_> = acknowledged.iter().map(|number| mac(*number)).filter(|mac| !devices.contains_key(mac)).collect();
    assert!(missing.is_empty(), "{missing:?}");

    // Asked again each time: what was stored and not acknowledged before the kill comes after the rest.
    let numbers = eventually("a case for each", async || {
        let alerts = noor.alerts_of(&school.id).await.unwrap();
        let malware = alerts.iter().filter(|alert| alert.signature_id.starts_with("suricata:1:21")).count();
        Some(case_numbers(&noor).await).filter(|numbers| numbers.len() == malware)
    })
    .await;
    for (case, number) in &numbers_before {
        assert_eq!(numbers.get(case), Some(number), "a case keeps its number");
    }
    let year = numbers.values().next().unwrap()[..8].to_owned();
    let in_order: BTreeSet<String> = (1..=numbers.len()).map(|number| format!("{year}{number:04}")).collect();
    assert_eq!(numbers.into_values().collect::<BTreeSet<_>>(), in_order, "no number twice, none left out");
    audit_is_intact(&town).await;
}

/// What a sensor posts at once: a device, something odd about it, and now and then something bad.
pub fn batch(number: u32) -> Vec<Value> {
    let at = eve::just_now();
    let ip = format!("10.20.{}.{}", number / 250, number % 250 + 1);
    vec![
        eve::lease(at, &mac(number), &ip, &format!("laptop-{number}")),
        eve::odd_traffic(at, 2_200_000 + number, &ip),
        eve::contact_with_malware(at, 2_100_000 + number, &ip),
    ]
}

pub fn signature(number: u32) -> String {
    format!("suricata:1:{}", 2_200_000 + number)
}

fn malware_signature(number: u32) -> String {
    format!("suricata:1:{}", 2_100_000 + number)
}

fn mac(number: u32) -> String {
    let [_, a, b, c] = number.to_be_bytes();
    format!("00:1b:63:{a:02x}:{b:02x}:{c:02x}")
}

async fn audit_is_intact(town: &Town) {
    let data_dir = town.site.data_dir().display().to_string();
    let said = town.site.run(&["audit", "verify", "--data-dir", &data_dir]).await.ok();
    assert!(said.contains("every chain is intact"), "{said}");
}
