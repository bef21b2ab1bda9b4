//! What the fake services know: a few schools, their devices and gateways, and the cases of the response team. All made up.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use prost_types::Timestamp;
use proto::{identity::v1 as identity, incident_intake::v1 as intake, network_monitor::v1 as monitor};
use sha2::{Digest as _, Sha256};

use super::people;

pub const ZANDLOPER: &str = "0190c0de-0000-7000-8000-000000000001";
pub const HOEK: &str = "0190c0de-0000-7000-8000-000000000002";
pub const MERELHOF: &str = "0190c0de-0000-7000-8000-000000000003";
pub const CASE_IN_HAND: &str = "0190c0de-0000-7000-8000-0000000000c1";
pub const CASE_OF_NOBODY: &str = "0190c0de-0000-7000-8000-0000000000c2";
pub const CASE_OF_SAM: &str = "0190c0de-0000-7000-8000-0000000000c4";
pub const CASE_CLOSED: &str = "0190c0de-0000-7000-8000-0000000000c9";
pub const DEVICE_WARNED: &str = "0190c0de-0000-7000-8000-0000000000d1";
pub const ALERT_OF_CLOSED_CASE: &str = "0190c0de-0000-7000-8000-00000000b001";
pub const ALERT_IN_NO_CASE: &str = "0190c0de-0000-7000-8000-00000000b002";
pub const GATEWAY: &str = "0190c0de-0000-7000-8000-0000000000e1";

/// See the module.
#[derive(Clone, Default)]
pub struct World {
    pub schools: Vec<identity::School>,
    pub gateways: Vec<identity::Gateway>,
    pub devices: Vec<monitor::Device>,
    pub summaries: HashMap<String, monitor::DeviceSummary>,
    pub cases: Vec<intake::Case>,
    pub timelines: HashMap<String, Vec<intake::TimelineEntry>>,
    pub evidence: HashMap<String, Vec<intake::Evidence>>,
    /// The last first.
    pub alerts: Vec<monitor::Alert>,
    /// A network-monitor from before one could ask for a device's alerts: it does not read which device is asked for.
    pub lists_alerts_of_the_whole_school: bool,
}

/// A moment on the wire.
pub fn wire(at: DateTime<Utc>) -> Option<Timestamp> {
    Some(Timestamp { seconds: at.timestamp(), nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap() })
}

/// A person on the wire.
pub fn wire_person(person: &auth::Principal) -> intake::Person {
    intake::Person { person_id: person.person_id().unwrap().to_string(), name: person.name.clone() }
}

fn both(nl: &str, en: &str) -> Option<intake::LocalizedText> {
    Some(intake::LocalizedText { nl: nl.to_owned(), en: en.to_owned() })
}

/// What differs from one sample case to the next.
struct Sketch<'a> {
    id: &'a str,
    number: u32,
    school: usize,
    title: (&'a str, &'a str),
    kind: (&'a str, &'a str, &'a str),
    severity: intake::CaseSeverity,
    phase: intake::CasePhase,
    assignee: Option<auth::Principal>,
    /// Minutes ago.
    opened: i64,
    reacted: Option<i64>,
    /// Minutes allowed.
    react_within: i64,
    resolve_within: i64,
}

impl World {
    /// Everything that a page could have to show.
    pub fn sample(now: DateTime<Utc>) -> Self {
        let mut world = Self { schools: schools(), ..Self::default() };
        world.gateways = gateways(now);
        world.devices = devices(now);
        world.summaries = summaries(now);
        world.alerts = alerts(now);
        for sketch in sketches() {
            world.add_case(&sketch, now);
        }
        world.tell_the_case_in_hand(now);
        world
    }

