//! The queue, and taking several cases at once.

use axum::{
    extract::RawQuery,
    response::{IntoResponse as _, Redirect, Response},
};
use proto::incident_intake::v1 as wire;
use runtime::SchoolId;

use super::{
    around::Visit,
    failure::Failure,
    form::Posted,
    respond::{done, first_page, own_page, page},
};
use crate::{
    address::{QueueQuery, QueueView, Range},
    page::{Flash, Frame, Paging, Place, QueuePage},
    upstream::Calls,
    view::{Case, QueueSummary, School, Unreadable, moment},
    words::QueueWords,
};

const PAGE_SIZE: i32 = 50;
/// As many as a page shows.
const MAX_TAKEN_AT_ONCE: usize = 50;

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
    let cases = listed.cases.into_iter().map(Case::try_from).collect::<Result<Vec<_>, Unreadable>>()?;
    let (cases, next, total) = match query.view {
        QueueView::Late => {
            let found = cases.len();
            let late: Vec<Case> = cases.into_iter().take_while(|case| case.is_late(frame.now)).collect();
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
    })
}

/// `POST /wachtrij/neem`: puts the chosen cases in the visitor's name.
pub(super) async fn take_chosen(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let back = own_page(fields.text("terug")).to_owned();
    let calls = visit.calls();
    let mut cases = calls.cases();
    let mut some_not = false;
    for chosen in fields.all("zaak").take(MAX_TAKEN_AT_ONCE) {
        let (case_id, etag) = chosen.split_once(' ').unwrap_or((chosen, ""));
        let request = wire::AssignCaseRequest { case_id: case_id.to_owned(), assignee: "me".to_owned(), etag: etag.to_owned() };
        match cases.assign_case(request).await {
            Ok(_) => {}
            Err(status) if Failure::is_conflict(&status) || status.code() == tonic::Code::FailedPrecondition => {
                // A second click finds the case changed by the first.
                let is_mine = super::case::find(&calls, super::case::case_id(case_id)?).await?.is_of(&visit.visitor().id());
                some_not |= !is_mine;
            }
            Err(status) => return Err(status.into()),
        }
    }
    let nothing_chosen = fields.all("zaak").next().is_none();
    if nothing_chosen {
        return Ok(Redirect::to(&back).into_response());
    }
    Ok(done(&visit, if some_not { Flash::SomeTaken } else { Flash::AllTaken }, &back))
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
