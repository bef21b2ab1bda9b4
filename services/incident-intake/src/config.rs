//! `[incident_intake]` of the configuration.

use runtime::config::ConfigError;
use serde::Deserialize;
use storage::DatabaseConfig;

/// `[incident_intake]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where cases are kept.
    pub database: DatabaseConfig,
    /// Events processed in one transaction, at most.
    pub max_batch: usize,
    /// Cases that may open at one school within an hour; what more would open belongs to one case, "flood".
    pub new_cases_per_hour: u32,
    /// How often the queue is measured for operators.
    pub measure_every_seconds: u64,
    /// How often what no longer matters is forgotten.
    pub prune_every_seconds: u64,
}

impl Config {
    /// Refuses what cannot work.
    ///
    /// # Errors
    /// When the database is not one we know, or a number is out of its bounds.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.database.validate("incident_intake.database")?;
        if !(1..=1_000).contains(&self.max_batch) {
            return Err(ConfigError::at("incident_intake.max_batch", "give 1 to 1000"));
        }
        if self.new_cases_per_hour == 0 {
            return Err(ConfigError::at("incident_intake.new_cases_per_hour", "give 1 or more"));
        }
        if self.measure_every_seconds == 0 {
            return Err(ConfigError::at("incident_intake.measure_every_seconds", "give 1 or more"));
        }
        if self.prune_every_seconds == 0 {
            return Err(ConfigError::at("incident_intake.prune_every_seconds", "give 1 or more"));
        }
        Ok(())
    }
}
