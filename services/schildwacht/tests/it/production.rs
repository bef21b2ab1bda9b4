//! What only many processes with real servers can show: roll-outs, replicas that die, keys that change, a second factor.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use futures::future::join_all;
use proto::{identity::v1::ListSchoolsRequest, incident_intake::v1::ListCasesRequest, network_monitor::v1::ListAlertsRequest};
use testkit::{browser::Scripts, eventually, one_time_code};
use tonic::Status;

use crate::{
    browser::visitor::Visitor,
    estate::Name,
    eve,
    people::Person,
    restarting::{batch, signature},
    town::{School, Sensor, Town, ZANDLOPER},
};

const SENDERS: u32 = 4;
/// Enough that requests are always under way, and little enough that two cores of a busy machine keep up.
const PAUSE: Duration = Duration::from_millis(50);

/// Senders that post batches until they are told to stop, and what came of it.
struct Load {
    stop: Arc<AtomicBool>,
    outcome: Arc<Mutex<Outcome>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Outcome {
    /// Numbers of batches.
    acknowledged: BTreeSet<u32>,
    /// Statuses; 0 where the connection broke off.
    refused: Vec<u16>,
}

impl Load {
    fn start(sensor: &Sensor) -> Self {
        let (stop, outcome) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Outcome::default())));
        let start = |sender| {
            let (sensor, stop, outcome) = (sensor.clone(), Arc::clone(&stop), Arc::clone(&outcome));
            #[expect(clippy::disallowed_methods, reason = "the test awaits it")]
            tokio::spawn(async move {
                let mut number = sender;
                let mut events = batch(number);
                while !stop.load(Ordering::Relaxed) {
                    match sensor.post(&events).await {
                        Ok(()) => {
                            outcome.lock().unwrap().acknowledged.insert(number);
                            number += SENDERS;
                            events = batch(number);
                        }
                        // The same events again, to the byte, as an agent does: they may well have been kept before the answer was lost.
                        Err(status) => outcome.lock().unwrap().refused.push(status),
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            })
        };
        let tasks = (0..SENDERS).map(start).collect();
        Self { stop, outcome, tasks }
    }

    /// Waits until so many more batches are acknowledged.
    async fn goes_on(&self) {
        let count = || self.outcome.lock().unwrap().acknowledged.len();
        let enough = count() + 20;
        eventually("the load to go on", async || (count() >= enough).then_some(())).await;
    }

    async fn end(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        for ended in join_all(self.tasks).await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.outcome.lock().unwrap())
    }
}

/// Somebody of the response team who looks at schools, alerts and cases all the time, until told to stop.
struct Reader {
    stop: Arc<AtomicBool>,
    read: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<Vec<Status>>,
}

impl Reader {
    fn start(town: &Town, school: &School) -> Self {
        let (stop, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&read));
        let realm = Arc::clone(&town.estate.as_ref().unwrap().realm);
        let url = town.site.url("");
        // Little of each, as the load makes more and more of them.
        let schools = ListSchoolsRequest { page_size: 1, ..Default::default() };
        let alerts = ListAlertsRequest { school_id: school.id.clone(), page_size: 1, ..Default::default() };
        let cases = ListCasesRequest { school_id: school.id.clone(), page_size: 1, ..Default::default() };
        #[expect(clippy::disallowed_methods, reason = "the test awaits it")]
        let task = tokio::spawn(async move {
            let mut refused = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                // A token lives for 45 seconds.
                let account = realm.add_account(&["responder"]).await;
                let reader = Person::at(url.clone(), realm.sign_in(&account).await);
                let signed_in = Instant::now();
                while signed_in.elapsed() < Duration::from_secs(20) && !stopped.load(Ordering::Relaxed) {
                    refused.extend(reader.organisations().list_schools(reader.asks(schools.clone())).await.err());
                    refused.extend(reader.alerts().list_alerts(reader.asks(alerts.clone())).await.err());
                    refused.extend(reader.cases().list_cases(reader.asks(cases.clone())).await.err());
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(PAUSE).await;
                }
            }
            refused
        });
        Self { stop, read, task }
    }

    /// Waits until everything was looked at again some times.
    async fn goes_on(&self) {
        let enough = self.read.load(Ordering::Relaxed) + 5;
        eventually("the reader to go on", async || (self.read.load(Ordering::Relaxed) >= enough).then_some(())).await;
    }

    /// What was refused.
    async fn end(self) -> Vec<Status> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