    fn add_case(&mut self, sketch: &Sketch<'_>, now: DateTime<Utc>) {
        let ago = |minutes: i64| now - TimeDelta::minutes(minutes);
        let school = &self.schools[sketch.school];
        let opened = ago(sketch.opened);
        let is_closed = sketch.phase == intake::CasePhase::Closed;
        let (rsit, kind_nl, kind_en) = sketch.kind;
        let (rsit_class, rsit_type) = rsit.split_once('/').unwrap();
        let case = intake::Case {
            case_id: sketch.id.to_owned(),
            reference: format!("SW-2026-{:04}", sketch.number),
            school_id: school.school_id.clone(),
            school_name: school.name.clone(),
            municipality: school.municipality.clone(),
            title: both(sketch.title.0, sketch.title.1),
            story: both(
                "Een programma op een computer van de school zocht contact met een adres dat bekendstaat om het verzamelen van wachtwoorden.\n\n\
                 Bel de school. Vraag om de computer van het netwerk te halen en niet uit te zetten.",
                "A program on a computer of the school sought contact with an address that is known for collecting passwords.\n\n\
                 Call the school. Ask them to take the computer off the network and not to switch it off.",
            ),
            rsit_class: rsit_class.to_owned(),
            rsit_type: rsit_type.to_owned(),
            rsit_name: both(kind_nl, kind_en),
            severity: sketch.severity.into(),
            phase: sketch.phase.into(),
            phase_time: wire(ago(sketch.reacted.unwrap_or(sketch.opened).min(sketch.opened) / 2)),
            assignee: sketch.assignee.as_ref().map(wire_person),
            close_reason: if is_closed { intake::CloseReason::Resolved.into() } else { 0 },
            close_text: if is_closed {
                "Het toestel is opnieuw geïnstalleerd.\nDe wachtwoorden zijn vervangen.".to_owned()
            } else {
                String::new()
            },
            signature_id: "suricata:1:2027865".to_owned(),
            signature: "ET MALWARE Sample stealer check-in".to_owned(),
            alert_count: 2,
            event_count: 14,
            open_time: wire(opened),
            update_time: wire(ago(9)),
            last_event_time: wire(ago(20)),
            react_by_time: wire(opened + TimeDelta::minutes(sketch.react_within)),
            react_time: sketch.reacted.and_then(|minutes| wire(ago(minutes))),
            resolve_by_time: wire(opened + TimeDelta::minutes(sketch.resolve_within)),
            origin: "network".to_owned(),
            tlp: "TLP:AMBER".to_owned(),
            content_version: "2026.1".to_owned(),
            etag: format!("etag-{}", sketch.number),
            phases_seen: match sketch.phase {
                // Somebody had the answer at once.
                intake::CasePhase::Closed => vec![intake::CasePhase::Open.into(), intake::CasePhase::InProgress.into()],
                phase => (intake::CasePhase::Open.into()..=phase.into()).collect(),
            },
            react_soon_time: wire(opened + TimeDelta::minutes(sketch.react_within / 2)),
            resolve_soon_time: wire(opened + TimeDelta::minutes(sketch.resolve_within - (sketch.resolve_within / 2).min(24 * 60))),
        };
        let entry = intake::TimelineEntry {
            entry_id: format!("opened-{}", sketch.number),
            time: wire(opened),
            actor: None,
            what: Some(intake::timeline_entry::What::Opened(intake::CaseOpened {
                reason: "events_within_window".to_owned(),
                count: 10,
                window_seconds: 3_600,
            })),
            audit_seq: 18_204,
            audit_hash: "c2d807f191aa".to_owned(),
        };
        self.timelines.insert(sketch.id.to_owned(), vec![entry]);
        let mut evidence = evidence(1, now);
        if sketch.school != 0 {
            (evidence.source_device_id, evidence.source_device_name) = (String::new(), String::new());
        }
        self.evidence.insert(sketch.id.to_owned(), vec![evidence]);
        self.cases.push(case);
    }

    /// The one case with a past: notes, several pieces of evidence, a change of hands.
    fn tell_the_case_in_hand(&mut self, now: DateTime<Utc>) {
        use intake::timeline_entry::What;
        let ago = |minutes: i64| wire(now - TimeDelta::minutes(minutes));
        let entry = |number: i64, minutes: i64, actor: Option<auth::Principal>, what: What| intake::TimelineEntry {
            entry_id: format!("entry-{number}"),
            time: ago(minutes),
            actor: actor.as_ref().map(wire_person),
            what: Some(what),
            audit_seq: 18_204 + number,
            audit_hash: format!("{:012x}", 0x4be0_9a17_0000_u64 + u64::try_from(number).unwrap()),
        };
        let told = [
            entry(
                6,
                9,
                Some(people::noor()),
                What::Note(intake::NoteAdded {
                    text: "Karim vervangt nu de wachtwoorden.\nLogboeken zijn opgevraagd bij de leverancier.".to_owned(),
                    tlp: "TLP:AMBER".to_owned(),
                }),
            ),
            entry(5, 20, None, What::AlertAttached(intake::AlertAttached { alert_id: "a2".to_owned(), new_events: 3 })),
            entry(
                4,
                300,
                None,
                What::SeverityRaised(intake::SeverityRaised {
                    from: intake::CaseSeverity::Medium.into(),
                    to: intake::CaseSeverity::High.into(),
                }),
            ),
            entry(
                3,
                1_018,
                Some(people::noor()),
                What::PhaseChanged(intake::CasePhaseChanged {
                    from: intake::CasePhase::InProgress.into(),
                    to: intake::CasePhase::Containment.into(),
                }),
            ),
            entry(
                2,
                1_036,
                Some(people::noor()),
                What::Assigned(intake::CaseAssigned { from: Some(wire_person(&people::sam())), to: Some(wire_person(&people::noor())) }),
            ),
            entry(
                1,
                1_040,
                Some(people::lotte_leads()),
                What::Assigned(intake::CaseAssigned { from: None, to: Some(wire_person(&people::sam())) }),
            ),
        ];
        let timeline = self.timelines.get_mut(CASE_IN_HAND).unwrap();
        timeline.splice(0..0, told);
        self.evidence.insert(CASE_IN_HAND.to_owned(), (1..=5).map(|number| evidence(number, now)).collect());
    }
}

