//! The figures at the head of a school's devices.

use auth::{Action, Context};
use chrono::{DateTime, Utc};
use runtime::{Result, SchoolId};

use super::{
    App,
    list_devices::{NEW_FOR, QUIET_AFTER},
};
use crate::{
    domain::{alert, usage},
    store::{
        self,
        device_list::{Listing, Which},
    },
};

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceSummary {
    /// In all.
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
    let reader = app.database.reader();
    let count = async |which| {
        let listing = Listing { school, text: String::new(), which };
        store::device_list::count(reader, &scope, &listing).await
    };
    Ok(DeviceSummary {
        total: count(Which::All).await?,
        seen_today: count(Which::SeenSince(usage::midnight(usage::day_of(now)))).await?,
        new_this_week: count(Which::SeenFirstSince(now - NEW_FOR)).await?,
        quiet: count(Which::NotSeenSince(now - QUIET_AFTER)).await?,
        with_open_alerts: count(Which::InAlertsSince(now - alert::OPEN_FOR)).await?,
        last_heard: store::contact::last_heard(reader, &scope, school).await?,
    })
}
