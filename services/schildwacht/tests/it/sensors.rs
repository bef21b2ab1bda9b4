//! A real Suricata with the settings that schools copy from `docs/sensors/`, its events brought by a real rsyslog.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fs,
    net::Ipv4Addr,
    path::Path,
};

use proto::network_monitor::v1::SourcedValue;
use tempfile::TempDir;
use testkit::{eventually, servers};

use crate::{
    agents::{Agent, Kind, SENSORS, rsyslog},
    capture::{Capture, Host, Side, name_lookup, tls_handshake},
    eve,
    road::send,
    town::{School, Town, ZANDLOPER},
};

const RULE: &str = concat!(
    r#"alert http $HOME_NET any -> any any (msg:"TEST MALWARE Nachtvlinder Loader beacon"; flow:established,to_server; "#,
    r#"http.uri; content:"/nachtvlinder"; classtype:command-and-control; sid:9900001; rev:1;)"#,
    "\n"
);

#[tokio::test]
async fn what_a_real_suricata_sees_becomes_named_devices_an_alert_and_a_case() {
    let Some(root) = std::env::var_os(servers::suricata::VARIABLE) else {
        println!("skipped: no Suricata here; `cargo xtask test` unpacks it where apt offers it");
        return;
    };
    let town = Town::open().await;
    let school = town.school(ZANDLOPER).await;
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("capture.pcap"), an_hour_at_school()).unwrap();

    let version = watch(Path::new(&root), folder.path());
    let agent = carry(&town, &school, &folder.path().join("eve.json")).await;

    // Only from its eighth version on Suricata reads ARP, which gives cards to those that never asked for an address.
    let by_arp: &[&str] = if version >= 8 { &["02:00:00:00:04:01", "02:00:00:00:04:32"] } else { &["10.20.4.1"] };
    let router = by_arp[0];
    let expected: BTreeSet<&str> = ["02:00:00:00:04:25", "10.20.4.60", "10.20.4.70"].iter().chain(by_arp).copied().collect();
    let noor = town.sign_in("noor").await;
    let case = eventually("a case", async || noor.cases_of(&school.id).await.unwrap().pop()).await;
    let devices = eventually("the devices of the capture", async || {
        Some(noor.devices_of(&school.id).await.unwrap()).filter(|devices| devices.len() >= expected.len())
    })
    .await;
    drop(agent);

    assert_eq!(devices.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    let laptop = &devices["02:00:00:00:04:25"];
    assert_eq!((values(&laptop.names), values(&laptop.software)), (vec!["lkr-lt-37"], vec!["MSFT 5.0"]));
    assert_eq!(values(&laptop.ips), ["10.20.4.37"]);
    assert_eq!(values(&devices["10.20.4.60"].services), ["443/tcp tls"]);
    assert_eq!(values(&devices[router].services), ["53/udp dns"]);

    let alerts = noor.alerts_of(&school.id).await.unwrap();
    let told: BTreeMap<_, _> = alerts.iter().map(|alert| (alert.signature_id.as_str(), alert.event_count)).collect();
    assert_eq!(told, BTreeMap::from([("suricata:1:9900001", 1)]));
    assert_eq!((case.signature_id.as_str(), case.event_count), ("suricata:1:9900001", 1));
    assert_eq!(case.title.unwrap().nl, "Een computer zoekt contact met een verdacht adres");
}

