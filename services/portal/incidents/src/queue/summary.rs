//! The figures at the head of the queue.

use chrono::TimeDelta;
use proto::incident_intake::v1 as wire;

/// How the queue stands, within what the visitor may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueSummary {
    pub(crate) open: i64,
    pub(crate) opened_today: i64,
    pub(crate) unassigned: i64,
    pub(crate) unassigned_late: i64,
    pub(crate) mine: i64,
    pub(crate) late: i64,
    pub(crate) median_reaction: Option<TimeDelta>,
    pub(crate) median_resolution: Option<TimeDelta>,
}

impl From<wire::QueueSummary> for QueueSummary {
    fn from(summary: wire::QueueSummary) -> Self {
        let median = |seconds: i64| (seconds > 0).then(|| TimeDelta::try_seconds(seconds)).flatten();
        Self {
            open: summary.open,
            opened_today: summary.opened_today,
            unassigned: summary.unassigned,
            unassigned_late: summary.unassigned_late,
            mine: summary.mine,
            late: summary.late,
            median_reaction: median(summary.median_reaction_seconds),
            median_resolution: median(summary.median_resolution_seconds),
        }
    }
}
