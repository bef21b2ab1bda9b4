//! The clock as a value, so that tests decide what "now" is.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time, in UTC.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System(SystemClock),
    /// A clock that stands still until it is moved.
    Manual(ManualClock),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self::System(SystemClock)
    }

    /// The present moment, truncated to microseconds, the precision of both stores.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::System(clock) => clock.now(),
            Self::Manual(clock) => clock.now(),
        };
        let beyond_microseconds = i64::from(now.timestamp_subsec_nanos() % 1_000);
        now - TimeDelta::nanoseconds(beyond_microseconds)
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands still until it is moved; its copies move together.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// Starts at a moment.
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(moment)))
    }

    /// Moves the clock, also backwards.
    pub fn advance(&self, by: TimeDelta) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += by;
    }

    /// Puts the clock at a moment.
    pub fn set(&self, moment: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = moment;
    }

    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self::Manual(clock)
    }
}
