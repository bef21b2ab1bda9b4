//! What a handler does with records: it reads them, and writes what they led to in a transaction. For the loop, and for replays.
//!
//! Reading happens on a blocking thread and before the transaction begins: it may take the CPU for seconds, and meanwhile neither a database
//! connection nor an async thread should wait for it. A handler that does not come back is left alone on that thread, so that its partition goes on.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use runtime::telemetry;
use storage::{StoreError, Txn};
use tracing::{Instrument as _, Span, dispatcher};

use super::handler::{HandleError, Handler, Rejected, Trouble};
use crate::{Delivered, Position};

/// Why a try failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Something is unavailable; tried again later.
    #[error("try again later")]
    Transient(#[source] Trouble),
    /// A retry would not help.
    #[error("{reason}: {detail}")]
    Poison { reason: &'static str, detail: String },
    /// It took too long, or the handler panicked. May be worth a second try.
    #[error("{0}")]
    Stuck(String),
}

impl From<HandleError> for Failure {
    fn from(error: HandleError) -> Self {
        match error {
            HandleError::Transient(trouble) => Self::Transient(trouble),
            HandleError::Poison { reason, detail } => Self::Poison { reason, detail },
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        HandleError::from(error).into()
    }
}

/// Records read into a batch, and not yet written.
pub(super) struct Read<B> {
    pub batch: B,
    pub records: Vec<Delivered>,
    /// Parts that were refused, by the record they are of.
    pub parts: Vec<(Position, Rejected)>,
    spans: Vec<Span>,
}

/// Reads records in order, until the batch is full.
pub(super) async fn read<H: Handler>(
    handler: &Arc<H>,
    consumer: &'static str,
    records: Vec<Delivered>,
    limit: Duration,
) -> Result<Read<H::Batch>, Failure> {
    let handler = Arc::clone(handler);
    let subscriber = dispatcher::get_default(Clone::clone);
    let work = move || dispatcher::with_default(&subscriber, || read_now(&*handler, consumer, records));
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(read)) => Ok(read?),
        Ok(Err(ended)) if ended.is_panic() => Err(Failure::Stuck("its handler panicked while it read it".to_owned())),
        Ok(Err(stopped)) => Err(Failure::Transient(Box::new(stopped))),
        Err(_elapsed) => Err(overdue("read", limit)),
    }
}

fn read_now<H: Handler>(handler: &H, consumer: &'static str, records: Vec<Delivered>) -> Result<Read<H::Batch>, HandleError> {
    let mut read = Read { batch: H::Batch::default(), records: Vec::new(), parts: Vec::new(), spans: Vec::new() };
    for delivered in records {
        let topic = delivered.position.topic.spec().name;
        let span = tracing::info_span!("consume", otel.kind = "consumer", messaging.destination.name = topic, consumer);
        telemetry::continue_trace(&span, |name| delivered.record.header(name).map(ToOwned::to_owned));
        let parts = span.in_scope(|| handler.read(&mut read.batch, &delivered))?;
        read.parts.extend(parts.into_iter().map(|part| (delivered.position, part)));
        read.records.push(delivered);
        read.spans.push(span);
        if handler.is_full(&read.batch) {
            break;
        }
    }
    Ok(read)
}

/// Writes what was read, in a transaction that the caller commits. A handler that never yields cannot be stopped here.
pub(super) async fn write<H: Handler>(handler: &H, txn: &Txn, read: &mut Read<H::Batch>, limit: Duration) -> Result<(), Failure> {
    let writing = AssertUnwindSafe(write_now(handler, txn, read)).catch_unwind();
    match tokio::time::timeout(limit, writing).await {
        Ok(Ok(written)) => Ok(written?),
        Ok(Err(_panic)) => Err(Failure::Stuck("its handler panicked while it wrote it".to_owned())),
        Err(_elapsed) => Err(overdue("written", limit)),
    }
}

async fn write_now<H: Handler>(handler: &H, txn: &Txn, read: &mut Read<H::Batch>) -> Result<(), HandleError> {
    for (delivered, span) in read.records.iter().zip(&read.spans) {
        let parts = handler.handle(txn, &mut read.batch, delivered).instrument(span.clone()).await?;
        read.parts.extend(parts.into_iter().map(|part| (delivered.position, part)));
    }
    handler.finish(txn, &mut read.batch).await
}

fn overdue(what: &str, limit: Duration) -> Failure {
    Failure::Stuck(format!("it was not {what} within {} s", limit.as_secs_f64()))
}
