//! The services, played: they speak the generated traits over real gRPC, keep etags, and can be told to fail.

mod alerts;
mod identity;
mod monitor;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto::{
    identity::v1::{
        contact_service_server::ContactServiceServer, gateway_service_server::GatewayServiceServer,
        organisation_service_server::OrganisationServiceServer,
    },
    incident_intake::v1::{
        self as intake,
        case_service_server::{CaseService, CaseServiceServer},
        timeline_entry::What,
    },
    network_monitor::v1::{
        alert_service_server::AlertServiceServer, device_service_server::DeviceServiceServer,
        gateway_contact_service_server::GatewayContactServiceServer,
    },
};
use runtime::{Clock, Tasks};
use testkit::Running;
use tokio::sync::broadcast;
use tokio_stream::{Stream, StreamExt as _, wrappers::BroadcastStream};
use tonic::{
    Code, Request, Response, Status,
    service::Routes,
    transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming},
};

use super::world::{World, wire, wire_person};

/// A certificate for 127.0.0.1, its key and who signed it. Made for these tests; nobody else trusts it.
const CERTIFICATE: &str = include_str!("tls/server.pem");
const KEY: &str = include_str!("tls/server.key.pem");
pub const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/tls/ca.pem");

pub struct FakeServices {
    url: String,
    /// Keeps them listening.
    _server: Box<dyn Send + Sync>,
    pub play: Play,
}

