//! The queue.

use axum::{
    extract::RawQuery,
    response::{IntoResponse as _, Redirect, Response},
};
use proto::incident_intake::v1 as wire;
use runtime::SchoolId;

use super::{
    around::Visit,
    failure::Failure,
    respond::{first_page, page},
};
use crate::{
    address::{QueueQuery, QueueView, Range},
    page::{Frame, Paging, Place, QueuePage},
    upstream::Calls,
    view::{ListedCase, QueueSummary, School, moment},
    words::QueueWords,
};

const PAGE_SIZE: i32 = 50;

/// `GET /wachtrij`.
pub(super) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    if !visit.visitor().works_the_queue() {
        let home = visit.visitor().home().unwrap_or_else(|| "/".to_owned());
        return Ok(Redirect::to(&home).into_response());
    }
    let query = QueueQuery::parse(&query.unwrap_or_default());
    let calls = visit.calls();
    let (summary, listed, school) = tokio::try_join!(summary(&calls), list(&calls, &query), named_school(&calls, query.school))?;

    let mut frame = visit.frame(if query.view == QueueView::Mine { Place::MyCases } else { Place::Queue })?;
    frame.queue = Some(summary);
    let read_at = moment(listed.read_time).unwrap_or(frame.now);
    let cases = ListedCase::all_of(listed.cases, listed.devices)?;
    let (cases, next, total) = match query.view {
        QueueView::Late => {
            let found = cases.len();
            let late: Vec<ListedCase> = cases.into_iter().take_while(|row| row.case.is_late(frame.now)).collect();
            // Late ones come first: one that is not late ends the list.
            let goes_on = late.len() == found;
            let total = if query.is_filtered() { 0 } else { summary.late };
            (late, Some(listed.next_page_token).filter(|_| goes_on), total)
        }
        QueueView::Open | QueueView::Mine | QueueView::Nobody => (cases, Some(listed.next_page_token), listed.total_size),
    };
    if cases.is_empty() && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }
    let range = query.trail.range(PAGE_SIZE, cases.len(), total);
    let paging = paging(&frame, &query, range, next.filter(|token| !token.is_empty()).as_deref());
    let may_assign = visit.visitor().may_everywhere(auth::Action::CaseAssign);
    let may_close = visit.visitor().may_everywhere(auth::Action::CaseClose);
    page(&QueuePage {
        frame,
        query,
        summary,
        cases,
        paging,
        total: range.total,
        school_name: school.map(|school| school.name),
        read_at,
        may_assign,
        may_close,
    })
}

/// The figures at the head of the queue.
pub(super) async fn summary(calls: &Calls) -> Result<QueueSummary, Failure> {
    let summary = calls.cases().summarize_queue(wire::SummarizeQueueRequest {}).await?;
    Ok(summary.into_inner().into())
}

/// The figures beside the menu of who works the queue. A menu without figures is better than no page.
pub(super) async fn menu_figures(visit: &Visit) -> Option<QueueSummary> {
    if !visit.visitor().works_the_queue() {
        return None;
    }
    summary(&visit.calls()).await.ok()
}

async fn list(calls: &Calls, query: &QueueQuery) -> Result<wire::ListCasesResponse, Failure> {
    Ok(calls.cases().list_cases(query.request(PAGE_SIZE)).await?.into_inner())
}

async fn named_school(calls: &Calls, school: Option<SchoolId>) -> Result<Option<School>, Failure> {
    match school {
        Some(school) => Ok(Some(super::schools::school(calls, school).await?)),
        None => Ok(None),
    }
}

fn paging(frame: &Frame, query: &QueueQuery, range: Range, next: Option<&str>) -> Paging {
    let is_first = query.trail.is_first();
    let addresses = [
        (query.trail.page() > 2).then(|| query.first_page().href()),
        (!is_first).then(|| query.previous_page().href()),
        next.map(|token| query.next_page(token).href()),
    ];
    let words = QueueWords(frame.language());
    Paging::new(frame.language(), query.trail.page(), words.range(range.from, range.until, range.total), addresses)
}
