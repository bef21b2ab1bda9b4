//! The operators' API of the dead letters: `schildwacht.operations.v1.DeadLetterService`, one for all consumers of a process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use auth::{Action, Context, Resource};
use proto::operations::v1::{
    DeadLetter, GetDeadLetterRequest, ListDeadLettersRequest, ListDeadLettersResponse, ReplayDeadLettersRequest, ReplayDeadLettersResponse,
    dead_letter_service_server::{DeadLetterService, DeadLetterServiceServer},
};
use runtime::{DeadLetterId, Error, FieldViolation, SchoolId, Violations, security::SecurityEvent};
use storage::{
    Database, Paging,
    audit::{self, Chain, Entry, record_read},
};
use tonic::{Request, Response, Status};

use super::{
    dead_letter::{self, Filter, Listed, Replays},
    handler::Handler,
};

/// The dead letters of every consumer in this process. Each consuming service registers its own; the process mounts one API.
#[derive(Clone, Default)]
pub struct DeadLetters {
    consumers: Arc<RwLock<BTreeMap<&'static str, Arc<dyn ConsumerLetters>>>>,
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.consumers().keys()).finish()
    }
}

impl DeadLetters {
    /// Registers those of a consumer, with the handler that a replay gives them to. Its migrations must include the audit trail.
    pub fn open<H: Handler>(&self, consumer: &'static str, database: Database, handler: Arc<H>) {
        let letters = LettersOf { consumer, database: database.clone(), replays: Replays::new(consumer, database, handler) };
        self.consumers.write().unwrap_or_else(PoisonError::into_inner).insert(consumer, Arc::new(letters));
    }

    /// The gRPC service for all consumers.
    pub fn api(&self) -> DeadLetterServiceServer<DeadLetterApi> {
        DeadLetterServiceServer::new(DeadLetterApi { letters: self.clone() })
    }

    fn consumers(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<&'static str, Arc<dyn ConsumerLetters>>> {
        self.consumers.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of this service; of the only one where no service is named.
    fn of_service(&self, service: &str) -> Result<Arc<dyn ConsumerLetters>, Error> {
        let consumers = self.consumers();
        let only = if service.is_empty() && consumers.len() == 1 { consumers.values().next() } else { None };
        let found = only.or_else(|| consumers.get(service));
        found.cloned().ok_or_else(|| {
            let names: Vec<&str> = consumers.keys().copied().collect();
            Error::invalid_field("service", format!("give one of {}", names.join(", ")))
        })
    }
}

/// The question of which a list is the answer.
#[derive(serde::Serialize)]
struct ListDeadLetters<'a> {
    consumer: &'a str,
    reason: &'a str,
    school: Option<SchoolId>,
}

/// The letters of one consumer, whatever the type of its handler.
#[tonic::async_trait]
trait ConsumerLetters: Send + Sync {
    async fn list(&self, request: ListDeadLettersRequest) -> Result<ListDeadLettersResponse, Error>;
    async fn show(&self, cx: &Context, id: DeadLetterId) -> Result<DeadLetter, Error>;
    async fn replay(&self, cx: &Context, request: ReplayDeadLettersRequest) -> Result<ReplayDeadLettersResponse, Error>;
}

struct LettersOf<H> {
    consumer: &'static str,
    database: Database,
    replays: Replays<H>,
}

#[tonic::async_trait]
impl<H: Handler> ConsumerLetters for LettersOf<H> {
    async fn list(&self, request: ListDeadLettersRequest) -> Result<ListDeadLettersResponse, Error> {
        let mut fields = Violations::default();
        let school = fields.optional_id("school_id", &request.school_id);
        let filter = fields.build(|| Some(Filter { reason: request.reason, school, ..Filter::default() }))?;
        let asked = ListDeadLetters { consumer: self.consumer, reason: &filter.reason, school };
        let paging = Paging::begin(&asked, &(request.page_size, request.page_token).into())?;
        let page = dead_letter::list(&self.database, self.consumer, &filter, &paging).await?.map(|letter| self.message_of(letter));
        Ok(ListDeadLettersResponse { dead_letters: page.rows, next_page_token: page.next_page_token, total_size: page.total })
    }

