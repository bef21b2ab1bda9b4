//! What one partition gets when it is its turn: everything that was received of it is processed, or says why not now.

use std::collections::VecDeque;

use runtime::Shutdown;
use storage::StoreResult;

use super::{
    attempt::Worker,
    dead_letter::QUARANTINED,
    handler::{Handler, Trouble},
    order,
    processing::{Failure, MOST_ABANDONED_OF_A_SCHOOL},
    quarantine::Holder,
};
use crate::{Delivered, Position, Topic};

/// Records that are tried alone after a death: were there two, the death of one would count for both.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
const STOPPED: &str = "stopped before it was tried";

/// A partition as one member knows it.
#[derive(Debug)]
pub(super) struct Place {
    /// The member that works on it.
    holder: Holder,
    /// Records still to be tried alone, because the process before may have died of one of them.
    careful: usize,
    /// The record that this member began alone, and how many processes did before it.
    begun: Option<(i64, u32)>,
}

/// What came of a turn.
pub(super) struct Turn {
    /// Up to here everything is done.
    pub done: Option<Position>,
    /// What kept the next from being processed now.
    pub trouble: Option<Trouble>,
}

impl<H: Handler> Worker<H> {
    /// Begins to work on a partition.
    pub(super) async fn take(&self, holder: Holder, topic: Topic, partition: i32) -> StoreResult<Place> {
        let before = holder.take(&self.database, topic, partition, self.clock.now()).await?;
        let was_anothers = before.is_some_and(|before| !self.members.contains(&before));
        if was_anothers {
            tracing::info!(
                name: "consumer.careful", consumer = self.consumer, topic = topic.spec().name, partition,
                "another process did not end its work on this partition; its next records are tried one by one"
            );
        }
        Ok(Place { holder, careful: if was_anothers { self.max_batch } else { 0 }, begun: None })
    }

    /// Processes what was received of one partition.
    pub(super) async fn turn(&self, place: &mut Place, window: &[Delivered], shutdown: &Shutdown) -> Turn {
        let mut done = vec![false; window.len()];
        let trouble = self.process(place, window, &mut done, shutdown).await.err();
        Turn { done: order::done_up_to(window, &done), trouble }
    }

    async fn process(&self, place: &mut Place, window: &[Delivered], done: &mut [bool], shutdown: &Shutdown) -> Result<(), Trouble> {
        let (deadly, others) = window.split_at(place.careful.min(window.len()));
        let (deadly_done, others_done) = done.split_at_mut(deadly.len());
        for (record, done) in deadly.iter().zip(deadly_done) {
            if shutdown.is_requested() {
                return Ok(());
            }
            self.carefully(place, record, shutdown).await?;
            *done = true;
            place.careful -= 1;
        }

        let mut waiting: VecDeque<usize> = order::fairly(others).into();
        while !waiting.is_empty() && !shutdown.is_requested() {
            // Each time, since the last one may have made a suspect.
            let trusted = order::suspects_last(waiting.make_contiguous(), others, &self.suspects.at(self.clock.now()));
            let places: Vec<usize> = waiting.iter().copied().take(trusted.min(self.max_batch).max(1)).collect();
            let records: Vec<&Delivered> = places.iter().filter_map(|place| others.get(*place)).collect();
            let (tried, trouble) = if trusted == 0 {
                self.one_by_one(&records, shutdown).await
            } else {
                match self.attempt(&records, self.settings.record_timeout()).await {
                    Ok(tried) => (tried, None),
                    Err(Failure::Transient(trouble)) => (0, Some(trouble)),
                    Err(Failure::Poison { .. } | Failure::Stuck(_)) => self.one_by_one(&records, shutdown).await,
                }
            };
            waiting.drain(..tried).for_each(|place| mark(others_done, place));
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
        }
        Ok(())
    }

    /// Tries each alone, up to one that makes its school a suspect, so that the others go before the rest of that school. Answers how many are done,
    /// and what kept the next from being processed now.
    async fn one_by_one(&self, records: &[&Delivered], shutdown: &Shutdown) -> (usize, Option<Trouble>) {
        for (before, record) in records.iter().enumerate() {
            if shutdown.is_requested() {
                return (before, None);
            }
            if let Err(trouble) = self.alone(record, shutdown).await {
                return (before, Some(trouble));
            }
            if self.suspects.has(&record.record.key, self.clock.now()) {
                return (before + 1, None);
            }
        }
        (records.len(), None)
    }

    /// Tries a record alone, and notes before that it does; not of one that is done, which would overwrite the note of the next.
    ///
    /// One at a time in the whole process: if it ends meanwhile, it was this record.
    async fn carefully(&self, place: &mut Place, record: &Delivered, shutdown: &Shutdown) -> Result<(), Trouble> {
        if self.is_done(record).await? {
            return Ok(());
        }
        let Some(_alone) = shutdown.or_stop(ONE_AT_A_TIME.lock()).await else { return Err(STOPPED.into()) };
        let offset = record.position.offset;
        let begun_before = match place.begun {
            Some((begun, before)) if begun == offset => before,
            _ => {
                let before = place.holder.begin(&self.database, record.position, self.clock.now()).await?;
                place.begun = Some((offset, before));
                before
            }
        };
        if begun_before >= self.settings.quarantine_after {
            let why = format!("the process ended {begun_before} times while it processed this record alone");
            return Ok(self.set_aside(record, QUARANTINED, why).await?);
        }
        let ended = self.alone(record, shutdown).await;
        // The database was unavailable, or the process is to stop: nobody died of it, so the next does not count it. If this cannot be written
        // either, the note stays as it is, and is not counted again by this process.
        if ended.is_err() && place.holder.take_back(&self.database, record.position, begun_before, self.clock.now()).await.is_ok() {
            place.begun = None;
        }
        ended
    }

    /// Tries a record alone, again if it is slow, until it is processed or set aside.
    async fn alone(&self, record: &Delivered, shutdown: &Shutdown) -> Result<(), Trouble> {
        let key = &record.record.key;
        let going_on = self.abandoned.count_of(key);
        if going_on >= MOST_ABANDONED_OF_A_SCHOOL {
            let why = format!("not tried: {going_on} reads of earlier records of its school go on although their time is over");
            return Ok(self.set_aside(record, QUARANTINED, why).await?);
        }
        let is_suspect = self.suspects.has(key, self.clock.now());
        let limit = if is_suspect { self.settings.suspect_timeout() } else { self.settings.record_timeout() };
        let mut tries = 0;
        loop {
            match self.attempt(&[record], limit).await {
                Ok(_) => return Ok(()),
                Err(Failure::Transient(trouble)) => return Err(trouble),
                Err(Failure::Poison { reason, detail }) => return Ok(self.set_aside(record, reason, detail).await?),
                Err(Failure::Stuck(why)) if is_suspect => {
                    let why = format!("{why}, within an hour after another record of its school was quarantined");
                    return Ok(self.set_aside(record, QUARANTINED, why).await?);
                }
                Err(Failure::Stuck(why)) => {
                    tries += 1;
                    if tries >= self.settings.quarantine_after {
                        return Ok(self.set_aside(record, QUARANTINED, format!("{why}, {tries} times")).await?);
                    }
                    if shutdown.is_requested() {
                        return Err(why.into());
                    }
                }
            }
        }
    }
}

fn mark(done: &mut [bool], place: usize) {
    if let Some(done) = done.get_mut(place) {
        *done = true;
    }
}