/// Everything acknowledged becomes an alert, counted once.
async fn is_all_stored(noor: &Person, school: &School, acknowledged: &BTreeSet<u32>) {
    let wanted: BTreeSet<String> = acknowledged.iter().map(|number| signature(*number)).collect();
    let alerts = eventually("all acknowledged alerts", async || {
        let alerts = noor.alerts_of(&school.id).await.ok()?;
        let told: BTreeSet<String> = alerts.iter().map(|alert| alert.signature_id.clone()).collect();
        wanted.is_subset(&told).then_some(alerts)
    })
    .await;
    let twice: Vec<_> = alerts.iter().filter(|alert| alert.event_count != 1).map(|alert| &alert.signature_id).collect();
    assert!(twice.is_empty(), "counted twice: {twice:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roll_out_under_load_fails_no_request_and_loses_nothing() {
    let Some(mut town) = Town::open_in_production().await else { return };
    let school = town.school("990103").await;
    let load = Load::start(&town.sensor(&school).await);
    let reader = Reader::start(&town, &school);
    load.goes_on().await;
    for name in [Name::TelemetryIngest, Name::NetworkMonitor, Name::IncidentIntake, Name::Identity] {
        reader.goes_on().await;
        town.estate.as_mut().unwrap().roll(name).await;
        load.goes_on().await;
    }
    reader.goes_on().await;
    assert_eq!(reader.end().await.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "requests of the reader that failed");
    let outcome = load.end().await;
    assert_eq!(outcome.refused, [0_u16; 0], "statuses of failed requests");
    let noor = town.sign_in("noor").await;
    is_all_stored(&noor, &school, &outcome.acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_replica_had_under_way_others_take_over() {
    let Some(mut town) = Town::open_in_production().await else { return };
    let school = town.school("990103").await;
    let load = Load::start(&town.sensor(&school).await);
    load.goes_on().await;
    for name in [Name::NetworkMonitor, Name::TelemetryIngest] {
        let estate = town.estate.as_mut().unwrap();
        let killed = estate.of(name).next().unwrap();
        let address = name.address_of(&killed.site);
        killed.process.kill();
        killed.process.end().await;
        // As an ingress finds out.
        estate.front.remove(address);
        load.goes_on().await;
    }
    let outcome = load.end().await;
    let broken_off = outcome.refused.len();
    assert!(broken_off <= SENDERS as usize, "only what the killed ingest had under way breaks off: {:?}", outcome.refused);
    let noor = town.sign_in("noor").await;
    is_all_stored(&noor, &school, &outcome.acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_of_the_issuer_costs_no_request() {
    let Some(town) = Town::shared_in_production().await else { return };
    let school = town.school("990103").await;
    let estate = town.estate.as_ref().unwrap();
    // Once only: services ask for another new key a minute later at the earliest, and others share this town.
    for first in [900, 910] {
        if first == 910 {
            estate.realm.rotate_key().await;
        }
        for number in first..first + 10 {
            let taken = eventually("the batch to be taken", async || match town.sensor(&school).await.post(&batch(number)).await {
                Ok(()) => Some(true),
                Err(429 | 503) => None,
                Err(_) => Some(false),
            })
            .await;
            assert!(taken, "a sensor would have dropped batch {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_person_is_out_within_a_minute() {
    let Some(town) = Town::shared_in_production().await else { return };
    let realm = &town.estate.as_ref().unwrap().realm;
    let account = realm.add_account(&["responder"]).await;
    let person = Person::with_token(&town.site, realm.sign_in(&account).await);
    person.cases_of("").await.unwrap();
    realm.disable(&account).await;
    // Services check tokens by themselves, so a token lives out its 45 seconds and the 10 that clocks may differ.
    let disabled = SystemTime::now();
    loop {
        if let Err(refused) = person.cases_of("").await {
            assert_eq!(refused.code(), tonic::Code::Unauthenticated);
            break;
        }
        assert!(disabled.elapsed().unwrap() < Duration::from_secs(60), "still lets in");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_responder_signs_in_through_keycloak_with_a_second_factor() {
    let Some(town) = Town::shared_in_production().await else { return };
    let school = town.school(ZANDLOPER).await;
    town.post(&school, &[eve::contact_with_malware(eve::just_now(), 2_000_777, "10.20.4.37")]).await;
    let realm = &town.estate.as_ref().unwrap().realm;
    let account = realm.add_account(&["responder"]).await;
    let Some(visitor) = Visitor::arrive(&town, Scripts::On).await else { return };

    visitor.open("/wachtrij").await;
    visitor.sees("#username").await;
    visitor.write("#username", &account.username).await;
    visitor.write("#password", &account.password).await;
    visitor.press("#kc-login").await;
    visitor.sees("#otp").await;
    visitor.browser.picture("keycloak-code").await;
    visitor.write("#otp", &one_time_code(&account.code_secret, SystemTime::now())).await;
    visitor.press("#kc-login").await;
    visitor.sees(".account .name").await;
    assert_eq!(visitor.path().await, "/wachtrij", "back where the visit began");
    visitor.browser.picture("queue-in-production").await;
}
