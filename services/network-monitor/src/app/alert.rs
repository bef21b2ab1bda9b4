//! Use cases of alerts.

use auth::{Action, Context, Scope};
use runtime::{AlertId, DeviceId, Error, Result, SchoolId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging, Reader};

use super::App;
use crate::{
    domain::alert::{Alert, AlertFilter, NamedAlert},
    store,
};

/// `NotFound` also when the caller may not see it.
pub async fn get_alert(app: &App, cx: &Context, school: SchoolId, id: AlertId) -> Result<NamedAlert> {
    cx.require(Action::AlertRead, school)?;
    let scope = cx.scope(Action::AlertRead)?;
    let reader = app.database.reader_within(&scope).await?;
    let alert = store::alert::find(&reader, &scope, school, id).await?;
    let named = name_alerts(&reader, &scope, alert.into_iter().collect()).await?;
    named.into_iter().next().ok_or_else(|| Error::not_found("alert"))
}

/// A page of alerts.
#[derive(Debug, Clone, Serialize)]
pub struct ListAlerts {
    /// Of all that the caller may see, when no school is named.
    pub filter: AlertFilter,
    /// Whether raw events come along.
    pub include_raw_events: bool,
    pub page: PageRequest,
}

/// Alerts of a page with their raw events, which take 16 KiB each: with everything else of them, half of what clients take of an answer.
const MOST_WITH_RAW_EVENTS: i32 = 100;

/// Those within the caller's scope.
pub async fn list_alerts(app: &App, cx: &Context, mut asked: ListAlerts) -> Result<Page<NamedAlert>> {
    if let Some(school) = asked.filter.school {
        cx.require(Action::AlertRead, school)?;
    }
    let scope = cx.scope(Action::AlertRead)?;
    if asked.include_raw_events {
        asked.page = asked.page.at_most(MOST_WITH_RAW_EVENTS);
    }
    let paging = Paging::begin(&asked, &asked.page)?;
    let reader = app.database.reader_within(&scope).await?;
    let mut page = store::alert::list(&reader, &scope, &asked.filter, asked.include_raw_events, &paging).await?;
    let named = name_alerts(&reader, &scope, std::mem::take(&mut page.rows)).await?;
    Ok(page.with_rows(named))
}

/// Says what the devices of alerts are called.
async fn name_alerts(reader: &Reader<'_>, scope: &Scope<SchoolId>, alerts: Vec<Alert>) -> Result<Vec<NamedAlert>> {
    let mut devices: Vec<DeviceId> = alerts.iter().flat_map(|alert| [alert.source_device, alert.destination_device]).flatten().collect();
    devices.sort_unstable();
    devices.dedup();
    let names = store::device_list::names_of(reader, scope, &devices).await?;
    let name_of = |device: Option<DeviceId>| device.and_then(|id| names.get(&id)).cloned().unwrap_or_default();
    let named = alerts.into_iter().map(|alert| {
        let (source_name, destination_name) = (name_of(alert.source_device), name_of(alert.destination_device));
        NamedAlert { alert, source_name, destination_name }
    });
    Ok(named.collect())
}
