//! The operators' API of retention and holds: `schildwacht.operations.v1.RetentionService`, one for all services of a process.

use std::{collections::BTreeMap, sync::Arc};

use auth::{Action, Context, Resource};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use proto::{
    count,
    operations::v1::{
        self as wire, CreateHoldRequest, LiftHoldRequest, ListHoldsRequest, ListHoldsResponse, PlanRetentionRequest, PlanRetentionResponse,
        RunRetentionRequest, RunRetentionResponse, TableRetention,
        retention_service_server::{RetentionService, RetentionServiceServer},
    },
    time::{moment, timestamp},
};
use runtime::{Error, Line, Violations};
use storage::{
    Reach, Txn,
    audit::{self, Chain, Entry},
    retention::{Hold, HoldId, Subject, hold},
};
use tonic::{Request, Response, Status};

use crate::retention::{Keeper, Retention, TableState};

/// The longest that a hold lasts; another may follow it.
const LONGEST_HOLD: TimeDelta = TimeDelta::days(5 * 365);

/// The gRPC service.
#[derive(Debug)]
pub struct RetentionApi {
    retention: Retention,
}

impl Retention {
    /// The gRPC service for all services of the process.
    pub fn api(&self) -> RetentionServiceServer<RetentionApi> {
        RetentionServiceServer::new(RetentionApi { retention: self.clone() })
    }

    /// The services of this name; all where none is named.
    fn of_service(&self, service: &str) -> Result<Vec<Arc<Keeper>>, Error> {
        let all = self.keepers();
        let named: Vec<_> = all.iter().filter(|keeper| service.is_empty() || keeper.service == service).cloned().collect();
        if named.is_empty() {
            let names: Vec<&str> = all.iter().map(|keeper| keeper.service).collect();
            return Err(Error::invalid_field("service", format!("give one of {}", names.join(", "))));
        }
        Ok(named)
    }
}

/// What is to be on hold.
struct CreateHold {
    id: Option<HoldId>,
    subject: Subject,
    reason: Line<500>,
    ends_at: DateTime<Utc>,
}

impl RetentionApi {
    async fn plan(&self, cx: &Context, asked: PlanRetentionRequest) -> Result<PlanRetentionResponse, Error> {
        cx.require(Action::RetentionRead, Resource::Platform)?;
        let (mut tables, mut content_version) = (Vec::new(), String::new());
        for keeper in self.retention.of_service(&asked.service)? {
            tables.extend(keeper.plan(cx).await?.iter().map(|state| message_of(keeper.service, state)));
            content_version = keeper.content_version(cx.clock.now()).to_owned();
        }
        Ok(PlanRetentionResponse { tables, content_version })
    }

    async fn run(&self, cx: &Context, asked: RunRetentionRequest) -> Result<RunRetentionResponse, Error> {
        cx.require(Action::RetentionRun, Resource::Platform)?;
        let (mut tables, mut content_version) = (Vec::new(), String::new());
        for keeper in self.retention.of_service(&asked.service)? {
            tables.extend(keeper.run(cx).await?.iter().map(|state| message_of(keeper.service, state)));
            content_version = keeper.content_version(cx.clock.now()).to_owned();
        }
        Ok(RunRetentionResponse { tables, content_version })
    }

    async fn list(&self, cx: &Context, asked: ListHoldsRequest) -> Result<ListHoldsResponse, Error> {
        cx.require(Action::RetentionRead, Resource::Platform)?;
        let mut holds: BTreeMap<HoldId, wire::Hold> = BTreeMap::new();
        for keeper in self.retention.keepers() {
            let reader = keeper.database.reader_within(Reach::Everything).await?;
            for hold in hold::list(&reader, asked.include_ended, cx.clock.now()).await? {
                let message = holds.entry(hold.id).or_insert_with(|| hold_message(&hold));
                message.services.push(keeper.service.to_owned());
            }
        }
        let mut holds: Vec<wire::Hold> = holds.into_values().collect();
        holds.sort_by_key(|hold| hold.end_time.map(|end| end.seconds));
        Ok(ListHoldsResponse { holds })
    }

    /// A transaction for each service: a hold that one did not take is there in the others, and the same request again completes it.
    async fn create(&self, cx: &Context, asked: CreateHold) -> Result<wire::Hold, Error> {
        cx.require(Action::RetentionHold, Resource::Platform)?;
        let now = cx.clock.now();
        let hold = Hold {
            id: asked.id.unwrap_or_else(|| cx.ids.next()),
            subject: asked.subject,
            reason: asked.reason.as_str().to_owned(),
            placed_by: cx.actor(),
            placed_at: now,
            ends_at: asked.ends_at,
            lifted: None,
        };
        let mut message = hold_message(&hold);
        for keeper in self.retention.keepers() {
            let txn = keeper.database.begin().await?;
            if hold::place(&txn, &hold).await? {
                record(&txn, cx, &hold, "placed").await?;
            } else if hold::find_to_change(&txn, hold.id).await?.is_none_or(|kept| !is_the_same(&kept, &hold)) {
                return Err(Error::conflict("request_id_reused", "this request_id made another hold; give a new one"));
            }
            txn.commit().await?;
            message.services.push(keeper.service.to_owned());
            if keeper.has_rows_of(hold.subject).await? {
                message.found_in.push(keeper.service.to_owned());
            }
        }
        Ok(message)
    }

