//! How Suricata writes events down: one JSON object a line, as its versions 6, 7 and 8 do, differences included.
//!
//! Source: the EVE JSON format in Suricata's user guide.

use std::{fmt, net::Ipv4Addr};

use chrono::{DateTime, FixedOffset, Utc};
use chrono_tz::Europe::Brussels;
use serde::{Serialize, Serializer};

/// A MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Suricata's major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Six,
    Seven,
    Eight,
}

/// The sensor of a school.
#[derive(Debug)]
pub struct Sensor {
    pub version: Version,
    pub interface: &'static str,
    /// East of Greenwich; `None` is Brussels, summer and winter.
    pub offset_minutes: Option<i32>,
    /// Whether it writes MAC addresses beside the IP addresses.
    pub logs_ethernet: bool,
}

impl Sensor {
    /// The moment as this sensor writes it: microseconds, and an offset without a colon.
    fn timestamp(&self, at: DateTime<Utc>) -> String {
        const FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.6f%z";
        let fixed = self.offset_minutes.and_then(|minutes| FixedOffset::east_opt(minutes * 60));
        match fixed {
            Some(offset) => at.with_timezone(&offset).format(FORMAT).to_string(),
            None => at.with_timezone(&Brussels).format(FORMAT).to_string(),
        }
    }

    /// The event as one line.
    pub fn line(&self, seen: &Seen) -> serde_json::Result<String> {
        let Seen { at, talk, what } = seen;
        let is_older = self.version == Version::Six;
        serde_json::to_string(&Line {
            timestamp: self.timestamp(*at),
            flow_id: talk.flow_id,
            in_iface: self.interface,
            event_type: what.event_type(),
            src_ip: talk.from.ip,
            src_port: talk.from.port,
            dest_ip: talk.to.ip,
            dest_port: talk.to.port,
            proto: talk.proto,
            pkt_src: (!is_older).then_some("wire/pcap"),
            ether: self.logs_ethernet.then(|| what.ether(talk)).flatten(),
            body: self.body(what.clone()),
        })
    }

    fn body(&self, what: What) -> Body {
        match what {
            What::Dhcp(dhcp) => Body::Dhcp { dhcp },
            What::Arp(arp) => Body::Arp { arp },
            What::Tls(tls) => Body::Tls { tls },
            What::Dns { id, name, answer } => Body::Dns { dns: self.dns(id, name, answer) },
            What::Flow { app_proto, flow } => Body::Flow { app_proto, flow: self.flow(&flow, true) },
            What::Alert { alert, app_proto, flow, http, tls } => Body::Alert { alert, http, tls, app_proto, flow: self.flow(&flow, false) },
        }
    }

    /// A flow event is written when the flow ended; an alert has the flow so far.
    fn flow(&self, flow: &Flow, is_over: bool) -> WrittenFlow {
        let ending = || Ending {
            end: self.timestamp(flow.end),
            age: flow.end.signed_duration_since(flow.start).num_seconds(),
            state: "closed",
            reason: "timeout",
            alerted: flow.alerted,
        };
        WrittenFlow {
            pkts_toserver: flow.packets[0],
            pkts_toclient: flow.packets[1],
            bytes_toserver: flow.bytes[0],
            bytes_toclient: flow.bytes[1],
            start: self.timestamp(flow.start),
            ending: is_over.then(ending),
        }
    }

    /// Version 8 renamed what a question and an answer are called, and moved the question into a list.
    fn dns(&self, id: u16, rrname: String, answer: Option<Ipv4Addr>) -> Dns {
        let is_newer = self.version == Version::Eight;
        let kind = match (is_newer, answer) {
            (true, None) => "request",
            (true, Some(_)) => "response",
            (false, None) => "query",
            (false, Some(_)) => "answer",
        };
        let question = Question { rrname: rrname.clone(), rrtype: "A" };
        Dns {
            version: if is_newer { 3 } else { 2 },
            kind,
            id,
            tx_id: 0,
            rcode: answer.map(|_| "NOERROR"),
            asked: if is_newer { Asked::List { queries: [question] } } else { Asked::Plain(question) },
            answers: answer.map(|rdata| [Answer { rrname, rrtype: "A", ttl: 300, rdata }]),
        }
    }
}

/// One thing seen on the network.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: DateTime<Utc>,
    pub talk: Talk,
    pub what: What,
}

/// One side of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Side {
    pub ip: Ipv4Addr,
    pub port: Option<u16>,
    /// Known on the sensor's own network; otherwise packets have the router's MAC address.
    pub mac: Mac,
}

/// Who talks to whom, over what.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    pub flow_id: Option<u64>,
    pub from: Side,
    pub to: Side,
    pub proto: Option<&'static str>,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum What {
    Dhcp(Dhcp),
    Arp(Arp),
    Tls(Tls),
    Dns {
        id: u16,
        name: String,
        /// `None` is the question.
        answer: Option<Ipv4Addr>,
    },
    Flow {
        app_proto: &'static str,
        flow: Flow,
    },
    Alert {
        alert: Alert,
        app_proto: Option<&'static str>,
        flow: Flow,
        http: Option<Http>,
        tls: Option<Tls>,
    },
}

