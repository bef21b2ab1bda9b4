//! Use cases, a file for each aggregate: authorize, load, decide, record. A long one has a file of its own.

mod alert;
mod device;
mod erase_person;
mod gateway_contact;
mod history;
mod metrics;
mod record_batch;
mod suppression;
mod tell_growth;

use std::sync::Arc;

use service::Periods;
use storage::{Database, audit::OnRecord};

pub use alert::{ListAlerts, get_alert, list_alerts};
pub use device::{DeviceFilter, DeviceOrder, DeviceSummary, ListDevices, ShownDevice, get_device, list_devices, summarize_devices};
pub use erase_person::erase_person;
pub use gateway_contact::{MOST_GATEWAYS, list_gateway_contacts};
pub use metrics::{Metrics, Outcome, Tally};
pub use record_batch::{Gathered, record_batch};
pub use suppression::{CreateSuppression, ListSuppressions, create_suppression, delete_suppression, list_suppressions};
pub use tell_growth::tell_growth;

use crate::config::Bounds;

/// What use cases work with.
#[derive(Debug, Clone)]
pub struct App {
    database: Database,
    periods: Arc<Periods>,
    /// What one school may make it keep.
    pub bounds: Bounds,
    metrics: Arc<Metrics>,
    on_record: OnRecord,
}

impl App {
    /// Over this database.
    pub fn new(database: Database, periods: Arc<Periods>, bounds: Bounds) -> Self {
        Self { database, periods, bounds, metrics: Arc::new(Metrics::new()), on_record: OnRecord::default() }
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