/// One alert: a computer of the school, an address outside.
pub fn evidence(number: u32, now: DateTime<Utc>) -> intake::Evidence {
    let raw_event = format!(
        r#"{{"timestamp":"2026-09-23T15:47:12.482911+0200","flow_id":118440281771{number},"event_type":"alert","src_ip":"10.20.4.37","src_port":51422,"dest_ip":"203.0.113.77","dest_port":443,"proto":"TCP","alert":{{"action":"allowed","gid":1,"signature_id":2027865,"rev":3,"signature":"ET MALWARE Sample stealer check-in","category":"Malware Command and Control Activity Detected","severity":1}}}}"#
    );
    let hash = Sha256::digest(&raw_event).iter().map(|byte| format!("{byte:02x}")).collect();
    intake::Evidence {
        alert_id: format!("0190c0de-0000-7000-8000-00000000a{number:03}"),
        signature: "ET MALWARE Sample stealer check-in".to_owned(),
        category: "Malware Command and Control Activity Detected".to_owned(),
        sensor: "suricata".to_owned(),
        source_ip: "10.20.4.37".to_owned(),
        source_port: 51_422,
        source_device_id: DEVICE_WARNED.to_owned(),
        source_device_name: "SEC-PC-02".to_owned(),
        destination_ip: "203.0.113.77".to_owned(),
        destination_port: 443,
        protocol: "TCP".to_owned(),
        first_time: wire(now - TimeDelta::minutes(1_083)),
        last_time: wire(now - TimeDelta::minutes(1_059)),
        event_count: 14,
        raw_event,
        raw_event_sha256: hash,
        ..intake::Evidence::default()
    }
}

/// The warnings of one device: of a case that is open, of one that is closed, and of none.
fn alerts(now: DateTime<Utc>) -> Vec<monitor::Alert> {
    let device = monitor::Endpoint {
        ip: "10.20.4.37".to_owned(),
        port: 51_422,
        device_id: DEVICE_WARNED.to_owned(),
        device_name: "SEC-PC-02".to_owned(),
    };
    let outside = |ip: &str| monitor::Endpoint { ip: ip.to_owned(), port: 443, ..monitor::Endpoint::default() };
    let alert = |alert_id: String, signature: &str, minutes: i64, events: i64| monitor::Alert {
        alert_id,
        school_id: ZANDLOPER.to_owned(),
        signature_id: "suricata:1:2027865".to_owned(),
        signature: signature.to_owned(),
        severity: monitor::AlertSeverity::High.into(),
        source: Some(device.clone()),
        destination: Some(outside("203.0.113.77")),
        first_time: wire(now - TimeDelta::minutes(minutes + 24)),
        last_time: wire(now - TimeDelta::minutes(minutes)),
        event_count: events,
        raw_event: "{}".to_owned(),
        sensor: "suricata".to_owned(),
        ..monitor::Alert::default()
    };
    let knock = monitor::Alert {
        signature_id: "zeek:Scan::Port_Scan".to_owned(),
        severity: monitor::AlertSeverity::Low.into(),
        source: Some(outside("198.51.100.20")),
        destination: Some(device.clone()),
        ..alert(ALERT_IN_NO_CASE.to_owned(), "Scan::Port_Scan", 30, 1)
    };
    vec![
        knock,
        alert(evidence(1, now).alert_id, "ET MALWARE Sample stealer check-in", 1_059, 14),
        alert(ALERT_OF_CLOSED_CASE.to_owned(), "ET POLICY Sample unwanted mail", 9 * 24 * 60, 1_200),
    ]
}

