//! What network-monitor counts.

use std::collections::BTreeMap;

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Meter},
};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Outcome {
    /// It said something we use.
    Understood,
    /// A kind we know and make no use of.
    Unused,
    /// It went to the dead letters.
    Unreadable,
}

/// Counts of one transaction, added up when it has committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    events: BTreeMap<(Outcome, &'static str), u64>,
    devices: BTreeMap<&'static str, u64>,
    alerts: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// An event: `kind` is its type or the reason why it cannot be read, of a closed set.
    pub fn event(&mut self, outcome: Outcome, kind: &'static str) {
        *self.events.entry((outcome, kind)).or_default() += 1;
    }

    /// Devices: `appeared`, `updated`, `absorbed`.
    pub fn devices(&mut self, change: &'static str, count: u64) {
        *self.devices.entry(change).or_default() += count;
    }

    /// Alerts: `opened`, `grown`; their events: `suppressed`, `repeated`, `flooded`.
    pub fn alerts(&mut self, change: &'static str, count: u64) {
        *self.alerts.entry(change).or_default() += count;
    }
}

/// The instruments.
#[derive(Debug)]
pub struct Metrics {
    events: Counter<u64>,
    devices: Counter<u64>,
    alerts: Counter<u64>,
    suppression_changes: Counter<u64>,
}

impl Metrics {
    pub fn new() -> Self {
        let meter: Meter = opentelemetry::global::meter("network-monitor");
        Self {
            events: meter
                .u64_counter("monitor.events")
                .with_description("Sensor events by outcome (understood, unused, unreadable) and kind or reason")
                .build(),
            devices: meter.u64_counter("monitor.devices").with_description("Devices by change: appeared, updated, absorbed").build(),
            alerts: meter
                .u64_counter("monitor.alerts")
                .with_description("Alerts opened and grown; suspicious events suppressed, repeated, and flooded: without room")
                .build(),
            suppression_changes: meter
                .u64_counter("monitor.suppression.changes")
                .with_description("Suppressions made and removed, by action")
                .build(),
        }
    }

    pub fn add(&self, tally: Tally) {
        for ((outcome, kind), count) in tally.events {
            self.events.add(count, &[KeyValue::new("outcome", outcome.into_str()), KeyValue::new("kind", kind)]);
        }
        for (change, count) in tally.devices {
            self.devices.add(count, &[KeyValue::new("change", change)]);
        }
        for (change, count) in tally.alerts {
            self.alerts.add(count, &[KeyValue::new("change", change)]);
        }
    }

    pub fn suppression_changed(&self, action: &'static str) {
        self.suppression_changes.add(1, &[KeyValue::new("action", action)]);
    }
}
