//! Settings of the embedded log.

use std::path::PathBuf;

use serde::Deserialize;

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
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folder_is_needed() {
        let config: EmbeddedConfig = serde_json::from_str(r#"{"folder": "var/log"}"#).unwrap();
        assert_eq!(config, EmbeddedConfig::new("var/log"));
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(serde_json::from_str::<EmbeddedConfig>(r#"{"folder": "var/log", "segment_size": 1}"#).is_err());
    }
}
