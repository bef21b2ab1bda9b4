//! A device's traffic in a minute: DHCP, ARP, visits to sites.

use std::net::Ipv4Addr;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, rngs::SmallRng, seq::IndexedRandom};

use super::{
    chance::Chance,
    eve::{Arp, Dhcp, Flow, Mac, Seen, Side, Talk, Tls, What},
    kind::Kind,
    population::Device,
};

const LEASE_SECONDS: u32 = 4 * 60 * 60;

/// A device at its place in a minute.
pub struct Moment<'a> {
    pub device: &'a Device,
    pub ip: Ipv4Addr,
    /// When the minute begins.
    pub start: DateTime<Utc>,
    /// Minutes since the device came.
    pub since: u32,
    pub density: Density,
    pub chance: Chance,
}

impl Moment<'_> {
    /// Everything the device does in this minute, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        let mut seen = Vec::new();
        // In most minutes nothing happens: one cheap check decides.
        let mut stream = self.chance.stream();
        let asks_address = (self.since + self.device.ahead).is_multiple_of(self.density.renewal_minutes());
        let visits = stream.random_bool(self.density.visits(self.device.kind));
        if asks_address && self.device.kind.gets_its_address_from_a_server() {
            self.ask_address(&mut stream, &mut seen);
        }
        if asks_address {
            self.look_for_router(&mut stream, &mut seen);
        }
        if visits {
            self.visit(&mut stream, &mut seen);
        }
        seen.sort_by_key(|seen| seen.at);
        seen
    }

    fn ask_address(&self, stream: &mut SmallRng, seen: &mut Vec<Seen>) {
        let device = self.device;
        let at = self.start + TimeDelta::microseconds(stream.random_range(0..50_000_000));
        let nowhere = Ipv4Addr::UNSPECIFIED;
        let id = stream.random();
        let talk = Talk {
            flow_id: Some(stream.random_range(1..1 << 51)),
            from: Side { ip: nowhere, port: Some(68), mac: device.mac },
            to: Side { ip: Ipv4Addr::BROADCAST, port: Some(67), mac: Mac([0xff; 6]) },
            proto: Some("UDP"),
        };
        let request = Dhcp {
            kind: "request",
            id,
            client_mac: device.mac,
            assigned_ip: nowhere,
            requested_ip: Some(self.ip),
            dhcp_type: "request",
            hostname: device.name.clone(),
            vendor_class_identifier: device.vendor_class,
            lease_time: None,
            routers: Vec::new(),
            dns_servers: Vec::new(),
        };
        let reply = Dhcp {
            kind: "reply",
            assigned_ip: self.ip,
            requested_ip: None,
            dhcp_type: "ack",
            hostname: String::new(),
            vendor_class_identifier: "",
            lease_time: Some(LEASE_SECONDS),
            routers: vec![device.router()],
            dns_servers: vec![device.router()],
            ..request.clone()
        };
        seen.push(Seen { at, talk, what: What::Dhcp(request) });
        let back = Talk {
            from: Side { ip: device.router(), port: Some(67), mac: router_mac(device) },
            to: Side { ip: self.ip, port: Some(68), mac: device.mac },
            ..talk
        };
        seen.push(Seen { at: at + TimeDelta::microseconds(stream.random_range(300..4_000)), talk: back, what: What::Dhcp(reply) });
    }

    fn look_for_router(&self, stream: &mut SmallRng, seen: &mut Vec<Seen>) {
        let device = self.device;
        let (from, to) = (self.ip, device.router());
        let arp = Arp {
            hw_type: "ethernet",
            proto_type: "ipv4",
            opcode: "request",
            src_mac: device.mac,
            src_ip: from,
            dest_mac: Mac([0; 6]),
            dest_ip: to,
        };
        let talk = Talk {
            flow_id: None,
            from: Side { ip: from, port: None, mac: device.mac },
            to: Side { ip: to, port: None, mac: Mac([0xff; 6]) },
            proto: None,
        };
        let at = self.start + TimeDelta::microseconds(stream.random_range(55_000_000..60_000_000));
        seen.push(Seen { at, talk, what: What::Arp(arp) });
    }

    /// A DNS query, the TLS handshake, and the flow when it ended.
    fn visit(&self, stream: &mut SmallRng, seen: &mut Vec<Seen>) {
        let Some(site) = self.device.kind.sites().choose(stream).copied() else { return };
        let device = self.device;
        let server = outside(site);
        let start = self.start + TimeDelta::microseconds(stream.random_range(0..30_000_000));
        let us = |port: u16| Side { ip: self.ip, port: Some(port), mac: device.mac };
        let resolver = Side { ip: device.router(), port: Some(53), mac: router_mac(device) };
        let asking = Talk {
            flow_id: Some(stream.random_range(1..1 << 51)),
            from: us(stream.random_range(1_024..=u16::MAX)),
            to: resolver,
            proto: Some("UDP"),
        };
        let id = stream.random();
        let question = What::Dns { id, name: site.to_owned(), answer: None };
        let answer = What::Dns { id, name: site.to_owned(), answer: Some(server) };
        let answered = start + TimeDelta::microseconds(stream.random_range(500..40_000));

        let to = Side { ip: server, port: Some(443), mac: outside_mac(device) };
        let visiting = Talk {
            flow_id: Some(stream.random_range(1..1 << 51)),
            from: us(stream.random_range(49_152..=u16::MAX)),
            to,
            proto: Some("TCP"),
        };
        let greeted = answered + TimeDelta::microseconds(stream.random_range(5_000..60_000));
        if self.density == Density::Live {
            let greeting = What::Tls(Tls { sni: site.to_owned(), version: "TLS 1.3" });
            seen.push(Seen { at: start, talk: asking, what: question });
            seen.push(Seen { at: answered, talk: Talk { from: asking.to, to: asking.from, ..asking }, what: answer });
            seen.push(Seen { at: greeted, talk: visiting, what: greeting });
        }
        let packets = [stream.random_range(8..60), stream.random_range(8..200)];
        let bytes = [u64::from(packets[0]) * stream.random_range(80..200), u64::from(packets[1]) * stream.random_range(400..1_300)];
        let end = greeted + TimeDelta::microseconds(stream.random_range(200_000..25_000_000));
        let flow = Flow { packets, bytes, start: answered, end, alerted: false };
        seen.push(Seen { at: end, talk: visiting, what: What::Flow { app_proto: "tls", flow } });
    }
}

