//! What identity counts.

use auth::Action;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};

use crate::domain::{CheckOutcome, ErasureChange, Reminder};

#[derive(Debug)]
pub struct Metrics {
    appointment_reminders: Counter<u64>,
    domain_looks: Counter<u64>,
    domains_lapsed: Counter<u64>,
    erasure_changes: Counter<u64>,
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
            domain_looks: meter
                .u64_counter("domain.looks")
                .with_description("looks for the token of a vendor's domain, by outcome: passed, failed, unanswered")
                .build(),
            domains_lapsed: meter.u64_counter("domain.lapsed").with_description("domains whose proof ended: their token is gone").build(),
            erasure_changes: meter
                .u64_counter("erasure.changes")
                .with_description("erasures of people, by change: erasure_proposed, erasure_agreed, erasure_withdrawn")
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

    pub fn domain_looked_at(&self, outcome: CheckOutcome, has_lapsed: bool) {
        self.domain_looks.add(1, &[KeyValue::new("outcome", outcome.into_str())]);
        self.domains_lapsed.add(u64::from(has_lapsed), &[]);
    }

    pub fn erasure_changed(&self, change: ErasureChange) {
        self.erasure_changes.add(1, &[KeyValue::new("change", change.into_str())]);
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