fn schools() -> Vec<identity::School> {
    let school = |id: &str, number: &str, name: &str, municipality: &str, board: &str| identity::School {
        school_id: id.to_owned(),
        institution_number: number.to_owned(),
        name: name.to_owned(),
        municipality: municipality.to_owned(),
        board: Some(identity::Board { board_id: String::new(), board_number: String::new(), name: board.to_owned(), kind: 2 }),
        sites: vec![identity::Site { site_id: format!("{id}-a"), name: "Hoofdgebouw".to_owned(), ..identity::Site::default() }],
    };
    vec![
        school(ZANDLOPER, "000101", "Basisschool De Zandloper", "Aalter", "Scholen aan de Kale"),
        school(HOEK, "000102", "Technisch Instituut De Hoek", "Genk", "Onderwijs Kempenland"),
        school(MERELHOF, "000103", "Atheneum Merelhof", "Kortrijk", "Scholengroep Leieland"),
    ]
}

fn sketches() -> Vec<Sketch<'static>> {
    use intake::{CasePhase as Phase, CaseSeverity as Severity};
    let stealer = ("malicious-code/infected-system", "Besmet toestel", "Infected system");
    let scan = ("information-gathering/scanner", "Verkenning van het netwerk", "Scanning");
    let login = ("intrusion-attempts/brute-force", "Poging tot inbraak", "Login attempts");
    let vulnerable = ("vulnerable/vulnerable-system", "Kwetsbaar systeem", "Vulnerable system");
    let day = 24 * 60;
    vec![
        Sketch {
            id: CASE_OF_NOBODY,
            number: 425,
            school: 1,
            title: (
                "Bestanden op een server veranderen snel na elkaar, mogelijk gijzelsoftware",
                "Files on a server change in quick succession, possibly ransomware",
            ),
            kind: stealer,
            severity: Severity::VeryHigh,
            phase: Phase::Open,
            assignee: None,
            opened: 42,
            reacted: None,
            react_within: 30,
            resolve_within: 8 * 60,
        },
        Sketch {
            id: CASE_IN_HAND,
            number: 412,
            school: 0,
            title: (
                "Een computer zocht contact met een adres dat wachtwoorden verzamelt",
                "A computer sought contact with an address that collects passwords",
            ),
            kind: stealer,
            severity: Severity::High,
            phase: Phase::Containment,
            assignee: Some(people::noor()),
            opened: 1_050,
            reacted: Some(1_036),
            react_within: 30,
            resolve_within: 1_050 + 70,
        },
        Sketch {
            id: "0190c0de-0000-7000-8000-0000000000c3",
            number: 426,
            school: 2,
            title: (
                "Iemand probeert vanuit het internet aan te melden op een server van de school",
                "Somebody on the internet tries to sign in to a server of the school",
            ),
            kind: login,
            severity: Severity::High,
            phase: Phase::Open,
            assignee: None,
            opened: 12,
            reacted: None,
            react_within: 60,
            resolve_within: day,
        },
        Sketch {
            id: CASE_OF_SAM,
            number: 421,
            school: 0,
            title: ("Een onbekend toestel tast het schoolnetwerk af", "An unknown device probes the school network"),
            kind: scan,
            severity: Severity::Medium,
            phase: Phase::InProgress,
            assignee: Some(people::sam()),
            opened: 190,
            reacted: Some(150),
            react_within: 120,
            resolve_within: 2 * day,
        },
        Sketch {
            id: "0190c0de-0000-7000-8000-0000000000c5",
            number: 418,
            school: 1,
            title: (
                "Een toestel vraagt honderden keren naar namen die niet bestaan",
                "A device asks hundreds of times for names that do not exist",
            ),
            kind: stealer,
            severity: Severity::Medium,
            phase: Phase::Eradication,
            assignee: Some(people::lotte_leads()),
            opened: 2 * day,
            reacted: Some(2 * day - 200),
            react_within: 120,
            resolve_within: 4 * day,
        },
        Sketch {
            id: "0190c0de-0000-7000-8000-0000000000c6",
            number: 420,
            school: 2,
            title: ("Een digitaal bord gebruikt software met een bekend lek", "A smart board uses software with a known leak"),
            kind: vulnerable,
            severity: Severity::Low,
            phase: Phase::PostIncident,
            assignee: Some(people::noor()),
            opened: 3 * day,
            reacted: Some(3 * day - 30),
            react_within: 8 * 60,
            resolve_within: 7 * day,
        },
        Sketch {
            id: CASE_CLOSED,
            number: 377,
            school: 0,
            title: ("Een laptop stuurde ongewenste mails", "A laptop sent unwanted mail"),
            kind: ("abusive-content/spam", "Ongewenste inhoud", "Spam"),
            severity: Severity::Low,
            phase: Phase::Closed,
            assignee: Some(people::noor()),
            opened: 9 * day,
            reacted: Some(9 * day - 40),
            react_within: 8 * 60,
            resolve_within: 7 * day,
        },
    ]
}

