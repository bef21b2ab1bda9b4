//! `[network_monitor]` of the configuration.

use runtime::config::ConfigError;
use serde::Deserialize;
use storage::DatabaseConfig;

/// `[network_monitor]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where devices, alerts and suppressions are kept.
    pub database: DatabaseConfig,
    /// Largest batch after decompression, in bytes; not less than telemetry-ingest accepts.
    pub max_decoded_bytes: usize,
    /// Batches processed in one transaction, at most.
    pub max_batches: usize,
    /// A transaction ends after the batch that passes this many events.
    pub max_events: usize,
    /// What one school may make it keep.
    pub bounds: Bounds,
}

/// `[network_monitor.bounds]`: what one school may make it keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Devices kept.
    pub devices: u32,
    /// Devices that may appear in an hour.
    pub new_devices_per_hour: u32,
    /// Alerts that may open in an hour; what more would open is counted in one alert, "flood".
    pub new_alerts_per_hour: u32,
}

impl Config {
    /// Refuses what cannot work.
    ///
    /// # Errors
    /// Names the key and what to do.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.database.validate("network_monitor.database")?;
        let at_least = |key: &str, value: u64, least: u64, why: &str| {
            if value >= least {
                return Ok(());
            }
            Err(ConfigError::at(&format!("network_monitor.{key}"), format!("give {least} or more: {why}")))
        };
        at_least("max_decoded_bytes", self.max_decoded_bytes as u64, 1 << 20, "a batch may hold one large event")?;
        if !(1..=1_000).contains(&self.max_batches) {
            return Err(ConfigError::at(
                "network_monitor.max_batches",
                "give 1 to 1000: each is a row of the inbox, written in one statement",
            ));
        }
        at_least("max_events", self.max_events as u64, 1, "nothing would be processed")?;
        at_least("bounds.devices", self.bounds.devices.into(), 100, "a small school has as many")?;
        at_least(
            "bounds.new_devices_per_hour",
            self.bounds.new_devices_per_hour.into(),
            100,
            "the first hour of a school brings all of them",
        )?;
        at_least("bounds.new_alerts_per_hour", self.bounds.new_alerts_per_hour.into(), 10, "real alerts would be counted as a flood")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usable() -> Config {
        Config {
            database: DatabaseConfig::sqlite(std::path::Path::new("monitor.db")),
            max_decoded_bytes: 32 << 20,
            max_batches: 200,
            max_events: 10_000,
            bounds: Bounds { devices: 20_000, new_devices_per_hour: 5_000, new_alerts_per_hour: 500 },
        }
    }

    #[test]
    fn what_cannot_work_is_refused_by_key() {
        usable().validate().unwrap();
        let mut config = usable();
        for max_batches in [0, 1_001] {
            config.max_batches = max_batches;
            assert!(config.validate().unwrap_err().to_string().contains("network_monitor.max_batches: give 1 to 1000"));
        }
        let mut config = usable();
        config.bounds.devices = 7;
        assert!(config.validate().unwrap_err().to_string().contains("network_monitor.bounds.devices: give 100 or more"));
    }
}
