//! What a school's sensor writes, as Suricata 7 does.

use chrono::{DateTime, Utc};
use runtime::Clock;
use serde_json::{Value, json};

/// A minute ago: sensors write down what has happened.
pub fn just_now() -> DateTime<Utc> {
    Clock::system().now() - chrono::TimeDelta::minutes(1)
}

/// The first alert of this kind opens a case.
pub fn contact_with_malware(at: DateTime<Utc>, sid: u32, source: &str) -> Value {
    let signature = format!("ET MALWARE Nachtvlinder Loader CnC Beacon {sid}");
    alert(at, sid, &signature, "Malware Command and Control Activity Detected", 1, source)
}

/// An alert that never opens a case.
pub fn odd_traffic(at: DateTime<Utc>, sid: u32, source: &str) -> Value {
    alert(at, sid, &format!("SURICATA STREAM odd packet {sid}"), "Generic Protocol Command Decode", 3, source)
}

fn alert(at: DateTime<Utc>, sid: u32, signature: &str, category: &str, severity: u8, source: &str) -> Value {
    json!({
        "timestamp": written(at), "flow_id": 1_000_000_000_000_u64 + u64::from(sid), "in_iface": "eth0", "event_type": "alert",
        "src_ip": source, "src_port": 51_234, "dest_ip": "203.0.113.77", "dest_port": 443, "proto": "TCP",
        "alert": {
            "action": "allowed", "gid": 1, "signature_id": sid, "rev": 3,
            "signature": signature, "category": category, "severity": severity,
        },
        "app_proto": "tls",
        "flow": { "pkts_toserver": 6, "pkts_toclient": 5, "bytes_toserver": 900, "bytes_toclient": 1_200, "start": written(at) },
    })
}

/// A device gets an address.
pub fn lease(at: DateTime<Utc>, mac: &str, ip: &str, name: &str) -> Value {
    json!({
        "timestamp": written(at), "in_iface": "eth0", "event_type": "dhcp",
        "src_ip": "10.20.0.1", "src_port": 67, "dest_ip": ip, "dest_port": 68, "proto": "UDP",
        "dhcp": {
            "type": "reply", "id": 4_711, "client_mac": mac, "assigned_ip": ip, "dhcp_type": "ack",
            "hostname": name, "lease_time": 86_400,
        },
    })
}

/// A device talks with the internet, and gets answers.
pub fn flow(at: DateTime<Utc>, ip: &str) -> Value {
    json!({
        "timestamp": written(at), "flow_id": 1_000_000_000_042_u64, "in_iface": "eth0", "event_type": "flow",
        "src_ip": ip, "src_port": 50_123, "dest_ip": "198.51.100.20", "dest_port": 443, "proto": "TCP", "app_proto": "tls",
        "flow": {
            "pkts_toserver": 9, "pkts_toclient": 12, "bytes_toserver": 1_800, "bytes_toclient": 9_000,
            "start": written(at), "end": written(at), "age": 0, "state": "closed", "reason": "timeout", "alerted": false,
        },
    })
}

fn written(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6f%z").to_string()
}
