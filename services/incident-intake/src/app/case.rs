//! What people read of cases: one, the queue and its figures, the timeline, the evidence.

use std::collections::HashMap;

use auth::{Action, Context, Resource, Scope};
use chrono::{DateTime, Utc};
use runtime::{AlertId, CaseId, Error, PersonId, Result, SchoolId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging, Reach, audit::fingerprint};

use super::{App, require_person};
use crate::{
    domain::{
        alert::Alert,
        case::Case,
        case_devices::CaseDevices,
        change::TimelineEntry,
        queue::{Assignment, CaseOrder, QueueFilter, QueueSummary, start_of_day},
    },
    store::{self, queue::QueueOrder, timeline::Reader},
};

/// `NotFound` also when the caller may not see it.
pub async fn get_case(app: &App, cx: &Context, id: CaseId) -> Result<Case> {
    let scope = cx.scope(Action::CaseRead)?;
    let case = find(app, &scope, id).await?;
    app.reads.record(&app.database, cx, &case).await?;
    Ok(case)
}

/// Ends the read, since putting it on record takes a connection too.
async fn find(app: &App, scope: &Scope<SchoolId>, id: CaseId) -> Result<Case> {
    store::case::find(&app.database.reader_within(scope).await?, scope, id).await?.ok_or_else(|| Error::not_found("case"))
}

/// Devices named of each case.
const DEVICES_NAMED: u32 = 3;

/// A page of cases.
#[derive(Debug, Clone, Serialize)]
pub struct ListCases {
    /// Which; whose is said apart.
    pub filter: QueueFilter,
    pub whose: Whose,
    pub order: CaseOrder,
    /// The other way round.
    pub reverse: bool,
    /// The rows become a file, which is on record.
    pub for_export: bool,
    pub page: PageRequest,
}

/// Whose cases, as callers say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Whose {
    /// Anybody's and nobody's.
    All,
    /// The caller's.
    Mine,
    /// One person's.
    Person(PersonId),
    /// Those that nobody has.
    Nobodys,
}

/// What a page of cases says.
#[derive(Debug, Clone)]
pub struct ListedCases {
    pub page: Page<Case>,
    /// Which devices its cases are about; a case without any is left out.
    pub devices: HashMap<CaseId, CaseDevices>,
    /// The moment of this answer.
    pub read_at: DateTime<Utc>,
}

/// Those within the caller's scope.
pub async fn list_cases(app: &App, cx: &Context, asked: ListCases) -> Result<ListedCases> {
    let action = if asked.for_export { Action::CaseExport } else { Action::CaseRead };
    if let Some(school) = asked.filter.school {
        cx.require(action, school)?;
    }
    let scope = cx.scope(action)?;
    let mut paging = Paging::begin(&asked, &asked.page)?;
    let assignment = match asked.whose {
        Whose::All => Assignment::Anybody,
        Whose::Nobodys => Assignment::Nobody,
        Whose::Person(id) => Assignment::Person(id),
        Whose::Mine => Assignment::Person(require_person(cx)?),
    };
    let filter = QueueFilter { assignment, ..asked.filter };

    // Before the reads: a case that opens while they run is still new to a caller that asks again from this moment.
    let read_at = cx.clock.now();
    let order = QueueOrder { by: asked.order, reverse: asked.reverse, as_of: paging.as_of(read_at) };
    let reader = app.database.reader_within(&scope).await?;
    let page = store::queue::list(&reader, &scope, &filter, order, &paging).await?;
    let ids: Vec<CaseId> = page.rows.iter().map(|case| case.id).collect();
    let devices = store::case_device::first_of(&reader, &ids, DEVICES_NAMED).await?;
    drop(reader);
    if asked.for_export && paging.is_first_page() {
        let schools = filter.school.map_or(scope, Scope::one);
        app.on_record.export(&app.database, cx, action, &schools, page.total).await?;
    }
    Ok(ListedCases { page, devices, read_at })
}