    async fn lift(&self, cx: &Context, id: HoldId) -> Result<wire::Hold, Error> {
        cx.require(Action::RetentionHold, Resource::Platform)?;
        let mut lifted: Option<wire::Hold> = None;
        for keeper in self.retention.keepers() {
            let txn = keeper.database.begin().await?;
            let Some(mut found) = hold::find_to_change(&txn, id).await? else { continue };
            if found.lifted.is_none() {
                let (by, now) = (cx.actor(), cx.clock.now());
                hold::lift(&txn, id, by.clone(), now).await?;
                record(&txn, cx, &found, "lifted").await?;
                found.lifted = Some((by, now));
            }
            txn.commit().await?;
            lifted.get_or_insert_with(|| hold_message(&found)).services.push(keeper.service.to_owned());
        }
        lifted.ok_or_else(|| Error::not_found("hold"))
    }
}

/// The audit trail has no text of people: why is in the row of the hold.
async fn record(txn: &Txn, cx: &Context, hold: &Hold, change: &str) -> Result<(), Error> {
    let detail = serde_json::json!({ "change": change, "hold": hold.id, "until": hold.ends_at });
    audit::append(txn, cx, Chain::Platform, Entry { action: Action::RetentionHold, resource: hold.subject.to_string(), detail }).await?;
    Ok(())
}

/// Whether it is the hold that this request would make.
fn is_the_same(kept: &Hold, asked: &Hold) -> bool {
    (kept.subject, &kept.reason, kept.ends_at, &kept.placed_by) == (asked.subject, &asked.reason, asked.ends_at, &asked.placed_by)
}

fn hold_message(hold: &Hold) -> wire::Hold {
    let (lifted_by, lift_time) = hold.lifted.clone().unzip();
    wire::Hold {
        hold_id: hold.id.to_string(),
        subject: hold.subject.to_string(),
        reason: hold.reason.clone(),
        placed_by: hold.placed_by.clone(),
        place_time: Some(timestamp(hold.placed_at)),
        end_time: Some(timestamp(hold.ends_at)),
        lifted_by: lifted_by.unwrap_or_default(),
        lift_time: lift_time.map(timestamp),
        services: Vec::new(),
        found_in: Vec::new(),
    }
}

fn message_of(service: &str, state: &TableState) -> TableRetention {
    TableRetention {
        service: service.to_owned(),
        class: state.class.to_owned(),
        table: state.table.to_owned(),
        days: i32::try_from(state.days).unwrap_or(i32::MAX),
        over_before_time: Some(timestamp(state.over_before)),
        overdue: count(state.overdue.rows),
        held: count(state.overdue.held),
        oldest_time: state.overdue.oldest.map(timestamp),
        removed: count(state.removed),
    }
}

fn asked_hold(cx: &Context, request: &CreateHoldRequest) -> Result<CreateHold, Error> {
    let mut fields = Violations::default();
    let subject = request.subject.parse::<Subject>().map_err(|error| fields.complain("subject", error.to_string())).ok();
    let reason = fields.text("reason", request.reason.as_str());
    let id = fields.optional_id("request_id", &request.request_id);
    let now = cx.clock.now();
    // As PostgreSQL keeps it, so that the same request again is the same hold.
    let ends_at = request.end_time.and_then(moment).map(|end| end.trunc_subsecs(6));
    let ends_at = ends_at.filter(|end| *end > now && *end <= now + LONGEST_HOLD);
    let ends_at = fields.require("end_time", ends_at, "give a moment in the next five years");
    fields.build(|| Some(CreateHold { id, subject: subject?, reason: reason?, ends_at: ends_at? }))
}

#[tonic::async_trait]
impl RetentionService for RetentionApi {
    async fn plan_retention(&self, request: Request<PlanRetentionRequest>) -> Result<Response<PlanRetentionResponse>, Status> {
        let cx = Context::of(&request)?;
        Ok(Response::new(self.plan(&cx, request.into_inner()).await?))
    }

    async fn run_retention(&self, request: Request<RunRetentionRequest>) -> Result<Response<RunRetentionResponse>, Status> {
        let cx = Context::of(&request)?;
        Ok(Response::new(self.run(&cx, request.into_inner()).await?))
    }

    async fn list_holds(&self, request: Request<ListHoldsRequest>) -> Result<Response<ListHoldsResponse>, Status> {
        let cx = Context::of(&request)?;
        Ok(Response::new(self.list(&cx, request.into_inner()).await?))
    }

    async fn create_hold(&self, request: Request<CreateHoldRequest>) -> Result<Response<wire::Hold>, Status> {
        let cx = Context::of(&request)?;
        cx.require(Action::RetentionHold, Resource::Platform)?;
        let asked = asked_hold(&cx, &request.into_inner())?;
        Ok(Response::new(self.create(&cx, asked).await?))
    }

    async fn lift_hold(&self, request: Request<LiftHoldRequest>) -> Result<Response<wire::Hold>, Status> {
        let cx = Context::of(&request)?;
        cx.require(Action::RetentionHold, Resource::Platform)?;
        let mut fields = Violations::default();
        let id = fields.id("hold_id", &request.into_inner().hold_id);
        Ok(Response::new(self.lift(&cx, fields.finish(id)?).await?))
    }
}
