//! Dropping what is too old or too much, and never what a living consumer group has not read.
//!
//! A group lives at a topic while it has a member that reads it, and for `group_expiry_hours` after it was last seen there: it joined, committed or
//! left. What it has not committed stays, whatever its age. When a partition has reached its size and its oldest segment is kept for
//! such a group, the next segment is not begun: appends to the topic are refused as full until the group has caught up, or has expired.
//! Refusing is the better of two evils: senders keep what was refused and send it again, while what is dropped here has been acknowledged.
//!
//! Sizes are looked at when a segment is full, so a partition never passes its size by more than one write.

use std::{sync::Arc, time::Duration};

use tracing::{debug, error};

use super::{disk, frame::before, groups::Holder, partition::Partition, segment::Segment, shared::Shared, topics::TopicLog};
use crate::{log::LogError, meters::Skipped};

/// Drops segments that are older than `age` or more than the partition may keep.
pub(super) fn drop_old(shared: &Shared, log: &TopicLog, number: i32, age: Duration, now_micros: i64) -> Result<(), LogError> {
    let keep_from = before(now_micros, age);
    let held = drop_oldest_while(shared, log, number, now_micros, |partition, second| {
        // The second began when the oldest ended, so nothing in the oldest is younger than that.
        let too_old = second.header()?.created_micros < keep_from;
        Ok(too_old || lacks_room(log, partition))
    });
    held.map(drop)
}

/// Makes sure that the partition may grow.
///
/// # Errors
/// [`LogError::Full`] when it may not, because of a group that has yet to read.
pub(super) fn make_room(shared: &Shared, log: &TopicLog, number: i32, now_micros: i64) -> Result<(), LogError> {
    let Some(partition) = log.partition(number) else { return Ok(()) };
    if !partition.is_segment_due() || !lacks_room(log, partition) {
        return Ok(());
    }
    match drop_oldest_while(shared, log, number, now_micros, |partition, _| Ok(lacks_room(log, partition))) {
        Ok(None) => Ok(()),
        Ok(Some(Holder { group, committed })) => {
            shared.backlog.refused(log.topic, number, &group, committed);
            Err(LogError::Full { topic: log.topic, group })
        }
        // What could not be removed is tried again by maintenance; the disk may have room.
        Err(error) => {
            error!(name: "event_log.segment_not_dropped", partition = %partition.options.label, %error, "a segment could not be removed");
            Ok(())
        }
    }
}

/// Whether one more segment would be too much.
fn lacks_room(log: &TopicLog, partition: &Partition) -> bool {
    log.max_bytes.is_some_and(|most| partition.bytes().saturating_add(partition.options.segment_bytes) > most)
}

/// Drops the oldest segments that are due; the group for which the first of them is kept, if one is.
fn drop_oldest_while(
    shared: &Shared,
    log: &TopicLog,
    number: i32,
    now_micros: i64,
    is_due: impl Fn(&Partition, &Segment) -> Result<bool, LogError>,
) -> Result<Option<Holder>, LogError> {
    let Some(partition) = log.partition(number) else { return Ok(None) };
    while let Some((oldest, second)) = partition.two_oldest() {
        if !is_due(partition, &second)? {
            break;
        }
        let (end, living_since) = (second.name.base, shared.living_since(now_micros));
        let passed = match shared.groups.pass(log.topic, number, end, living_since, || partition.forget_oldest(&oldest)) {
            Ok(passed) => passed,
            Err(holder) => return Ok(Some(holder)),
        };
        for (group, from, is_first) in passed {
            shared.skips.expired(&group, Skipped { topic: log.topic, partition: number, from, to: end }, is_first);
        }
        drop_file(partition, &oldest)?;
    }
    Ok(None)
}

fn drop_file(partition: &Partition, oldest: &Arc<Segment>) -> Result<(), LogError> {
    disk::remove(&oldest.path)?;
    debug!(name: "event_log.segment_dropped", partition = %partition.options.label, base = oldest.name.base, "dropped the oldest segment");
    Ok(())
}
