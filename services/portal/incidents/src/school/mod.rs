//! The incidents of one school.

mod page;
mod words;

use std::cmp::Reverse;

use auth::Action;
use axum::{extract::Path, response::Response};
use portal_frame::{
    Failure, Visit,
    answer::WireEnum as _,
    respond::page,
    school::{school, school_id},
    upstream::Calls,
};
use proto::incident_intake::v1::{self as wire, CasePhase};
use runtime::SchoolId;

pub(crate) use self::page::IncidentsPage;
use crate::queue::ListedCase;

/// A school with more open incidents than this at once has other worries than a second page.
const MAX_OPEN: i32 = 100;
const RECENTLY_CLOSED: i32 = 20;

/// `GET /scholen/{school}/incidenten`.
pub(crate) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = school_id(&id)?;
    let calls = visit.calls();
    let not_closed = CasePhase::all().filter(|phase| *phase != CasePhase::Closed).collect();
    let (school, open, closed, mut frame) = tokio::try_join!(
        school(&calls, id),
        cases(&calls, id, not_closed, MAX_OPEN),
        cases(&calls, id, vec![CasePhase::Closed], RECENTLY_CLOSED),
        visit.frame(format!("/scholen/{id}/incidenten")),
    )?;
    frame.about_school(id, &school.name);
    let mut open = open;
    // The worst first; of those, what changed last.
    open.sort_by_key(|row| Reverse(row.case.severity));
    page(&IncidentsPage { frame, school, open, closed, may_see_devices: visit.visitor().may(Action::DeviceRead, id) })
}

async fn cases(calls: &Calls, school: SchoolId, phases: Vec<CasePhase>, page_size: i32) -> Result<Vec<ListedCase>, Failure> {
    let request = wire::ListCasesRequest {
        page_size,
        phases: phases.into_iter().map(|phase| phase.into()).collect(),
        school_id: school.to_string(),
        order_by: wire::CaseOrder::UpdateTimeDesc.into(),
        ..wire::ListCasesRequest::default()
    };
    let answer = calls.cases().list_cases(request).await?.into_inner();
    Ok(ListedCase::all_of(answer.cases, answer.devices)?)
}
