//! What a handler does with records: it reads them, and writes what they led to in a transaction. For the loop, and for replays.
//!
//! Reading happens on a blocking thread and before the transaction begins: it may take the CPU for seconds, and meanwhile neither a database
//! connection nor an async thread should wait for it. A handler that does not come back is left alone on that thread, so that its partition goes on;
//! a consumer that left many alone waits until some of them have ended, and so do its replays, which are counted apart. Before it comes so far,
//! a school of which a few were left alone is set aside (`turn`).

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::FutureExt as _;
use runtime::telemetry;
use storage::{StoreError, Txn};
use tokio::{
    sync::oneshot,
    task::{AbortHandle, JoinHandle},
};
use tracing::{Instrument as _, Span, dispatcher};

use super::handler::{HandleError, Handler, Rejected, Trouble};
use crate::{Delivered, Position};

/// Each may keep a core busy and holds its records in memory; the runtime has some hundred threads for all that blocks.
const MOST_ABANDONED: usize = 16;

/// Of one school, before its records are no longer tried: so that one cannot take the places of all. One more than a single record leaves, so
/// that it costs its school no other record.
pub(super) const MOST_ABANDONED_OF_A_SCHOOL: usize = 4;

/// Reads that nobody waits for any more, most often because their time is over, and that may still go on.
#[derive(Debug, Default)]
pub(super) struct Abandoned(Mutex<Vec<AbandonedRead>>);

#[derive(Debug)]
struct AbandonedRead {
    reading: AbortHandle,
    /// The key of its records; `None` when they had several.
    key: Option<Bytes>,
}

impl Abandoned {
    fn add(&self, reading: AbortHandle, key: Option<Bytes>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(AbandonedRead { reading, key });
    }

    /// How many have not ended.
    fn count(&self) -> usize {
        self.count_if(|_| true)
    }

    /// How many of them read this school's records alone.
    pub(super) fn count_of(&self, key: &Bytes) -> usize {
        self.count_if(|read| read.key.as_ref() == Some(key))
    }

    fn count_if(&self, is_meant: impl Fn(&AbandonedRead) -> bool) -> usize {
        let mut abandoned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        abandoned.retain(|read| !read.reading.is_finished());
        abandoned.iter().filter(|read| is_meant(read)).count()
    }
}

/// The key that all of these have. A copy, because the key shares the bytes of a whole batch.
fn only_key(records: &[Delivered]) -> Option<Bytes> {
    let (first, others) = records.split_first()?;
    let key = &first.record.key;
    others.iter().all(|other| other.record.key == *key).then(|| Bytes::copy_from_slice(key))
}

/// A read that is waited for; abandoned when it is dropped before it ended.
struct Awaited<'a, T> {
    reading: JoinHandle<T>,
    key: Option<Bytes>,
    abandoned: &'a Abandoned,
}

