//! The thread that writes: it takes everything that waits, writes each partition once, flushes each file once, and only then
//! answers. While it flushes, the next appends gather; so the more writers there are, the more share a flush.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender},
    },
    time::SystemTime,
};

use tokio::sync::oneshot;
use tracing::error;

use super::{disk::WriteFailure, frame::micros, lock::lock, partition::Partition, retention, shared::Shared, topics::TopicLog};
use crate::{
    admission::Admitted,
    log::{LogError, Position, Record},
};

/// Appends that can wait. Bytes are bounded separately, so this only matters for very many tiny appends.
pub(super) const QUEUE: usize = 8 * 1024;

/// What the writer is asked.
pub(super) enum Request {
    Append(Append),
    /// End once everything before this is done.
    Stop,
}

/// Records for one topic, and the caller that waits for them.
pub(super) struct Append {
    pub topic: Arc<TopicLog>,
    pub records: Vec<Record>,
    /// By record: the number of its partition.
    pub places: Vec<usize>,
    pub done: oneshot::Sender<Result<Vec<Position>, LogError>>,
    /// Given back when the records are on disk or refused.
    pub admitted: Admitted,
}

/// The share of one partition in a group of appends.
struct Share {
    partition: Arc<Partition>,
    number: i32,
    /// Which record of which append, in order.
    records: Vec<(usize, usize)>,
}

pub(super) fn sender_and_receiver() -> (SyncSender<Request>, Receiver<Request>) {
    std::sync::mpsc::sync_channel(QUEUE)
}

/// Closes the log to appends when the thread that should serve them dies of a fault.
struct GivesUpOnPanic<'a>(&'a Shared);

impl Drop for GivesUpOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.give_up("the writing thread has panicked");
        }
    }
}

/// Writes until told to stop.
pub(super) fn run(shared: &Shared, requests: &Receiver<Request>) {
    let _watch = GivesUpOnPanic(shared);
    let mut stop = false;
    while !stop {
        let Ok(first) = requests.recv() else { return };
        let mut group = Vec::new();
        for request in std::iter::once(first).chain(requests.try_iter()) {
            match request {
                Request::Append(append) => group.push(append),
                Request::Stop => stop = true,
            }
        }
        write_group(shared, group);
    }
}

fn write_group(shared: &Shared, group: Vec<Append>) {
    let now_micros = micros(SystemTime::now());
    let group = with_room(shared, group, now_micros);
    let mut outcomes: Vec<Result<Vec<Position>, String>> = group
        .iter()
        .map(|append| Ok(vec![Position { topic: append.topic.topic, partition: 0, offset: 0 }; append.records.len()]))
        .collect();

    let mut written = Vec::new();
    for share in shares(&group) {
        let records = share.records.iter().map(|(append, record)| &group[*append].records[*record]);
        match share.partition.write(records, now_micros) {
            Ok(first_offset) => written.push((share, first_offset)),
            Err(failure) => fail(shared, &share, &failure, &mut outcomes),
        }
    }
    for (share, first_offset) in written {
        match share.partition.settle() {
            Ok(()) => {
                for ((append, record), offset) in share.records.iter().zip(first_offset..) {
                    if let Ok(positions) = &mut outcomes[*append] {
                        positions[*record].partition = share.number;
                        positions[*record].offset = offset;
                    }
                }
            }
            Err(failure) => fail(shared, &share, &failure, &mut outcomes),
        }
    }
    if outcomes.iter().any(Result::is_ok) {
        lock(&shared.last_failure).take();
    }

    let mut rung: Vec<Arc<TopicLog>> = Vec::new();
    for (append, outcome) in group.into_iter().zip(outcomes) {
        let Append { topic, records, done, admitted, .. } = append;
        if let Ok(positions) = &outcome {
            shared.counters.appends.fetch_add(1, Ordering::Relaxed);
            shared.counters.records.fetch_add(positions.len() as u64, Ordering::Relaxed);
        }
        if !rung.iter().any(|known| Arc::ptr_eq(known, &topic)) {
            topic.ring();
            rung.push(topic);
        }
        drop((records, admitted));
        // A caller that no longer waits needs no answer; the records are there all the same.
        let _nobody_waits = done.send(outcome.map_err(|reason| LogError::Unavailable { reason }));
    }
}

/// Answers those that a full topic cannot take, as a whole, and returns the others.
fn with_room(shared: &Shared, group: Vec<Append>, now_micros: i64) -> Vec<Append> {
    let mut taken = Vec::with_capacity(group.len());
    for append in group {
        let places: BTreeSet<usize> = append.places.iter().copied().collect();
        let mut room = places.iter().map(|number| retention::make_room(shared, &append.topic, *number as i32, now_micros));
        match room.try_for_each(|room| room) {
            Ok(()) => taken.push(append),
            Err(full) => {
                let Append { done, records, admitted, .. } = append;
                drop((records, admitted));
                let _nobody_waits = done.send(Err(full));
            }
        }
    }
    taken
}

/// Sorts the records of a group by partition, each in the order in which it came.
fn shares(group: &[Append]) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    for (append_index, append) in group.iter().enumerate() {
        for (record_index, &number) in append.places.iter().enumerate() {
            let partition = &append.topic.partitions[number];
            let known = shares.iter_mut().find(|share| Arc::ptr_eq(&share.partition, partition));
            match known {
                Some(share) => share.records.push((append_index, record_index)),
                None => shares.push(Share {
                    partition: Arc::clone(partition),
                    number: number as i32,
                    records: vec![(append_index, record_index)],
                }),
            }
        }
    }
    shares
}

fn fail(shared: &Shared, share: &Share, failure: &WriteFailure, outcomes: &mut [Result<Vec<Position>, String>]) {
    let reason = match failure {
        WriteFailure::Undone(reason) => {
            error!(name: "event_log.write_failed", partition = %share.partition.options.label, reason, "append failed and was undone");
            *lock(&shared.last_failure) = Some(reason.clone());
            reason.clone()
        }
        WriteFailure::Unknown(reason) => shared.give_up(reason),
    };
    for (append, _) in &share.records {
        outcomes[*append] = Err(reason.clone());
    }
}
