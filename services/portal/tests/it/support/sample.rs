//! The sample: what a few schools went through until this morning, told to the real services in order of time. Told once in a test
//! program; each test begins on a copy of what the services then hold. All made up.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, Permissions},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use auth::Principal;
use chrono::{DateTime, TimeDelta, Utc};
use proto::incident_intake::v1::CasePhase;
use runtime::{ManualClock, SchoolId};
use tempfile::TempDir;
use testkit::TestIssuer;
use tokio::sync::OnceCell;

use super::{
    people,
    telemetry::{self, DOWNLOAD, LATERAL_MOVEMENT, OUTDATED, RANSOMWARE, Rule, SPAMBOT, STEALER},
    this_morning,
    world::World,
};

/// The id that something in the sample was given, by what it is called there.
#[derive(Clone, Copy)]
pub struct Named(&'static str);

pub const ZANDLOPER: Named = Named("Basisschool De Zandloper");
pub const HOEK: Named = Named("Technisch Instituut De Hoek");
pub const MERELHOF: Named = Named("Atheneum Merelhof");
pub const GATEWAY: Named = Named("Hoofdgebouw, serverkast");
pub const GATEWAY_OF_HOEK: Named = Named("Serverlokaal");
pub const DEVICE_WARNED: Named = Named("SEC-PC-02");
pub const DEVICE_CALM: Named = Named("CHROMEBOOK-6-01");
pub const APPOINTMENT_OF_ELS: Named = Named("Els Vermeulen");
pub const APPOINTMENT_OF_KARIM: Named = Named("Karim Benali");
pub const APPOINTMENT_OF_JONAS: Named = Named("Jonas De Smet");
pub const CASE_CLOSED: Named = Named("SW-2026-0001");
pub const CASE_NEARLY_DONE: Named = Named("SW-2026-0002");
pub const CASE_OF_LOTTE: Named = Named("SW-2026-0003");
pub const CASE_IN_HAND: Named = Named("SW-2026-0004");
pub const CASE_OF_SAM: Named = Named("SW-2026-0005");
pub const CASE_OF_NOBODY: Named = Named("SW-2026-0006");
pub const CASE_JUST_OPENED: Named = Named("SW-2026-0007");

/// As an operator imports them.
pub const SCHOOLS: &str = "\
990010;Scholen aan de Kale;free;990101;Basisschool De Zandloper;Aalter;1;Hoofdgebouw;;9880;Aalter
990020;Onderwijs Kempenland;free;990102;Technisch Instituut De Hoek;Genk;1;Hoofdgebouw;;3600;Genk
990030;Scholengroep Leieland;go;990103;Atheneum Merelhof;Kortrijk;1;Hoofdgebouw;;8500;Kortrijk
";

struct Device {
    mac: &'static str,
    ip: &'static str,
    name: &'static str,
    /// Quarters of an hour in use on each of the last seven days.
    week: [i64; 7],
    /// Minutes since it was last seen today.
    last: i64,
}

const fn device(mac: &'static str, ip: &'static str, name: &'static str, week: [i64; 7], last: i64) -> Device {
    Device { mac, ip, name, week, last }
}

/// Of De Zandloper.
const DEVICES: [Device; 9] = [
    device("f8:b1:56:10:00:01", "10.20.4.31", "SEC-PC-02", [34, 32, 30, 0, 0, 33, 8], 20),
    device("3c:52:82:10:00:02", "10.20.4.32", "LKR-LT-11", [28, 26, 30, 0, 0, 24, 6], 60),
    device("54:ee:75:10:00:03", "10.20.4.33", "CHROMEBOOK-6-01", [20, 26, 14, 0, 0, 31, 9], 12),
    device("00:25:90:10:00:04", "10.20.4.34", "SRV-01", [96, 96, 96, 96, 96, 96, 39], 2),
    device("00:1e:8f:10:00:05", "10.20.4.35", "PRT-02", [12, 10, 14, 0, 0, 9, 3], 110),
    device("24:a4:3c:10:00:06", "10.20.4.36", "AP-05", [96, 96, 96, 96, 96, 96, 39], 1),
    device("00:1b:21:10:00:08", "10.20.4.38", "BORD-07", [22, 20, 24, 0, 0, 21, 5], 40),
    device("ac:bc:32:10:00:09", "10.20.4.39", "iPad-kleuters-04", [0, 0, 0, 0, 0, 0, 0], 0),
    device("06:1b:21:10:00:07", "10.20.4.37", "", [0, 0, 0, 0, 0, 4, 2], 35),
];
/// Of De Zandloper too, and known by its address alone.
const UNKNOWN_DEVICE: &str = "10.20.4.99";

/// What the services hold, and what things in it are called.
pub struct Sample {
    /// With the schools and nothing else.
    pub at_first: Files,
    pub now: Files,
    ids: BTreeMap<String, String>,
}

/// All files of a folder, by their paths in it. Keys are readable by their owner alone, and stay so.
pub struct Files(Vec<(PathBuf, Permissions, Vec<u8>)>);

static THIS_MORNING: OnceCell<Sample> = OnceCell::const_new();
/// Of the story that was told in this program.
static IDS: OnceLock<BTreeMap<String, String>> = OnceLock::new();

impl Named {
    /// The id; there is one once a town has been started.
    pub fn id(self) -> &'static str {
        let ids = IDS.get().expect("the sample is there once a town is");
        ids.get(self.0).unwrap_or_else(|| panic!("{:?} is not in the sample, but {:?}", self.0, ids.keys()))
    }
}

