//! Opens the event log that the configuration names.

use std::path::Path;

use events::{ConsumerConfig, EmbeddedConfig, EmbeddedLog, KafkaConfig, KafkaLog, LogError, SharedLog, Topic};
use runtime::config::ConfigError;
use serde::Deserialize;

/// `[events]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsConfig {
    /// Embedded or Kafka.
    pub log: LogKind,
    /// How services consume.
    pub consumer: ConsumerConfig,
    /// Settings of the embedded log.
    pub embedded: EmbeddedSettings,
    /// Settings of Kafka.
    pub kafka: KafkaConfig,
}

/// The two event logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// Segment files in the data folder.
    Embedded,
    /// Apache Kafka.
    Kafka,
}

/// The embedded log; its folder is in the data folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedSettings {
    /// A segment file ends soon after it passes this size in bytes.
    pub segment_bytes: u64,
    /// Appends are refused as busy while more bytes than this are not yet on disk.
    pub max_unacknowledged_bytes: usize,
    /// What a consumer group has not read is kept until nothing was seen of it for this long.
    pub group_expiry_hours: u64,
    /// Unread records are warned about from this share of a topic's size on.
    pub full_warning_percent: u8,
    /// Bytes that a partition keeps at most; unset: as the table of topics says.
    pub max_partition_bytes: Option<u64>,
}

impl EventsConfig {
    /// Refuses what cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.log == LogKind::Kafka && self.kafka.brokers.is_empty() {
            return Err(ConfigError::at("events.kafka.brokers", "name the brokers, as in kafka-0:9092,kafka-1:9092"));
        }
        self.consumer.validate().map_err(|(key, advice)| ConfigError::at(&format!("events.consumer.{key}"), advice))?;
        self.kafka.validate().map_err(|error| ConfigError::at("events.kafka", error))
    }

    /// The log in an error text: the key to check, and its value.
    pub fn named(&self) -> String {
        match self.log {
            LogKind::Embedded => "the event log in data_dir cannot be opened".to_owned(),
            LogKind::Kafka => format!("events.kafka.brokers: Kafka at {} cannot be used", self.kafka.brokers),
        }
    }

    /// Kafka, for commands that only read: no topic is made.
    pub fn connect(&self) -> Result<SharedLog, LogError> {
        Ok(KafkaLog::open(self.kafka.clone())?)
    }

    /// Opens the log and creates missing topics.
    pub async fn open(&self, data_dir: &Path) -> Result<SharedLog, LogError> {
        let log: SharedLog = match self.log {
            LogKind::Embedded => {
                let mut config = EmbeddedConfig::new(data_dir.join("log"));
                config.segment_bytes = self.embedded.segment_bytes;
                config.max_unacknowledged_bytes = self.embedded.max_unacknowledged_bytes;
                config.group_expiry_hours = self.embedded.group_expiry_hours;
                config.full_warning_percent = self.embedded.full_warning_percent;
                config.max_partition_bytes = self.embedded.max_partition_bytes;
                EmbeddedLog::open(config)?
            }
            LogKind::Kafka => KafkaLog::open(self.kafka.clone())?,
        };
        log.ensure_topics(&Topic::all()).await?;
        Ok(log)
    }
}
