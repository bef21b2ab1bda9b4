//! Lists the devices of a school.

use auth::{Action, Context};
use chrono::TimeDelta;
use runtime::{Result, SchoolId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging};

use super::{
    App,
    show_devices::{DAYS, ShownDevice, show_devices},
};
use crate::{
    domain::{alert, usage},
    store::{
        self,
        device_list::{Listing, Sorting, Which},
    },
};

/// A device first seen within this is new.
pub const NEW_FOR: TimeDelta = TimeDelta::days(7);
/// A device not seen for this is quiet.
pub const QUIET_AFTER: TimeDelta = TimeDelta::days(30);

/// Which devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DeviceFilter {
    /// All.
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
    /// By name.
    Name,
    /// The most used of the last 7 days first.
    Use,
}

/// A page of a school's devices.
#[derive(Debug, Clone, Serialize)]
pub struct ListDevices {
    /// Of this school.
    pub school: SchoolId,
    /// Part of a name, an address or a vendor; empty: all.
    pub query: String,
    /// Which.
    pub filter: DeviceFilter,
    /// In which order.
    pub order: DeviceOrder,
    /// Which page.
    pub page: PageRequest,
}

/// With what pages show beside each.
pub async fn list_devices(app: &App, cx: &Context, asked: ListDevices) -> Result<Page<ShownDevice>> {
    cx.require(Action::DeviceRead, asked.school)?;
    let scope = cx.scope(Action::DeviceRead)?;
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
    let mut page = store::device_list::list(app.database.reader(), &scope, &listing, sorting, &paging).await?;
    let shown = show_devices(app, cx, &scope, std::mem::take(&mut page.rows)).await?;
    Ok(page.with_rows(shown))
}