/// Of everything that a sensor can tell, a little.
fn an_hour_at_school() -> Vec<u8> {
    let device = |last: u8| Host { mac: [2, 0, 0, 0, 4, last], ip: Ipv4Addr::new(10, 20, 4, last) };
    let [router, laptop, printer, server, phone] = [1, 37, 50, 60, 70].map(device);
    let outside = Host { ip: Ipv4Addr::new(203, 0, 113, 77), ..router };
    let everybody = Host { mac: [1, 0, 0x5e, 0, 0, 0xfb], ip: Ipv4Addr::new(224, 0, 0, 251) };

    let mut capture = Capture::begin(u64::try_from(eve::just_now().timestamp_micros()).unwrap());
    capture.lease(laptop, router, "lkr-lt-37", "MSFT 5.0");
    capture.arp(printer, router);
    capture.datagram(laptop, 50_000, router, 53, &name_lookup("portal.example", None));
    capture.datagram(router, 53, laptop, 50_000, &name_lookup("portal.example", Some(outside.ip)));
    capture.conversation(laptop, 50_001, server, 443, &tls_handshake("nas.example"));
    // mDNS.
    capture.datagram(phone, 5_353, everybody, 5_353, &name_lookup("printer.local", None));
    let asked = b"GET /nachtvlinder HTTP/1.1\r\nHost: c2.example\r\nUser-Agent: Test/1.0\r\n\r\n".to_vec();
    let answered = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    capture.conversation(laptop, 50_002, outside, 80, &[(Side::Client, asked), (Side::Server, answered)]);
    capture.into_bytes()
}

/// Lets Suricata read the capture, set up as our README says. Returns its major version.
fn watch(root: &Path, folder: &Path) -> u32 {
    let said = run(root, &["-V".as_ref()]);
    let version = said.split_once("Suricata version ").and_then(|(_, version)| version.split('.').next()).unwrap().parse().unwrap();
    let ours = fs::read_to_string(Path::new(SENSORS).join("suricata.yaml")).unwrap();
    let with_arp = ours.replace("#- arp:\n        #    enabled", "- arp:\n            enabled");
    assert_ne!(ours, with_arp, "it says how to read ARP from Suricata 8 on");
    fs::write(folder.join("schildwacht.yaml"), if version >= 8 { with_arp } else { ours }).unwrap();
    let settings = root.join("etc/suricata");
    let theirs = fs::read_to_string(settings.join("suricata.yaml")).unwrap();
    fs::write(folder.join("suricata.yaml"), format!("{theirs}\ninclude: {}\n", folder.join("schildwacht.yaml").display())).unwrap();
    fs::write(folder.join("local.rules"), RULE).unwrap();

    let path = |name: &str| folder.join(name).into_os_string();
    let set = |key: &str, file: &str| OsString::from(format!("{key}={}", settings.join(file).display()));
    let [classes, references] = [set("classification-file", "classification.config"), set("reference-config-file", "reference.config")];
    let [configuration, rules, capture] = ["suricata.yaml", "local.rules", "capture.pcap"].map(path);
    let common: [&OsStr; 10] = [
        "-c".as_ref(),
        &configuration,
        "-S".as_ref(),
        &rules,
        "-l".as_ref(),
        folder.as_os_str(),
        "--set".as_ref(),
        &classes,
        "--set".as_ref(),
        &references,
    ];
    // What the README tells to check, and suricata-update checks.
    run(root, &[&common[..], &["-T".as_ref()]].concat());
    // The frames of the capture have no checksums.
    run(root, &[&common[..], &["-k".as_ref(), "none".as_ref(), "-r".as_ref(), &capture]].concat());
    version
}

fn run(root: &Path, arguments: &[&OsStr]) -> String {
    let output = servers::suricata::command(root).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// By rsyslog as it reads a growing file, or where there is none by `schildwacht send`. The agent runs until it is dropped.
async fn carry(town: &Town, school: &School, events: &Path) -> Option<(Agent, testkit::Child)> {
    let Some(program) = rsyslog() else {
        send(town, school, events, &[]).await.0.ok();
        return None;
    };
    let agent = Agent::of(Kind::Rsyslog, &program, town, school);
    let process = agent.start();
    fs::copy(events, agent.file("eve.json")).unwrap();
    Some((agent, process))
}

fn values(told: &[SourcedValue]) -> Vec<&str> {
    told.iter().map(|told| told.value.as_str()).collect()
}
