//! What events stand under: the request, their resource and their scope.
//!
//! All of it is bounded, as readers of the log hold a resource in memory while they read its events, and every body that a
//! request is cut into repeats what its first events stand under. A list of empty resources or scopes is work and memory for
//! readers too, for two bytes each.

pub(super) use otlp::Level;

use super::{Limits, ScanError};

/// Measures without building anything.
pub(super) struct Surroundings {
    max_groups: usize,
    max_bytes: usize,
    groups: usize,
    /// Of the request, of the resource entered last and of the scope entered last.
    bytes: [usize; 3],
}

impl Surroundings {
    pub fn new(limits: &Limits) -> Self {
        Self { max_groups: limits.max_events, max_bytes: limits.max_surroundings_bytes(), groups: 0, bytes: [0; 3] }
    }

    /// A resource or a scope begins; so does what stands below it.
    #[inline]
    pub fn enter(&mut self, level: Level) -> Result<(), ScanError> {
        match level {
            Level::Request => return Ok(()),
            Level::ResourceLogs => self.bytes = [self.bytes[0], 0, 0],
            Level::ScopeLogs => self.bytes[2] = 0,
        }
        self.groups += 1;
        if self.groups > self.max_groups { Err(ScanError::TooManyGroups { limit: self.max_groups }) } else { Ok(()) }
    }

    /// A field that stands beside the list which leads on to the events.
    #[inline]
    pub fn hold(&mut self, level: Level, bytes: usize) -> Result<(), ScanError> {
        self.bytes[level as usize] += bytes;
        let together: usize = self.bytes.iter().sum();
        if together > self.max_bytes { Err(ScanError::SurroundingsTooLarge { limit: self.max_bytes }) } else { Ok(()) }
    }
}
