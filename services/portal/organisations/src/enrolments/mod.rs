//! How far schools and vendors are proven: for the ministry, to see what is incomplete or ends.

mod address;
mod page;
mod view;
mod words;

use auth::Action;
use axum::{extract::RawQuery, response::Response};
use portal_frame::{
    Failure, Problem, Visit,
    answer::Unreadable,
    list::{Paging, Rows},
    respond::{first_page, page},
};
use proto::identity::v1::ListEnrolmentsRequest;

pub(crate) use self::{address::PLACE, page::EnrolmentsPage, view::EnrolmentRow, words::EnrolmentsWords};
use self::{
    address::{EnrolmentsQuery, EnrolmentsView},
    view::ExportRow,
};

const PAGE_SIZE: i32 = 50;
const EXPORT_PAGE_SIZE: i32 = 200;

/// `GET /aanmeldingen`.
pub(crate) async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    if !visit.visitor().may_everywhere(Action::EnrolmentRead) {
        return Err(Failure::Problem(Problem::NotFound));
    }
    let query = EnrolmentsQuery::parse(&query.unwrap_or_default());
    let (calls, now) = (visit.calls(), visit.around.portal.clock.now());
    let of_view = async |view| {
        let answer = calls.enrolments().list_enrolments(query.request(view, PAGE_SIZE, now)).await;
        Ok(answer.map_err(|status| Failure::of_page(status, || query.first_page().href()))?.into_inner())
    };
    let (all, incomplete, soon, ended, frame) = tokio::try_join!(
        of_view(EnrolmentsView::All),
        of_view(EnrolmentsView::Incomplete),
        of_view(EnrolmentsView::EndsSoon),
        of_view(EnrolmentsView::Ended),
        visit.frame(PLACE),
    )?;
    let counts = [&all, &incomplete, &soon, &ended].map(|list| i64::from(list.total_size));
    let shown = match query.view {
        EnrolmentsView::All => all,
        EnrolmentsView::Incomplete => incomplete,
        EnrolmentsView::EndsSoon => soon,
        EnrolmentsView::Ended => ended,
    };
    if shown.enrolments.is_empty() && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }
    let total = i64::from(shown.total_size);
    let range = query.trail.range(PAGE_SIZE, shown.enrolments.len(), total);
    let in_words = EnrolmentsWords(frame.language()).range(range.from, range.until, range.total);
    let paging = Paging::new(frame.language(), &query.trail, in_words, &shown.next_page_token, |trail| query.at(trail));
    let rows = shown.enrolments.into_iter().map(EnrolmentRow::try_from).collect::<Result<_, Unreadable>>()?;
    let may_export = visit.visitor().may_everywhere(Action::EnrolmentExport);
    let may_add = visit.visitor().may_everywhere(Action::VendorCreate);
    page(&EnrolmentsPage { frame, query, counts, rows, paging, total, may_export, may_add })
}

/// `GET /aanmeldingen/export.csv`.
pub(crate) async fn export_csv(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_rows(&visit, query).await?.as_csv("aanmeldingen")
}

/// `GET /aanmeldingen/export.json`.
pub(crate) async fn export_json(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_rows(&visit, query).await?.as_json("aanmeldingen")
}

async fn all_rows(visit: &Visit, query: Option<String>) -> Result<Rows<ExportRow>, Failure> {
    let query = EnrolmentsQuery::parse(&query.unwrap_or_default());
    let now = visit.around.portal.clock.now();
    let query = &query;
    Rows::gather(async |page_token| {
        let request = ListEnrolmentsRequest { page_token, for_export: true, ..query.request(query.view, EXPORT_PAGE_SIZE, now) };
        let answer = visit.calls().enrolments().list_enrolments(request).await?.into_inner();
        let rows = answer.enrolments.into_iter().map(|one| Ok(EnrolmentRow::try_from(one)?.into()));
        Ok((rows.collect::<Result<_, Unreadable>>()?, answer.next_page_token))
    })
    .await
}
