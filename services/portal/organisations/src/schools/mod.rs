//! The list of schools.

mod page;
mod words;

use auth::Action;
use axum::{extract::RawQuery, response::Response};
use portal_frame::{
    Failure, Problem, Visit,
    answer::Unreadable,
    list::PlainQuery,
    respond::{first_page, page},
    school::School,
};
use proto::identity::v1 as wire;

pub(crate) use self::page::SchoolsPage;
use self::words::SchoolWords;

const PAGE_SIZE: i32 = 50;

/// `GET /scholen`.
pub(crate) async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let visitor = visit.visitor();
    let has_a_list = visitor.may_everywhere(Action::SchoolRead) || visitor.own_schools().len() > 1;
    if !has_a_list {
        return Err(Failure::Problem(Problem::NotFound));
    }
    let query = PlainQuery::parse("/scholen", &query.unwrap_or_default());
    let request = wire::ListSchoolsRequest {
        page_size: PAGE_SIZE,
        page_token: query.trail.token().to_owned(),
        query: query.search.clone(),
        ..Default::default()
    };
    let mut service = visit.calls().schools();
    let (answer, frame) = tokio::join!(service.list_schools(request), visit.frame("/scholen"));
    let answer = answer.map_err(|status| Failure::of_page(status, || query.first_page().href()))?.into_inner();
    let frame = frame?;
    if answer.schools.is_empty() && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }
    let range = query.trail.range(PAGE_SIZE, answer.schools.len(), answer.total_size);
    let words = SchoolWords(frame.language());
    let paging = query.paging(frame.language(), words.range(range.from, range.until, range.total), &answer.next_page_token);
    let schools = answer.schools.into_iter().map(School::try_from).collect::<Result<_, Unreadable>>()?;
    page(&SchoolsPage { frame, query, schools, paging })
}
