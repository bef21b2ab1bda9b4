//! What a process gives to each service it mounts, and the error of a service that cannot start.

use std::fmt;

use crate::{Clock, Health, Ids, Tasks};

/// Given to every service at its start.
#[derive(Clone)]
pub struct Process {
    /// Replaced in tests.
    pub clock: Clock,
    /// UUIDv7; counted in tests.
    pub ids: Ids,
    /// Owner of background tasks.
    pub tasks: Tasks,
    /// Where a service adds its readiness probes.
    pub health: Health,
}

impl Process {
    /// A process with this clock and nothing running yet.
    pub fn new(clock: Clock) -> Self {
        let tasks = Tasks::new();
        let health = Health::new(tasks.shutdown());
        Self { ids: Ids::random(clock.clone()), clock, tasks, health }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Process").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// Why a service cannot start: one line that says what to do, and the cause for the log.
#[derive(Debug, thiserror::Error)]
#[error("{service} cannot start: {problem}")]
pub struct StartError {
    service: &'static str,
    problem: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StartError {
    /// A problem in words, without a further cause.
    pub fn new(service: &'static str, problem: impl fmt::Display) -> Self {
        Self { service, problem: problem.to_string(), source: None }
    }

    /// A problem in words, with its cause.
    pub fn because(service: &'static str, problem: impl fmt::Display, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { service, problem: problem.to_string(), source: Some(source.into()) }
    }
}
