//! `schildwacht.incident_intake.v1.CaseService`.

use std::pin::Pin;

use auth::Context;
use futures::{Stream, StreamExt as _};
use proto::{
    incident_intake::v1::{
        AddCaseNoteRequest, AlertExplanation, AssignCaseRequest, Case, CaseChange, CasePhase, ChangeCasePhaseRequest, CloseCaseRequest,
        Evidence, ExplainAlertsRequest, ExplainAlertsResponse, GetCaseRequest, GetEvidenceRequest, ListCasesRequest, ListCasesResponse,
        ListEvidenceRequest, ListEvidenceResponse, ListTimelineRequest, ListTimelineResponse, QueueSummary, ReopenCaseRequest,
        SummarizeQueueRequest, TimelineEntry, WatchCasesRequest, case_service_server::CaseService,
    },
    time::{moment, timestamp},
};
use runtime::{Error, SchoolId, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{
        AddCaseNote, App, AssignCase, AssignTo, CaseNews, ChangeCasePhase, CloseCase, Exhibit, ExplainAlerts, Explanation, ListCases,
        ListEvidence, ListTimeline, MOST_ALERTS, ReopenCase, Whose, add_case_note, assign_case, change_case_phase, close_case,
        explain_alerts, get_case, get_evidence, list_cases, list_evidence, list_timeline, reopen_case, summarize_queue, watch_cases,
    },
    domain::{
        alert::Alert,
        close_reason::CloseReason,
        phase::Phase,
        queue::{Assignment, CaseOrder, QueueFilter},
        severity::Severity,
        tlp::Tlp,
    },
    messages::localized,
};

/// Most cases that a list may be asked for by id.
const MOST_CASES_NAMED: usize = 200;

#[tonic::async_trait]
impl CaseService for App {
    async fn get_case(&self, request: Request<GetCaseRequest>) -> Result<Response<Case>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("case_id", &asked.case_id))?;
        let case = get_case(self, &cx, id).await?;
        Ok(Response::new((&case).into()))
    }

    async fn list_cases(&self, request: Request<ListCasesRequest>) -> Result<Response<ListCasesResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let listed = list_cases(self, &cx, asked).await?;
        Ok(Response::new(ListCasesResponse {
            cases: listed.page.rows.iter().map(Into::into).collect(),
            next_page_token: listed.page.next_page_token,
            total_size: listed.page.total,
            read_time: Some(timestamp(listed.read_at)),
            devices: listed.devices.into_iter().map(|(case, devices)| (case.to_string(), devices.into())).collect(),
        }))
    }

    async fn summarize_queue(&self, request: Request<SummarizeQueueRequest>) -> Result<Response<QueueSummary>, Status> {
        let cx = Context::of(&request)?;
        Ok(Response::new(summarize_queue(self, &cx).await?.into()))
    }

    async fn assign_case(&self, request: Request<AssignCaseRequest>) -> Result<Response<Case>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let case = assign_case(self, &cx, asked).await?;
        Ok(Response::new((&case).into()))
    }

    async fn change_case_phase(&self, request: Request<ChangeCasePhaseRequest>) -> Result<Response<Case>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let case = change_case_phase(self, &cx, asked).await?;
        Ok(Response::new((&case).into()))
    }

    async fn add_case_note(&self, request: Request<AddCaseNoteRequest>) -> Result<Response<TimelineEntry>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let entry = add_case_note(self, &cx, asked).await?;
        Ok(Response::new((&entry).into()))
    }

    async fn close_case(&self, request: Request<CloseCaseRequest>) -> Result<Response<Case>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let case = close_case(self, &cx, asked).await?;
        Ok(Response::new((&case).into()))
    }

    async fn reopen_case(&self, request: Request<ReopenCaseRequest>) -> Result<Response<Case>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let case = reopen_case(self, &cx, asked).await?;
        Ok(Response::new((&case).into()))
    }

    async fn list_timeline(&self, request: Request<ListTimelineRequest>) -> Result<Response<ListTimelineResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_timeline(self, &cx, asked).await?;
        Ok(Response::new(ListTimelineResponse {
            entries: page.rows.iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
            total_size: page.total,
        }))
    }

    async fn get_evidence(&self, request: Request<GetEvidenceRequest>) -> Result<Response<Evidence>, Status> {
        let read = |fields: &mut Violations, asked: GetEvidenceRequest| {
            fields.id("case_id", &asked.case_id).zip(fields.id("alert_id", &asked.alert_id))
        };
        let (cx, (case, alert)) = auth::asked_with(request, read)?;
        Ok(Response::new(evidence(get_evidence(self, &cx, case, alert).await?)))
    }

    async fn list_evidence(&self, request: Request<ListEvidenceRequest>) -> Result<Response<ListEvidenceResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_evidence(self, &cx, asked).await?;
        Ok(Response::new(ListEvidenceResponse {
            evidence: page.rows.into_iter().map(evidence).collect(),
            next_page_token: page.next_page_token,
            total_size: page.total,
        }))
    }

    async fn explain_alerts(&self, request: Request<ExplainAlertsRequest>) -> Result<Response<ExplainAlertsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let explanations = explain_alerts(self, &cx, asked).await?;
        Ok(Response::new(ExplainAlertsResponse { explanations: explanations.iter().map(explanation).collect() }))
    }

    type WatchCasesStream = Pin<Box<dyn Stream<Item = Result<CaseChange, Status>> + Send>>;

    async fn watch_cases(&self, request: Request<WatchCasesRequest>) -> Result<Response<Self::WatchCasesStream>, Status> {
        let cx = Context::of(&request)?;
        let news = watch_cases(self, &cx)?;
        let clock = cx.clock.clone();
        let changes = news.map(move |news| {
            Ok(match news {
                CaseNews::Changed { case_id, reference, opened, at, .. } => {
                    CaseChange { case_id: case_id.to_string(), reference, opened, time: Some(timestamp(at)) }
                }
                CaseNews::Anything => CaseChange { time: Some(timestamp(clock.now())), ..CaseChange::default() },
            })
        });
        Ok(Response::new(changes.boxed()))
    }
}

