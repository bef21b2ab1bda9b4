#![cfg(test)]
//! Security events as an operator sees them: a line of the log with its trace, and a metric.

use std::{
    io,
    sync::{Arc, Mutex},
};

use opentelemetry_sdk::metrics::SdkMeterProvider;
use schildwacht_runtime::security::{SecurityEvent, UNVERIFIED};
use tracing_subscriber::layer::SubscriberExt as _;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_event_is_a_line_that_says_who_did_what_to_which_thing_and_a_count() {
    let registry = prometheus::Registry::new();
    let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
    opentelemetry::global::set_meter_provider(SdkMeterProvider::builder().with_reader(reader).build());
    let lines = Lines::default();
    let writer = lines.clone();
    let json = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).json().flatten_event(true);
    // Whatever else an operator leaves out.
    let filter = tracing_subscriber::EnvFilter::new("off,security=info");
    tracing::subscriber::with_default(tracing_subscriber::registry().with(filter).with(json), || {
        tracing::warn!(target: "elsewhere", "left out");
        for event in SecurityEvent::ALL {
            event.record(UNVERIFIED, "case.read", "case:7", "because");
        }
    });
    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    assert_eq!(written.lines().count(), SecurityEvent::ALL.len(), "{written}");
    for (event, line) in SecurityEvent::ALL.iter().zip(written.lines()) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let expected = serde_json::json!({ "event": event.name(), "outcome": <&str>::from(event.outcome()), "reason": "because", "actor": UNVERIFIED, "action": "case.read", "resource": "case:7" });
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&line[field], value, "{line}");
        }
        let counted = format!("event=\"{}\"", event.name());
        assert!(
            text.lines().any(|sample| sample.starts_with("security_events_total{") && sample.contains(&counted) && sample.ends_with(" 1")),
            "{counted}: {text}"
        );
    }
}
