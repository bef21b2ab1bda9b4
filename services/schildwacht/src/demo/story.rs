//! The incidents of a school.
//!
//! A story is a series of alerts about one device. Most days have only noise that should never open a case; once or twice a
//! week there is an incident that should.

use std::net::Ipv4Addr;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, rngs::SmallRng, seq::IndexedRandom};

use super::{
    calendar::Day,
    chance::Chance,
    eve::{Flow, Http, Seen, Side, Talk, Tls, What},
    kind::Kind,
    population::Device,
    signature::{self, Signature},
    traffic::{outside, outside_mac},
};

/// The peer, and who opened the connection.
#[derive(Debug, Clone, Copy)]
enum Peer {
    /// The device reaches out to a server with this name.
    Server(&'static str),
    /// Somebody outside reaches in.
    Stranger,
    /// The device scans the other devices of the school.
    Neighbours,
}

/// A kind of incident.
#[derive(Debug)]
pub struct Story {
    pub signature: &'static Signature,
    /// The kinds of device it affects.
    pub victims: &'static [Kind],
    peer: Peer,
    port: u16,
    app_proto: Option<&'static str>,
    http: Option<(&'static str, &'static str)>,
    /// How many alerts, at least and at most.
    alerts: (u32, u32),
    /// Over how many minutes they are spread.
    minutes: u32,
    /// Also happens when nobody is at school.
    at_any_hour: bool,
}

/// Should open a case.
pub static SERIOUS: &[Story] = &[
    Story {
        signature: &signature::BEACON,
        victims: &[Kind::Laptop, Kind::Desktop],
        peer: Peer::Server("cdn.torenvalk.example"),
        port: 443,
        app_proto: Some("tls"),
        http: None,
        alerts: (9, 18),
        minutes: 40,
        at_any_hour: false,
    },
    Story {
        signature: &signature::CREDENTIALS,
        victims: &[Kind::Laptop],
        peer: Peer::Server("webmail-aanmelden.example"),
        port: 80,
        app_proto: Some("http"),
        http: Some(("/owa/auth.php", "POST")),
        alerts: (1, 1),
        minutes: 1,
        at_any_hour: false,
    },
    Story {
        signature: &signature::MINER,
        victims: &[Kind::Desktop, Kind::Server],
        peer: Peer::Server("pool.goudader.example"),
        port: 3333,
        app_proto: None,
        http: None,
        alerts: (4, 8),
        minutes: 60,
        at_any_hour: true,
    },
    Story {
        signature: &signature::SWEEP,
        victims: &[Kind::Laptop, Kind::Desktop],
        peer: Peer::Neighbours,
        port: 445,
        app_proto: None,
        http: None,
        alerts: (60, 90),
        minutes: 4,
        at_any_hour: false,
    },
    Story {
        signature: &signature::NAS_EXPLOIT,
        victims: &[Kind::Nas],
        peer: Peer::Stranger,
        port: 5000,
        app_proto: Some("http"),
        http: Some(("/photo/include/upload.cgi", "POST")),
        alerts: (6, 12),
        minutes: 20,
        at_any_hour: true,
    },
    Story {
        signature: &signature::GUESSING,
        victims: &[Kind::Server],
        peer: Peer::Stranger,
        port: 3389,
        app_proto: Some("rdp"),
        http: None,
        alerts: (25, 40),
        minutes: 6,
        at_any_hour: true,
    },
    Story {
        signature: &signature::RANSOM_NOTE,
        victims: &[Kind::Laptop],
        peer: Peer::Neighbours,
        port: 445,
        app_proto: Some("smb"),
        http: None,
        alerts: (3, 5),
        minutes: 3,
        at_any_hour: false,
    },
];

/// Noise: should open no case.
pub static NOISE: &[Story] = &[
    Story {
        signature: &signature::PROXY,
        victims: &[Kind::Chromebook, Kind::Phone, Kind::Tablet],
        peer: Peer::Server("vrij-surfen.example"),
        port: 443,
        app_proto: Some("tls"),
        http: None,
        alerts: (1, 4),
        minutes: 50,
        at_any_hour: false,
    },
    Story {
        signature: &signature::DYNAMIC_DNS,
        victims: &[Kind::Phone, Kind::Desktop, Kind::Camera],
        peer: Peer::Server("thuis.dyn.example"),
        port: 53,
        app_proto: Some("dns"),
        http: None,
        alerts: (1, 3),
        minutes: 30,
        at_any_hour: true,
    },
    Story {
        signature: &signature::ODD_STREAM,
        victims: &[Kind::Server, Kind::Laptop, Kind::Chromebook],
        peer: Peer::Server("update.example"),
        port: 443,
        app_proto: Some("tls"),
        http: None,
        alerts: (2, 6),
        minutes: 15,
        at_any_hour: true,
    },
    Story {
        signature: &signature::ADWARE,
        victims: &[Kind::Laptop, Kind::Desktop],
        peer: Peer::Server("check.sneeuwbalsearch.example"),
        port: 80,
        app_proto: Some("http"),
        http: Some(("/v2/check", "GET")),
        alerts: (1, 1),
        minutes: 1,
        at_any_hour: false,
    },
];

/// The longest duration of a story.
pub const LONGEST: TimeDelta = TimeDelta::minutes(60);

/// A planned story.
#[derive(Debug, Clone, Copy)]
pub struct Planned {
    pub story: &'static Story,
    /// Minutes from midnight in Brussels.
    pub start: u32,
    pub chance: Chance,
}

/// The stories of a day at a school.
pub fn plan(day: Day, chance: Chance) -> Vec<Planned> {
    let mut stream = chance.of("stories").stream();
    let (serious, noise) = match day {
        Day::Full => (0.35, 5),
        Day::Short => (0.25, 3),
        Day::Off => (0.12, 1),
    };
    let nobody_is_in = day == Day::Off;
    let mut planned: Vec<Planned> = Vec::new();
    let mut add = |stories: &'static [Story], stream: &mut SmallRng| {
        let possible: Vec<&'static Story> = stories.iter().filter(|story| story.at_any_hour || !nobody_is_in).collect();
        if let Some(story) = possible.choose(stream) {
            let start = if nobody_is_in { stream.random_range(0..23 * 60) } else { stream.random_range(9 * 60..11 * 60 + 30) };
            let number = i64::try_from(planned.len()).unwrap_or(i64::MAX);
            planned.push(Planned { story, start, chance: chance.of("story").at(number) });
        }
    };
    if stream.random_bool(serious) {
        add(SERIOUS, &mut stream);
    }
    for _ in 0..stream.random_range(0..=noise) {
        add(NOISE, &mut stream);
    }
    planned
}

