//! Real sensor files, read and folded, against counts computed from the files without our reader.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
    net::IpAddr,
};

use chrono::{DateTime, Utc};
use runtime::Ids;
use schildwacht_network_monitor::{
    domain::{
        alert::Alert,
        alert_change::Arrival,
        alert_fold::AlertFold,
        device::{Device, DeviceKey},
        fold::DeviceFold,
        roster::{DeviceChange, Roster},
    },
    wire::{self, RawBatch, Reading},
};
use serde_json::Value;

/// The lines of a real file; `None`, with the reason printed, when the data is not there.
pub fn lines(name: &str) -> Option<Vec<String>> {
    let bytes = fs::read(testkit::shared_data(name)?).unwrap();
    let mut text = String::new();
    if name.ends_with(".gz") {
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        Some(text.lines().map(str::to_owned).collect())
    } else {
        let events: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
        Some(events.iter().map(Value::to_string).collect())
    }
}

struct Read {
    devices: Vec<Device>,
    alerts: Vec<Alert>,
    unused: usize,
    unreadable: usize,
}

/// Reads the lines in batches of `size`, each applied to what is left of those before, as the service does.
fn read(lines: &[String], size: usize) -> Read {
    let ids = Ids::counted();
    let received: DateTime<Utc> = "2026-09-24T09:50:00Z".parse().unwrap();
    let mut read = Read { devices: Vec::new(), alerts: Vec::new(), unused: 0, unreadable: 0 };
    for batch in lines.chunks(size) {
        let (mut devices, mut alerts) = (DeviceFold::default(), AlertFold::default());
        let body = batch.join("\n").into();
        let raw = RawBatch { media_type: "application/x-ndjson", content_encoding: "identity", body, received, limit: 64 << 20 };
        wire::read(&raw, &mut |reading| match reading {
            Reading::Understood(understood) => {
                understood.sightings.into_iter().flatten().for_each(|sighting| devices.add(sighting));
                understood
                    .detection
                    .into_iter()
                    .for_each(|detection| alerts.add(*detection, Arrival { gateway: None, received, origin: 0 }));
            }
            Reading::Unused(_) => read.unused += 1,
            Reading::Unreadable(_) => read.unreadable += 1,
        })
        .unwrap();
        let mut roster = Roster::new(read.devices.clone(), u32::MAX, chrono::NaiveDate::MIN);
        roster.apply(&devices, received, &ids);
        for change in roster.into_changes() {
            match change {
                DeviceChange::Appeared(device) => read.devices.push(device),
                DeviceChange::Updated { after, .. } => {
                    let place = read.devices.iter().position(|known| known.id == after.id).unwrap();
                    read.devices[place] = after;
                }
                DeviceChange::Absorbed { from, .. } => read.devices.retain(|known| known.id != from),
            }
        }
        for change in alerts.apply(read.alerts.clone(), ids.next(), |_| false, u32::MAX, received, &ids).changes {
            read.alerts.retain(|known| known.id != change.alert.id);
            read.alerts.push(change.alert);
        }
    }
    read
}

/// The values of a file, for counting without our reader.
pub fn values(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The address, if it is of the school's own side.
pub fn private(value: &Value) -> Option<IpAddr> {
    let ip: IpAddr = value.as_str()?.parse().ok()?;
    let is_private = match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            a == 10 || (a == 172 && (16..32).contains(&b)) || (a == 192 && b == 168) || (a == 169 && b == 254)
        }
        IpAddr::V6(v6) => v6.segments()[0] >> 9 == 0xfc >> 1 || v6.segments()[0] & 0xffc0 == 0xfe80,
    };
    is_private.then_some(ip)
}

fn ips(devices: &[Device]) -> BTreeSet<IpAddr> {
    let ips = devices.iter().map(|device| match device.key {
        DeviceKey::Ip(ip) => ip,
        DeviceKey::Mac(mac) => panic!("{mac}: these files hold no cards"),
    });
    ips.collect()
}

#[test]
fn the_suricata_alerts_become_as_many_alerts_as_the_file_holds() {
    let Some(lines) = lines("suricata/wrccdc-2018-alerts.json") else { return };
    let events = values(&lines);
    let distinct: BTreeSet<String> =
        events.iter().map(|event| format!("{} {} {}", event["alert"]["signature_id"], event["src_ip"], event["dest_ip"])).collect();
    let mut present: BTreeSet<IpAddr> = events.iter().filter_map(|event| private(&event["src_ip"])).collect();
    let answered = |event: &&Value| ["pkts_toserver", "pkts_toclient"].iter().all(|side| event["flow"][side].as_i64().unwrap() > 0);
    present.extend(events.iter().filter(answered).filter_map(|event| private(&event["dest_ip"])));

    for size in [1, 50, 1_000] {
        let read = read(&lines, size);
        assert_eq!((read.unused, read.unreadable), (0, 0));
        assert_eq!(read.alerts.len(), distinct.len());
        assert_eq!(read.alerts.iter().map(|alert| alert.event_count).sum::<i64>(), 207);
        assert_eq!(ips(&read.devices), present);
        for (severity, priority) in [("high", 1), ("medium", 2), ("low", 3)] {
            let expected = events.iter().filter(|event| event["alert"]["severity"] == priority).count();
            assert_eq!(read.alerts.iter().filter(|alert| alert.severity.into_str() == severity).count(), expected);
        }
    }
}

