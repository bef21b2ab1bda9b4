//! Reading a partition in order, and several of them for one reader.
//!
//! Reads of files block, so they run on tokio's blocking threads: one hop for a whole batch costs some ten microseconds, while
//! one read from a cold disk on an async thread would hold up everything else that runs there. Cursors are copied into the hop
//! and come back with the batch, so that a reader whose future is dropped half-way has not moved.
//!
//! Recovery looks at the end of a partition only. Records that were damaged before it, or since, are found here. In a topic with retention they are
//! set aside as recovery does it, and reading goes on with the next good record: one flipped bit would otherwise stop every process that reads
//! the topic, at every start.

use std::{fs, io, ops::Range, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{
    damage::Damage,
    disk::failed,
    frame,
    partition::{OnDamage, Partition},
    segment::{Extent, Frames, Header, Segment, Step, damaged},
    tail::Tail,
};
use crate::{
    log::{Delivered, LogError, Position},
    meters::Skipped,
    topic::Topic,
};

/// A batch ends after the record that passes this many bytes.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// A place in a partition.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    partition: Arc<Partition>,
    /// The next record has this offset or a higher one.
    offset: i64,
    open: Option<Open>,
    /// Offsets that are gone, which nobody was told of yet.
    gone: Vec<Range<i64>>,
}

/// A segment that is read.
#[derive(Debug, Clone)]
struct Open {
    segment: Arc<Segment>,
    frames: Frames,
    /// The offset that comes next in it; in a compacted one it may be missing.
    next_offset: i64,
}

#[cfg(test)]
thread_local! {
    /// What happens on this thread between looking up a segment and opening it, once.
    pub(super) static BEFORE_OPENING: std::cell::Cell<Option<Box<dyn FnOnce()>>> = const { std::cell::Cell::new(None) };
}

impl Cursor {
    pub(super) fn new(partition: Arc<Partition>, offset: i64) -> Self {
        Self { partition, offset, open: None, gone: Vec::new() }
    }

    /// The offsets that were gone, so far.
    #[cfg(test)]
    pub(super) fn gone(&self) -> &[Range<i64>] {
        &self.gone
    }

    pub(super) fn offset(&self) -> i64 {
        self.offset
    }

    /// Whether there may be something to read.
    pub(super) fn is_behind(&self) -> bool {
        self.offset < self.partition.end()
    }

    /// The next record's bytes. `None` at the end of what is visible.
    pub(super) fn next(&mut self) -> Result<Option<(frame::Head, bytes::Bytes)>, LogError> {
        while self.is_behind() {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => self.open_segment()?,
            };
            let segment = Arc::clone(&open.segment);
            // Taken before reading: everything up to this end lies within this length, whatever is appended meanwhile.
            let extent = segment.extent();
            match open.frames.next(extent.length).map_err(|error| failed("read", &segment.path, &error))? {
                Step::Frame { head, bytes, .. } => {
                    open.next_offset = head.offset + 1;
                    self.open = Some(open);
                    if segment.name.generation == 0 {
                        // Those in between were damaged.
                        self.skip_to(head.offset);
                    }
                    if head.offset >= self.offset {
                        self.offset = head.offset + 1;
                        return Ok(Some((head, bytes)));
                    }
                }
                // Behind the partition's end and at the end of this file, so the file is closed and reading goes on in the next.
                Step::End if segment.name.generation == 0 && self.offset < extent.end => {
                    if !self.partition.was_set_aside(self.offset, extent.end)? {
                        return Err(damaged(&segment.path, extent.length, &format!("records from offset {} on are missing", self.offset)));
                    }
                    self.skip_to(extent.end);
                }
                Step::End => self.offset = self.offset.max(extent.end),
                Step::Bad { position, reason } => {
                    self.set_aside(&mut open, extent, position, reason)?;
                    self.open = Some(open);
                }
            }
        }
        Ok(None)
    }

    /// Goes past damaged records, which are kept beside the segment. They were there when the partition was opened or became closed, so nobody has
    /// looked at them since. In a compacted topic they are an error, as in recovery.
    fn set_aside(&mut self, open: &mut Open, extent: Extent, position: u64, reason: &'static str) -> Result<(), LogError> {
        let path = &open.segment.path;
        let options = &self.partition.options;
        if options.on_damage == OnDamage::Refuse {
            return Err(damaged(path, position, &format!("{reason}; restore the file from a backup")));
        }
        let bytes = open.frames.rest(extent.length).map_err(|error| failed("read", path, &error))?;
        let size = Tail { bytes: &bytes, position, salt: open.frames.salt, next_offset: open.next_offset }.next_frame();
        let (bad, good) = bytes.split_at(size);
        Damage { partition: &options.label, segment: path, position, bytes: bad, reason }.set_aside_once()?;
        open.frames.skip(size);
        if good.is_empty() {
            self.skip_to(extent.end);
        }
        Ok(())
    }

    /// Whether reading may go on after a segment that cannot be read at all: it is closed, and its topic is not compacted.
    fn may_pass(&self, segment: &Segment) -> bool {
        let end = segment.extent().end;
        self.partition.options.on_damage == OnDamage::SetAside
            && end > self.offset
            && self.partition.segment_at(end).is_some_and(|next| next.name.base == end)
    }

    /// Goes past a segment whose header is damaged: without it no record can be checked.
    fn set_aside_whole(&mut self, segment: &Segment) -> Result<(), LogError> {
        let path = &segment.path;
        let bytes = fs::read(path).map_err(|error| failed("read", path, &error))?;
        let reason = "its header is damaged";
        Damage { partition: &self.partition.options.label, segment: path, position: 0, bytes: &bytes, reason }.set_aside_once()?;
        self.skip_to(segment.extent().end);
        Ok(())
    }

    /// Goes on from this offset, and remembers that what is before it is gone.
    fn skip_to(&mut self, offset: i64) {
        if offset > self.offset {
            self.gone.push(self.offset..offset);
            self.offset = offset;
        }
    }

    fn open_segment(&mut self) -> Result<Open, LogError> {
        loop {
            let Some(segment) = self.partition.segment_at(self.offset) else {
                return Err(damaged(&self.partition.options.folder, 0, "the partition has no segments"));
            };
            #[cfg(test)]
            if let Some(meanwhile) = BEFORE_OPENING.take() {
                meanwhile();
            }
            match segment.open() {
                Ok(file) => {
                    let header = match Header::read(&file, &segment.path) {
                        Err(LogError::Damaged { .. }) if self.may_pass(&segment) => {
                            self.set_aside_whole(&segment)?;
                            continue;
                        }
                        header => header?,
                    };
                    // Retention has removed what came before. For a group that lives it does not.
                    self.skip_to(segment.name.base);
                    let (next_offset, position) = segment.place_before(self.offset);
                    return Ok(Open { segment, frames: Frames::new(file, header.salt, position), next_offset });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // Retention or compaction came in between, unless the list still says that this file is the one.
                    let still_listed = self.partition.segment_at(self.offset).is_some_and(|now| Arc::ptr_eq(&now, &segment));
                    if still_listed {
                        return Err(damaged(&segment.path, 0, "the file is missing"));
                    }
                }
                Err(error) => return Err(failed("open", &segment.path, &error)),
            }
        }
    }
}

