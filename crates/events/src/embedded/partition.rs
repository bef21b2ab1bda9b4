//! One partition: a folder of segments, the last of which is written.
//!
//! Bytes take three steps: *written* (in the file, maybe only in the system's cache), *settled* (on disk) and then *visible* to
//! readers. Readers never see what a power cut could take back.

use std::{
    fs::File,
    io::{IoSlice, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tracing::warn;

use super::{
    disk::{self, WriteFailure},
    frame::{self, Head},
    lock::lock,
    segment::{Extent, Header, Segment, SegmentName},
};
use crate::log::{LogError, Record};

/// Values from this size on are handed to the system where they are; smaller ones are cheaper to copy.
const WRITE_IN_PLACE_FROM: usize = 4 * 1024;
/// A staging buffer that grew beyond this is given back.
const KEEP_STAGING_BYTES: usize = 1024 * 1024;

/// How a partition is kept.
#[derive(Debug, Clone)]
pub(super) struct PartitionOptions {
    /// For logs and the checkpoint, as in `monitor.alert.v1/0`.
    pub label: String,
    pub folder: PathBuf,
    /// A segment ends after the write in which it passes this size.
    pub segment_bytes: u64,
    /// What recovery does with damaged records at the end.
    pub on_damage: OnDamage,
    /// Counts flushes to disk.
    pub syncs: Arc<AtomicU64>,
}

/// What recovery does with damaged records at the end of a partition, of which nothing shows whether they were acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnDamage {
    /// Keeps them beside the segment and goes on.
    SetAside,
    /// Does not open.
    Refuse,
}

/// A partition: its segments, and the write side.
#[derive(Debug)]
pub(super) struct Partition {
    pub options: PartitionOptions,
    /// Ascending; never empty; the last is the one written.
    segments: RwLock<Vec<Arc<Segment>>>,
    /// First offset not visible.
    end: AtomicI64,
    writing: Mutex<Writing>,
}

/// The write side.
#[derive(Debug)]
pub(super) struct Writing {
    pub segment: Arc<Segment>,
    pub file: File,
    pub header: Header,
    pub written: u64,
    pub settled: u64,
    pub next_offset: i64,
    pub last_time_micros: i64,
    /// A flush failed, so that what is on disk is unknown.
    pub unknown: Option<String>,
    pub staging: Staging,
}

/// What is to be written in one go: pieces of the scratch buffer alternate with large values.
#[derive(Debug, Default)]
pub(super) struct Staging {
    scratch: Vec<u8>,
    pieces: Vec<Piece>,
    bytes: u64,
}

#[derive(Debug)]
enum Piece {
    Scratch(Range<usize>),
    Value(Bytes),
}

impl Staging {
    fn clear(&mut self) {
        self.pieces.clear();
        self.bytes = 0;
        self.scratch.clear();
        self.scratch.shrink_to(KEEP_STAGING_BYTES);
    }

    fn push(&mut self, salt: u32, head: Head, record: &Record) {
        let before = self.scratch.len();
        frame::encode_up_to_value(&mut self.scratch, salt, head, record);
        self.bytes += frame::size(record) as u64;
        let large = record.value.as_ref().filter(|value| value.len() >= WRITE_IN_PLACE_FROM);
        if large.is_none() {
            self.scratch.extend_from_slice(record.value.as_deref().unwrap_or_default());
        }
        match self.pieces.last_mut() {
            Some(Piece::Scratch(range)) => range.end = self.scratch.len(),
            _ => self.pieces.push(Piece::Scratch(before..self.scratch.len())),
        }
        self.pieces.extend(large.cloned().map(Piece::Value));
    }

    fn write_to(&self, file: &File) -> std::io::Result<()> {
        let slices = self.pieces.iter().map(|piece| match piece {
            Piece::Scratch(range) => IoSlice::new(&self.scratch[range.clone()]),
            Piece::Value(value) => IoSlice::new(value),
        });
        let mut slices: Vec<IoSlice<'_>> = slices.collect();
        disk::write_all_vectored(file, &mut slices)
    }
}

impl Partition {
    /// Brings a recovered partition together.
    pub(super) fn new(options: PartitionOptions, mut segments: Vec<Arc<Segment>>, writing: Writing) -> Self {
        segments.push(Arc::clone(&writing.segment));
        let end = AtomicI64::new(writing.next_offset);
        Self { options, segments: RwLock::new(segments), end, writing: Mutex::new(writing) }
    }

    /// First offset not visible to readers.
    pub(super) fn end(&self) -> i64 {
        self.end.load(Ordering::Acquire)
    }

    /// First offset kept.
    pub(super) fn start(&self) -> i64 {
        self.read_segments().first().map_or(0, |oldest| oldest.name.base)
    }

    /// The segment that holds the offset or, where that is gone, the oldest one.
    pub(super) fn segment_at(&self, offset: i64) -> Option<Arc<Segment>> {
        let segments = self.read_segments();
        let after = segments.partition_point(|segment| segment.name.base <= offset);
        segments.get(after.saturating_sub(1)).cloned()
    }

    /// Whether recovery set aside the records from this offset to `end`, where a segment begins.
    pub(super) fn was_set_aside(&self, offset: i64, end: i64) -> Result<bool, LogError> {
        let Some(next) = self.segment_at(end).filter(|next| next.name.base == end) else { return Ok(false) };
        Ok(offset >= end - i64::from(next.header()?.set_aside))
    }

    /// All but the segment that is written.
    pub(super) fn closed_segments(&self) -> Vec<Arc<Segment>> {
        let segments = self.read_segments();
        segments[..segments.len() - 1].to_vec()
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        self.read_segments().iter().map(|segment| segment.extent().length).sum()
    }

    /// Bytes on disk of the segments with records from this offset on: what is kept for a group that is there.
    pub(super) fn bytes_from(&self, offset: i64) -> u64 {
        let extents = self.read_segments();
        extents.iter().map(|segment| segment.extent()).filter(|extent| extent.end > offset).map(|extent| extent.length).sum()
    }

    /// Appends records and answers the offset of the first. They are visible after [`settle`](Self::settle).
    pub(super) fn write<'a>(&self, records: impl Iterator<Item = &'a Record>, now_micros: i64) -> Result<i64, WriteFailure> {
        let mut writing = lock(&self.writing);
        let writing = &mut *writing;
        if writing.written >= self.options.segment_bytes {
            self.start_segment(writing, now_micros)?;
        }
        if let Some(reason) = &writing.unknown {
            return Err(WriteFailure::Unknown(reason.clone()));
        }

        let first = writing.next_offset;
        // Retention relies on time not going back within a partition.
        let time_micros = now_micros.max(writing.last_time_micros);
        let mut offset = first;
        for record in records {
            writing.segment.note(offset, writing.written + writing.staging.bytes);
            writing.staging.push(writing.header.salt, Head { offset, time_micros, settled: writing.settled }, record);
            offset += 1;
        }
        let outcome = writing.staging.write_to(&writing.file);
        let staged = writing.staging.bytes;
        writing.staging.clear();
        match outcome {
            Ok(()) => {
                writing.written += staged;
                writing.next_offset = offset;
                writing.last_time_micros = time_micros;
                Ok(first)
            }
            Err(error) => {
                let reason = format!("cannot write {}: {error}", writing.segment.path.display());
                Err(undo(writing, reason))
            }
        }
    }

    /// Brings everything written to disk and shows it to readers.
    pub(super) fn settle(&self) -> Result<(), WriteFailure> {
        self.settle_locked(&mut lock(&self.writing))
    }

    fn settle_locked(&self, writing: &mut Writing) -> Result<(), WriteFailure> {
        if let Some(reason) = &writing.unknown {
            return Err(WriteFailure::Unknown(reason.clone()));
        }
        if writing.written == writing.settled {
            return Ok(());
        }
        self.options.syncs.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = writing.file.sync_data() {
            // After a failed flush the system may have dropped the pages; a second flush would lie.
            let reason = format!("cannot flush {}: {error}", writing.segment.path.display());
            writing.unknown = Some(reason.clone());
            return Err(WriteFailure::Unknown(reason));
        }
        writing.settled = writing.written;
        writing.segment.set_extent(Extent { length: writing.settled, end: writing.next_offset });
        self.end.store(writing.next_offset, Ordering::Release);
        Ok(())
    }

    /// Closes the written segment when it has records and began before `began_before_micros`.
    pub(super) fn close_segment_older_than(&self, began_before_micros: i64, now_micros: i64) -> Result<(), WriteFailure> {
        let mut writing = lock(&self.writing);
        let has_records = writing.next_offset > writing.segment.name.base;
        if has_records && writing.header.created_micros < began_before_micros {
            self.start_segment(&mut writing, now_micros)?;
        }
        Ok(())
    }

    fn start_segment(&self, writing: &mut Writing, now_micros: i64) -> Result<(), WriteFailure> {
        self.settle_locked(writing)?;
        let created = now_micros.max(writing.last_time_micros);
        match Writing::in_new_segment(&self.options.folder, writing.next_offset, created) {
            Ok(new) => {
                self.write_segments().push(Arc::clone(&new.segment));
                *writing = new;
            }
            Err(WriteFailure::Undone(error)) => {
                // No harm is done: the old segment grows on, and the disk that refuses a file may soon refuse a write.
                warn!(name: "event_log.segment_not_started", partition = %self.options.label, error, "keeping on in the old segment");
            }
            // If the new file stays, the next start takes it for the last one and never looks at what the old one holds beyond.
            Err(WriteFailure::Unknown(reason)) => {
                writing.unknown = Some(reason.clone());
                return Err(WriteFailure::Unknown(reason));
            }
        }
        Ok(())
    }

    /// What the checkpoint notes: first offset, settled length and next offset of the written segment.
    pub(super) fn settled(&self) -> (i64, u64, i64) {
        let writing = lock(&self.writing);
        let extent = writing.segment.extent();
        (writing.segment.name.base, extent.length, extent.end)
    }

    /// The oldest segment and the one after it; `None` when there is but the written one.
    pub(super) fn two_oldest(&self) -> Option<(Arc<Segment>, Arc<Segment>)> {
        match &self.read_segments()[..] {
            [oldest, second, ..] => Some((Arc::clone(oldest), Arc::clone(second))),
            _ => None,
        }
    }

    /// Takes the segment out of the list, if it is still the oldest and not the written one. Its file is left to the caller.
    pub(super) fn forget_oldest(&self, oldest: &Arc<Segment>) {
        let mut segments = self.write_segments();
        if segments.len() > 1 && Arc::ptr_eq(&segments[0], oldest) {
            segments.remove(0);
        }
    }

    /// Whether the next write starts a segment.
    pub(super) fn is_segment_due(&self) -> bool {
        lock(&self.writing).written >= self.options.segment_bytes
    }

    /// Puts one compacted segment in the place of closed ones, which must be the first of the list, and removes their files.
    pub(super) fn replace_closed(&self, closed: &[Arc<Segment>], compacted: Segment) -> Result<(), LogError> {
        self.write_segments().splice(..closed.len(), [Arc::new(compacted)]);
        closed.iter().try_for_each(|segment| disk::remove(&segment.path))
    }

    fn read_segments(&self) -> RwLockReadGuard<'_, Vec<Arc<Segment>>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_segments(&self) -> RwLockWriteGuard<'_, Vec<Arc<Segment>>> {
        self.segments.write().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn writing(&self) -> std::sync::MutexGuard<'_, Writing> {
        lock(&self.writing)
    }
}