    async fn show(&self, cx: &Context, id: DeadLetterId) -> Result<DeadLetter, Error> {
        let found = dead_letter::show(&self.database, self.consumer, id).await?;
        let (letter, excerpt) = found.ok_or_else(|| Error::not_found("dead letter"))?;
        let detail = serde_json::json!({ "consumer": self.consumer, "reason": letter.reason });
        let entry = Entry { action: Action::DeadLetterShow, resource: format!("dead_letter:{id}"), detail };
        record_read(&self.database, cx, SecurityEvent::DeadLetterShown, Chain::Platform, entry).await?;
        Ok(DeadLetter { excerpt, ..self.message_of(letter) })
    }

    async fn replay(&self, cx: &Context, request: ReplayDeadLettersRequest) -> Result<ReplayDeadLettersResponse, Error> {
        let ids = parse_ids(&request.dead_letter_ids)?;
        let filter = Filter { reason: request.reason, ids, school: None };
        // Before, because letters commit one by one: none may be replayed without an audit row.
        self.record(cx, &filter).await?;
        let replayed = self.replays.replay(&filter, &cx.ids).await?;
        let (taken_in, refused) = (replayed.taken_in, replayed.refused);
        tracing::info!(name: "dead_letter.replayed", consumer = self.consumer, taken_in, refused, "replayed dead letters");
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(ReplayDeadLettersResponse { replayed: count(taken_in), failed: count(refused) })
    }
}

impl<H: Handler> LettersOf<H> {
    async fn record(&self, cx: &Context, filter: &Filter) -> Result<(), Error> {
        let detail = serde_json::json!({ "reason": filter.reason, "ids": filter.ids });
        let txn = self.database.begin().await?;
        audit::append(&txn, cx, Chain::Platform, self.entry(Action::DeadLetterReplay, detail)).await?;
        txn.commit().await?;
        Ok(())
    }

    fn entry(&self, action: Action, detail: serde_json::Value) -> Entry {
        Entry { action, resource: format!("dead_letters:{}", self.consumer), detail }
    }

    fn message_of(&self, letter: Listed) -> DeadLetter {
        DeadLetter {
            dead_letter_id: letter.id.to_string(),
            service: self.consumer.to_owned(),
            topic: letter.position.topic.spec().name.to_owned(),
            partition: letter.position.partition,
            offset: letter.position.offset,
            reason: letter.reason,
            detail: letter.detail,
            time: Some(proto::time::timestamp(letter.at)),
            attempts: letter.attempts,
            excerpt: Vec::new(),
            size_bytes: letter.size,
            school_id: letter.school.map(|school| school.to_string()).unwrap_or_default(),
        }
    }
}

fn parse_ids(texts: &[String]) -> Result<Vec<DeadLetterId>, Error> {
    let mut ids = Vec::with_capacity(texts.len());
    let mut violations = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match text.parse() {
            Ok(id) => ids.push(id),
            Err(_) => violations
                .push(FieldViolation { field: format!("dead_letter_ids[{index}]").into(), message: "give an id from the list".into() }),
        }
    }
    if violations.is_empty() { Ok(ids) } else { Err(Error::invalid(violations)) }
}

/// See [`DeadLetters::api`].
#[derive(Debug)]
pub struct DeadLetterApi {
    letters: DeadLetters,
}

#[tonic::async_trait]
impl DeadLetterService for DeadLetterApi {
    async fn list_dead_letters(&self, request: Request<ListDeadLettersRequest>) -> Result<Response<ListDeadLettersResponse>, Status> {
        let cx = Context::of(&request)?;
        cx.require(Action::DeadLetterRead, Resource::Platform)?;
        let request = request.into_inner();
        let letters = self.letters.of_service(&request.service)?;
        Ok(Response::new(letters.list(request).await?))
    }

    async fn get_dead_letter(&self, request: Request<GetDeadLetterRequest>) -> Result<Response<DeadLetter>, Status> {
        let cx = Context::of(&request)?;
        cx.require(Action::DeadLetterShow, Resource::Platform)?;
        let request = request.into_inner();
        let letters = self.letters.of_service(&request.service)?;
        let id = request.dead_letter_id.parse().map_err(|_| Error::invalid_field("dead_letter_id", "give an id from the list"))?;
        Ok(Response::new(letters.show(&cx, id).await?))
    }

    async fn replay_dead_letters(&self, request: Request<ReplayDeadLettersRequest>) -> Result<Response<ReplayDeadLettersResponse>, Status> {
        let cx = Context::of(&request)?;
        cx.require(Action::DeadLetterReplay, Resource::Platform)?;
        let request = request.into_inner();
        let letters = self.letters.of_service(&request.service)?;
        Ok(Response::new(letters.replay(&cx, request).await?))
    }
}
