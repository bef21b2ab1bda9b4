//! What a service gives to a consumer: a handler of records, and its answers.

use std::{future::Future, sync::Arc};

use storage::{StoreError, Txn};

use crate::{Delivered, Record};

/// Why a record was not processed.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// A retry would not help: it goes to the dead letters.
    #[error("{reason}: {detail}")]
    Poison {
        /// Stable, snake_case.
        reason: &'static str,
        /// For operators; no personal data.
        detail: String,
    },
    /// Something is unavailable; retried later.
    #[error("try again later")]
    Transient(#[source] Trouble),
}

impl HandleError {
    /// A record that no retry helps.
    pub fn poison(reason: &'static str, detail: impl ToString) -> Self {
        Self::Poison { reason, detail: detail.to_string() }
    }
}

impl From<StoreError> for HandleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Transient(Box::new(error)),
            StoreError::Duplicate(_) | StoreError::Unreadable { .. } | StoreError::ForeignPageToken | StoreError::Fault(_) => {
                Self::poison("store_refused", runtime::error::chain(&error))
            }
        }
    }
}

impl From<runtime::Error> for HandleError {
    fn from(error: runtime::Error) -> Self {
        if error.kind().is_retryable() { Self::Transient(Box::new(error)) } else { Self::poison(error.reason(), error.chain()) }
    }
}

impl From<crate::EnvelopeViolations> for HandleError {
    fn from(violations: crate::EnvelopeViolations) -> Self {
        Self::poison("envelope_unreadable", violations)
    }
}

/// What made a try fail that may succeed later.
pub(super) type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// A part of a record that was not processed while the rest was: lines of a batch, say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// What is kept for replay; give it the headers that the handler needs to read it again.
    pub record: Record,
    /// Stable, snake_case.
    pub reason: &'static str,
    /// For operators; no personal data.
    pub detail: String,
}

/// What a service does with the records of its topics.
pub trait Handler: Send + Sync + 'static {
    /// What is gathered over the records of one transaction and written at its end; `()` where each record is written by itself.
    type Batch: Default + Send;

    /// Processes one record. The span that is current continues the trace of what led to it.
    fn handle(
        &self,
        txn: &Txn,
        batch: &mut Self::Batch,
        delivered: &Delivered,
    ) -> impl Future<Output = Result<Vec<Rejected>, HandleError>> + Send;

    /// Writes what was gathered. An error here counts against every record of the batch.
    fn finish(&self, _txn: &Txn, _batch: &mut Self::Batch) -> impl Future<Output = Result<(), HandleError>> + Send {
        async { Ok(()) }
    }

    /// Called after the transaction has committed: what is counted or told here really happened, and only once.
    fn committed(&self, _batch: Self::Batch) {}
}

/// So that the loop and the replay of dead letters can share one handler.
impl<H: Handler> Handler for Arc<H> {
    type Batch = H::Batch;

    async fn handle(&self, txn: &Txn, batch: &mut Self::Batch, delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        (**self).handle(txn, batch, delivered).await
    }

    async fn finish(&self, txn: &Txn, batch: &mut Self::Batch) -> Result<(), HandleError> {
        (**self).finish(txn, batch).await
    }

    fn committed(&self, batch: Self::Batch) {
        (**self).committed(batch);
    }
}
