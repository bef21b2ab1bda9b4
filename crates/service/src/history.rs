//! What happened at a school, for people: the `HistoryService` of every service with an audit trail.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use auth::{Action, Context, Function, Reach, Resource, Scope};
use chrono::{DateTime, TimeDelta, Utc};
use proto::{
    history::v1::{
        HistoryEntry, HistoryKind, ListHistoryRequest, ListHistoryResponse, ListUsesRequest, ListUsesResponse, Use,
        list_uses_request::Organisation,
    },
    identity, incident_intake, network_monitor,
    time::{moment, timestamp},
};
use runtime::{BoardId, Error, SchoolId, Violations};
use serde::Serialize;
use storage::{
    Database, Page, PageRequest, Paging, StoreResult,
    audit::{self, Chain, Changes, EntryKind, Listed, Listing, OnRecord, Things},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// What is told of a row's detail. The rest may hold what people wrote.
const TOLD: [&str; 6] = ["change", "from", "to", "function", "person", "rows"];

/// Looks at the history itself are on record in every service.
const READS: [Action; 2] = [Action::HistoryRead, Action::HistoryExport];
/// How far back the use of a function is looked for.
const A_YEAR: TimeDelta = TimeDelta::days(365);

/// What a service knows of the things in its audit trail.
pub trait Trail: Send + Sync + 'static {
    /// The changes it records at a school, each with what a caller must be allowed to do there to see them. No other is told.
    const CHANGES: &'static [(Action, Changes)];

    /// What it puts on record besides changes and looks at the history itself: reads and exports.
    const READS: &'static [Action];

    /// Where they are.
    fn database(&self) -> &Database;

    /// What people call things of a school, by how audit rows name them: `case:<id>`.
    fn names(&self, school: SchoolId, things: &Things<'_>) -> impl Future<Output = StoreResult<HashMap<String, String>>> + Send;
}

/// The gRPC service.
#[derive(Debug)]
pub struct History<T> {
    trail: T,
    on_record: OnRecord,
}

/// A page of what happened at a school.
#[derive(Debug, Serialize)]
struct ListHistory {
    school: SchoolId,
    /// `None`: all.
    only: Option<EntryKind>,
    text: String,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    for_export: bool,
    page: PageRequest,
}

/// When each function was last used at an organisation.
#[derive(Debug, Clone, Copy)]
enum ListUses {
    OfSchool(SchoolId),
    OfBoard(BoardId),
}

impl ListUses {
    fn place(self) -> Resource {
        match self {
            Self::OfSchool(school) => school.into(),
            Self::OfBoard(board) => board.into(),
        }
    }

    const fn chain(self) -> Chain {
        match self {
            Self::OfSchool(school) => Chain::School(school),
            Self::OfBoard(board) => Chain::Board(board),
        }
    }
}

impl<T: Trail> History<T> {
    pub fn of(trail: T) -> Self {
        Self { trail, on_record: OnRecord::default() }
    }

    async fn list(&self, cx: &Context, asked: ListHistory) -> Result<ListHistoryResponse, Error> {
        let (database, school) = (self.trail.database(), asked.school);
        let action = if asked.for_export { Action::HistoryExport } else { Action::HistoryRead };
        cx.require(action, school)?;
        let paging = Paging::begin(&asked, &asked.page)?;
        if !asked.for_export {
            self.on_record.read(database, cx, action, school).await?;
        }
        let seen = T::CHANGES.iter().filter(|(to_see, _)| cx.permits(*to_see, school));
        let changes: Vec<Changes> = seen.map(|(_, changes)| *changes).collect();
        let about = match asked.text.as_str() {
            "" => Vec::new(),
            text => self.trail.names(school, &Things::Called(text)).await?.into_keys().collect(),
        };
        let ListHistory { only, from, until, ref text, .. } = asked;
        let listing = Listing { school, only, changes: &changes, from, until, text, about };
        let page = audit::list(database, &listing, &paging).await?;
        if asked.for_export && paging.is_first_page() {
            self.on_record.export(database, cx, action, &Scope::one(school), page.total).await?;
        }
        Ok(self.answer(cx, school, page).await?)
    }

    async fn answer(&self, cx: &Context, school: SchoolId, page: Page<Listed>) -> StoreResult<ListHistoryResponse> {
        let ids: Vec<Uuid> = page.rows.iter().filter_map(|row| row.resource.split_once(':')?.1.parse().ok()).collect();
        let names = self.trail.names(school, &Things::These(&ids)).await?;
        let entry = |row: Listed| HistoryEntry {
            details: told(&row),
            entry_id: row.id.to_string(),
            time: Some(timestamp(row.at)),
            kind: wire_kind(row.kind).into(),
            actor_name: row.name.unwrap_or_default(),
            actor_function: cx.reaching(&row.functions, school).map(|function| function.to_string()).unwrap_or_default(),
            resource_name: names.get(&row.resource).cloned().unwrap_or_default(),
            actor: row.actor,
            action: row.action,
            resource: row.resource,
            next_page_token: row.next_page_token,
        };
        let entries = page.rows.into_iter().map(entry).collect();
        Ok(ListHistoryResponse { entries, next_page_token: page.next_page_token, total_size: page.total })
    }

    async fn uses(&self, cx: &Context, asked: ListUses) -> Result<ListUsesResponse, Error> {
        cx.require(Action::AccessRead, asked.place())?;
        let from = cx.clock.now() - A_YEAR;
        // As in the history: of what the caller may not see in full, not even when.
        let is_told = |action: &Action| {
            let mut changes = T::CHANGES.iter().filter(|(_, changes)| changes.by.contains(action));
            changes.all(|(to_see, _)| cx.permits(*to_see, asked.place()))
        };
        let on_record = T::CHANGES.iter().flat_map(|(_, changes)| changes.by).chain(T::READS).chain(&READS);
        let recorded: BTreeSet<Action> = on_record.copied().filter(is_told).collect();
        let reached = cx.reached_by_functions(asked.place());
        let mut last: BTreeMap<(Function, &'static str), DateTime<Utc>> = BTreeMap::new();
        for used in audit::last_uses(self.trail.database(), asked.chain(), from).await? {
            let permit = |reach: &Reach| reach.action.name() == used.action && recorded.contains(&reach.action);
            for (function, reach) in reached.iter().filter(|(function, _)| used.functions.contains(function)) {
                for one in reach.iter().filter(|one| permit(one)) {
                    let at = last.entry((*function, one.action.name())).or_insert(used.at);
                    *at = used.at.max(*at);
                }
            }
        }
        let uses = last.into_iter().map(|((function, action), at)| Use {
            function: function.to_string(),
            action: action.to_owned(),
            time: Some(timestamp(at)),
        });
        let recorded_actions = recorded.iter().map(|action| action.name().to_owned()).collect();
        Ok(ListUsesResponse { uses: uses.collect(), recorded_actions, from_time: Some(timestamp(from)) })
    }

    async fn call_uses(&self, request: Request<ListUsesRequest>) -> Result<Response<ListUsesResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(self.uses(&cx, asked).await?))
    }

    async fn call(&self, request: Request<ListHistoryRequest>) -> Result<Response<ListHistoryResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(self.list(&cx, asked).await?))
    }
}

