//! What identity counts.

use auth::Action;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};

use crate::domain::Reminder;

#[derive(Debug)]
pub struct Metrics {
    appointment_reminders: Counter<u64>,
    gateway_changes: Counter<u64>,
    gateways_without_client: Gauge<u64>,
    imports: Counter<u64>,
}

impl Metrics {
    pub fn new() -> Self {
        let meter = opentelemetry::global::meter(crate::outbound::NAME);
        Self {
            appointment_reminders: meter
                .u64_counter("appointment.reminders")
                .with_description(
                    "appointments that somebody must confirm, by reminder (month, week) and who was asked: nearest, above, nobody",
                )
                .build(),
            gateway_changes: meter
                .u64_counter("gateway.changes")
                .with_description("gateways enrolled, given a new secret and revoked, by action")
                .build(),
            gateways_without_client: meter
                .u64_gauge("gateway.without_client")
                .with_description("active gateways of which the issuer has no client, so that they get no tokens")
                .build(),
            imports: meter
                .u64_counter("organisation.imports")
                .with_description("files of boards, schools and sites, by outcome: imported, refused, validated")
                .build(),
        }
    }

    pub fn reminded(&self, reminder: Reminder, asked: &'static str, count: u64) {
        self.appointment_reminders.add(count, &[KeyValue::new("reminder", reminder.into_str()), KeyValue::new("asked", asked)]);
    }

    pub fn gateway_changed(&self, action: Action) {
        self.gateway_changes.add(1, &[KeyValue::new("action", action.name())]);
    }

    pub fn gateways_without_client(&self, count: u64) {
        self.gateways_without_client.record(count, &[]);
    }

    pub fn import_ended(&self, outcome: &'static str) {
        self.imports.add(1, &[KeyValue::new("outcome", outcome)]);
    }
}
