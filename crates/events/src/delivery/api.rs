//! The operators' door to the dead letters: `schildwacht.operations.v1.DeadLetterService`, mounted by each consuming service.

use std::sync::Arc;

use auth::{Action, Authenticator, Context};
use proto::operations::v1::{
    DeadLetter, ListDeadLettersRequest, ListDeadLettersResponse, ReplayDeadLettersRequest, ReplayDeadLettersResponse,
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
    consumer::Handler,
    dead_letter::{self, Filter, Listed},
};

/// Serves the dead letters of one consumer. The service's migrations must include the audit trail.
#[derive(Debug)]
pub struct DeadLetterApi<H> {
    consumer: &'static str,
    database: Database,
    authenticator: Authenticator,
    handler: Arc<H>,
}

impl<H: Handler> DeadLetterApi<H> {
    /// For the consumer of this name, replaying into this handler.
    pub fn new(consumer: &'static str, database: Database, authenticator: Authenticator, handler: Arc<H>) -> DeadLetterServiceServer<Self> {
        DeadLetterServiceServer::new(Self { consumer, database, authenticator, handler })
    }

    async fn list(&self, cx: &Context, request: ListDeadLettersRequest) -> Result<ListDeadLettersResponse, Error> {
        cx.require_platform(Action::DeadLetterRead)?;
        self.check_name(&request.service)?;
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

    async fn replay(&self, cx: &Context, request: ReplayDeadLettersRequest) -> Result<ReplayDeadLettersResponse, Error> {
        cx.require_platform(Action::DeadLetterReplay)?;
        self.check_name(&request.service)?;
        let ids = parse_ids(&request.dead_letter_ids)?;
        let filter = Filter { reason: request.reason, ids };
        // Before, because letters commit one by one: none may be replayed without a trace of who wanted it.
        self.record(cx, &filter).await?;
        let replayed = dead_letter::replay(&self.database, self.consumer, self.handler.as_ref(), &filter, &cx.ids).await?;
        let (taken_in, refused) = (replayed.taken_in, replayed.refused);
        tracing::info!(name: "dead_letter.replayed", consumer = self.consumer, taken_in, refused, "replayed dead letters");
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(ReplayDeadLettersResponse { replayed: count(taken_in), failed: count(refused) })
    }

    async fn record(&self, cx: &Context, filter: &Filter) -> Result<(), Error> {
        let entry = Entry {
            id: cx.ids.next::<AuditId>(),
            at: cx.clock.now(),
            actor: cx.actor(),
            action: Action::DeadLetterReplay.name(),
            resource: format!("dead_letters:{}", self.consumer),
            detail: serde_json::json!({ "reason": filter.reason, "ids": filter.ids }),
        };
        let txn = self.database.begin().await?;
        audit::append(&txn, Chain::Platform, entry).await?;
        txn.commit().await?;
        Ok(())
    }

    fn check_name(&self, service: &str) -> Result<(), Error> {
        if service.is_empty() || service == self.consumer {
            return Ok(());
        }
        Err(Error::invalid_field("service", format!("this is {}; ask the service that you mean", self.consumer)))
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
            time: Some(prost_types::Timestamp {
                seconds: letter.at.timestamp(),
                nanos: i32::try_from(letter.at.timestamp_subsec_nanos()).unwrap_or_default(),
            }),
            attempts: letter.attempts,
            excerpt: letter.excerpt,
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

#[tonic::async_trait]
impl<H: Handler> DeadLetterService for DeadLetterApi<H> {
    async fn list_dead_letters(&self, request: Request<ListDeadLettersRequest>) -> Result<Response<ListDeadLettersResponse>, Status> {
        let cx = self.authenticator.context_of(&request).await?;
        Ok(Response::new(self.list(&cx, request.into_inner()).await?))
    }

    async fn replay_dead_letters(&self, request: Request<ReplayDeadLettersRequest>) -> Result<Response<ReplayDeadLettersResponse>, Status> {
        let cx = self.authenticator.context_of(&request).await?;
        Ok(Response::new(self.replay(&cx, request.into_inner()).await?))
    }
}
