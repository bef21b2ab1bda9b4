//! What the fake services know: a few schools, their devices and gateways, and the cases of the response team. All made up.

mod network;

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

/// What the services know.
#[derive(Clone, Default)]
pub struct World {
    pub schools: Vec<identity::School>,
    pub gateways: Vec<identity::Gateway>,
    /// When gateways were last heard.
    pub contacts: Vec<monitor::GatewayContact>,
    /// Whom to call at schools.
    pub school_contacts: Vec<identity::Contact>,
    pub devices: Vec<monitor::Device>,
    pub summaries: HashMap<String, monitor::DeviceSummary>,
    pub cases: Vec<intake::Case>,
    /// Which devices cases are about, by case id.
    pub case_devices: HashMap<String, intake::CaseDevices>,
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

fn lines<const COUNT: usize>(lines: [(&str, &str); COUNT]) -> Vec<intake::LocalizedText> {
    lines.into_iter().filter_map(|(nl, en)| both(nl, en)).collect()
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
        world.gateways = network::gateways(now);
        world.contacts = network::contacts(now);
        world.devices = network::devices(now);
        world.summaries = network::summaries(now);
        world.alerts = network::alerts(now);
        for sketch in sketches() {
            world.add_case(&sketch, now);
        }
        world.tell_the_case_in_hand(now);
        world.case_devices = network::of_cases();
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
            story: Some(intake::Story {
                what: both("Waarschijnlijk staat er schadelijke software op {toestel}.", "Malware is probably running on {device}."),
                r#do: lines([
                    (
                        "Haal {toestel} van het netwerk: netwerkkabel uit, wifi af.",
                        "Take {device} off the network: network cable out, wifi off.",
                    ),
                    ("Bel het responsteam: {noodnummer}.", "Call the response team: {number}."),
                ]),
                do_not: lines([("Zet het toestel niet uit.", "Do not switch the device off.")]),
                call: both("Het responsteam: {noodnummer}.", "The response team: {number}."),
            }),
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
            ..intake::Case::default()
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
