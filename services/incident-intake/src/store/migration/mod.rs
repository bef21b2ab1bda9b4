//! The tables' history. Each migration only adds; names are kept for ever.

mod m20261124_add_cases;
mod m20261124_add_thresholds;
mod m20261127_add_evidence_keys;
mod m20261127_add_near_targets;
mod m20261127_add_phases_seen;

use storage::migrate::MigrationTrait;

/// All of our own, in order.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261124_add_cases::AddCases),
        Box::new(m20261124_add_thresholds::AddThresholds),
        Box::new(m20261127_add_phases_seen::AddPhasesSeen),
        Box::new(m20261127_add_near_targets::AddNearTargets),
        Box::new(m20261127_add_evidence_keys::AddEvidenceKeys),
    ]
}
