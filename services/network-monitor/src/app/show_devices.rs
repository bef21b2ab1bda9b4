//! Adds to devices what pages show beside them: their use of the week and their open alerts.

use std::collections::HashMap;

use auth::{Context, Scope};
use chrono::NaiveDate;
use runtime::{DeviceId, Result, SchoolId};

use super::App;
use crate::{
    domain::{alert, device::Device, usage},
    store,
};

/// Days shown.
pub const DAYS: u64 = 7;

/// A device as pages show it.
#[derive(Debug, Clone)]
pub struct ShownDevice {
    /// The device.
    pub device: Device,
    /// Quarter-hours of use on each of the last seven Brussels days, the oldest first.
    pub week: Vec<i32>,
    /// Open alerts in which it takes part.
    pub open_alerts: i64,
}

/// In the order given.
pub async fn show_devices(app: &App, cx: &Context, scope: &Scope<SchoolId>, devices: Vec<Device>) -> Result<Vec<ShownDevice>> {
    let now = cx.clock.now();
    let days: Vec<NaiveDate> = usage::days_until(usage::day_of(now), DAYS).collect();
    let ids: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
    let reader = app.database.reader();
    let mut weeks = match days.first() {
        Some(first) => store::device_list::week_of(reader, &ids, *first).await?,
        None => HashMap::new(),
    };
    let open_alerts = store::device_list::open_alerts_of(reader, scope, &ids, now - alert::OPEN_FOR).await?;
    let shown = devices.into_iter().map(|device| {
        let used: HashMap<NaiveDate, i32> = weeks.remove(&device.id).unwrap_or_default().into_iter().collect();
        let week = days.iter().map(|day| used.get(day).copied().unwrap_or_default()).collect();
        let open_alerts = open_alerts.get(&device.id).copied().unwrap_or_default();
        ShownDevice { device, week, open_alerts }
    });
    Ok(shown.collect())
}
