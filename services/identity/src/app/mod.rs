//! Use cases, one a file: authorize, load, decide, record.

mod enrol_gateway;
mod get_gateway;
mod get_school;
mod import_organisations;
mod list_gateways;
mod list_schools;
mod metrics;
mod record_gateway;
mod revoke_gateway;
mod rotate_gateway_secret;

use std::sync::Arc;

use runtime::{Error, Result};
use storage::Database;
use tokio::sync::Semaphore;

pub use enrol_gateway::{EnrolGateway, enrol_gateway};
pub use get_gateway::get_gateway;
pub use get_school::get_school;
pub use import_organisations::{Import, ImportReport, Outcome, Progress};
pub use list_gateways::{ListGateways, list_gateways};
pub use list_schools::{ListSchools, list_schools};
pub use revoke_gateway::{RevokeGateway, revoke_gateway};
pub use rotate_gateway_secret::{RotateGatewaySecret, rotate_gateway_secret};

use crate::domain::Gateway;
use metrics::Metrics;

/// What use cases work with.
#[derive(Debug, Clone)]
pub struct App {
    database: Database,
    metrics: Arc<Metrics>,
    /// An import holds a whole file in memory, and all schools while it compares.
    one_import: Arc<Semaphore>,
}

impl App {
    /// Over this database.
    pub fn new(database: Database) -> Self {
        Self { database, metrics: Arc::new(Metrics::new()), one_import: Arc::new(Semaphore::new(1)) }
    }
}

/// Refuses a change by somebody who saw another version; an empty etag asks for no such care.
fn require_etag(seen: &str, gateway: &Gateway) -> Result<()> {
    if seen.is_empty() || seen == gateway.etag() {
        return Ok(());
    }
    Err(Error::conflict("etag_changed", "the gateway was changed meanwhile; read it again, then decide again"))
}