macro_rules! serves {
    ($($package:ident),+) => {$(
        #[tonic::async_trait]
        impl<T: Trail> $package::v1::history_service_server::HistoryService for History<T> {
            async fn list_history(&self, request: Request<ListHistoryRequest>) -> Result<Response<ListHistoryResponse>, Status> {
                self.call(request).await
            }

            async fn list_uses(&self, request: Request<ListUsesRequest>) -> Result<Response<ListUsesResponse>, Status> {
                self.call_uses(request).await
            }
        }
    )+};
}

// The same in each package, since an ingress sends a call to its service by the package.
serves!(identity, network_monitor, incident_intake);

impl TryFrom<ListHistoryRequest> for ListHistory {
    type Error = Error;

    fn try_from(request: ListHistoryRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school = fields.id("school_id", &request.school_id);
        let text = fields.search("query", &request.query);
        let from = fields.optional_moment("from_time", request.from_time.map(moment));
        let until = fields.optional_moment("until_time", request.until_time.map(moment));
        let only = match request.kind() {
            HistoryKind::Unspecified => None,
            HistoryKind::Read => Some(EntryKind::Read),
            HistoryKind::Export => Some(EntryKind::Export),
            HistoryKind::Change => Some(EntryKind::Change),
        };
        let ListHistoryRequest { for_export, page_size, page_token, .. } = request;
        let page = (page_size, page_token).into();
        fields.build(|| Some(Self { school: school?, only, text, from, until, for_export, page }))
    }
}

impl TryFrom<ListUsesRequest> for ListUses {
    type Error = Error;

    fn try_from(request: ListUsesRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let asked = match &request.organisation {
            Some(Organisation::SchoolId(id)) => fields.id("school_id", id).map(Self::OfSchool),
            Some(Organisation::BoardId(id)) => fields.id("board_id", id).map(Self::OfBoard),
            None => {
                fields.complain("organisation", "say which: school_id or board_id");
                None
            }
        };
        fields.finish(asked)
    }
}

const fn wire_kind(kind: EntryKind) -> HistoryKind {
    match kind {
        EntryKind::Read => HistoryKind::Read,
        EntryKind::Export => HistoryKind::Export,
        EntryKind::Change => HistoryKind::Change,
    }
}

/// What a caller may know of a row's detail. How many rows an export of all schools has is no school's affair.
fn told(row: &Listed) -> HashMap<String, String> {
    let is_of_all_schools = row.resource == Resource::Platform.to_string();
    let names = TOLD.into_iter().filter(|_| !is_of_all_schools);
    let told = names.filter_map(|name| {
        let value = match row.detail.get(name)? {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some((name.to_owned(), value))
    });
    told.collect()
}
