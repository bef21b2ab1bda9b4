//! How the tables come to be. A migration that has been released is never changed.

mod m20261124_add_gateways;
mod m20261124_add_organisations;

use storage::migrate::MigrationTrait;

/// Identity's own, in order.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m20261124_add_organisations::AddOrganisations), Box::new(m20261124_add_gateways::AddGateways)]
}
