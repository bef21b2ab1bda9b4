//! Settings of the embedded log.

use std::path::PathBuf;

use serde::Deserialize;

use crate::log::LogError;

/// Settings of the embedded log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedConfig {
    /// Where the log lives. Created when missing; used by one process at a time.
    pub folder: PathBuf,
    /// A segment file ends soon after it passes this size in bytes. Only whole files are dropped and compacted.
    #[serde(default = "mebibytes::<64>")]
    pub segment_bytes: u64,
    /// Appends are refused as busy while more bytes than this are not yet on disk.
    #[serde(default = "mebibytes_of_memory::<64>")]
    pub max_unacknowledged_bytes: usize,
    /// Seconds between two passes that drop and compact files.
    #[serde(default = "seconds::<60>")]
    pub maintenance_interval_seconds: u64,
    /// A compacted topic may hold superseded records for about this many seconds.
    #[serde(default = "seconds::<3600>")]
    pub compaction_delay_seconds: u64,
    /// A tombstone is kept this many seconds, so that readers that were stopped learn of it.
    #[serde(default = "seconds::<86_400>")]
    pub tombstone_retention_seconds: u64,
    /// What a consumer group has not read is kept until nothing was seen of it for this many hours. As long as Kafka's brokers remember a
    /// group without members (`offsets.retention.minutes`): a service that is stopped for a few days misses nothing, and a group that a
    /// renamed service left behind does not fill the disk for ever.
    #[serde(default = "week_of_hours")]
    pub group_expiry_hours: u64,
    /// From this share of a topic's size on, in percent, unread records are warned about; at 100 appends are refused.
    #[serde(default = "four_fifths")]
    pub full_warning_percent: u8,
    /// No partition of a topic with retention keeps more bytes than this; `None`: as the table of topics says. For small disks.
    #[serde(default)]
    pub max_partition_bytes: Option<u64>,
}

impl EmbeddedConfig {
    /// The defaults for a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            segment_bytes: mebibytes::<64>(),
            max_unacknowledged_bytes: mebibytes_of_memory::<64>(),
            maintenance_interval_seconds: 60,
            compaction_delay_seconds: 3600,
            tombstone_retention_seconds: 86_400,
            group_expiry_hours: week_of_hours(),
            full_warning_percent: four_fifths(),
            max_partition_bytes: None,
        }
    }

    /// Refuses what cannot work.
    ///
    /// # Errors
    /// [`LogError::Unusable`] with the key and what to do.
    pub fn validate(&self) -> Result<(), LogError> {
        let refuse = |reason: String| Err(LogError::Unusable { reason: format!("events.embedded.{reason}") });
        if self.group_expiry_hours == 0 {
            return refuse(
                "group_expiry_hours must be at least 1: what a group has not read would be dropped as soon as it leaves".to_owned(),
            );
        }
        if !(1..=99).contains(&self.full_warning_percent) {
            return refuse("full_warning_percent must be 1 to 99: at 100 appends are refused".to_owned());
        }
        let least = self.segment_bytes.saturating_mul(2);
        if self.max_partition_bytes.is_some_and(|bytes| bytes < least) {
            return refuse(format!("max_partition_bytes must be at least {least}, two segments: only whole segments are dropped"));
        }
        Ok(())
    }
}

const fn mebibytes<const N: u64>() -> u64 {
    N * 1024 * 1024
}

const fn mebibytes_of_memory<const N: usize>() -> usize {
    N * 1024 * 1024
}

const fn seconds<const N: u64>() -> u64 {
    N
}

const fn week_of_hours() -> u64 {
    7 * 24
}

const fn four_fifths() -> u8 {
    80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folder_is_needed() {
        let config: EmbeddedConfig = serde_json::from_str(r#"{"folder": "var/log"}"#).unwrap();
        assert_eq!(config, EmbeddedConfig::new("var/log"));
    }

    #[test]
    fn what_cannot_work_is_refused_by_its_key() {
        let usable = EmbeddedConfig::new("var/log");
        usable.validate().unwrap();
        let complaint = |config: EmbeddedConfig| config.validate().unwrap_err().to_string();
        assert!(complaint(EmbeddedConfig { group_expiry_hours: 0, ..usable.clone() }).contains("events.embedded.group_expiry_hours"));
        for percent in [0, 100] {
            assert!(complaint(EmbeddedConfig { full_warning_percent: percent, ..usable.clone() }).contains("full_warning_percent"));
        }
        let least = 2 * usable.segment_bytes;
        EmbeddedConfig { max_partition_bytes: Some(least), ..usable.clone() }.validate().unwrap();
        assert!(complaint(EmbeddedConfig { max_partition_bytes: Some(least - 1), ..usable }).contains(&least.to_string()));
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(serde_json::from_str::<EmbeddedConfig>(r#"{"folder": "var/log", "segment_size": 1}"#).is_err());
    }
}
