//! Lists what happened to a case, newest first.

use auth::{Action, Context, Scope};
use runtime::{CaseId, Error, Result, SchoolId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging};

use super::App;
use crate::{
    domain::change::TimelineEntry,
    store::{self, timeline::Reader},
};

/// A page of a case's timeline.
#[derive(Debug, Clone, Serialize)]
pub struct ListTimeline {
    /// Of which case.
    pub case_id: CaseId,
    /// Which page.
    pub page: PageRequest,
}

/// Of a case within the caller's scope.
pub async fn list_timeline(app: &App, cx: &Context, asked: ListTimeline) -> Result<Page<TimelineEntry>> {
    let scope = cx.scope(Action::CaseRead)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    let reader = app.database.reader();
    let case = store::case::find(reader, &scope, asked.case_id).await?.ok_or_else(|| Error::not_found("case"))?;
    // Those who write notes everywhere are the response team; a school reads what is meant for it.
    let audience = match cx.scope::<SchoolId>(Action::CaseNote) {
        Ok(Scope::Everything) => Reader::ResponseTeam,
        _ => Reader::School,
    };
    Ok(store::timeline::list(reader, case.id, audience, &paging).await?)
}
