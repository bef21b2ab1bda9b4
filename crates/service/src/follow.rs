//! What a process knows of everything in a compacted topic: read from its start, then kept up to date.

use std::{convert::Infallible, time::Duration};

use events::{Delivered, LogError, SharedLog, TailFrom, Topic};
use runtime::Shutdown;
use tokio::time::Instant;

const AT_ONCE: usize = 1_000;
const WAIT: Duration = Duration::from_secs(5);
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// What follows a compacted topic. Its copies share what they know.
pub(crate) trait Follower: Send + Sync {
    const TOPIC: Topic;

    /// One that knows nothing and shares nothing.
    fn empty(&self) -> Self;

    /// Takes in one record; `None` when it cannot be read.
    fn apply(&self, record: &Delivered) -> Option<()>;

    /// Knows from now on what `other` knows, and no more.
    fn replace(&self, other: Self);

    /// Everything is known that was said until this moment.
    fn complete_as_of(&self, _moment: Instant) {}
}

/// Follows its topic until shutdown. When the log fails it starts over, keeping what is known until it has caught up again.
pub(crate) async fn follow<F: Follower>(follower: F, log: SharedLog, shutdown: Shutdown) -> Result<(), Infallible> {
    while let Some(Err(error)) = shutdown.or_stop(follow_once(&follower, &log)).await {
        tracing::warn!(name: "topic.not_followed", topic = %F::TOPIC, error = %error, "topic not followed, will retry");
        if !shutdown.sleep(PAUSE_AFTER_ERROR).await {
            break;
        }
    }
    Ok(())
}

async fn follow_once<F: Follower>(follower: &F, log: &SharedLog) -> Result<Infallible, LogError> {
    log.ensure_topics(&[F::TOPIC]).await?;
    let mut tail = log.tail(F::TOPIC, TailFrom::Start).await?;
    let known = follower.empty();
    while !tail.caught_up() {
        apply(&known, &tail.next(AT_ONCE, WAIT).await?);
    }
    follower.replace(known);
    loop {
        if let Some(moment) = tail.complete_as_of().into_iter().min().flatten() {
            follower.complete_as_of(moment);
        }
        apply(follower, &tail.next(AT_ONCE, WAIT).await?);
    }
}

fn apply<F: Follower>(follower: &F, delivered: &[Delivered]) {
    for record in delivered {
        if follower.apply(record).is_none() {
            let offset = record.position.offset;
            tracing::warn!(name: "topic.record_unreadable", topic = %F::TOPIC, offset, "record not readable, skipped");
        }
    }
}
