//! Use cases, one a file: authorize, load, decide, record.

mod align_gateway_clients;
mod create_contact;
mod delete_contact;
mod enrol_gateway;
mod get_contact;
mod get_gateway;
mod get_school;
mod import_organisations;
mod list_contacts;
mod list_gateways;
mod list_schools;
mod metrics;
mod record_contact;
mod record_gateway;
mod revoke_gateway;
mod rotate_gateway_secret;
mod update_contact;

use std::sync::Arc;

use runtime::Result;
use storage::Database;
use tokio::sync::{Notify, Semaphore};

pub use align_gateway_clients::{Aligned, align_gateway_clients};
pub use create_contact::{CreateContact, create_contact};
pub use delete_contact::{DeleteContact, delete_contact};
pub use enrol_gateway::{EnrolGateway, enrol_gateway};
pub use get_contact::get_contact;
pub use get_gateway::get_gateway;
pub use get_school::get_school;
pub use import_organisations::{Import, ImportReport, Outcome, Progress};
pub use list_contacts::{ListContacts, list_contacts};
pub use list_gateways::{ListGateways, list_gateways};
pub use list_schools::{ListSchools, list_schools};
pub use revoke_gateway::{RevokeGateway, revoke_gateway};
pub use rotate_gateway_secret::{RotateGatewaySecret, rotate_gateway_secret};
pub use update_contact::{UpdateContact, update_contact};

use crate::keycloak::{Keycloak, KeycloakError};
use metrics::Metrics;

/// What use cases work with.
#[derive(Debug, Clone)]
pub struct App {
    database: Database,
    metrics: Arc<Metrics>,
    /// Where gateways are clients; `None` with the development issuer, which looks into our table.
    keycloak: Option<Arc<Keycloak>>,
    /// Rung when Keycloak did not hear of a change.
    out_of_step: Arc<Notify>,
    /// An import holds a whole file in memory, and all schools while it compares.
    one_import: Arc<Semaphore>,
}

impl App {
    /// Over this database, with Keycloak where that is the issuer.
    pub fn new(database: Database, keycloak: Option<Arc<Keycloak>>) -> Self {
        let metrics = Arc::new(Metrics::new());
        Self { database, metrics, keycloak, out_of_step: Arc::default(), one_import: Arc::new(Semaphore::new(1)) }
    }

    /// Waits until Keycloak was not told of a change that is kept.
    pub async fn is_out_of_step(&self) {
        self.out_of_step.notified().await;
    }

    /// Told after a commit, so it can no longer fail: what Keycloak did not hear now, it hears soon.
    fn told_later(&self, told: Result<(), KeycloakError>) {
        if let Err(error) = told {
            tracing::warn!(name: "gateway.client_out_of_step", error = %runtime::error::chain(&error), "keycloak not told, will retry");
            self.out_of_step.notify_one();
        }
    }
}
