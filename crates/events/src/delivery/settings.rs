//! How records are consumed: the same for every consumer of a process.

use std::time::Duration;

use serde::Deserialize;

/// In less an ordinary record may not be done on a busy machine.
const LEAST_TIMEOUT: Duration = Duration::from_secs(2);

/// `[events.consumer]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumerConfig {
    /// Partitions that a service processes side by side: members of its group in this process.
    pub partitions: usize,
    /// How long the processing of one record may take, without the wait for a connection.
    pub record_timeout_seconds: u64,
    /// How often a record may run out of its time, or be under way alone when the process dies, before it is quarantined.
    pub quarantine_after: u32,
    /// Dead letters kept of one school and topic; the oldest give way.
    pub letters_per_school: u64,
    /// Their bytes.
    pub letter_bytes_per_school: u64,
}

impl Default for ConsumerConfig {
    /// As in `default.toml`.
    fn default() -> Self {
        Self {
            partitions: 4,
            record_timeout_seconds: 30,
            quarantine_after: 2,
            letters_per_school: 1_000,
            letter_bytes_per_school: 64 * 1024 * 1024,
        }
    }
}

impl ConsumerConfig {
    /// Which key cannot work, and what to give.
    ///
    /// # Errors
    /// The key, without its section, and the advice.
    pub fn validate(&self) -> Result<(), (&'static str, &'static str)> {
        if !(1..=64).contains(&self.partitions) {
            return Err(("partitions", "give 1 to 64: each is a member of the consumer group, with its own connection to the database"));
        }
        if self.record_timeout_seconds == 0 {
            return Err(("record_timeout_seconds", "give 1 or more: every record would be quarantined"));
        }
        if self.quarantine_after == 0 {
            return Err(("quarantine_after", "give 1 or more: a record needs one try"));
        }
        if self.letters_per_school == 0 || self.letter_bytes_per_school == 0 {
            return Err(("letters_per_school", "give 1 or more, and letter_bytes_per_school too: what is refused would be lost at once"));
        }
        Ok(())
    }

    /// The same for the only try of a record of a school of which another was quarantined.
    pub(super) fn suspect_timeout(&self) -> Duration {
        let tenth = Duration::from_secs(self.record_timeout_seconds) / 10;
        tenth.max(LEAST_TIMEOUT).min(self.record_timeout())
    }

    pub(super) const fn record_timeout(&self) -> Duration {
        Duration::from_secs(self.record_timeout_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspect_has_a_tenth_of_the_time_and_no_less_than_a_busy_machine_needs() {
        let timeout = |seconds| ConsumerConfig { record_timeout_seconds: seconds, ..Default::default() }.suspect_timeout().as_secs();
        assert_eq!([1, 5, 30, 300].map(timeout), [1, 2, 3, 30]);
    }
}
