//! A case, and the raw messages of its evidence.

mod address;
mod conflict;
mod evidence;
pub(crate) mod forms;
mod page;
mod timeline;
mod view;
mod words;

use auth::Action;
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use http::StatusCode;
use portal_frame::{
    Failure, Problem, Visit,
    answer::Unreadable,
    respond::{attachment, first_page, page_with_status},
    upstream::Calls,
};
use proto::incident_intake::v1 as wire;
use runtime::{AlertId, CaseId};
use tonic::Code;

use self::{
    address::CaseQuery,
    evidence::Evidence,
    page::{NoteForm, ReopenForm},
    timeline::TimelineEntry,
};
pub(crate) use self::{
    conflict::ConflictPage,
    page::{CasePage, CloseForm},
    view::{Case, Closing},
    words::CaseWords,
};

const EVIDENCE_PAGE: i32 = 3;
const TIMELINE_PAGE: i32 = 20;

/// The forms of a case as they were sent, with their errors.
#[derive(Default)]
pub(crate) struct Forms {
    pub(crate) note: NoteForm,
    pub(crate) close: CloseForm,
    pub(crate) reopen: ReopenForm,
}

/// `GET /zaken/{case}`.
pub(crate) async fn show(visit: Visit, Path(case): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let case_id = case_id(&case)?;
    let query = CaseQuery::parse(case_id.to_string(), &query.unwrap_or_default());
    render(&visit, case_id, query, Forms::default(), StatusCode::OK).await
}

/// The page of a case, with its forms.
pub(crate) async fn render(
    visit: &Visit,
    case_id: CaseId,
    query: CaseQuery,
    forms: Forms,
    status: StatusCode,
) -> Result<Response, Failure> {
    let calls = visit.calls();
    let (case, evidence, timeline, frame) =
        tokio::join!(find(&calls, case_id), evidence(visit, case_id, &query), timeline(&calls, case_id, &query), visit.frame("/wachtrij"));
    let (case, evidence, timeline, mut frame) = (case?, evidence?, timeline?, frame?);
    let sees_evidence = evidence.is_some();
    let evidence = evidence.unwrap_or_default();
    if evidence.evidence.is_empty() && !query.evidence.is_first() {
        return Ok(first_page(&query.first_evidence()));
    }
    if timeline.entries.is_empty() && !query.timeline.is_first() {
        return Ok(first_page(&query.newest_steps()));
    }
    if !visit.visitor().works_the_queue() {
        frame.place = format!("/scholen/{}/incidenten", case.wire.school_id);
    }
    if let Ok(school) = case.wire.school_id.parse() {
        frame.about_school(school, &case.wire.school_name);
    }
    let mut note = forms.note;
    note.request_id = visit.new_request_id();
    let range = query.evidence.range(EVIDENCE_PAGE, evidence.evidence.len(), evidence.total_size);
    let more = |token: String| (!token.is_empty()).then_some(token);
    let found = CasePage {
        frame,
        case,
        sees_evidence,
        evidence: evidence.evidence.into_iter().map(Evidence::try_from).collect::<Result<_, Unreadable>>()?,
        evidence_total: range.total,
        evidence_from: range.from,
        evidence_next: more(evidence.next_page_token),
        timeline_total: timeline.total_size,
        timeline: timeline.entries.into_iter().map(TimelineEntry::try_from).collect::<Result<_, Unreadable>>()?,
        timeline_next: more(timeline.next_page_token),
        query,
        note,
        close: forms.close,
        reopen: forms.reopen,
    };
    page_with_status(status, &found)
}

/// `GET /zaken/{case}/bewijs/{alert}`: the first message of an alert, byte for byte, so that its hash can be checked.
pub(crate) async fn raw_evidence(visit: Visit, Path((case, alert)): Path<(String, String)>) -> Result<Response, Failure> {
    let alert: AlertId = alert.parse().map_err(|_| Failure::Problem(Problem::NotFound))?;
    let request = wire::GetEvidenceRequest { case_id: case_id(&case)?.to_string(), alert_id: alert.to_string() };
    let found = visit.calls().cases().get_evidence(request).await?.into_inner();
    Ok(attachment(&format!("{alert}.json"), "application/json", found.raw_event))
}

/// The id in an address; what is no id names no case.
pub(crate) fn case_id(text: &str) -> Result<CaseId, Failure> {
    text.parse().map_err(|_| Failure::Problem(Problem::NotFound))
}

/// One case.
pub(crate) async fn find(calls: &Calls, case_id: CaseId) -> Result<Case, Failure> {
    let case = calls.cases().get_case(wire::GetCaseRequest { case_id: case_id.to_string() }).await?;
    Ok(Case::try_from(case.into_inner())?)
}

/// The newest step of a case.
pub(crate) async fn latest_step(calls: &Calls, case_id: CaseId) -> Result<Option<TimelineEntry>, Failure> {
    let request = wire::ListTimelineRequest { case_id: case_id.to_string(), page_size: 1, page_token: String::new() };
    let answer = calls.cases().list_timeline(request).await?.into_inner();
    Ok(answer.entries.into_iter().next().map(TimelineEntry::try_from).transpose()?)
}

/// `None` for who may know of the case and not what sensors saw: a school board's members and its DPO.
async fn evidence(visit: &Visit, case_id: CaseId, query: &CaseQuery) -> Result<Option<wire::ListEvidenceResponse>, Failure> {
    // Not asked for in vain: a refusal is on record as one.
    if !visit.visitor().may_somewhere(Action::AlertRead) {
        return Ok(None);
    }
    let page_token = query.evidence.token().to_owned();
    let request =
        wire::ListEvidenceRequest { case_id: case_id.to_string(), page_size: EVIDENCE_PAGE, page_token, include_raw_events: true };
    match visit.calls().cases().list_evidence(request).await {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) if status.code() == Code::PermissionDenied => Ok(None),
        Err(status) => Err(Failure::of_page(status, || query.first_evidence())),
    }
}

async fn timeline(calls: &Calls, case_id: CaseId, query: &CaseQuery) -> Result<wire::ListTimelineResponse, Failure> {
    let page_token = query.timeline.token().to_owned();
    let request = wire::ListTimelineRequest { case_id: case_id.to_string(), page_size: TIMELINE_PAGE, page_token };
    let answer = calls.cases().list_timeline(request).await;
    Ok(answer.map_err(|status| Failure::of_page(status, || query.newest_steps()))?.into_inner())
}