#[test]
fn the_known_hosts_and_services_become_devices() {
    let (Some(hosts), Some(services)) = (lines("zeek/known_hosts.json.gz"), lines("zeek/known_services.json.gz")) else { return };
    let expected: BTreeSet<IpAddr> = values(&hosts).iter().filter_map(|event| private(&event["host"])).collect();
    assert_eq!(ips(&read(&hosts, 100).devices), expected);

    let mut ports: BTreeMap<IpAddr, BTreeSet<String>> = BTreeMap::new();
    for event in values(&services) {
        let Some(host) = private(&event["host"]) else { continue };
        let ports = ports.entry(host).or_default();
        let port = event["port_num"].as_u64().unwrap();
        if port < 49_152 && event["port_proto"] != "icmp" {
            ports.insert(format!("{port}/{}", event["port_proto"].as_str().unwrap()));
        }
    }
    let read = read(&services, 100);
    assert_eq!((read.unused, read.unreadable), (0, 0));
    assert_eq!(read.devices.len(), ports.len());
    for device in &read.devices {
        let DeviceKey::Ip(ip) = device.key else { panic!("{}", device.key) };
        // A device keeps 48 services at most.
        assert_eq!(device.services.iter().len(), ports[&ip].len().min(48), "{ip}");
    }
}

#[test]
fn the_notices_fold_by_signature_source_and_hour() {
    let Some(lines) = lines("zeek/notice.json.gz") else { return };
    let mut moments: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
    let mut destinations: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in values(&lines) {
        let key = format!("{} {}", event["note"], event["src"]);
        moments.entry(key.clone()).or_default().push(event["ts"].as_str().unwrap().parse().unwrap());
        destinations.entry(key).or_default().extend(event["dst"].as_str().map(ToOwned::to_owned));
    }
    let expected: usize = moments
        .values_mut()
        .map(|moments| {
            moments.sort();
            1 + moments.windows(2).filter(|pair| (pair[1] - pair[0]).num_seconds() > 3_600).count()
        })
        .sum();
    let most_destinations = destinations.values().map(BTreeSet::len).max().unwrap();
    for size in [1, 1_000] {
        let read = read(&lines, size);
        assert_eq!(read.alerts.len(), expected);
        assert_eq!(read.alerts.iter().map(|alert| alert.event_count).sum::<i64>(), 207);
        let most = read.alerts.iter().map(|alert| alert.destinations.count()).max().unwrap();
        assert!(most > 1 && most <= most_destinations as u64, "{most} of {most_destinations}");
    }
}

#[test]
fn lookups_and_handshakes_show_who_is_there() {
    let (Some(dns), Some(ssl)) = (lines("zeek/dns.json.gz"), lines("zeek/ssl.json.gz")) else { return };
    for (lines, answered) in [
        (dns, (|event| event.get("rcode").is_some()) as fn(&Value) -> bool),
        (ssl, |event| event.get("version").is_some() || event["established"] == true),
    ] {
        let mut expected = BTreeSet::new();
        for event in values(&lines) {
            expected.extend(private(&event["id.orig_h"]));
            expected.extend(private(&event["id.resp_h"]).filter(|_| answered(&event)));
        }
        let read = read(&lines, 1_000);
        assert_eq!((read.unused, read.unreadable), (0, 0));
        assert_eq!(ips(&read.devices), expected);
    }
}

#[test]
fn software_is_learnt_and_attacks_are_not() {
    let Some(lines) = lines("zeek/software.json.gz") else { return };
    let expected: BTreeSet<IpAddr> = values(&lines).iter().filter_map(|event| private(&event["host"])).collect();
    let read = read(&lines, 100);
    assert_eq!(ips(&read.devices), expected);
    let software: BTreeSet<&str> = read.devices.iter().flat_map(|device| device.software.iter().map(|fact| fact.value.as_str())).collect();
    assert!(software.contains("Microsoft-IIS 7.5"), "{software:?}");
    assert!(!software.iter().any(|value| value.contains("{")), "{software:?}");
}
