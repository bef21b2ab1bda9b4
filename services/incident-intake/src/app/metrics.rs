//! What incident-intake counts and measures.

use chrono::{DateTime, Utc};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter},
};

use super::alert_outcome::AlertOutcome;
use crate::domain::{case::Case, close_reason::CloseReason, queue::QueueSummary};

#[derive(Debug)]
pub struct Metrics {
    alerts: Counter<u64>,
    opened: Counter<u64>,
    closed: Counter<u64>,
    reaction: Histogram<f64>,
    resolution: Histogram<f64>,
    open: Gauge<i64>,
    late: Gauge<i64>,
    unassigned_late: Gauge<i64>,
}

impl Metrics {
    pub fn new() -> Self {
        let meter: Meter = opentelemetry::global::meter("incident-intake");
        let gauge = |name: &'static str, description: &'static str| meter.i64_gauge(name).with_description(description).build();
        // Targets lie between a quarter of an hour and ten days.
        let waits = || vec![60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0, 86_400.0, 259_200.0, 432_000.0, 864_000.0];
        Self {
            alerts: meter
                .u64_counter("incident_intake.alert.news")
                .with_description("News of alerts, by outcome: opened, attached, waiting, quiet, uneventful")
                .build(),
            opened: meter.u64_counter("incident_intake.case.opened").with_description("Cases opened, by class and severity").build(),
            closed: meter.u64_counter("incident_intake.case.closed").with_description("Cases closed, by class and reason").build(),
            reaction: meter
                .f64_histogram("incident_intake.case.reaction")
                .with_unit("s")
                .with_description("From opening to the first reaction, by severity")
                .with_boundaries(waits())
                .build(),
            resolution: meter
                .f64_histogram("incident_intake.case.resolution")
                .with_unit("s")
                .with_description("From opening to closing, by severity")
                .with_boundaries(waits())
                .build(),
            open: gauge("incident_intake.queue.open", "Cases that are not closed"),
            late: gauge("incident_intake.queue.late", "Open cases past their next target"),
            unassigned_late: gauge("incident_intake.queue.unassigned_late", "Open cases past their target that nobody has taken"),
        }
    }

    pub fn alert_taken(&self, outcome: &AlertOutcome) {
        self.alerts.add(1, &[KeyValue::new("outcome", outcome.into_str())]);
    }

    pub fn case_opened(&self, case: &Case) {
        self.opened.add(1, &[KeyValue::new("class", case.class_id.clone()), severity(case)]);
    }

    /// Somebody decided something: the first time is the reaction.
    pub fn case_decided(&self, case: &Case, reacted_before: Option<DateTime<Utc>>) {
        if let Some(reaction) = case.first_reaction(reacted_before) {
            self.reaction.record(reaction.as_seconds_f64(), &[severity(case)]);
        }
    }

    pub fn case_closed(&self, case: &Case, reason: CloseReason) {
        self.closed.add(1, &[KeyValue::new("class", case.class_id.clone()), KeyValue::new("reason", reason.into_str())]);
        self.resolution.record((case.updated_at - case.opened_at).as_seconds_f64(), &[severity(case)]);
    }

    pub fn queue_measured(&self, summary: &QueueSummary) {
        self.open.record(summary.open, &[]);
        self.late.record(summary.late, &[]);
        self.unassigned_late.record(summary.unassigned_late, &[]);
    }
}

fn severity(case: &Case) -> KeyValue {
    KeyValue::new("severity", i64::from(case.severity.level()))
}
