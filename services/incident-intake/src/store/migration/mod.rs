//! The tables' history. Each migration only adds; names are kept for ever.

mod m20261124_add_cases;
mod m20261124_add_thresholds;

use storage::migrate::MigrationTrait;

/// All of our own, in order.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m20261124_add_cases::AddCases), Box::new(m20261124_add_thresholds::AddThresholds)]
}
