//! The schools, and one school's incidents.

use auth::Action;
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use proto::{identity::v1 as identity, incident_intake::v1 as wire};
use runtime::SchoolId;

use super::{
    around::Visit,
    failure::Failure,
    queue::menu_figures,
    respond::{first_page, page},
};
use crate::{
    address::PlainQuery,
    page::{Frame, IncidentsPage, Paging, Place, Problem, SchoolsPage},
    upstream::Calls,
    view::{ListedCase, Phase, School, Unreadable},
    words::SchoolWords,
};

const PAGE_SIZE: i32 = 50;
/// A school with more open incidents than this at once has other worries than a second page.
const MAX_OPEN: i32 = 100;
const RECENTLY_CLOSED: i32 = 20;

/// `GET /scholen`.
pub(super) async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let visitor = visit.visitor();
    let has_a_list = visitor.may_everywhere(Action::SchoolRead) || visitor.own_schools().len() > 1;
    if !has_a_list {
        return Err(Failure::Problem(Problem::NotFound));
    }
    let query = PlainQuery::parse("/scholen", &query.unwrap_or_default());
    let (page_token, search) = (query.trail.token().to_owned(), query.search.clone());
    let request = identity::ListSchoolsRequest { page_size: PAGE_SIZE, page_token, query: search, school_ids: Vec::new() };
    let mut service = visit.calls().schools();
    let (answer, figures) = tokio::join!(service.list_schools(request), menu_figures(&visit));
    let answer = answer?.into_inner();
    if answer.schools.is_empty() && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }
    let mut frame = visit.frame(Place::Schools)?;
    frame.queue = figures;
    let range = query.trail.range(PAGE_SIZE, answer.schools.len(), answer.total_size);
    let words = SchoolWords(frame.language());
    let paging = paging(&frame, &query, words.range(range.from, range.until, range.total), &answer.next_page_token);
    let schools = answer.schools.into_iter().map(School::try_from).collect::<Result<_, Unreadable>>()?;
    page(&SchoolsPage { frame, query, schools, paging })
}

/// `GET /scholen/{school}/incidenten`.
pub(super) async fn incidents(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = school_id(&id)?;
    let calls = visit.calls();
    let not_closed: Vec<Phase> = Phase::ALL.into_iter().filter(|phase| *phase != Phase::Closed).collect();
    let (school, open, closed) = tokio::try_join!(
        school(&calls, id),
        cases(&calls, id, not_closed, MAX_OPEN),
        cases(&calls, id, vec![Phase::Closed], RECENTLY_CLOSED),
    )?;
    let mut frame = visit.frame(Place::Incidents)?;
    frame.about_school(id, &school.name);
    page(&IncidentsPage { frame, school, open, closed })
}

/// The id in an address; what is no id names no school.
pub(super) fn school_id(text: &str) -> Result<SchoolId, Failure> {
    text.parse().map_err(|_| Failure::Problem(Problem::NotFound))
}

/// One school.
pub(super) async fn school(calls: &Calls, id: SchoolId) -> Result<School, Failure> {
    let school = calls.schools().get_school(identity::GetSchoolRequest { school_id: id.to_string() }).await?;
    Ok(School::try_from(school.into_inner())?)
}

/// The pages below a plain list.
pub(super) fn paging(frame: &Frame, query: &PlainQuery, range: String, next_token: &str) -> Paging {
    let is_first = query.trail.is_first();
    let addresses = [
        (query.trail.page() > 2).then(|| query.first_page().href()),
        (!is_first).then(|| query.previous_page().href()),
        (!next_token.is_empty()).then(|| query.next_page(next_token).href()),
    ];
    Paging::new(frame.language(), query.trail.page(), range, addresses)
}

async fn cases(calls: &Calls, school: SchoolId, phases: Vec<Phase>, page_size: i32) -> Result<Vec<ListedCase>, Failure> {
    let request = wire::ListCasesRequest {
        page_size,
        phases: phases.into_iter().map(|phase| wire::CasePhase::from(phase).into()).collect(),
        school_id: school.to_string(),
        order_by: wire::CaseOrder::UpdateTimeDesc.into(),
        ..wire::ListCasesRequest::default()
    };
    let answer = calls.cases().list_cases(request).await?.into_inner();
    Ok(ListedCase::all_of(answer.cases, answer.devices)?)
}
