//! Events and bodies, made once and sent many times.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Write as _,
    io::{Result, Write as _},
};

use bytes::{BufMut as _, Bytes, BytesMut};
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    resource::v1::Resource,
};
use prost::Message as _;
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::IndexedRandom as _};

use super::variant::{Encoding, Surface};

/// Size of one event, which is what Suricata writes for an alert with its flow.
pub const EVENT_BYTES: usize = 716;

/// Different bodies of a kind hold about so many events together.
const EVENTS_OF_A_KIND: usize = 8_000;

/// Bodies by how they are made.
#[derive(Debug, Default)]
pub struct Samples {
    made: RefCell<BTreeMap<(Surface, Encoding, usize), Vec<Bytes>>>,
}

impl Samples {
    /// Bodies of so many events each, different from one another.
    pub fn bodies(&self, surface: Surface, encoding: Encoding, batch: usize) -> Vec<Bytes> {
        let mut made = self.made.borrow_mut();
        let bodies = made.entry((surface, encoding, batch)).or_insert_with(|| {
            let mut chance = SmallRng::seed_from_u64(716);
            (0..(EVENTS_OF_A_KIND / batch).max(1)).map(|_| body(surface, encoding, batch, &mut chance)).collect()
        });
        bodies.clone()
    }

    /// Bytes on the wire for an event.
    pub fn bytes_an_event(&self, surface: Surface, encoding: Encoding, batch: usize) -> f64 {
        let bodies = self.bodies(surface, encoding, batch);
        let bytes: usize = bodies.iter().map(Bytes::len).sum();
        bytes as f64 / (bodies.len() * batch) as f64
    }
}

fn body(surface: Surface, encoding: Encoding, batch: usize, chance: &mut SmallRng) -> Bytes {
    let events = (0..batch).map(|_| event(chance));
    let plain = match surface {
        Surface::OtlpHttp | Surface::OtlpGrpc => request(events).encode_to_vec(),
        Surface::Events => events.flat_map(|event| event.into_bytes().into_iter().chain([b'\n'])).collect(),
    };
    let body = match encoding {
        Encoding::Plain => Ok(plain),
        Encoding::Gzip => gzip(&plain),
        // As the Collector does by default.
        Encoding::Zstd => zstd::bulk::compress(&plain, 3),
    };
    // Writing to memory does not fail.
    let body = body.unwrap_or_default();
    match surface {
        Surface::OtlpGrpc => framed(&body, encoding != Encoding::Plain),
        Surface::OtlpHttp | Surface::Events => Bytes::from(body),
    }
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

/// A gRPC message with its header.
fn framed(message: &[u8], compressed: bool) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(compressed.into());
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

/// A request as the Collector's file receiver makes it: each line a log record, with the file's name.
fn request(events: impl Iterator<Item = String>) -> ExportLogsServiceRequest {
    let text = |text: &str| Some(AnyValue { value: Some(Value::StringValue(text.to_owned())) });
    let attribute = |key: &str, value: &str| KeyValue { key: key.to_owned(), value: text(value), ..KeyValue::default() };
    let log_record = |event: String| LogRecord {
        observed_time_unix_nano: 1_790_236_200_123_456_789,
        body: text(&event),
        attributes: vec![attribute("log.file.name", "eve.json")],
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs { log_records: events.map(log_record).collect(), ..ScopeLogs::default() }];
    let resource = Some(Resource { attributes: vec![attribute("host.name", "sensor-1")], ..Resource::default() });
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }] }
}

/// An alert as Suricata writes it.
fn event(chance: &mut SmallRng) -> String {
    const NAMES: [&str; 6] = ["update", "cdn-7", "login", "files", "static", "telemetry"];
    const DOMAINS: [&str; 5] = ["example.org", "example.net", "school.example", "games.example", "ads.example"];
    let (name, domain) = (NAMES.choose(chance).unwrap_or(&"www"), DOMAINS.choose(chance).unwrap_or(&"example.org"));
    // Sixteen digits, and no zero at the front: JSON has no such numbers.
    let flow = chance.random_range(1_000_000_000_000_000_u64..10_000_000_000_000_000);
    let (source, source_port) = (format!("10.21.{}.{}", chance.random_range(0..8), chance.random_range(2..255)), chance.random::<u16>());
    let (destination, port) = (format!("203.0.113.{}", chance.random_range(1..255)), [443, 80, 8_443][chance.random_range(0..3)]);
    let (minute, micros) = (chance.random_range(0..60), chance.random_range(0..60_000_000));
    let (second, micros) = (micros / 1_000_000, micros % 1_000_000);
    let (signature, severity) = (chance.random_range(0..40), chance.random_range(1..4));
    let (packets, bytes) = (chance.random_range(1..40), chance.random_range(60..90_000));
    let mut event = format!(
        concat!(
            r#"{{"timestamp":"2026-09-24T09:{:02}:{:02}.{:06}+0200","flow_id":{},"in_iface":"eth1","event_type":"alert","src_ip":"{}","#,
            r#""src_port":{},"dest_ip":"{}","dest_port":{},"proto":"TCP","pkt_src":"wire/pcap","alert":{{"action":"allowed","gid":1,"#,
            r#""signature_id":90{:05},"rev":2,"signature":"SCHILDWACHT TEST signature {}","category":"Potentially Bad Traffic","#,
            r#""severity":{}}},"tls":{{"sni":"{}.{}","version":"TLS 1.3"}},"app_proto":"tls","direction":"to_server","#,
            r#""flow":{{"pkts_toserver":{},"pkts_toclient":{},"bytes_toserver":{},"bytes_toclient":{},"#,
            r#""start":"2026-09-24T09:{:02}:{:02}.{:06}+0200"}},"payload_printable":""#,
        ),
        minute,
        second,
        micros,
        flow,
        source,
        source_port,
        destination,
        port,
        signature,
        signature,
        severity,
        name,
        domain,
        packets,
        packets,
        bytes,
        bytes / 3,
        minute,
        second,
        micros / 2,
    );
    let end = r#""}"#;
    while event.len() + 8 + end.len() <= EVENT_BYTES {
        // Half chance, half filler: neither incompressible nor nothing at all.
        let _written = write!(event, "{:04x}....", chance.random::<u16>());
    }
    while event.len() + end.len() < EVENT_BYTES {
        event.push('.');
    }
    event.push_str(end);
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_valid_json_of_the_stated_size() {
        let mut chance = SmallRng::seed_from_u64(1);
        for _ in 0..200 {
            let event = event(&mut chance);
            assert_eq!(event.len(), EVENT_BYTES);
            let read: serde_json::Value = serde_json::from_str(&event).unwrap();
            assert_eq!(read["event_type"], "alert");
        }
    }

    #[test]
    fn bodies_differ_and_hold_what_they_should() {
        let samples = Samples::default();
        let bodies = samples.bodies(Surface::OtlpHttp, Encoding::Plain, 100);
        assert_ne!(bodies[0], bodies[1]);
        let request = ExportLogsServiceRequest::decode(&bodies[0][..]).unwrap();
        assert_eq!(request.resource_logs[0].scope_logs[0].log_records.len(), 100);
        assert!(samples.bytes_an_event(Surface::Events, Encoding::Zstd, 100) < EVENT_BYTES as f64 / 2.0);
    }
}
