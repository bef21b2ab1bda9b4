//! What people ask of the queue, and what it says at its head.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Europe::Brussels;
use runtime::{CaseId, PersonId, SchoolId};
use serde::Serialize;

use super::{phase::Phase, severity::Severity};

/// In which order. Its number is the one on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, strum::FromRepr)]
#[serde(rename_all = "snake_case")]
#[repr(i32)]
pub enum CaseOrder {
    /// What is late, then what is near, then the rest, as clocks are shown; among those the nearest target first; closed cases last.
    #[default]
    Target = 1,
    /// The most severe first.
    Severity,
    /// The newest first.
    OpenTime,
    /// The latest changed first.
    UpdateTime,
    /// By name of the school.
    School,
    /// By number.
    Reference,
    /// From open to closed.
    Phase,
    /// By name of who has it; what nobody has comes first.
    Assignee,
}

/// Whose cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignment {
    /// Assigned to anybody, or to nobody.
    #[default]
    Anybody,
    /// Those that nobody has.
    Nobody,
    /// One person's.
    Person(PersonId),
}

/// Which cases.
#[derive(Debug, Clone, Default, Serialize)]
pub struct QueueFilter {
    /// Part of a title, number, school or signature; empty: any.
    pub text: String,
    /// At least this severe.
    pub min_severity: Option<Severity>,
    /// In these phases, `None` among them for closed; empty: all that are not closed.
    pub phases: Vec<Option<Phase>>,
    pub assignment: Assignment,
    pub school: Option<SchoolId>,
    /// Opened after this moment.
    pub opened_after: Option<DateTime<Utc>>,
    /// Only these; empty: any.
    pub cases: Vec<CaseId>,
}

/// Figures at the head of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueSummary {
    /// Not closed.
    pub open: i64,
    /// Opened since midnight in Brussels, closed or not.
    pub opened_today: i64,
    /// Open, and nobody has it.
    pub unassigned: i64,
    /// Of those, past their target.
    pub unassigned_late: i64,
    /// Open, and the caller has it.
    pub mine: i64,
    /// Open, and past the next target.
    pub late: i64,
    /// From opening to the first reaction, over the last 7 days.
    pub median_reaction: Option<TimeDelta>,
    /// From opening to closing, over the last 7 days.
    pub median_resolution: Option<TimeDelta>,
}

/// The last midnight in Brussels.
pub fn start_of_day(moment: DateTime<Utc>) -> DateTime<Utc> {
    let midnight = moment.with_timezone(&Brussels).date_naive().and_time(NaiveTime::MIN);
    // Clocks change at 2 or 3 at night, so midnight is there, and once.
    midnight.and_local_timezone(Brussels).earliest().map_or(moment, |local| local.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_brussels_in_summer_and_winter() {
        let day = |text: &str| start_of_day(text.parse().unwrap()).to_rfc3339();
        assert_eq!(day("2026-07-01T21:59:59Z"), "2026-06-30T22:00:00+00:00");
        assert_eq!(day("2026-07-01T22:00:00Z"), "2026-07-01T22:00:00+00:00");
        assert_eq!(day("2026-12-31T23:30:00Z"), "2026-12-31T23:00:00+00:00");
        assert_eq!(day("2026-10-25T12:00:00Z"), "2026-10-24T22:00:00+00:00");
    }
}