impl fmt::Display for Named {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

/// Until this morning; told when first asked for.
pub async fn this_mornings() -> &'static Sample {
    THIS_MORNING.get_or_init(|| told_until(this_morning())).await
}

/// Tells the story on a thread of its own: the event loop of the test that comes first ends before the others begin.
pub async fn told_until(now: DateTime<Utc>) -> Sample {
    let telling = tokio::task::spawn_blocking(move || {
        let event_loop = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        event_loop.block_on(tell(now))
    });
    let sample = telling.await.unwrap();
    IDS.get_or_init(|| sample.ids.clone());
    sample
}

async fn tell(now: DateTime<Utc>) -> Sample {
    // The import, then a minute later the rest: what happens at one moment has no order over two processes.
    let clock = ManualClock::at(now - TimeDelta::days(260) - TimeDelta::minutes(1));
    let issuer = Arc::new(TestIssuer::start(clock.clone().into()).await);
    let world = World::start(TempDir::new().unwrap(), clock.clone().into(), Arc::clone(&issuer)).await;
    world.import(SCHOOLS).await;
    let ids = world.schools().await.into_iter().map(|school| (school.name, school.school_id)).collect();
    let folder = world.stop().await;
    let at_first = Files::of(&folder);
    clock.advance(TimeDelta::minutes(1));

    let world = World::start(folder, clock.clone().into(), issuer).await;
    let mut story = Story { world, clock, now, ids };
    story.tell().await;
    let Story { world, ids, .. } = story;
    Sample { at_first, now: Files::of(&world.stop().await), ids }
}

impl Files {
    fn of(folder: &TempDir) -> Self {
        let mut files = Self(Vec::new());
        files.read(folder.path(), folder.path());
        files
    }

    fn read(&mut self, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read(root, &path);
            } else {
                let permissions = fs::metadata(&path).unwrap().permissions();
                self.0.push((path.strip_prefix(root).unwrap().to_owned(), permissions, fs::read(&path).unwrap()));
            }
        }
    }

    /// A folder with these files.
    pub fn folder(&self) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (path, permissions, contents) in &self.0 {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, contents).unwrap();
            fs::set_permissions(path, permissions.clone()).unwrap();
        }
        folder
    }
}

struct Story {
    world: World,
    clock: ManualClock,
    now: DateTime<Utc>,
    ids: BTreeMap<String, String>,
}

