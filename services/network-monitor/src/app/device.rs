//! Use cases of devices: one, a school's, and the figures above them.

use std::collections::HashMap;

use auth::{Action, Context, Scope};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use runtime::{DeviceId, Error, Result, SchoolId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging, Reader};

use super::App;
use crate::{
    domain::{alert, device::Device, usage},
    store::{
        self,
        device_list::{Listing, Sorting, Which},
    },
};

/// `NotFound` also when the caller may not see it.
pub async fn get_device(app: &App, cx: &Context, school: SchoolId, id: DeviceId) -> Result<ShownDevice> {
    cx.require(Action::DeviceRead, school)?;
    let scope = cx.scope(Action::DeviceRead)?;
    let reader = app.database.reader_within(&scope).await?;
    let device = store::device::find(&reader, &scope, school, id).await?;
    let shown = show_devices(&reader, cx, &scope, device.into_iter().collect()).await?;
    shown.into_iter().next().ok_or_else(|| Error::not_found("device"))
}

/// A device first seen within this is new.
const NEW_FOR: TimeDelta = TimeDelta::days(7);
/// A device not seen for this is quiet.
const QUIET_AFTER: TimeDelta = TimeDelta::days(30);

/// Which devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DeviceFilter {
    All,
    /// First seen in the last 7 days.
    New,
    /// Not seen for 30 days.
    Quiet,
    /// Taking part in open alerts.
    WithAlerts,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DeviceOrder {
    /// The last seen first.
    LastSeen,
    /// The newest first.
    FirstSeen,
    Name,
    /// The most used of the last 7 days first.
    Use,
}

/// A page of a school's devices.
#[derive(Debug, Clone, Serialize)]
pub struct ListDevices {
    pub school: SchoolId,
    /// Part of a name, an address or a vendor; empty: all.
    pub query: String,
    pub filter: DeviceFilter,
    pub order: DeviceOrder,
    /// The rows become a file, which is on record.
    pub for_export: bool,
    pub page: PageRequest,
}

/// With what pages show beside each.
pub async fn list_devices(app: &App, cx: &Context, asked: ListDevices) -> Result<Page<ShownDevice>> {
    let action = if asked.for_export { Action::DeviceExport } else { Action::DeviceRead };
    cx.require(action, asked.school)?;
    let scope = cx.scope(action)?;
    let mut paging = Paging::begin(&asked, &asked.page)?;
    let as_of = paging.as_of(cx.clock.now());
    let which = match asked.filter {
        DeviceFilter::All => Which::All,
        DeviceFilter::New => Which::SeenFirstSince(as_of - NEW_FOR),
        DeviceFilter::Quiet => Which::NotSeenSince(as_of - QUIET_AFTER),
        DeviceFilter::WithAlerts => Which::InAlertsSince(as_of - alert::OPEN_FOR),
    };
    let sorting = match asked.order {
        DeviceOrder::LastSeen => Sorting::LastSeen,
        DeviceOrder::FirstSeen => Sorting::FirstSeen,
        DeviceOrder::Name => Sorting::Name,
        DeviceOrder::Use => Sorting::Use(usage::days_until(usage::day_of(as_of), DAYS).next().unwrap_or_default()),
    };
    let listing = Listing { school: asked.school, text: asked.query, which };
    let reader = app.database.reader_within(&scope).await?;
    let mut page = store::device_list::list(&reader, &scope, &listing, sorting, &paging).await?;
    let shown = show_devices(&reader, cx, &scope, std::mem::take(&mut page.rows)).await?;
    drop(reader);
    if asked.for_export && paging.is_first_page() {
        app.on_record.export(&app.database, cx, action, &Scope::one(asked.school), page.total).await?;
    }
    Ok(page.with_rows(shown))
}

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceSummary {
    pub total: u64,
    /// Seen since midnight in Brussels.
    pub seen_today: u64,
    /// First seen in the last 7 days.
    pub new_this_week: u64,
    /// Not seen for 30 days.
    pub quiet: u64,
    /// Taking part in open alerts.
    pub with_open_alerts: u64,
    /// When the school's sensors were last heard.
    pub last_heard: Option<DateTime<Utc>>,
}

/// Of one school; days begin at midnight in Brussels.
pub async fn summarize_devices(app: &App, cx: &Context, school: SchoolId) -> Result<DeviceSummary> {
    cx.require(Action::DeviceRead, school)?;
    let scope = cx.scope(Action::DeviceRead)?;
    let now = cx.clock.now();
    let reader = app.database.reader_within(&scope).await?;
    let count = async |which| {
        let listing = Listing { school, text: String::new(), which };
        store::device_list::count(&reader, &scope, &listing).await
    };
    Ok(DeviceSummary {
        total: count(Which::All).await?,
        seen_today: count(Which::SeenSince(usage::midnight(usage::day_of(now)))).await?,
        new_this_week: count(Which::SeenFirstSince(now - NEW_FOR)).await?,
        quiet: count(Which::NotSeenSince(now - QUIET_AFTER)).await?,
        with_open_alerts: count(Which::InAlertsSince(now - alert::OPEN_FOR)).await?,
        last_heard: store::contact::last_heard(&reader, &scope, school).await?,
    })
}

/// Days shown.
const DAYS: u64 = 7;

/// A device as pages show it.
#[derive(Debug, Clone)]
pub struct ShownDevice {
    pub device: Device,
    /// Quarter-hours of use on each of the last seven Brussels days, the oldest first.
    pub week: Vec<i32>,
    /// Open alerts in which it takes part.
    pub open_alerts: i64,
}

/// Adds what pages show beside them, in the order given.
async fn show_devices(reader: &Reader<'_>, cx: &Context, scope: &Scope<SchoolId>, devices: Vec<Device>) -> Result<Vec<ShownDevice>> {
    let now = cx.clock.now();
    let days: Vec<NaiveDate> = usage::days_until(usage::day_of(now), DAYS).collect();
    let ids: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
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
