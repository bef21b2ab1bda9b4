//! What stands on the schools' networks: gateways, devices, alerts.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use proto::{identity::v1 as identity, incident_intake::v1 as intake, network_monitor::v1 as monitor};

use super::{
    ALERT_IN_NO_CASE, ALERT_OF_CLOSED_CASE, CASE_IN_HAND, CASE_OF_NOBODY, DEVICE_WARNED, GATEWAY, HOEK, MERELHOF, ZANDLOPER, evidence, wire,
};

pub(super) fn gateways(now: DateTime<Utc>) -> Vec<identity::Gateway> {
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

/// One gateway speaks, one has not for two days, and what was revoked is remembered.
pub(super) fn contacts(now: DateTime<Utc>) -> Vec<monitor::GatewayContact> {
    let contact = |gateway: &str, school: &str, ago: TimeDelta| monitor::GatewayContact {
        gateway_id: gateway.to_owned(),
        school_id: school.to_owned(),
        last_receive_time: wire(now - ago),
    };
    vec![
        contact(GATEWAY, ZANDLOPER, TimeDelta::minutes(1)),
        contact("0190c0de-0000-7000-8000-0000000000e2", HOEK, TimeDelta::hours(49)),
        contact("0190c0de-0000-7000-8000-0000000000e3", MERELHOF, TimeDelta::days(3)),
    ]
}

pub(super) fn summaries(now: DateTime<Utc>) -> HashMap<String, monitor::DeviceSummary> {
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

pub(super) fn devices(now: DateTime<Utc>) -> Vec<monitor::Device> {
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

/// The warnings of one device: of a case that is open, of one that is closed, and of none.
pub(super) fn alerts(now: DateTime<Utc>) -> Vec<monitor::Alert> {
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

/// One case is about several devices, one about an address that no device is known by.
pub(super) fn of_cases() -> HashMap<String, intake::CaseDevices> {
    let device = |id: &str, name: &str, ip: &str| intake::CaseDevice { device_id: id.to_owned(), name: name.to_owned(), ip: ip.to_owned() };
    let several = vec![device(DEVICE_WARNED, "SEC-PC-02", "10.20.4.31"), device("", "", "10.20.4.99")];
    HashMap::from([
        (CASE_IN_HAND.to_owned(), intake::CaseDevices { devices: several, total_size: 3 }),
        (CASE_OF_NOBODY.to_owned(), intake::CaseDevices { devices: vec![device("", "", "10.30.0.7")], total_size: 1 }),
    ])
}
