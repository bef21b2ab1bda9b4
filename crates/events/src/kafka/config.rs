//! Settings of the Kafka log and what they become for librdkafka.

use std::{collections::BTreeMap, fmt};

use rdkafka::ClientConfig;
use runtime::config::Secret;
use serde::Deserialize;

use super::{names::Names, security};
use crate::{log::LogError, topic::Topic};

/// What the promises of the log rest on. Setting one of these would break a promise, so it is refused.
const OURS: [&str; 14] = [
    "acks",
    "allow.auto.create.topics",
    "auto.offset.reset",
    "bootstrap.servers",
    "client.id",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "message.timeout.ms",
    "partitioner",
    "request.required.acks",
];

/// Room that the broker's batch format takes around a record, generously.
const BATCH_OVERHEAD: usize = 64 * 1024;

/// The largest batch that every topic must take, however small its records: brokers apply their limit to what the producer puts
/// together, not to single records.
pub(super) const MAX_BATCH_BYTES: usize = BATCH_OVERHEAD + largest_record(Topic::EVERY);

const fn largest_record(topics: &[Topic]) -> usize {
    let (mut largest, mut index) = (0, 0);
    while index < topics.len() {
        let record = topics[index].spec().max_record_bytes;
        if record > largest {
            largest = record;
        }
        index += 1;
    }
    largest
}

/// Settings of the Kafka log.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// Where to find the cluster, as in `kafka-0:9092,kafka-1:9092`.
    pub brokers: String,
    /// How the brokers' logs call this process.
    #[serde(default = "client_id")]
    pub client_id: String,
    /// Stands before every topic and group, for clusters that are shared.
    #[serde(default)]
    pub prefix: String,
    /// Whether missing topics are made. Where others make them, they are only checked.
    #[serde(default = "yes")]
    pub create_topics: bool,
    /// Copies of each topic that is made. With three or more, two must have a record before it is acknowledged.
    #[serde(default = "three")]
    pub replication_factor: i32,
    /// No topic that is made gets more partitions than this, at least 1; `None`: as planned for all schools together. For small
    /// clusters.
    #[serde(default)]
    pub max_partitions: Option<i32>,
    /// Appends are refused as busy while more bytes than this are not yet acknowledged by the brokers.
    #[serde(default = "mebibytes_of_memory::<16>")]
    pub max_unacknowledged_bytes: usize,
    /// Seconds after which an append that the brokers do not acknowledge has failed, and a start that finds none of them.
    #[serde(default = "half_a_minute")]
    pub delivery_timeout_seconds: u64,
    /// Further settings of librdkafka: TLS, SASL, `linger.ms`, `compression.type` and the like. Passwords come from files.
    /// [`KafkaLog`](super::KafkaLog) says which of them make TLS and SCRAM.
    #[serde(default)]
    pub properties: BTreeMap<String, Secret>,
}

impl KafkaConfig {
    /// The defaults for a cluster.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            client_id: client_id(),
            prefix: String::new(),
            create_topics: true,
            replication_factor: three(),
            max_partitions: None,
            max_unacknowledged_bytes: mebibytes_of_memory::<16>(),
            delivery_timeout_seconds: half_a_minute(),
            properties: BTreeMap::new(),
        }
    }

    /// Refuses settings that would break a promise of the log, and such as cannot work.
    ///
    /// # Errors
    /// [`LogError::Unusable`] with the keys and what to do.
    pub fn validate(&self) -> Result<(), LogError> {
        let violation =
            self.sets_ours().or_else(|| self.leaves_no_partition()).or_else(|| security::violation(&self.properties, security::HAS_TLS));
        violation.map_or(Ok(()), |reason| Err(LogError::Unusable { reason }))
    }

    fn sets_ours(&self) -> Option<String> {
        let refused: Vec<_> = self.properties.keys().map(String::as_str).filter(|name| OURS.contains(name)).collect();
        (!refused.is_empty()).then(|| format!("events.kafka.properties may not set {}; remove it", refused.join(", ")))
    }

    fn leaves_no_partition(&self) -> Option<String> {
        let most = self.max_partitions.filter(|most| *most < 1)?;
        Some(format!("events.kafka.max_partitions is {most}, but a topic has at least one; say 1 or more, or leave it out"))
    }

    pub(super) fn names(&self) -> Names {
        Names::new(&self.prefix)
    }

    /// For administration, and what producers and consumers have in common.
    pub(super) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        self.complete(&mut client);
        client
    }

    /// Sets the properties over our defaults, and the cluster.
    fn complete(&self, client: &mut ClientConfig) {
        client.extend(self.properties.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())));
        client.set("bootstrap.servers", &self.brokers).set("client.id", &self.client_id);
    }

    pub(super) fn producer(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        // Payloads of telemetry, which are most of the bytes, come compressed if their sender cares, so the default is to leave
        // them be; `compression.type` among the properties changes that.
        client
            .set("compression.type", "none")
            .set("linger.ms", "5")
            // Admission by bytes is the bound; these two only must not come before it.
            .set("queue.buffering.max.messages", "1000000")
            .set("queue.buffering.max.kbytes", "1048576")
            .set("message.max.bytes", MAX_BATCH_BYTES.to_string());
        self.complete(&mut client);
        client
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("message.timeout.ms", (self.delivery_timeout_seconds * 1_000).to_string());
        client
    }

    pub(super) fn consumer(&self, group: &str) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            // Members keep what they need not give up when others come and go.
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "10000")
            // Bounds what is fetched ahead, and looks again soon when that bound was reached.
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.queue.backoff.ms", "50");
        self.complete(&mut client);
        client
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("allow.auto.create.topics", "false");
        client
    }

    /// Partitions of a topic that is made.
    pub(super) fn partitions(&self, topic: Topic) -> i32 {
        let planned = topic.spec().partitions;
        self.max_partitions.map_or(planned, |most| planned.min(most))
    }
}

