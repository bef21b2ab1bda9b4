//! The operators' API of the dead letters: `schildwacht.operations.v1.DeadLetterService`, one for all consumers of a process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use auth::{Action, Authenticator, Context};
use proto::operations::v1::{
    DeadLetter, GetDeadLetterRequest, ListDeadLettersRequest, ListDeadLettersResponse, ReplayDeadLettersRequest, ReplayDeadLettersResponse,
    dead_letter_service_server::{DeadLetterService, DeadLetterServiceServer},
};
use runtime::{AuditId, DeadLetterId, Error, FieldViolation};
use storage::{
    Database, PageSize,
    audit::{self, Chain, Entry},
    decode_page_token, encode_page_token,
};
use tonic::{Request, Response, Status};

use super::{
    dead_letter::{self, Filter, Listed},
    handler::Handler,
};

/// The dead letters of every consumer in this process. Each consuming service registers its own; the process mounts one API.
#[derive(Clone, Default)]
pub struct DeadLetters(Arc<RwLock<BTreeMap<&'static str, Arc<dyn ConsumerLetters>>>>);

impl fmt::Debug for DeadLetters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.consumers().keys()).finish()
    }
}

impl DeadLetters {
    /// Registers those of a consumer, with the handler that a replay gives them to. Its migrations must include the audit trail.
    pub fn open<H: Handler>(&self, consumer: &'static str, database: Database, handler: Arc<H>) {
        let letters = LettersOf { consumer, database, handler };
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(consumer, Arc::new(letters));
    }

    /// The gRPC service for all consumers.
    pub fn api(&self, authenticator: Authenticator) -> DeadLetterServiceServer<DeadLetterApi> {
        DeadLetterServiceServer::new(DeadLetterApi { letters: self.clone(), authenticator })
    }

    fn consumers(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<&'static str, Arc<dyn ConsumerLetters>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
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
    handler: Arc<H>,
}

#[tonic::async_trait]
impl<H: Handler> ConsumerLetters for LettersOf<H> {
    async fn list(&self, request: ListDeadLettersRequest) -> Result<ListDeadLettersResponse, Error> {
        let size = PageSize::from_request(request.page_size)?;
        let filter = Filter { reason: request.reason, ids: Vec::new() };
        let after: Option<DeadLetterId> = decode_page_token(&filter, &request.page_token)?;

        let mut letters = dead_letter::list(&self.database, self.consumer, &filter, after, size.with_peek()).await?;
        let total = dead_letter::count(&self.database, self.consumer, &filter).await?;
        let has_more = size.cut(&mut letters);
        let next_page_token = match letters.last() {
            Some(last) if has_more => encode_page_token(&filter, &last.id)?,
            _ => String::new(),
        };
        let dead_letters = letters.into_iter().map(|letter| self.message_of(letter)).collect();
        Ok(ListDeadLettersResponse { dead_letters, next_page_token, total_size: i64::try_from(total).unwrap_or(i64::MAX) })
    }

    async fn show(&self, cx: &Context, id: DeadLetterId) -> Result<DeadLetter, Error> {
        let txn = self.database.begin().await?;
        let found = dead_letter::show(&txn, self.consumer, id).await?;
        let (letter, excerpt) = found.ok_or_else(|| Error::not_found("dead letter"))?;
        let detail = serde_json::json!({ "id": id, "reason": letter.reason });
        audit::append(&txn, Chain::Platform, self.entry(cx, Action::DeadLetterShow, detail)).await?;
        txn.commit().await?;
        Ok(DeadLetter { excerpt, ..self.message_of(letter) })
    }

    async fn replay(&self, cx: &Context, request: ReplayDeadLettersRequest) -> Result<ReplayDeadLettersResponse, Error> {
        let ids = parse_ids(&request.dead_letter_ids)?;
        let filter = Filter { reason: request.reason, ids };
        // Before, because letters commit one by one: none may be replayed without an audit row.
        self.record(cx, &filter).await?;
        let replayed = dead_letter::replay(&self.database, self.consumer, self.handler.as_ref(), &filter, &cx.ids).await?;
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
        audit::append(&txn, Chain::Platform, self.entry(cx, Action::DeadLetterReplay, detail)).await?;
        txn.commit().await?;
        Ok(())
    }

    fn entry(&self, cx: &Context, action: Action, detail: serde_json::Value) -> Entry {
        Entry {
            id: cx.ids.next::<AuditId>(),
            at: cx.clock.now(),
            actor: cx.actor(),
            action: action.name(),
            resource: format!("dead_letters:{}", self.consumer),
            detail,
        }
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
    authenticator: Authenticator,
}

#[tonic::async_trait]
impl DeadLetterService for DeadLetterApi {
    async fn list_dead_letters(&self, request: Request<ListDeadLettersRequest>) -> Result<Response<ListDeadLettersResponse>, Status> {
        let cx = self.authenticator.context_of(&request).await?;
        cx.require_platform(Action::DeadLetterRead)?;
        let request = request.into_inner();
        let letters = self.letters.of_service(&request.service)?;
        Ok(Response::new(letters.list(request).await?))
    }

    async fn get_dead_letter(&self, request: Request<GetDeadLetterRequest>) -> Result<Response<DeadLetter>, Status> {
        let cx = self.authenticator.context_of(&request).await?;
        cx.require_platform(Action::DeadLetterShow)?;
        let request = request.into_inner();
        let letters = self.letters.of_service(&request.service)?;
        let id = request.dead_letter_id.parse().map_err(|_| Error::invalid_field("dead_letter_id", "give an id from the list"))?;
        Ok(Response::new(letters.show(&cx, id).await?))
    }

    async fn replay_dead_letters(&self, request: Request<ReplayDeadLettersRequest>) -> Result<Response<ReplayDeadLettersResponse>, Status> {
        let cx = self.authenticator.context_of(&request).await?;
        cx.require_platform(Action::DeadLetterReplay)?;
        let request = request.into_inner();
        let letters = self.letters.of_service(&request.service)?;
        Ok(Response::new(letters.replay(&cx, request).await?))
    }
}