impl Story {
    async fn tell(&mut self) {
        let (noor, sam, lotte) = (people::noor(), people::sam(), people::lotte_leads());
        let day = 24 * 60;

        // De Zandloper's people.
        let school: SchoolId = self.ids[ZANDLOPER.0].parse().unwrap();
        let (pieter, els, karim, jonas) =
            (people::pieter_operates(), people::els_at(school), people::karim_at(school), people::jonas_at(school));
        self.appoint(&pieter, &els, "els.vermeulen@zandloper.example").await;
        self.appoint(&els, &karim, "karim.benali@zandloper.example").await;
        self.appoint(&els, &jonas, "jonas.desmet@zandloper.example").await;

        let stolen = self.enrol(MERELHOF, "Oude serverkast").await;
        self.at(60 * day);
        let zandloper = self.enrol(ZANDLOPER, "Hoofdgebouw, serverkast").await;
        self.at(50 * day);
        self.hear(ZANDLOPER, &zandloper, &self.leases(&DEVICES[..8])).await;
        self.at(45 * day);
        self.hear(ZANDLOPER, &zandloper, &telemetry::flow(self.ago(0), DEVICES[7].ip)).await;
        self.at(12 * day);
        let silent = self.enrol(HOEK, "Werkplaatsen").await;
        let hoek = self.enrol(HOEK, "Serverlokaal").await;

        // Two who are asked to teach there: one never answers.
        self.world.invite(&els, "nele.smeets@zandloper.example", jonas.functions[0]).await;

        // SW-2026-0001: unwanted mail, closed.
        self.at(9 * day);
        let mails: String = (0..12).map(|minute| self.alert(&SPAMBOT, 12 - minute, DEVICES[0].ip, "203.0.113.25")).collect();
        let known = self.leases(&DEVICES[..7]);
        self.hear(ZANDLOPER, &zandloper, &(known + &mails)).await;
        self.at(9 * day - 40);
        self.take(&noor, CASE_CLOSED).await;
        self.phase(&noor, CASE_CLOSED, CasePhase::InProgress).await;
        self.at(7 * day);
        self.world.close(&noor, &self.ids[CASE_CLOSED.0], "Het toestel is opnieuw geïnstalleerd.\nDe wachtwoorden zijn vervangen.").await;

        // SW-2026-0002: outdated software, nearly done.
        self.at(3 * day);
        self.hear(MERELHOF, &stolen, &telemetry::flow(self.ago(1), "10.40.0.2")).await;
        self.world.revoke(&stolen, "Toestel gestolen").await;
        let merelhof = self.enrol(MERELHOF, "Nieuwe serverkast").await;
        let outdated: String = (1..=10).map(|board| self.alert(&OUTDATED, 60, &format!("10.40.0.{board}"), "203.0.113.80")).collect();
        self.hear(MERELHOF, &merelhof, &outdated).await;
        self.at(3 * day - 30);
        self.take(&sam, CASE_NEARLY_DONE).await;
        self.at(3 * day - 60);
        self.take(&noor, CASE_NEARLY_DONE).await;
        self.phase(&noor, CASE_NEARLY_DONE, CasePhase::PostIncident).await;

        // SW-2026-0003: a download, being cleaned up; one of the school's gateways has just fallen silent.
        self.at(2 * day + 60);
        self.hear(HOEK, &silent, &telemetry::flow(self.ago(1), "10.30.0.2")).await;
        self.at(2 * day);
        self.hear(HOEK, &hoek, &self.alert(&DOWNLOAD, 1, "10.30.0.5", "203.0.113.44")).await;
        self.hear(ZANDLOPER, &zandloper, &self.leases(&DEVICES[8..])).await;
        self.at(2 * day - 200);
        self.take(&lotte, CASE_OF_LOTTE).await;
        self.phase(&lotte, CASE_OF_LOTTE, CasePhase::Containment).await;
        self.phase(&lotte, CASE_OF_LOTTE, CasePhase::Eradication).await;

        // SW-2026-0004: a stealer, in hand. The one case with a past.
        self.at(1_050);
        let suspected = Rule { severity: 3, ..STEALER };
        let check_ins: String = (0..14).map(|minute| self.alert(&suspected, 24 - minute, DEVICES[0].ip, "203.0.113.77")).collect();
        let known = self.leases(&DEVICES[..7]);
        self.hear(ZANDLOPER, &zandloper, &(known + &check_ins)).await;
        self.world.invite(&els, "bram.leys@zandloper.example", jonas.functions[0]).await;
        self.at(1_040);
        self.world.assign(&lotte, &self.ids[CASE_IN_HAND.0], &sam.person_id().unwrap().to_string()).await;
        self.at(1_036);
        self.take(&noor, CASE_IN_HAND).await;
        self.phase(&noor, CASE_IN_HAND, CasePhase::InProgress).await;
        self.at(1_018);
        self.phase(&noor, CASE_IN_HAND, CasePhase::Containment).await;
        self.at(300);
        // More than an hour apart, so two alerts.
        let elsewhere = self.alert(&STEALER, 70, DEVICES[1].ip, "203.0.113.78") + &self.alert(&STEALER, 1, DEVICES[1].ip, "203.0.113.77");
        self.hear(ZANDLOPER, &zandloper, &elsewhere).await;

        // SW-2026-0005: an unknown device scans the network.
        self.at(190);
        self.hear(ZANDLOPER, &zandloper, &telemetry::scan(self.ago(1), "Scan::Address_Scan", UNKNOWN_DEVICE, "10.20.4.1")).await;
        self.at(150);
        self.take(&sam, CASE_OF_SAM).await;
        self.phase(&sam, CASE_OF_SAM, CasePhase::InProgress).await;

        // SW-2026-0006: ransomware, and nobody reacts.
        self.at(42);
        self.hear(HOEK, &hoek, &self.alert(&RANSOMWARE, 1, "10.30.0.7", "203.0.113.9")).await;
        self.at(30);
        self.hear(ZANDLOPER, &zandloper, &telemetry::scan(self.ago(0), "Scan::Port_Scan", "198.51.100.20", DEVICES[0].ip)).await;
        self.at(20);
        let unnamed = self.alert(&STEALER, 70, UNKNOWN_DEVICE, "203.0.113.78") + &self.alert(&STEALER, 1, UNKNOWN_DEVICE, "203.0.113.77");
        self.hear(ZANDLOPER, &zandloper, &unnamed).await;

        // SW-2026-0007: has just come in.
        self.at(18);
        self.hear(MERELHOF, &merelhof, &self.alert(&LATERAL_MOVEMENT, 1, "10.40.0.5", "10.40.0.9")).await;
        self.at(9);
        self.world
            .note(&noor, &self.ids[CASE_IN_HAND.0], "Karim vervangt nu de wachtwoorden.\nLogboeken zijn opgevraagd bij de leverancier.")
            .await;
        self.at(1);
        let week = telemetry::software(self.ago(0), DEVICES[0].ip, "Windows 10") + &self.week();
        self.hear(ZANDLOPER, &zandloper, &week).await;
        let devices = self.world.devices(&self.ids[ZANDLOPER.0]).await;
        self.ids.extend(devices.into_iter().filter_map(|device| Some((device.names.first()?.value.clone(), device.device_id))));
        self.at(0);
    }