impl What {
    const fn event_type(&self) -> &'static str {
        match self {
            Self::Dhcp(_) => "dhcp",
            Self::Arp(_) => "arp",
            Self::Tls(_) => "tls",
            Self::Dns { .. } => "dns",
            Self::Flow { .. } => "flow",
            Self::Alert { .. } => "alert",
        }
    }

    /// A flow may have seen several cards on each side, so its fields are lists; an ARP event names its cards itself.
    fn ether(&self, talk: &Talk) -> Option<Ether> {
        let (src, dest) = (talk.from.mac, talk.to.mac);
        match self {
            Self::Arp(_) => None,
            Self::Flow { .. } => Some(Ether::OfFlow { src_macs: [src], dest_macs: [dest] }),
            _ => Some(Ether::OfPacket { src_mac: src, dest_mac: dest }),
        }
    }
}

/// An address asked for or given.
#[derive(Debug, Clone, Serialize)]
pub struct Dhcp {
    /// `request` from the device, `reply` to it.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub id: u32,
    pub client_mac: Mac,
    pub assigned_ip: Ipv4Addr,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_ip: Option<Ipv4Addr>,
    pub dhcp_type: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub vendor_class_identifier: &'static str,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_time: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routers: Vec<Ipv4Addr>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_servers: Vec<Ipv4Addr>,
}

/// Who has this address?
#[derive(Debug, Clone, Serialize)]
pub struct Arp {
    pub hw_type: &'static str,
    pub proto_type: &'static str,
    pub opcode: &'static str,
    pub src_mac: Mac,
    pub src_ip: Ipv4Addr,
    pub dest_mac: Mac,
    pub dest_ip: Ipv4Addr,
}

/// What went over a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    pub packets: [u32; 2],
    pub bytes: [u64; 2],
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub alerted: bool,
}

/// What a signature says.
#[derive(Debug, Clone, Serialize)]
pub struct Alert {
    pub action: &'static str,
    pub gid: u32,
    pub signature_id: u32,
    pub rev: u32,
    pub signature: &'static str,
    pub category: &'static str,
    /// 1 is the most severe.
    pub severity: u8,
}

/// The request an alert was raised on.
#[derive(Debug, Clone, Serialize)]
pub struct Http {
    pub hostname: String,
    pub url: &'static str,
    pub http_user_agent: &'static str,
    pub http_method: &'static str,
    pub protocol: &'static str,
    pub status: u16,
    pub length: u32,
}

/// The server that was asked for, as the client names it before the conversation is hidden.
#[derive(Debug, Clone, Serialize)]
pub struct Tls {
    pub sni: String,
    pub version: &'static str,
}

#[derive(Serialize)]
struct Line {
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow_id: Option<u64>,
    in_iface: &'static str,
    event_type: &'static str,
    src_ip: Ipv4Addr,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_port: Option<u16>,
    dest_ip: Ipv4Addr,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proto: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pkt_src: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ether: Option<Ether>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body {
    Dhcp {
        dhcp: Dhcp,
    },
    Arp {
        arp: Arp,
    },
    Tls {
        tls: Tls,
    },
    Dns {
        dns: Dns,
    },
    Flow {
        app_proto: &'static str,
        flow: WrittenFlow,
    },
    Alert {
        alert: Alert,
        #[serde(skip_serializing_if = "Option::is_none")]
        http: Option<Http>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tls: Option<Tls>,
        #[serde(skip_serializing_if = "Option::is_none")]
        app_proto: Option<&'static str>,
        flow: WrittenFlow,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Ether {
    OfPacket { src_mac: Mac, dest_mac: Mac },
    OfFlow { src_macs: [Mac; 1], dest_macs: [Mac; 1] },
}

#[derive(Serialize)]
struct WrittenFlow {
    pkts_toserver: u32,
    pkts_toclient: u32,
    bytes_toserver: u64,
    bytes_toclient: u64,
    start: String,
    #[serde(flatten)]
    ending: Option<Ending>,
}

#[derive(Serialize)]
struct Ending {
    end: String,
    age: i64,
    state: &'static str,
    reason: &'static str,
    alerted: bool,
}

#[derive(Serialize)]
struct Dns {
    version: u8,
    #[serde(rename = "type")]
    kind: &'static str,
    id: u16,
    tx_id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    rcode: Option<&'static str>,
    #[serde(flatten)]
    asked: Asked,
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<[Answer; 1]>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Asked {
    Plain(Question),
    List { queries: [Question; 1] },
}

#[derive(Serialize)]
struct Question {
    rrname: String,
    rrtype: &'static str,
}

#[derive(Serialize)]
struct Answer {
    rrname: String,
    rrtype: &'static str,
    ttl: u32,
    rdata: Ipv4Addr,
}
