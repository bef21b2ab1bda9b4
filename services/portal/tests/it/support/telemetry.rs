//! What sensors at a school write down, line by line.

use chrono::{DateTime, Utc};
use serde_json::json;

/// A rule of Suricata.
#[derive(Clone, Copy)]
pub struct Rule<'a> {
    pub id: i64,
    pub text: &'a str,
    pub category: &'a str,
    /// 1 is the worst.
    pub severity: u8,
}

pub const STEALER: Rule<'_> = Rule {
    id: 2_027_865,
    text: "ET MALWARE Sample stealer check-in",
    category: "Malware Command and Control Activity Detected",
    severity: 1,
};
pub const RANSOMWARE: Rule<'_> =
    Rule { id: 2_031_000, text: "ET MALWARE Sample ransomware key exchange", category: "A Network Trojan was detected", severity: 1 };
pub const LATERAL_MOVEMENT: Rule<'_> =
    Rule { id: 2_027_179, text: "ET RPC Sample lateral movement", category: "Potentially Bad Traffic", severity: 2 };
pub const SPAMBOT: Rule<'_> = Rule { id: 2_010_000, text: "ET SMTP Sample spambot", category: "Misc activity", severity: 2 };
pub const DOWNLOAD: Rule<'_> =
    Rule { id: 2_018_959, text: "ET WEB_CLIENT Sample exe dl", category: "Potentially Bad Traffic", severity: 2 };
pub const OUTDATED: Rule<'_> =
    Rule { id: 2_013_000, text: "ET INFO Sample outdated browser", category: "Potential Corporate Privacy Violation", severity: 3 };
/// What no class of incident makes a case of.
pub const POLICY: Rule<'_> =
    Rule { id: 2_012_522, text: "ET POLICY Sample of the house rules", category: "Potential Corporate Privacy Violation", severity: 3 };

/// One event of a rule.
pub fn alert(at: DateTime<Utc>, rule: &Rule<'_>, source: &str, destination: &str) -> String {
    line(json!({
        "timestamp": at, "flow_id": 1_184_402_817_712_i64, "event_type": "alert", "src_ip": source, "src_port": 51_422,
        "dest_ip": destination, "dest_port": 443, "proto": "TCP",
        "alert": {
            "action": "allowed", "gid": 1, "signature_id": rule.id, "rev": 3, "signature": rule.text, "category": rule.category,
            "severity": rule.severity,
        },
    }))
}

/// A scan that Zeek noticed.
pub fn scan(at: DateTime<Utc>, note: &str, source: &str, destination: &str) -> String {
    line(json!({ "_path": "notice", "ts": at, "note": note, "msg": note, "src": source, "dst": destination, "p": 443, "proto": "tcp" }))
}

/// A device was given an address.
pub fn lease(at: DateTime<Utc>, mac: &str, ip: &str, name: &str) -> String {
    let dhcp = json!({ "type": "reply", "client_mac": mac, "assigned_ip": ip, "dhcp_type": "ack", "hostname": name });
    line(
        json!({ "timestamp": at, "event_type": "dhcp", "src_ip": "10.20.4.1", "dest_ip": "255.255.255.255", "proto": "UDP", "dhcp": dhcp }),
    )
}

/// Traffic with the internet, without a word about what it was.
pub fn flow(at: DateTime<Utc>, ip: &str) -> String {
    let flow = json!({ "pkts_toserver": 9, "pkts_toclient": 9, "start": at, "end": at });
    line(json!({
        "timestamp": at, "event_type": "flow", "src_ip": ip, "src_port": 40_000, "dest_ip": "193.191.245.1", "dest_port": 443,
        "proto": "TCP", "app_proto": "tls", "flow": flow,
    }))
}

/// What a device says that it runs.
pub fn software(at: DateTime<Utc>, ip: &str, name: &str) -> String {
    line(json!({ "_path": "software", "ts": at, "host": ip, "software_type": "OS::WINDOWS", "name": name }))
}

fn line(event: serde_json::Value) -> String {
    format!("{event}\n")
}