    /// Goes on, to so many minutes before now.
    fn at(&self, minutes_before_now: i64) {
        self.clock.set(self.now - TimeDelta::minutes(minutes_before_now));
    }

    /// So many minutes before the moment that the story has come to.
    fn ago(&self, minutes: i64) -> DateTime<Utc> {
        self.world.clock.now() - TimeDelta::minutes(minutes)
    }

    fn alert(&self, rule: &Rule<'_>, minutes: i64, source: &str, destination: &str) -> String {
        telemetry::alert(self.ago(minutes), rule, source, destination)
    }

    fn leases(&self, devices: &[Device]) -> String {
        devices.iter().map(|device| telemetry::lease(self.ago(30), device.mac, device.ip, device.name)).collect()
    }

    /// When each device was in use: until about 16.00 in Brussels, or all day.
    fn week(&self) -> String {
        let mut lines = String::new();
        for device in &DEVICES {
            for (days, quarters) in (0..7).rev().zip(device.week) {
                let hours_after_now = if quarters == 96 { 14 } else { 6 };
                let last = match days {
                    0 => self.now - TimeDelta::minutes(device.last),
                    days => self.now - TimeDelta::days(days) + TimeDelta::hours(hours_after_now),
                };
                lines.extend((0..quarters).map(|quarter| telemetry::flow(last - TimeDelta::minutes(15 * quarter), device.ip)));
            }
        }
        lines
    }

    /// A gateway sends what its sensors saw. Cases that open get to be known by their numbers.
    async fn hear(&mut self, school: Named, gateway: &str, lines: &str) {
        self.world.hear(&self.ids[school.0], gateway, lines).await;
        self.ids.extend(self.world.all_cases().await.into_iter().map(|case| (case.reference, case.case_id)));
    }

    async fn enrol(&mut self, school: Named, name: &str) -> String {
        let id = self.world.enrol(&self.ids[school.0], name).await.gateway_id;
        self.ids.insert(name.to_owned(), id.clone());
        id
    }

    /// Somebody takes their function; what they hold gets to be known by their name.
    async fn appoint(&mut self, by: &Principal, who: &Principal, email: &str) {
        let appointment = self.world.appoint(by, who, email, who.functions[0]).await;
        self.ids.insert(who.name.clone(), appointment.appointment_id);
    }

    async fn take(&self, who: &Principal, case: Named) {
        self.world.assign(who, &self.ids[case.0], "me").await;
    }

    async fn phase(&self, who: &Principal, case: Named, phase: CasePhase) {
        self.world.change_phase(who, &self.ids[case.0], phase).await;
    }
}
