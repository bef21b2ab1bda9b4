//! Lists the devices of a school.

use auth::{Action, Context};
use chrono::TimeDelta;
use runtime::{Result, SchoolId};
use serde::Serialize;
use storage::{PageSize, decode_page_token, encode_page_token};

use super::{
    App,
    show_devices::{DAYS, ShownDevice, show_devices},
};
use crate::{
    domain::{alert, usage},
    store::{
        self,
        device_list::{Listing, Position, Sorting, Which},
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

/// Which devices of a school, in which order.
#[derive(Debug, Clone)]
pub struct ListDevices {
    /// Of this school.
    pub school: SchoolId,
    /// Part of a name, an address or a vendor; empty: all.
    pub query: String,
    /// Which.
    pub filter: DeviceFilter,
    /// In which order.
    pub order: DeviceOrder,
    /// As in the request.
    pub page_size: i32,
    /// As in the request.
    pub page_token: String,
}

/// Some of the devices.
#[derive(Debug, Clone)]
pub struct DevicePage {
    /// In order.
    pub devices: Vec<ShownDevice>,
    /// Empty at the end.
    pub next_page_token: String,
    /// How many there are on all pages.
    pub total: u64,
}

/// One page of them, and how many there are on all pages.
pub async fn list_devices(app: &App, cx: &Context, asked: ListDevices) -> Result<DevicePage> {
    cx.require(Action::DeviceRead, asked.school)?;
    let scope = cx.scope(Action::DeviceRead)?;
    let size = PageSize::from_request(asked.page_size)?;
    let question = ("devices", asked.school, &asked.query, asked.filter, asked.order);
    let after: Option<Position> = decode_page_token(&question, &asked.page_token)?;

    let now = cx.clock.now();
    let which = match asked.filter {
        DeviceFilter::All => Which::All,
        DeviceFilter::New => Which::SeenFirstSince(now - NEW_FOR),
        DeviceFilter::Quiet => Which::NotSeenSince(now - QUIET_AFTER),
        DeviceFilter::WithAlerts => Which::InAlertsSince(now - alert::OPEN_FOR),
    };
    let sorting = match asked.order {
        DeviceOrder::LastSeen => Sorting::LastSeen,
        DeviceOrder::FirstSeen => Sorting::FirstSeen,
        DeviceOrder::Name => Sorting::Name,
        DeviceOrder::Use => Sorting::Use(usage::days_until(usage::day_of(now), DAYS).next().unwrap_or_default()),
    };
    let listing = Listing { school: asked.school, text: asked.query.clone(), which };
    let reader = app.database.reader();
    let mut devices = store::device_list::list(reader, &scope, &listing, sorting, after.as_ref(), size.with_peek()).await?;
    let total = store::device_list::count(reader, &scope, &listing).await?;

    let has_more = size.cut(&mut devices);
    let next_page_token = match devices.last() {
        Some((_, position)) if has_more => encode_page_token(&question, position)?,
        _ => String::new(),
    };
    let devices = show_devices(app, cx, &scope, devices.into_iter().map(|(device, _)| device).collect()).await?;
    Ok(DevicePage { devices, next_page_token, total })
}
