//! `schildwacht.incident_intake.v1.CaseService`.

use std::pin::Pin;

use auth::Context;
use futures::{Stream, StreamExt as _};
use proto::incident_intake::v1::{
    AddCaseNoteRequest, AlertExplanation, AssignCaseRequest, Case, CaseChange, CaseSeverity, ChangeCasePhaseRequest, CloseCaseRequest,
    Evidence, ExplainAlertsRequest, ExplainAlertsResponse, GetCaseRequest, ListCasesRequest, ListCasesResponse, ListEvidenceRequest,
    ListEvidenceResponse, ListTimelineRequest, ListTimelineResponse, QueueSummary, ReopenCaseRequest, SummarizeQueueRequest, TimelineEntry,
    WatchCasesRequest,
    case_service_server::{CaseService, CaseServiceServer},
};
use proto::time::timestamp;
use tonic::{Request, Response, Status};

use super::Fields;
use crate::{
    app::{
        App, CaseNews, Exhibit, Explanation, add_case_note, assign_case, change_case_phase, close_case, explain_alerts, get_case,
        list_cases, list_evidence, list_timeline, reopen_case, summarize_queue, watch_cases,
    },
    messages::localized,
};

/// See the module.
pub struct CaseApi {
    app: App,
}

impl CaseApi {
    /// Over these use cases.
    pub fn new(app: App) -> CaseServiceServer<Self> {
        CaseServiceServer::new(Self { app })
    }
}

#[tonic::async_trait]
impl CaseService for CaseApi {
    async fn get_case(&self, request: Request<GetCaseRequest>) -> Result<Response<Case>, Status> {
        let cx = Context::of(&request)?;
        let mut fields = Fields::default();
        let id = fields.id("case_id", &request.into_inner().case_id);
        let case = get_case(&self.app, &cx, fields.finish(id)?).await?;
        Ok(Response::new((&case).into()))
    }

    async fn list_cases(&self, request: Request<ListCasesRequest>) -> Result<Response<ListCasesResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let listed = list_cases(&self.app, &cx, asked).await?;
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
        Ok(Response::new(summarize_queue(&self.app, &cx).await?.into()))
    }

    async fn assign_case(&self, request: Request<AssignCaseRequest>) -> Result<Response<Case>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let case = assign_case(&self.app, &cx, asked).await?;
        Ok(Response::new((&case).into()))
    }

    async fn change_case_phase(&self, request: Request<ChangeCasePhaseRequest>) -> Result<Response<Case>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let case = change_case_phase(&self.app, &cx, asked).await?;
        Ok(Response::new((&case).into()))
    }

    async fn add_case_note(&self, request: Request<AddCaseNoteRequest>) -> Result<Response<TimelineEntry>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let entry = add_case_note(&self.app, &cx, asked).await?;
        Ok(Response::new((&entry).into()))
    }

    async fn close_case(&self, request: Request<CloseCaseRequest>) -> Result<Response<Case>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let case = close_case(&self.app, &cx, asked).await?;
        Ok(Response::new((&case).into()))
    }

    async fn reopen_case(&self, request: Request<ReopenCaseRequest>) -> Result<Response<Case>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let case = reopen_case(&self.app, &cx, asked).await?;
        Ok(Response::new((&case).into()))
    }

    async fn list_timeline(&self, request: Request<ListTimelineRequest>) -> Result<Response<ListTimelineResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_timeline(&self.app, &cx, asked).await?;
        Ok(Response::new(ListTimelineResponse {
            entries: page.rows.iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
            total_size: page.total,
        }))
    }

    async fn list_evidence(&self, request: Request<ListEvidenceRequest>) -> Result<Response<ListEvidenceResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_evidence(&self.app, &cx, asked).await?;
        Ok(Response::new(ListEvidenceResponse {
            evidence: page.rows.into_iter().map(evidence).collect(),
            next_page_token: page.next_page_token,
            total_size: page.total,
        }))
    }

    async fn explain_alerts(&self, request: Request<ExplainAlertsRequest>) -> Result<Response<ExplainAlertsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let explanations = explain_alerts(&self.app, &cx, asked).await?;
        Ok(Response::new(ExplainAlertsResponse { explanations: explanations.iter().map(explanation).collect() }))
    }

    type WatchCasesStream = Pin<Box<dyn Stream<Item = Result<CaseChange, Status>> + Send>>;

    async fn watch_cases(&self, request: Request<WatchCasesRequest>) -> Result<Response<Self::WatchCasesStream>, Status> {
        let cx = Context::of(&request)?;
        let news = watch_cases(&self.app, &cx)?;
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

fn explanation(explained: &Explanation) -> AlertExplanation {
    AlertExplanation {
        alert_id: explained.alert_id.to_string(),
        title: localized(&explained.title),
        severity: CaseSeverity::from(explained.severity).into(),
        case: explained.case.as_ref().map(Into::into),
    }
}

fn evidence(exhibit: Exhibit) -> Evidence {
    Evidence { raw_event_sha256: exhibit.raw_event_sha256, ..exhibit.alert.into() }
}