/// A cursor of a reader, with the names that its records get.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub topic: Topic,
    pub partition: i32,
    pub cursor: Cursor,
}

/// Several cursors read in turn.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub lanes: Vec<Lane>,
    /// Where reading came upon offsets that are gone, to be told by the reader.
    skipped: Vec<Skipped>,
}

impl Lanes {
    pub(super) fn new(lanes: Vec<Lane>) -> Self {
        Self { lanes, skipped: Vec::new() }
    }

    /// The next records, without waiting.
    pub(super) async fn read(&mut self, max: usize) -> Result<Vec<Delivered>, LogError> {
        if !self.lanes.iter().any(|lane| lane.cursor.is_behind()) {
            return Ok(Vec::new());
        }
        let lanes = self.lanes.clone();
        let hop = tokio::task::spawn_blocking(move || read_in_turn(lanes, max));
        let (lanes, records) = hop.await.map_err(|error| LogError::Unavailable { reason: format!("reading broke off: {error}") })??;
        self.lanes = lanes;
        for lane in &mut self.lanes {
            let (topic, partition) = (lane.topic, lane.partition);
            let gone = lane.cursor.gone.drain(..).map(|gone| Skipped { topic, partition, from: gone.start, to: gone.end });
            self.skipped.extend(gone);
        }
        Ok(records)
    }

    /// What was gone since this was last asked.
    pub(super) fn take_skipped(&mut self) -> Vec<Skipped> {
        std::mem::take(&mut self.skipped)
    }
}

fn read_in_turn(mut lanes: Vec<Lane>, max: usize) -> Result<(Vec<Lane>, Vec<Delivered>), LogError> {
    let mut records = Vec::new();
    let mut bytes = 0;
    for index in 0..lanes.len() {
        while records.len() < max && bytes < BATCH_BYTES {
            let lane = &mut lanes[index];
            let Some((head, frame)) = lane.cursor.next()? else { break };
            bytes += frame.len();
            records.push(lane.delivered(head, &frame)?);
        }
        let batch_is_full = records.len() >= max || bytes >= BATCH_BYTES;
        if batch_is_full {
            // The busy lane goes to the end, so that the others get their turn.
            lanes.rotate_left(index + 1);
            break;
        }
    }
    Ok((lanes, records))
}

impl Lane {
    fn delivered(&self, head: frame::Head, frame: &bytes::Bytes) -> Result<Delivered, LogError> {
        let position = Position { topic: self.topic, partition: self.partition, offset: head.offset };
        let record = frame::record(frame)
            .ok_or_else(|| LogError::Damaged { reason: format!("record at {position:?} has a good checksum but makes no sense") })?;
        Ok(Delivered { position, time: time(head.time_micros), record })
    }
}

fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Waits for the bell until the deadline. False when the deadline has passed.
pub(super) async fn rang_before(bell: &Notify, deadline: Instant) -> bool {
    timeout_at(deadline, bell.notified()).await.is_ok()
}

/// A moment after `wait`; long waits are cut to a day, which no reader notices.
pub(super) fn deadline_after(wait: Duration) -> Instant {
    Instant::now() + wait.min(Duration::from_secs(24 * 60 * 60))
}
