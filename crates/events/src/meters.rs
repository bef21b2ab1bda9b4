//! What both logs count. Telemetry must be started before a log is opened, or nothing is exported.

use opentelemetry::{KeyValue, metrics::Counter};
use tracing::{debug, error, warn};

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
        LogError::Full { .. } => "full",
        LogError::Unavailable { .. } => "unavailable",
        LogError::Damaged { .. } => "damaged",
        LogError::Unusable { .. } => "unusable",
        LogError::Closed => "closed",
    }
}

/// Records of a partition that a reader did not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub topic: Topic,
    pub partition: i32,
    /// The first offset that is gone.
    pub from: i64,
    /// The first offset that is there.
    pub to: i64,
}

/// Counts records that were gone before their readers came, and says so.
#[derive(Debug, Clone)]
pub(crate) struct SkipMeter(Counter<u64>);

impl SkipMeter {
    pub(crate) fn new() -> Self {
        let meter = opentelemetry::global::meter("schildwacht.events");
        Self(meter.u64_counter("event_log.skipped").with_description("records that a group did not read before they were gone").build())
    }

    /// A reader came for records that are gone.
    pub(crate) fn gone(&self, group: &str, skipped: Skipped) {
        let Skipped { topic, partition, from, to } = skipped;
        error!(
            name: "event_log.records_skipped", group, topic = topic.spec().name, partition, from, to,
            "records were gone before this group read them"
        );
        self.count(group, skipped, "gone");
    }

    /// Records were dropped that a group has not read, because it was not seen for too long. Said once for each time it goes away.
    pub(crate) fn expired(&self, group: &str, skipped: Skipped, is_first: bool) {
        let Skipped { topic, partition, from, to } = skipped;
        let topic = topic.spec().name;
        if is_first {
            warn!(
                name: "event_log.group_expired", group, topic, partition, from, to,
                "group was not seen for longer than events.embedded.group_expiry_hours; dropping records that it has not read"
            );
        } else {
            debug!(name: "event_log.group_passed", group, topic, partition, from, to, "dropped more that an expired group has not read");
        }
        self.count(group, skipped, "expired");
    }

    fn count(&self, group: &str, skipped: Skipped, reason: &'static str) {
        let records = u64::try_from(skipped.to - skipped.from).unwrap_or_default();
        let topic = skipped.topic.spec().name;
        self.0.add(records, &[KeyValue::new("group", group.to_owned()), KeyValue::new("topic", topic), KeyValue::new("reason", reason)]);
    }
}