impl TryFrom<ListCasesRequest> for ListCases {
    type Error = Error;

    fn try_from(request: ListCasesRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let text = fields.search("query", &request.query);
        let phases: Option<Vec<Option<Phase>>> = request.phases.iter().map(|number| phase_or_closed(*number)).collect();
        let phases = fields.require("phases", phases, "name phases of a case; leave it empty for all that are not closed");
        let min_severity = match request.min_severity {
            0 => None,
            number => fields.require("min_severity", Severity::from_repr(number), "name a severity, or leave it out for all"),
        };
        let order = if request.order_by == 0 { Some(CaseOrder::default()) } else { CaseOrder::from_repr(request.order_by) };
        let order = fields.require("order_by", order, "name an order, or leave it out for the nearest target first");
        let school = fields.optional_id("school_id", &request.school_id);
        let opened_after = request.opened_after.and_then(|timestamp| {
            fields.require("opened_after", moment(timestamp), "give a moment, such as the read_time of an earlier answer")
        });
        let cases = fields.ids("case_ids", &request.case_ids, MOST_CASES_NAMED);
        let whose = match request.assignee.as_str() {
            "" => Some(Whose::All),
            "me" => Some(Whose::Mine),
            "nobody" => Some(Whose::Nobodys),
            id => fields.id("assignee", id).map(Whose::Person),
        };
        let ListCasesRequest { reverse, for_export, page_size, page_token, .. } = request;
        fields.build(|| {
            let (phases, cases) = (phases?, cases?);
            let filter = QueueFilter { text, min_severity, phases, assignment: Assignment::Anybody, school, opened_after, cases };
            Some(Self { filter, whose: whose?, order: order?, reverse, for_export, page: (page_size, page_token).into() })
        })
    }
}

/// A phase, `Some(None)` for closed; `None` for what is neither.
fn phase_or_closed(number: i32) -> Option<Option<Phase>> {
    if number == CasePhase::Closed as i32 { Some(None) } else { Phase::from_repr(number).map(Some) }
}

impl TryFrom<AssignCaseRequest> for AssignCase {
    type Error = Error;

    fn try_from(request: AssignCaseRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let case_id = fields.id("case_id", &request.case_id);
        let to = match request.assignee.as_str() {
            "" => Some(AssignTo::Nobody),
            "me" => Some(AssignTo::Me),
            id => fields.id("assignee", id).map(AssignTo::Person),
        };
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { case_id: case_id?, to: to?, etag: etag? }))
    }
}

