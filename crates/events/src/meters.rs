//! What both logs count. Telemetry must be started before a log is opened, or nothing is exported.

use opentelemetry::{KeyValue, metrics::Counter};

use crate::{admission::Admission, log::LogError, topic::Topic};

/// Counts appends.
pub(crate) struct LogMeters {
    records: Counter<u64>,
    bytes: Counter<u64>,
    refused: Counter<u64>,
}

impl LogMeters {
    pub(crate) fn new(admission: &Admission) -> Self {
        let meter = opentelemetry::global::meter("schildwacht.events");
        let under_way = admission.observer();
        let _registered = meter
            .u64_observable_gauge("event_log.unacknowledged")
            .with_unit("By")
            .with_description("appended to the event log and not yet acknowledged")
            .with_callback(move |observer| observer.observe(under_way() as u64, &[]))
            .build();
        Self {
            records: meter.u64_counter("event_log.records").with_description("records acknowledged").build(),
            bytes: meter.u64_counter("event_log.appended").with_unit("By").with_description("bytes of records acknowledged").build(),
            refused: meter.u64_counter("event_log.refused").with_description("appends not acknowledged, by reason").build(),
        }
    }

    /// Counts an append by what came of it.
    pub(crate) fn count<T>(&self, topic: Topic, records: usize, bytes: usize, outcome: &Result<T, LogError>) {
        let topic = KeyValue::new("topic", topic.spec().name);
        match outcome {
            Ok(_) => {
                let attributes = [topic];
                self.records.add(records as u64, &attributes);
                self.bytes.add(bytes as u64, &attributes);
            }
            Err(error) => self.refused.add(1, &[topic, KeyValue::new("reason", reason(error))]),
        }
    }
}

fn reason(error: &LogError) -> &'static str {
    match error {
        LogError::TooLarge { .. } => "too_large",
        LogError::Busy => "busy",
        LogError::Unavailable { .. } => "unavailable",
        LogError::Damaged { .. } => "damaged",
        LogError::Unusable { .. } => "unusable",
        LogError::Closed => "closed",
    }
}