impl<T> Drop for Awaited<'_, T> {
    fn drop(&mut self) {
        if !self.reading.is_finished() {
            self.abandoned.add(self.reading.abort_handle(), self.key.take());
        }
    }
}

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
    abandoned: &Abandoned,
    records: Vec<Delivered>,
    limit: Duration,
) -> Result<Read<H::Batch>, Failure> {
    let handler = Arc::clone(handler);
    let subscriber = dispatcher::get_default(Clone::clone);
    if abandoned.count() >= MOST_ABANDONED {
        let why = format!("{MOST_ABANDONED} reads go on although their time is over; if none of them ends, restart the process");
        return Err(Failure::Transient(why.into()));
    }
    let key = only_key(&records);
    let (begin, has_begun) = oneshot::channel();
    let reading = tokio::task::spawn_blocking(move || {
        // Nobody waits for it any more when the consumer is stopped or the replay cancelled.
        let _ = begin.send(());
        dispatcher::with_default(&subscriber, || read_now(&*handler, consumer, records))
    });
    let mut awaited = Awaited { reading, key, abandoned };
    // Its time begins when it has a thread. If it never gets one, `reading` says so.
    let _ = has_begun.await;
    match tokio::time::timeout(limit, &mut awaited.reading).await {
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

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use chrono::DateTime;
    use tokio::sync::RwLock;

    use super::*;
    use crate::{Record, Topic};

    const LONG: Duration = Duration::from_secs(60);

    /// Reads while its gate is open.
    #[derive(Default)]
    struct Gated {
        gate: RwLock<()>,
        has_read: AtomicUsize,
    }

    impl Handler for Gated {
        type Batch = ();

        fn read(&self, (): &mut (), _delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
            drop(self.gate.blocking_read());
            self.has_read.fetch_add(1, Ordering::Relaxed);
            Ok(Vec::new())
        }
    }

    fn records() -> Vec<Delivered> {
        let position = Position { topic: Topic::TestPlain, partition: 0, offset: 0 };
        vec![Delivered { position, time: DateTime::UNIX_EPOCH, record: Record { key: Default::default(), headers: vec![], value: None } }]
    }

    #[tokio::test]
    async fn a_consumer_leaves_only_so_many_reads_alone_and_goes_on_when_they_have_ended() {
        let handler: Arc<Gated> = Arc::default();
        let (abandoned, of_its_replays) = (Abandoned::default(), Abandoned::default());
        let closed = handler.gate.write().await;
        for _ in 0..MOST_ABANDONED {
            assert!(matches!(read(&handler, "gated", &abandoned, records(), Duration::ZERO).await, Err(Failure::Stuck(_))));
        }
        assert!(matches!(read(&handler, "gated", &abandoned, records(), Duration::ZERO).await, Err(Failure::Transient(_))));
        let replayed = read(&handler, "gated", &of_its_replays, records(), Duration::ZERO).await;
        assert!(matches!(replayed, Err(Failure::Stuck(_))), "its replays go on");
        drop(closed);
        until_all_have_ended(&abandoned).await;
        assert_eq!(read(&handler, "gated", &abandoned, records(), LONG).await.unwrap().records, records());
    }

    #[tokio::test]
    async fn reads_that_were_left_alone_count_for_the_school_whose_records_they_read() {
        let of_key = |key: &'static str| Delivered {
            record: Record { key: Bytes::from_static(key.as_bytes()), headers: vec![], value: None },
            ..records().remove(0)
        };
        let handler: Arc<Gated> = Arc::default();
        let abandoned = Abandoned::default();
        let closed = handler.gate.write().await;
        for window in [vec!["slow"], vec!["slow", "slow"], vec!["slow", "calm"], vec!["calm"]] {
            let window = window.into_iter().map(of_key).collect();
            assert!(matches!(read(&handler, "gated", &abandoned, window, Duration::ZERO).await, Err(Failure::Stuck(_))));
        }
        let counted = |key: &'static str| abandoned.count_of(&Bytes::from_static(key.as_bytes()));
        assert_eq!([counted("slow"), counted("calm"), counted("other"), abandoned.count()], [2, 1, 0, 4]);
        drop(closed);
        until_all_have_ended(&abandoned).await;
        assert_eq!(counted("slow"), 0);
    }

    #[tokio::test]
    async fn a_read_that_is_cancelled_counts_until_it_ends() {
        let handler: Arc<Gated> = Arc::default();
        let abandoned = Abandoned::default();
        let closed = handler.gate.write().await;
        assert!(read(&handler, "cancelled", &abandoned, records(), LONG).now_or_never().is_none());
        assert_eq!(abandoned.count(), 1);
        drop(closed);
        until_all_have_ended(&abandoned).await;
        assert_eq!(handler.has_read.load(Ordering::Relaxed), 1);
    }

    async fn until_all_have_ended(abandoned: &Abandoned) {
        let all_have_ended = async {
            while abandoned.count() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, all_have_ended).await.unwrap();
    }

    #[test]
    fn the_time_of_a_read_begins_when_it_has_a_thread() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().max_blocking_threads(1).build().unwrap();
        let handler: Arc<Gated> = Arc::default();
        let abandoned = Abandoned::default();
        runtime.block_on(async {
            let closed = handler.gate.write().await;
            let first = Arc::clone(&handler);
            let only_thread = tokio::task::spawn_blocking(move || drop(first.gate.blocking_read()));
            let mut reading = pin!(read(&handler, "waiting", &abandoned, records(), Duration::ZERO));
            let ended = tokio::time::timeout(Duration::from_millis(10), &mut reading).await;
            assert!(ended.is_err(), "its time cannot be over, as it has not begun");
            drop(closed);
            only_thread.await.unwrap();
            // It has no time at all, so that it may end either way.
            drop(reading.await);
        });
        drop(runtime);
        assert_eq!(handler.has_read.load(Ordering::Relaxed), 1);
    }
}
