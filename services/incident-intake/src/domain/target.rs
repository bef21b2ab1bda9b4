//! When the team wants to have acted on a case, by its severity.

use chrono::{DateTime, TimeDelta, Utc};

use super::severity::Severity;

/// How fast the team wants to act on a case of one severity. Clock time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetTimes {
    /// Until somebody takes the case.
    pub react_within: TimeDelta,
    /// Until it is solved.
    pub resolve_within: TimeDelta,
}

/// Target times of every severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetTable {
    /// Of low cases.
    pub low: TargetTimes,
    /// Of medium cases.
    pub medium: TargetTimes,
    /// Of high cases.
    pub high: TargetTimes,
    /// Of very high cases.
    pub very_high: TargetTimes,
}

/// When the team wants to have acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Somebody has taken the case by then.
    pub react_by: DateTime<Utc>,
    /// From when on that is near.
    pub react_soon: DateTime<Utc>,
    /// It is solved by then.
    pub resolve_by: DateTime<Utc>,
    /// From when on that is near.
    pub resolve_soon: DateTime<Utc>,
}

/// From when on a target is near, so that there is still time to act: when half of a short one is left, a day of a longer one,
/// and never less than a quarter. Of 30 minutes that is 15, of 4 hours 2, of 24 hours 12, of 3 days 1 day, of 10 days 2½.
///
/// Half, because the person who reacts must first finish what they do; a day, because then people at the school are at work before the
/// time is up; a quarter, because long work is not done in a day.
pub fn near_from(begin: DateTime<Utc>, by: DateTime<Utc>) -> DateTime<Utc> {
    let allowed = (by - begin).max(TimeDelta::zero());
    by - (allowed / 4).max((allowed / 2).min(TimeDelta::days(1)))
}

impl Targets {
    /// The earlier of each.
    #[must_use]
    pub fn tightened(self, other: Self) -> Self {
        Self {
            react_by: self.react_by.min(other.react_by),
            react_soon: self.react_soon.min(other.react_soon),
            resolve_by: self.resolve_by.min(other.resolve_by),
            resolve_soon: self.resolve_soon.min(other.resolve_soon),
        }
    }
}

impl TargetTable {
    /// Target times of a severity.
    pub fn of(&self, severity: Severity) -> TargetTimes {
        match severity {
            Severity::Low => self.low,
            Severity::Medium => self.medium,
            Severity::High => self.high,
            Severity::VeryHigh => self.very_high,
        }
    }

    /// Targets of a case that becomes this severe at a moment.
    pub fn from(&self, moment: DateTime<Utc>, severity: Severity) -> Targets {
        let times = self.of(severity);
        let (react_by, resolve_by) = (moment + times.react_within, moment + times.resolve_within);
        Targets { react_by, react_soon: near_from(moment, react_by), resolve_by, resolve_soon: near_from(moment, resolve_by) }
    }
}
