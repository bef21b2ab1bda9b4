//! How the tables come to be. A migration that has been released is never changed.

mod m20261124_add_alerts;
mod m20261124_add_devices;
mod m20261128_add_gateway_contacts;
mod m20261128_fill_in_gateway_contacts;

use storage::migrate::MigrationTrait;

/// Network-monitor's own, in order.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261124_add_devices::AddDevices),
        Box::new(m20261124_add_alerts::AddAlerts),
        Box::new(m20261128_add_gateway_contacts::AddGatewayContacts),
        Box::new(m20261128_fill_in_gateway_contacts::FillInGatewayContacts),
    ]
}