impl TryFrom<ChangeCasePhaseRequest> for ChangeCasePhase {
    type Error = Error;

    fn try_from(request: ChangeCasePhaseRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let case_id = fields.id("case_id", &request.case_id);
        let phase = Phase::from_repr(request.phase);
        let phase =
            fields.require("phase", phase, "name a phase from open to post_incident; to close a case, call CloseCase with a reason");
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { case_id: case_id?, phase: phase?, etag: etag? }))
    }
}

impl TryFrom<CloseCaseRequest> for CloseCase {
    type Error = Error;

    fn try_from(request: CloseCaseRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let case_id = fields.id("case_id", &request.case_id);
        let reason = CloseReason::from_repr(request.reason);
        let reason = fields.require("reason", reason, "say why: resolved, false_positive, no_action_needed or duplicate");
        let text = fields.text("text", &request.text);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { case_id: case_id?, reason: reason?, text: text?, etag: etag? }))
    }
}

impl TryFrom<ReopenCaseRequest> for ReopenCase {
    type Error = Error;

    fn try_from(request: ReopenCaseRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let case_id = fields.id("case_id", &request.case_id);
        let text = fields.text("text", &request.text);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { case_id: case_id?, text: text?, etag: etag? }))
    }
}

impl TryFrom<AddCaseNoteRequest> for AddCaseNote {
    type Error = Error;

    fn try_from(request: AddCaseNoteRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let case_id = fields.id("case_id", &request.case_id);
        let text = fields.text("text", &request.text);
        let tlp = if request.tlp.is_empty() { Some(Tlp::AmberStrict) } else { request.tlp.parse().ok() };
        let advice = "write TLP:RED, TLP:AMBER+STRICT, TLP:AMBER, TLP:GREEN or TLP:CLEAR, or leave it empty for TLP:AMBER+STRICT";
        let tlp = fields.require("tlp", tlp, advice);
        let request_id = fields.request_id(&request.request_id);
        fields.build(|| Some(Self { case_id: case_id?, text: text?, tlp: tlp?, request_id }))
    }
}

impl TryFrom<ListTimelineRequest> for ListTimeline {
    type Error = Error;

    fn try_from(request: ListTimelineRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let case_id = fields.id("case_id", &request.case_id);
        let ListTimelineRequest { page_size, page_token, .. } = request;
        fields.finish(case_id.map(|case_id| Self { case_id, page: (page_size, page_token).into() }))
    }
}

impl TryFrom<ListEvidenceRequest> for ListEvidence {
    type Error = Error;

    fn try_from(request: ListEvidenceRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let case_id = fields.id("case_id", &request.case_id);
        let ListEvidenceRequest { page_size, page_token, include_raw_events, .. } = request;
        fields.build(|| Some(Self { case_id: case_id?, include_raw_events, page: (page_size, page_token).into() }))
    }
}

impl TryFrom<ExplainAlertsRequest> for ExplainAlerts {
    type Error = Error;

    fn try_from(request: ExplainAlertsRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school: Option<SchoolId> = fields.id("school_id", &request.school_id);
        if request.alerts.len() > MOST_ALERTS {
            fields.complain("alerts", format!("ask for at most {MOST_ALERTS} at once"));
            return fields.finish(None);
        }
        let mut alerts = Vec::with_capacity(request.alerts.len());
        for (index, alert) in request.alerts.into_iter().enumerate() {
            match Alert::try_from(alert) {
                Ok(alert) if school.is_some_and(|school| school != alert.school_id) => {
                    fields.complain(format!("alerts[{index}].school_id"), "ask for alerts of one school, the one in school_id");
                }
                Ok(alert) => alerts.push(alert),
                Err(error) => fields.complain(format!("alerts[{index}]"), error.to_string()),
            }
        }
        fields.finish(school.map(|school| Self { school, alerts }))
    }
}

fn explanation(explained: &Explanation) -> AlertExplanation {
    AlertExplanation {
        alert_id: explained.alert_id.to_string(),
        title: localized(&explained.title),
        severity: explained.severity as i32,
        case: explained.case.as_ref().map(Into::into),
    }
}

fn evidence(exhibit: Exhibit) -> Evidence {
    Evidence { raw_event_sha256: exhibit.raw_event_sha256, ..exhibit.alert.into() }
}