/// The services' shared state.
#[derive(Clone)]
pub struct Play {
    world: Arc<Mutex<World>>,
    /// What fails (everything, when empty), and how.
    fail: Arc<Mutex<Option<(&'static str, Code)>>>,
    /// What was asked, with the token it was asked with.
    asked: Arc<Mutex<Vec<(&'static str, String)>>>,
    changes: broadcast::Sender<intake::CaseChange>,
    clock: Clock,
}

type Answer<T> = Result<Response<T>, Status>;
type Messages<T> = std::pin::Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl FakeServices {
    pub async fn start(world: World, clock: Clock) -> Self {
        let (changes, _) = broadcast::channel(64);
        let play = Play { world: Arc::new(Mutex::new(world)), fail: Arc::default(), asked: Arc::default(), changes, clock };
        let server = Running::start(play.routes().into_axum_router()).await;
        Self { url: server.url(), _server: Box::new(server), play }
    }

    /// The same at an https address; plain gRPC is not understood there.
    pub async fn start_encrypted(world: World, clock: Clock) -> Self {
        let plain = Self::start(world, clock).await;
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let url = format!("https://{}", incoming.local_addr().unwrap());
        let tls = ServerTlsConfig::new().identity(Identity::from_pem(CERTIFICATE, KEY));
        let mut server = Server::builder().tls_config(tls).unwrap();
        let tasks = Tasks::new();
        let stop = tasks.shutdown();
        let serving = server.add_routes(plain.play.routes()).serve_with_incoming_shutdown(incoming, async move { stop.requested().await });
        tasks.spawn("encrypted services", serving);
        Self { url, _server: Box::new(tasks.shutdown().request_on_drop()), play: plain.play }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Play {
    fn routes(&self) -> Routes {
        Routes::new(CaseServiceServer::new(self.clone()))
            .add_service(DeviceServiceServer::new(self.clone()))
            .add_service(AlertServiceServer::new(self.clone()))
            .add_service(GatewayContactServiceServer::new(self.clone()))
            .add_service(OrganisationServiceServer::new(self.clone()))
            .add_service(ContactServiceServer::new(self.clone()))
            .add_service(GatewayServiceServer::new(self.clone()))
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        locked(&self.world)
    }

    /// Every call fails like this from now on.
    pub fn fail_with(&self, code: Code) {
        *locked(&self.fail) = Some(("", code));
    }

    /// This call fails from now on.
    pub fn fail_only(&self, what: &'static str, code: Code) {
        *locked(&self.fail) = Some((what, code));
    }

    /// Nothing fails any more.
    pub fn work_again(&self) {
        *locked(&self.fail) = None;
    }

    pub fn asked(&self) -> Vec<(&'static str, String)> {
        locked(&self.asked).clone()
    }

    /// A sensor's case comes in: a copy of the first, just opened.
    pub fn open_a_case(&self) {
        let mut world = self.world();
        let number = world.cases.len();
        let mut case = world.cases[0].clone();
        case.case_id = format!("0190c0de-0000-7000-8000-000000001{number:03}");
        case.reference = format!("SW-2026-1{number:03}");
        case.open_time = wire(self.clock.now() + chrono::TimeDelta::seconds(1));
        let change =
            intake::CaseChange { case_id: case.case_id.clone(), reference: case.reference.clone(), opened: true, time: case.open_time };
        world.cases.push(case);
        drop(world);
        let _nobody_watches = self.changes.send(change);
    }

    fn hear<T>(&self, what: &'static str, request: Request<T>) -> Result<T, Status> {
        let token = request.metadata().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        assert!(token.starts_with("Bearer "), "{what} is asked on behalf of a person");
        locked(&self.asked).push((what, token));
        match *locked(&self.fail) {
            Some((failing, code)) if failing.is_empty() || failing == what => Err(Status::new(code, "told to fail")),
            _ => Ok(request.into_inner()),
        }
    }

    fn change(&self, case_id: &str, etag: &str, what: impl FnOnce(&mut intake::Case) -> What) -> Result<Response<intake::Case>, Status> {
        let now = wire(self.clock.now());
        let mut world = self.world();
        let case = world.cases.iter_mut().find(|case| case.case_id == case_id).ok_or_else(|| Status::not_found("case"))?;
        if case.etag != etag {
            return Err(Status::aborted("changed meanwhile"));
        }
        let what = what(case);
        case.etag.push('+');
        case.update_time = now;
        let case = case.clone();
        let entry = intake::TimelineEntry {
            entry_id: case.etag.clone(),
            time: now,
            actor: Some(wire_person(&super::people::noor())),
            what: Some(what),
            audit_seq: 19_000,
            audit_hash: "0123456789ab".to_owned(),
        };
        world.timelines.entry(case_id.to_owned()).or_default().insert(0, entry);
        Ok(Response::new(case))
    }
}

/// A page by a token that is simply where it begins.
fn paged<T: Clone>(all: &[T], page_size: i32, page_token: &str) -> (Vec<T>, String) {
    let begin: usize = page_token.parse().unwrap_or(0);
    let size = usize::try_from(page_size.max(1)).unwrap();
    let end = (begin + size).min(all.len());
    let next = if end < all.len() { end.to_string() } else { String::new() };
    (all[begin.min(all.len())..end].to_vec(), next)
}

#[tonic::async_trait]
impl CaseService for Play {
    async fn get_case(&self, request: Request<intake::GetCaseRequest>) -> Answer<intake::Case> {
        let request = self.hear("get_case", request)?;
        let world = self.world();
        let case = world.cases.iter().find(|case| case.case_id == request.case_id);
        case.cloned().map(Response::new).ok_or_else(|| Status::not_found("case"))
    }

    async fn list_cases(&self, request: Request<intake::ListCasesRequest>) -> Answer<intake::ListCasesResponse> {
        let request = self.hear("list_cases", request)?;
        let world = self.world();
        let closed = i32::from(intake::CasePhase::Closed);
        let after = |at: Option<prost_types::Timestamp>| at.map_or((0, 0), |at| (at.seconds, at.nanos));
        let me = wire_person(&super::people::noor()).person_id;
        let mut cases: Vec<intake::Case> = (world.cases.iter())
            .filter(|case| if request.phases.is_empty() { case.phase != closed } else { request.phases.contains(&case.phase) })
            .filter(|case| case.severity >= request.min_severity)
            .filter(|case| request.case_ids.is_empty() || request.case_ids.contains(&case.case_id))
            .filter(|case| request.school_id.is_empty() || case.school_id == request.school_id)
            .filter(|case| request.opened_after.is_none() || after(case.open_time) > after(request.opened_after))
            .filter(|case| {
                let title = case.title.as_ref().map(|title| title.nl.to_lowercase()).unwrap_or_default();
                request.query.is_empty() || title.contains(&request.query.to_lowercase()) || case.reference.contains(&request.query)
            })
            .filter(|case| match request.assignee.as_str() {
                "" => true,
                "nobody" => case.assignee.is_none(),
                "me" => case.assignee.as_ref().is_some_and(|assignee| assignee.person_id == me),
                other => case.assignee.as_ref().is_some_and(|assignee| assignee.person_id == other),
            })
            .cloned()
            .collect();
        if request.order_by == i32::from(intake::CaseOrder::School) {
            cases.sort_by(|one, other| one.school_name.cmp(&other.school_name));
        } else {
            let target = |case: &intake::Case| after(if case.react_time.is_none() { case.react_by_time } else { case.resolve_by_time });
            cases.sort_by_key(target);
        }
        if request.reverse {
            cases.reverse();
        }
        let total_size = i64::try_from(cases.len()).unwrap();
        let (cases, next_page_token) = paged(&cases, request.page_size, &request.page_token);
        let devices = world.case_devices.iter().filter(|(id, _)| cases.iter().any(|case| case.case_id == **id));
        let devices = devices.map(|(id, devices)| (id.clone(), devices.clone())).collect();
        Ok(Response::new(intake::ListCasesResponse { cases, next_page_token, total_size, read_time: wire(self.clock.now()), devices }))
    }

    async fn summarize_queue(&self, request: Request<intake::SummarizeQueueRequest>) -> Answer<intake::QueueSummary> {
        self.hear("summarize_queue", request)?;
        let world = self.world();
        let open: Vec<&intake::Case> = world.cases.iter().filter(|case| case.phase != i32::from(intake::CasePhase::Closed)).collect();
        let me = wire_person(&super::people::noor()).person_id;
        let count = |wanted: &dyn Fn(&intake::Case) -> bool| i64::try_from(open.iter().filter(|case| wanted(case)).count()).unwrap();
        let now = self.clock.now().timestamp();
        let late = |case: &intake::Case| case.react_time.is_none() && case.react_by_time.is_some_and(|due| due.seconds < now);
        Ok(Response::new(intake::QueueSummary {
            open: count(&|_| true),
            opened_today: 2,
            unassigned: count(&|case| case.assignee.is_none()),
            unassigned_late: count(&|case| case.assignee.is_none() && late(case)),
            mine: count(&|case| case.assignee.as_ref().is_some_and(|assignee| assignee.person_id == me)),
            late: count(&late),
            median_reaction_seconds: 18 * 60,
            median_resolution_seconds: 52 * 3_600,
        }))
    }

    async fn assign_case(&self, request: Request<intake::AssignCaseRequest>) -> Answer<intake::Case> {
        let request = self.hear("assign_case", request)?;
        let now = wire(self.clock.now());
        self.change(&request.case_id, &request.etag, |case| {
            let from = case.assignee.take();
            case.assignee = (request.assignee == "me").then(|| wire_person(&super::people::noor()));
            if case.assignee.is_some() && case.react_time.is_none() {
                case.react_time = now;
            }
            What::Assigned(intake::CaseAssigned { from, to: case.assignee.clone() })
        })
    }

    async fn change_case_phase(&self, request: Request<intake::ChangeCasePhaseRequest>) -> Answer<intake::Case> {
        let request = self.hear("change_case_phase", request)?;
        self.change(&request.case_id, &request.etag, |case| {
            let from = std::mem::replace(&mut case.phase, request.phase);
            What::PhaseChanged(intake::CasePhaseChanged { from, to: request.phase })
        })
    }

    async fn add_case_note(&self, request: Request<intake::AddCaseNoteRequest>) -> Answer<intake::TimelineEntry> {
        let request = self.hear("add_case_note", request)?;
        let entry = intake::TimelineEntry {
            entry_id: request.request_id,
            time: wire(self.clock.now()),
            actor: Some(wire_person(&super::people::noor())),
            what: Some(What::Note(intake::NoteAdded { text: request.text, tlp: request.tlp })),
            audit_seq: 19_001,
            audit_hash: "abcdef012345".to_owned(),
        };
        let mut world = self.world();
        let timeline = world.timelines.get_mut(&request.case_id).ok_or_else(|| Status::not_found("case"))?;
        timeline.insert(0, entry.clone());
        Ok(Response::new(entry))
    }

    async fn close_case(&self, request: Request<intake::CloseCaseRequest>) -> Answer<intake::Case> {
        let request = self.hear("close_case", request)?;
        let now = wire(self.clock.now());
        self.change(&request.case_id, &request.etag, |case| {
            (case.phase, case.phase_time) = (intake::CasePhase::Closed.into(), now);
            (case.close_reason, case.close_text) = (request.reason, request.text.clone());
            What::Closed(intake::CaseClosed { reason: request.reason, text: request.text })
        })
    }

    async fn reopen_case(&self, request: Request<intake::ReopenCaseRequest>) -> Answer<intake::Case> {
        let request = self.hear("reopen_case", request)?;
        self.change(&request.case_id, &request.etag, |case| {
            case.phase = intake::CasePhase::InProgress.into();
            case.close_reason = 0;
            What::Reopened(intake::CaseReopened { text: request.text })
        })
    }

    async fn list_timeline(&self, request: Request<intake::ListTimelineRequest>) -> Answer<intake::ListTimelineResponse> {
        let request = self.hear("list_timeline", request)?;
        let world = self.world();
        let all = world.timelines.get(&request.case_id).cloned().unwrap_or_default();
        let (entries, next_page_token) = paged(&all, request.page_size, &request.page_token);
        Ok(Response::new(intake::ListTimelineResponse { entries, next_page_token, total_size: i64::try_from(all.len()).unwrap() }))
    }

    async fn get_evidence(&self, request: Request<intake::GetEvidenceRequest>) -> Answer<intake::Evidence> {
        let request = self.hear("get_evidence", request)?;
        let world = self.world();
        let of_case = world.evidence.get(&request.case_id).into_iter().flatten();
        let found = of_case.into_iter().find(|evidence| evidence.alert_id == request.alert_id).cloned();
        found.map(Response::new).ok_or_else(|| Status::not_found("alert not found"))
    }

    async fn list_evidence(&self, request: Request<intake::ListEvidenceRequest>) -> Answer<intake::ListEvidenceResponse> {
        let request = self.hear("list_evidence", request)?;
        let world = self.world();
        let all = world.evidence.get(&request.case_id).cloned().unwrap_or_default();
        let (evidence, next_page_token) = paged(&all, request.page_size, &request.page_token);
        Ok(Response::new(intake::ListEvidenceResponse { evidence, next_page_token, total_size: i64::try_from(all.len()).unwrap() }))
    }

    async fn explain_alerts(&self, request: Request<intake::ExplainAlertsRequest>) -> Answer<intake::ExplainAlertsResponse> {
        let request = self.hear("explain_alerts", request)?;
        Ok(Response::new(alerts::explained(&self.world(), request)))
    }

    type WatchCasesStream = Messages<intake::CaseChange>;

    async fn watch_cases(&self, request: Request<intake::WatchCasesRequest>) -> Answer<Self::WatchCasesStream> {
        self.hear("watch_cases", request)?;
        let changes = BroadcastStream::new(self.changes.subscribe()).filter_map(|change| change.ok().map(Ok));
        Ok(Response::new(Box::pin(changes)))
    }
}
