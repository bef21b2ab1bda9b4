//! Use cases, one a file: authorize, load, decide, record.

mod create_suppression;
mod delete_suppression;
mod forget;
mod get_alert;
mod get_device;
mod list_alerts;
mod list_devices;
mod list_gateway_contacts;
mod list_suppressions;
mod metrics;
mod record_batch;
mod record_suppression;
mod show_devices;
mod summarize_devices;

use std::sync::Arc;

use storage::Database;

pub use create_suppression::{CreateSuppression, create_suppression};
pub use delete_suppression::delete_suppression;
pub use forget::forget;
pub use get_alert::get_alert;
pub use get_device::get_device;
pub use list_alerts::{ListAlerts, list_alerts};
pub use list_devices::{DeviceFilter, DeviceOrder, ListDevices, list_devices};
pub use list_gateway_contacts::{MOST_GATEWAYS, list_gateway_contacts};
pub use list_suppressions::list_suppressions;
pub use metrics::{Metrics, Outcome, Tally};
pub use record_batch::{Gathered, record_batch};
pub use show_devices::ShownDevice;
pub use summarize_devices::{DeviceSummary, summarize_devices};

use crate::config::Keep;

/// What use cases work with.
#[derive(Debug, Clone)]
pub struct App {
    database: Database,
    keep: Keep,
    metrics: Arc<Metrics>,
}

impl App {
    /// Over this database.
    pub fn new(database: Database, keep: Keep) -> Self {
        Self { database, keep, metrics: Arc::new(Metrics::new()) }
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