impl fmt::Debug for KafkaConfig {
    /// Names the properties without their values, among which are passwords.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KafkaConfig")
            .field("brokers", &self.brokers)
            .field("client_id", &self.client_id)
            .field("prefix", &self.prefix)
            .field("create_topics", &self.create_topics)
            .field("replication_factor", &self.replication_factor)
            .field("max_partitions", &self.max_partitions)
            .field("max_unacknowledged_bytes", &self.max_unacknowledged_bytes)
            .field("delivery_timeout_seconds", &self.delivery_timeout_seconds)
            .field("properties", &self.properties.keys())
            .finish()
    }
}

fn client_id() -> String {
    "schildwacht".to_owned()
}

const fn yes() -> bool {
    true
}

const fn three() -> i32 {
    3
}

const fn half_a_minute() -> u64 {
    30
}

const fn mebibytes_of_memory<const N: usize>() -> usize {
    N * 1024 * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_brokers_are_needed() {
        let config: KafkaConfig = serde_json::from_str(r#"{"brokers": "kafka:9092"}"#).unwrap();
        assert_eq!(config, KafkaConfig::new("kafka:9092"));
    }

    #[test]
    fn settings_that_break_promises_are_refused() {
        let mut config = KafkaConfig::new("kafka:9092");
        config.properties.insert("acks".to_owned(), Secret::new("1"));
        let refused = config.validate().unwrap_err().to_string();
        assert!(refused.contains("acks"), "{refused}");
    }

    #[test]
    fn a_topic_without_partitions_is_refused() {
        for most in [0, -1, i32::MIN] {
            let config = KafkaConfig { max_partitions: Some(most), ..KafkaConfig::new("kafka:9092") };
            let refused = config.validate().unwrap_err().to_string();
            assert!(refused.contains("events.kafka.max_partitions") && refused.contains(&most.to_string()), "{refused}");
        }
        KafkaConfig { max_partitions: Some(1), ..KafkaConfig::new("kafka:9092") }.validate().unwrap();
    }

    #[test]
    fn tls_is_refused_at_once_where_it_was_not_built_in() {
        let mut config = KafkaConfig::new("kafka:9092");
        config.properties.insert("security.protocol".to_owned(), Secret::new("SASL_SSL"));
        let is_refused = config.validate().is_err_and(|refused| refused.to_string().contains("--features kafka-tls"));
        assert_eq!(is_refused, !cfg!(feature = "kafka-tls"));
    }

    #[test]
    fn every_topic_takes_a_batch_of_the_largest_record() {
        for topic in Topic::EVERY {
            assert!(MAX_BATCH_BYTES > topic.spec().max_record_bytes, "{topic}");
        }
    }

    #[test]
    fn other_settings_reach_the_client_over_our_defaults() {
        let mut config = KafkaConfig::new("kafka:9092");
        config.properties.insert("linger.ms".to_owned(), Secret::new("50"));
        config.validate().unwrap();
        assert_eq!(config.producer().get("linger.ms"), Some("50"));
        assert_eq!(config.producer().get("acks"), Some("all"));
    }

    #[test]
    fn passwords_may_stand_in_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hunter2\n").unwrap();
        let json = serde_json::json!({ "brokers": "kafka:9092", "properties": { "sasl.password": { "file": file.path() } } });
        let config: KafkaConfig = serde_json::from_value(json).unwrap();
        assert_eq!(config.producer().get("sasl.password"), Some("hunter2"));
    }

    #[test]
    fn passwords_are_not_shown() {
        let mut config = KafkaConfig::new("kafka:9092");
        config.properties.insert("sasl.password".to_owned(), Secret::new("hunter2"));
        let shown = format!("{config:?}");
        assert!(shown.contains("sasl.password") && !shown.contains("hunter2"), "{shown}");
    }
}
