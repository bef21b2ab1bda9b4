//! The tables' history. Each migration only adds; names are kept for ever.
//!
//! Each commits by itself, and what alters a table holds up its readers until then: rows are filled in by a migration of its own,
//! which says so in its name and does no harm when it runs twice.

mod m20261124_add_cases;
mod m20261124_add_thresholds;
mod m20261127_add_evidence_keys;
mod m20261127_add_near_targets;
mod m20261127_add_open_queue;
mod m20261127_add_phases_seen;
mod m20261127_fill_in_evidence_keys;
mod m20261127_fill_in_near_targets;
mod m20261127_fill_in_phases_seen;
mod m20261128_add_case_devices;
mod m20261128_fill_in_case_devices;

use storage::migrate::MigrationTrait;

/// All of our own, in order.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261124_add_cases::AddCases),
        Box::new(m20261124_add_thresholds::AddThresholds),
        Box::new(m20261127_add_phases_seen::AddPhasesSeen),
        Box::new(m20261127_fill_in_phases_seen::FillInPhasesSeen),
        Box::new(m20261127_add_near_targets::AddNearTargets),
        Box::new(m20261127_fill_in_near_targets::FillInNearTargets),
        Box::new(m20261127_add_evidence_keys::AddEvidenceKeys),
        Box::new(m20261127_fill_in_evidence_keys::FillInEvidenceKeys),
        Box::new(m20261127_add_open_queue::AddOpenQueue),
        Box::new(m20261128_add_case_devices::AddCaseDevices),
        Box::new(m20261128_fill_in_case_devices::FillInCaseDevices),
    ]
}
