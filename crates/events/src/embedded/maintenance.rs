//! What must happen now and then: dropping what is too old or too much, compacting, noting how far everything is on disk.
//!
//! A pass takes no input but the time and looks at everything, so it does not matter how often it runs or whether one fails.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, SystemTime},
};

use tracing::{debug, warn};

use super::{
    compaction::compact,
    frame::{before, micros},
    lock::lock,
    measure,
    partition::Partition,
    recovery::Checkpoint,
    retention,
    shared::Shared,
};
use crate::{
    log::LogError,
    topic::{Cleanup, SEGMENTS_AN_AGE},
};

/// How often within its expiry a living group is noted on disk again, so that a restart knows that it was alive.
const NOTES_AN_EXPIRY: u32 = 8;

/// Runs passes until the other side of `stop` goes away.
pub(super) fn run(shared: &Shared, stop: &Receiver<()>) {
    let interval = Duration::from_secs(shared.config.maintenance_interval_seconds.max(1));
    while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(interval) {
        if let Err(error) = pass(shared, SystemTime::now()) {
            warn!(name: "event_log.maintenance_failed", %error, "maintenance will be tried again");
        }
    }
}

/// One pass. A failing partition does not keep the others from their turn; the first error is answered.
pub(super) fn pass(shared: &Shared, now: SystemTime) -> Result<(), LogError> {
    let _one_pass_at_a_time = lock(&shared.maintaining);
    let now_micros = micros(now);
    let delay = Duration::from_secs(shared.config.compaction_delay_seconds);
    let tombstones_kept = Duration::from_secs(shared.config.tombstone_retention_seconds);

    let mut outcome = Ok(());
    let mut checkpoint = Checkpoint::default();
    for log in shared.all_topics() {
        for (number, partition) in (0..).zip(&log.partitions) {
            let result = match log.topic.spec().cleanup {
                Cleanup::Retain { age, .. } => close_older_than(shared, partition, age / SEGMENTS_AN_AGE, now_micros)
                    .and_then(|()| retention::drop_old(shared, &log, number, age, now_micros)),
                Cleanup::Compact => keep_last(shared, partition, delay, tombstones_kept, now_micros),
            };
            outcome = outcome.and(result);
            checkpoint.note(partition);
        }
    }
    measure::measure(shared, now_micros);
    shared.groups.note_living(now_micros, shared.group_expiry() / NOTES_AN_EXPIRY);
    let offsets = shared.groups.partition();
    outcome = outcome.and(offsets.settle().map_err(|failure| shared.failure(failure)));
    outcome = outcome.and(compact(offsets, now_micros, tombstones_kept).map(drop));
    checkpoint.note(offsets);

    let mut last = lock(&shared.last_checkpoint);
    if *last != checkpoint {
        outcome = outcome.and(checkpoint.store(&shared.config.folder));
        *last = checkpoint;
    }
    outcome
}

fn keep_last(shared: &Shared, partition: &Partition, delay: Duration, tombstones_kept: Duration, now_micros: i64) -> Result<(), LogError> {
    close_older_than(shared, partition, delay, now_micros)?;
    if let Some(compacted) = compact(partition, now_micros, tombstones_kept)? {
        let (before, after) = (compacted.before, compacted.after);
        debug!(name: "event_log.compacted", partition = %partition.options.label, before, after, "kept the last record of each key");
    }
    Ok(())
}

fn close_older_than(shared: &Shared, partition: &Partition, age: Duration, now_micros: i64) -> Result<(), LogError> {
    let closed = partition.close_segment_older_than(before(now_micros, age), micros(SystemTime::now()));
    closed.map_err(|failure| shared.failure(failure))
}
