//! The response team's queue: one page of it, and all of it as a file.

mod address;
pub(crate) mod chosen;
mod close_chosen;
mod export;
mod listed;
pub(crate) mod live;
mod page;
mod words;

use axum::{
    extract::RawQuery,
    response::{IntoResponse as _, Redirect, Response},
};
use portal_frame::{
    Failure, Visit,
    answer::moment,
    list::{Paging, Rows},
    respond::{first_page, page},
    school::{School, school},
    upstream::Calls,
    visitor::Visitor,
};
use proto::incident_intake::v1 as wire;
use runtime::SchoolId;

use self::{
    address::{PATH, QueueQuery, QueueView},
    export::CaseRow,
    words::QueueWords,
};
pub(crate) use self::{close_chosen::CloseChosenPage, listed::ListedCase, page::QueuePage};

const PAGE_SIZE: i32 = 50;
const EXPORT_PAGE_SIZE: i32 = 200;

/// `GET /wachtrij`.
pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    if !visit.visitor().works_the_queue() {
        return Ok(Redirect::to("/").into_response());
    }
    let query = QueueQuery::parse(&query.unwrap_or_default());
    let calls = visit.calls();
    let asked = async { tokio::try_join!(summary(&calls), list(&calls, &query), named_school(&calls, query.school)) };
    let (asked, organisations) = tokio::join!(asked, visit.organisations());
    let (summary, listed, school) = asked?;

    let mut frame = visit.around.frame(if query.view == QueueView::Mine { mine() } else { PATH.to_owned() })?;
    frame.figures = figures(summary);
    frame.organisations = organisations;
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
    let words = QueueWords(frame.language());
    let range_in_words = words.range(range.from, range.until, range.total);
    let paging = Paging::new(frame.language(), &query.trail, range_in_words, &next.unwrap_or_default(), |trail| query.at(trail));
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
async fn summary(calls: &Calls) -> Result<wire::QueueSummary, Failure> {
    Ok(calls.cases().summarize_queue(wire::SummarizeQueueRequest {}).await?.into_inner())
}

/// The figures beside the menu of who works the queue. A menu without figures is better than no page.
pub(crate) async fn menu_figures(visitor: &Visitor, calls: &Calls) -> Vec<(String, i64)> {
    if !visitor.works_the_queue() {
        return Vec::new();
    }
    summary(calls).await.map(figures).unwrap_or_default()
}

fn figures(summary: wire::QueueSummary) -> Vec<(String, i64)> {
    vec![(PATH.to_owned(), summary.open), (mine(), summary.mine)]
}

/// The address of the visitor's own cases.
pub(crate) fn mine() -> String {
    QueueQuery::default().in_view(QueueView::Mine).href()
}

async fn list(calls: &Calls, query: &QueueQuery) -> Result<wire::ListCasesResponse, Failure> {
    let answer = calls.cases().list_cases(query.request(PAGE_SIZE)).await;
    Ok(answer.map_err(|status| Failure::of_page(status, || query.first_page().href()))?.into_inner())
}

async fn named_school(calls: &Calls, id: Option<SchoolId>) -> Result<Option<School>, Failure> {
    match id {
        Some(id) => Ok(Some(school(calls, id).await?)),
        None => Ok(None),
    }
}

/// `GET /wachtrij/export.csv`.
pub(crate) async fn export_csv(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_rows(&visit, query).await?.as_csv("incidenten")
}

/// `GET /wachtrij/export.json`.
pub(crate) async fn export_json(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_rows(&visit, query).await?.as_json("incidenten")
}

async fn all_rows(visit: &Visit, query: Option<String>) -> Result<Rows<CaseRow>, Failure> {
    let query = &QueueQuery::parse(&query.unwrap_or_default());
    let now = visit.around.portal.clock.now();
    let is_wanted = |row: &ListedCase| query.view != QueueView::Late || row.case.is_late(now);
    let page = async |page_token| {
        let request = wire::ListCasesRequest { page_token, for_export: true, ..query.request(EXPORT_PAGE_SIZE) };
        let answer = visit.calls().cases().list_cases(request).await?.into_inner();
        let listed = ListedCase::all_of(answer.cases, answer.devices)?;
        // Late ones come first: one that is not late ends the list.
        let goes_on = listed.iter().all(is_wanted);
        let rows = listed.into_iter().take_while(is_wanted).map(CaseRow::from).collect();
        Ok((rows, if goes_on { answer.next_page_token } else { String::new() }))
    };
    Rows::gather(page).await
}