/// How much of the traffic is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Density {
    /// As a sensor would report it, visits thinned to one in a few minutes.
    Live,
    /// Enough to show which devices were there and when, for the days before the demo began.
    History,
}

impl Density {
    /// How likely a device that is there visits a site in a minute.
    const fn visits(self, kind: Kind) -> f64 {
        let everybody = match self {
            Self::Live => 1.0 / 6.0,
            Self::History => 1.0 / 60.0,
        };
        // Unattended devices look up little.
        if kind.is_always_on() { everybody / 6.0 } else { everybody }
    }

    /// DHCP renewal: at half the lease, or once a day.
    const fn renewal_minutes(self) -> u32 {
        match self {
            Self::Live => 2 * 60,
            Self::History => 24 * 60,
        }
    }
}

impl Kind {
    const fn gets_its_address_from_a_server(self) -> bool {
        !matches!(self, Self::Server | Self::AccessPoint)
    }

    /// Sites that such devices visit.
    const fn sites(self) -> &'static [&'static str] {
        match self {
            Self::Server => &["update.microsoft.com", "deb.debian.org", "time.windows.com"],
            Self::Nas => &["update.synology.com", "checkip.synology.com"],
            Self::Printer => &["printing.example", "update.brother.example"],
            Self::Camera => &["oai.axis.example"],
            Self::AccessPoint => &["fw-update.ubnt.example"],
            Self::Laptop | Self::Desktop => &[
                "login.microsoftonline.com",
                "outlook.office365.com",
                "teams.microsoft.com",
                "nl.wikipedia.org",
                "www.vrt.be",
                "onderwijs.vlaanderen.be",
                "leerplatform.example",
                "rapport.leerplatform.example",
            ],
            Self::Chromebook => &[
                "classroom.google.com",
                "docs.google.com",
                "www.youtube.com",
                "nl.wikipedia.org",
                "leerplatform.example",
                "oefenen.rekenkanjer.example",
            ],
            Self::Tablet => {
                &["www.icloud.com", "gsp-ssl.ls.apple.com", "oefenen.rekenkanjer.example", "lezen.boekenboot.example", "www.youtube.com"]
            }
            Self::Phone => &["web.whatsapp.com", "www.tiktok.com", "www.instagram.com", "discord.com", "connectivitycheck.gstatic.com"],
        }
    }
}

/// The address of a server outside, the same for the same name, from the ranges for documentation.
pub fn outside(name: &str) -> Ipv4Addr {
    let number: u64 = Chance::seeded(0).of(name).stream().random();
    let [host, range, ..] = number.to_be_bytes();
    let host = host.clamp(1, 254);
    if range.is_multiple_of(2) { Ipv4Addr::new(198, 51, 100, host) } else { Ipv4Addr::new(203, 0, 113, host) }
}

/// Traffic from outside has the router's MAC address.
pub const fn outside_mac(device: &Device) -> Mac {
    router_mac(device)
}

/// The router of each of a school's networks.
const fn router_mac(device: &Device) -> Mac {
    let [_, network, vlan, _] = device.router().octets();
    Mac([0x48, 0x3a, 0x02, 0x00, network, vlan])
}
