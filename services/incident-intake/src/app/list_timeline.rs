//! Lists what happened to a case, newest first.

use auth::{Action, Context, Scope};
use runtime::{CaseId, Error, Result};
use storage::{PageSize, decode_page_token, encode_page_token};

use super::App;
use crate::{
    domain::change::TimelineEntry,
    store::{self, timeline::Reader},
};

/// Whose timeline.
#[derive(Debug, Clone)]
pub struct ListTimeline {
    /// Of which case.
    pub case_id: CaseId,
    /// As in the request.
    pub page_size: i32,
    /// As in the request.
    pub page_token: String,
}

/// Some of the entries.
#[derive(Debug, Clone)]
pub struct TimelinePage {
    /// Newest first.
    pub entries: Vec<TimelineEntry>,
    /// Empty at the end.
    pub next_page_token: String,
    /// How many there are on all pages.
    pub total: u64,
}

/// One page of it. A school does not get notes that are for the response team alone.
pub async fn list_timeline(app: &App, cx: &Context, asked: ListTimeline) -> Result<TimelinePage> {
    let scope = cx.scope(Action::CaseRead)?;
    let size = PageSize::from_request(asked.page_size)?;
    let question = ("timeline", asked.case_id);
    let before: Option<i64> = decode_page_token(&question, &asked.page_token)?;

    let reader = app.database.reader();
    let case = store::case::find(reader, &scope, asked.case_id).await?.ok_or_else(|| Error::not_found("case"))?;
    // Those who write notes everywhere are the response team; a school reads what is meant for it.
    let audience = match cx.scope(Action::CaseNote) {
        Ok(Scope::Everything) => Reader::ResponseTeam,
        _ => Reader::School,
    };
    let mut entries = store::timeline::list(reader, case.id, audience, before, size.with_peek()).await?;
    let total = store::timeline::count(reader, case.id, audience).await?;

    let has_more = size.cut(&mut entries);
    let next_page_token = match entries.last() {
        Some(last) if has_more => encode_page_token(&question, &last.audit_seq)?,
        _ => String::new(),
    };
    Ok(TimelinePage { entries, next_page_token, total })
}