/// "Today" begins at midnight in Brussels.
pub async fn summarize_queue(app: &App, cx: &Context) -> Result<QueueSummary> {
    let scope = cx.scope(Action::CaseRead)?;
    let now = cx.clock.now();
    let reader = app.database.reader_within(&scope).await?;
    Ok(store::queue::summarize(&reader, &scope, cx.principal().person_id(), now, start_of_day(now)).await?)
}

/// Counts the whole queue, as the service itself.
pub async fn measure_queue(app: &App, cx: &Context) -> Result<()> {
    cx.require(Action::CaseOpen, Resource::Platform)?;
    let now = cx.clock.now();
    let reader = app.database.reader_within(Reach::Everything).await?;
    let summary = store::queue::summarize(&reader, &Scope::Everything, None, now, start_of_day(now)).await?;
    app.metrics.queue_measured(&summary);
    Ok(())
}

/// A page of a case's timeline.
#[derive(Debug, Clone, Serialize)]
pub struct ListTimeline {
    pub case_id: CaseId,
    pub page: PageRequest,
}

/// Of a case within the caller's scope.
pub async fn list_timeline(app: &App, cx: &Context, asked: ListTimeline) -> Result<Page<TimelineEntry>> {
    let scope = cx.scope(Action::CaseRead)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    let case = find(app, &scope, asked.case_id).await?;
    app.reads.record(&app.database, cx, &case).await?;
    // A school reads what is meant for it.
    let may_read_internal = cx.permits(Action::CaseReadInternal, case.school.id);
    let audience = if may_read_internal { Reader::ResponseTeam } else { Reader::School };
    Ok(store::timeline::list(&app.database.reader_within(&scope).await?, case.id, audience, &paging).await?)
}

/// A page of a case's evidence.
#[derive(Debug, Clone, Serialize)]
pub struct ListEvidence {
    pub case_id: CaseId,
    /// Whether raw events come along; their fingerprints always do.
    pub include_raw_events: bool,
    pub page: PageRequest,
}

/// An alert of a case, with a fingerprint that shows whether a copy of its raw event is whole.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// As it stood when last heard of.
    pub alert: Alert,
    /// SHA-256 of the raw event, hex.
    pub raw_event_sha256: String,
}

impl From<Alert> for Exhibit {
    fn from(alert: Alert) -> Self {
        Self { raw_event_sha256: fingerprint(&alert.raw_event), alert }
    }
}

/// Alerts of a page with their raw events, which take 16 KiB each: with everything else of them, half of what clients take of an answer.
const MOST_WITH_RAW_EVENTS: i32 = 100;

/// Of a case within the caller's scope.
pub async fn list_evidence(app: &App, cx: &Context, mut asked: ListEvidence) -> Result<Page<Exhibit>> {
    let scope = cx.scope(Action::CaseRead)?;
    if asked.include_raw_events {
        asked.page = asked.page.at_most(MOST_WITH_RAW_EVENTS);
    }
    let paging = Paging::begin(&asked, &asked.page)?;
    let case = find(app, &scope, asked.case_id).await?;
    // What a sensor saw is more than that there is a case: board members and DPOs see cases only.
    cx.require(Action::AlertRead, case.school.id)?;
    app.reads.record(&app.database, cx, &case).await?;
    let page = store::evidence::list(&app.database.reader_within(&scope).await?, case.id, &paging).await?;
    Ok(page.map(|alert| {
        let mut exhibit = Exhibit::from(alert);
        if !asked.include_raw_events {
            exhibit.alert.raw_event.clear();
        }
        exhibit
    }))
}

/// `NotFound` also when the caller may not see the case.
pub async fn get_evidence(app: &App, cx: &Context, case: CaseId, alert: AlertId) -> Result<Exhibit> {
    let scope = cx.scope(Action::CaseRead)?;
    let case = find(app, &scope, case).await?;
    // What a sensor saw is more than that there is a case: board members and DPOs see cases only.
    cx.require(Action::AlertRead, case.school.id)?;
    app.reads.record(&app.database, cx, &case).await?;
    let alert = store::evidence::find(&app.database.reader_within(&scope).await?, case.id, alert).await?;
    Ok(alert.ok_or_else(|| Error::not_found("alert"))?.into())
}
