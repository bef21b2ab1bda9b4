//! What a service gives to a consumer: a handler of records, and its answers.

use std::future::Future;

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

/// What a service does with the records of its topics: `read` what needs no database, `handle` what does, `finish` what was gathered.
pub trait Handler: Send + Sync + 'static {
    /// What is gathered over the records of one transaction and written at its end; `()` where each record is written by itself.
    type Batch: Default + Send + 'static;

    /// Reads one record into the batch, before the transaction begins and on a blocking thread: here belongs what takes the CPU. The span that is
    /// current continues the trace of what led to the record.
    ///
    /// # Errors
    /// As of `handle`.
    fn read(&self, _batch: &mut Self::Batch, _delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        Ok(Vec::new())
    }

    /// Whether what was read is as much as one transaction should write, so that others get their turn.
    fn is_full(&self, _batch: &Self::Batch) -> bool {
        false
    }

    /// Processes one record that was read. The span is that of `read`.
    fn handle(
        &self,
        _txn: &Txn,
        _batch: &mut Self::Batch,
        _delivered: &Delivered,
    ) -> impl Future<Output = Result<Vec<Rejected>, HandleError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Writes what was gathered. An error here counts against every record of the batch.
    fn finish(&self, _txn: &Txn, _batch: &mut Self::Batch) -> impl Future<Output = Result<(), HandleError>> + Send {
        async { Ok(()) }
    }

    /// So many dead letters of a school, by its key, gave way to newer ones since this was last told, at least an hour ago. It is an error in the
    /// log in any case; who can tell the school's people does it here.
    fn letters_gave_way(&self, _txn: &Txn, _key: &[u8], _letters: u64) -> impl Future<Output = Result<(), HandleError>> + Send {
        async { Ok(()) }
    }

    /// Called after the transaction has committed: what is counted or told here really happened, and only once.
    fn committed(&self, _batch: Self::Batch) {}
}