/// The alerts of a story that starts at a moment, oldest first.
pub fn tell(
    story: &Story,
    start: DateTime<Utc>,
    victim: &Device,
    victim_ip: Ipv4Addr,
    neighbours: &[Ipv4Addr],
    chance: Chance,
) -> Vec<Seen> {
    let mut stream = chance.stream();
    let count = stream.random_range(story.alerts.0..=story.alerts.1);
    let length = i64::from(story.minutes) * 60_000_000;
    let mut moments: Vec<i64> = (0..count).map(|_| stream.random_range(0..length)).collect();
    moments.sort_unstable();
    // The first alert is at the start itself.
    moments.iter_mut().take(1).for_each(|first| *first = 0);
    let peer_name = match story.peer {
        Peer::Server(name) => name,
        Peer::Stranger | Peer::Neighbours => "stranger",
    };
    // One peer per story, the same each time for the same seed.
    let elsewhere = outside(&format!("{peer_name}{}", stream.random_range(0..4)));
    let mut troubles = Vec::with_capacity(moments.len());
    for moment in moments {
        let at = start + TimeDelta::microseconds(moment);
        let us = Side { ip: victim_ip, port: Some(stream.random_range(49_152..=u16::MAX)), mac: victim.mac };
        let other = match story.peer {
            Peer::Neighbours => neighbours.choose(&mut stream).copied().unwrap_or_else(|| victim.router()),
            Peer::Server(_) | Peer::Stranger => elsewhere,
        };
        let them = Side { ip: other, port: Some(story.port), mac: outside_mac(victim) };
        let (from, to) = match story.peer {
            Peer::Stranger => (Side { port: us.port, ..them }, Side { port: them.port, ..us }),
            Peer::Server(_) | Peer::Neighbours => (us, them),
        };
        let talk =
            Talk { flow_id: Some(stream.random_range(1..1 << 51)), from, to, proto: Some(if story.port == 53 { "UDP" } else { "TCP" }) };
        troubles.push(Seen { at, talk, what: alert(story, at, to.ip, &mut stream) });
    }
    troubles
}

fn alert(story: &Story, at: DateTime<Utc>, served_by: Ipv4Addr, stream: &mut impl Rng) -> What {
    let start = at - TimeDelta::milliseconds(stream.random_range(0..900));
    let packets = [stream.random_range(3..12), stream.random_range(2..14)];
    let bytes = packets.map(|packets| u64::from(packets) * 180);
    let host = match story.peer {
        Peer::Server(name) => name.to_owned(),
        Peer::Stranger | Peer::Neighbours => served_by.to_string(),
    };
    let is_tls = story.app_proto == Some("tls");
    What::Alert {
        alert: story.signature.alert(),
        app_proto: story.app_proto,
        flow: Flow { packets, bytes, start, end: at, alerted: true },
        tls: is_tls.then(|| Tls { sni: host.clone(), version: "TLS 1.2" }),
        http: story.http.map(|(url, http_method)| Http {
            hostname: host,
            url,
            http_user_agent: "Mozilla/5.0",
            http_method,
            protocol: "HTTP/1.1",
            status: 200,
            length: 512,
        }),
    }
}
