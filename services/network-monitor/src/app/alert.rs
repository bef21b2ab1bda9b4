//! Use cases of alerts.

use auth::{Action, Context};
use runtime::{AlertId, Error, Result, SchoolId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging};

use super::App;
use crate::{
    domain::alert::{AlertFilter, NamedAlert},
    store,
};

/// `NotFound` also when the caller may not see it.
pub async fn get_alert(app: &App, cx: &Context, school: SchoolId, id: AlertId) -> Result<NamedAlert> {
    cx.require(Action::AlertRead, school)?;
    let scope = cx.scope(Action::AlertRead)?;
    let reader = app.database.reader_within(&scope).await?;
    let alert = store::alert::find(&reader, &scope, school, id).await?;
    let named = store::device_list::name_alerts(&reader, &scope, alert.into_iter().collect()).await?;
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
    let named = store::device_list::name_alerts(&reader, &scope, std::mem::take(&mut page.rows)).await?;
    Ok(page.with_rows(named))
}