fn gateways(now: DateTime<Utc>) -> Vec<identity::Gateway> {
    let gateway = |id: &str, school: &str, name: &str, days: i64| identity::Gateway {
        gateway_id: id.to_owned(),
        school_id: school.to_owned(),
        name: name.to_owned(),
        state: identity::GatewayState::Active.into(),
        client_id: format!("gateway-{id}"),
        create_time: wire(now - TimeDelta::days(days)),
        secret_time: wire(now - TimeDelta::days(days)),
        etag: format!("etag-{days}"),
        ..identity::Gateway::default()
    };
    let mut revoked = gateway("0190c0de-0000-7000-8000-0000000000e3", MERELHOF, "Oude serverkast", 400);
    revoked.state = identity::GatewayState::Revoked.into();
    revoked.revoke_time = wire(now - TimeDelta::days(3));
    revoked.revoke_reason = "Toestel gestolen".to_owned();
    vec![
        gateway(GATEWAY, ZANDLOPER, "Hoofdgebouw, serverkast", 40),
        gateway("0190c0de-0000-7000-8000-0000000000e2", HOEK, "Werkplaatsen", 12),
        revoked,
    ]
}

fn summaries(now: DateTime<Utc>) -> HashMap<String, monitor::DeviceSummary> {
    let zandloper = monitor::DeviceSummary {
        total: 9,
        seen_today: 6,
        new_this_week: 1,
        quiet: 1,
        with_open_alerts: 1,
        last_event_time: wire(now - TimeDelta::minutes(1)),
    };
    HashMap::from([(ZANDLOPER.to_owned(), zandloper), (HOEK.to_owned(), monitor::DeviceSummary::default())])
}

fn devices(now: DateTime<Utc>) -> Vec<monitor::Device> {
    let sourced = |value: &str, source: &str| monitor::SourcedValue {
        value: value.to_owned(),
        source: source.to_owned(),
        observe_time: wire(now - TimeDelta::hours(2)),
    };
    let device = |number: u32, name: &str, vendor: &str, week: [i32; 7], last_minutes: i64, first_days: i64| monitor::Device {
        device_id: format!("0190c0de-0000-7000-8000-0000000000d{number}"),
        school_id: ZANDLOPER.to_owned(),
        mac: format!("3c:52:82:10:00:{number:02x}"),
        mac_random: false,
        ips: vec![sourced(&format!("10.20.4.{}", 30 + number), "suricata.dhcp")],
        names: if name.is_empty() { Vec::new() } else { vec![sourced(name, "suricata.dhcp")] },
        vendor: (!vendor.is_empty()).then(|| sourced(vendor, "oui")),
        software: Vec::new(),
        services: Vec::new(),
        first_seen_time: wire(now - TimeDelta::days(first_days)),
        last_seen_time: wire(now - TimeDelta::minutes(last_minutes)),
        slots_per_day: week.to_vec(),
        slots_total: week.iter().sum(),
        open_alerts: 0,
    };
    let mut devices = vec![
        device(1, "SEC-PC-02", "Dell Inc.", [34, 32, 30, 0, 0, 33, 8], 20, 900),
        device(2, "LKR-LT-11", "HP Inc.", [28, 26, 30, 0, 0, 24, 6], 60, 420),
        device(3, "CHROMEBOOK-6-01", "Lenovo", [20, 26, 14, 0, 0, 31, 9], 12, 300),
        device(4, "SRV-01", "Supermicro", [96, 96, 96, 96, 96, 96, 40], 1, 2_000),
        device(5, "PRT-02", "Canon", [12, 10, 14, 0, 0, 9, 3], 110, 1_100),
        device(6, "AP-05", "Ubiquiti Inc", [96, 96, 96, 96, 96, 96, 40], 1, 700),
        device(7, "", "", [0, 0, 0, 0, 0, 4, 2], 35, 2),
        device(8, "BORD-07", "Promethean", [22, 20, 24, 0, 0, 21, 5], 40, 800),
        device(9, "iPad-kleuters-04", "Apple, Inc.", [0, 0, 0, 0, 0, 0, 0], 45 * 24 * 60, 500),
    ];
    devices[0].open_alerts = 2;
    devices[0].software = vec![sourced("Windows 10", "zeek.software")];
    devices[6].mac_random = true;
    devices
}
