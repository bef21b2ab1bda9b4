//! How the tables come to be. A migration that has been released is never changed.

mod m20261124_add_alerts;
mod m20261124_add_devices;

use storage::migrate::MigrationTrait;

/// All, in order.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(storage::audit::AddAuditTrail),
        Box::new(events::AddOutbox),
        Box::new(events::AddInbox),
        Box::new(m20261124_add_devices::AddDevices),
        Box::new(m20261124_add_alerts::AddAlerts),
    ]
}
