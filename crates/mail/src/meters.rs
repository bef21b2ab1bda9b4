//! What is counted of the mail of a service.

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};

use crate::failure::Reason;

pub(crate) struct Meters {
    attempts: Counter<u64>,
    taken_over: Counter<u64>,
    backlog: Gauge<u64>,
    age: Gauge<u64>,
    service: KeyValue,
}

impl Meters {
    pub(crate) fn new(service: &'static str) -> Self {
        let meter = opentelemetry::global::meter("schildwacht.mail");
        Self {
            attempts: meter.u64_counter("mail.attempts").with_description("attempts to send a mail, by outcome and reason").build(),
            taken_over: meter
                .u64_counter("mail.taken_over")
                .with_description("mails that a process had begun to send when it ended; each may arrive twice")
                .build(),
            backlog: meter.u64_gauge("mail.backlog").with_description("mails waiting to be sent").build(),
            age: meter.u64_gauge("mail.oldest_age").with_unit("s").with_description("age of the oldest waiting mail").build(),
            service: KeyValue::new("service", service),
        }
    }

    pub(crate) fn sent(&self) {
        self.attempts.add(1, &[self.service.clone(), KeyValue::new("outcome", "sent")]);
    }

    pub(crate) fn not_sent(&self, outcome: &'static str, reason: Reason) {
        let labels = [self.service.clone(), KeyValue::new("outcome", outcome), KeyValue::new("reason", reason.into_str())];
        self.attempts.add(1, &labels);
    }

    pub(crate) fn taken_over(&self) {
        self.taken_over.add(1, std::slice::from_ref(&self.service));
    }

    pub(crate) fn waiting(&self, backlog: u64, age_seconds: u64) {
        self.backlog.record(backlog, std::slice::from_ref(&self.service));
        self.age.record(age_seconds, std::slice::from_ref(&self.service));
    }
}