impl Writing {
    /// Starts a segment file in the folder.
    pub(super) fn in_new_segment(folder: &Path, base: i64, created_micros: i64) -> Result<Self, WriteFailure> {
        Self::in_segment_of(folder, base, Header::plain(created_micros)?)
    }

    /// The same with this header.
    pub(super) fn in_segment_of(folder: &Path, base: i64, header: Header) -> Result<Self, WriteFailure> {
        let created_micros = header.created_micros;
        let segment = Segment::new(folder, SegmentName { base, generation: 0 }, Extent { length: Header::SIZE, end: base });
        let file = segment.create_file(&header)?;
        Ok(Self {
            segment: Arc::new(segment),
            file,
            header,
            written: Header::SIZE,
            settled: Header::SIZE,
            next_offset: base,
            last_time_micros: created_micros,
            unknown: None,
            staging: Staging::default(),
        })
    }
}

/// Cuts off what a failed write left behind.
fn undo(writing: &mut Writing, reason: String) -> WriteFailure {
    writing.segment.forget_from(writing.next_offset);
    let cut = writing.file.set_len(writing.written).and_then(|()| writing.file.seek(SeekFrom::Start(writing.written)));
    match cut {
        Ok(_) => WriteFailure::Undone(reason),
        Err(error) => {
            let reason = format!("{reason}; and cannot undo that: {error}");
            writing.unknown = Some(reason.clone());
            WriteFailure::Unknown(reason)
        }
    }
}
