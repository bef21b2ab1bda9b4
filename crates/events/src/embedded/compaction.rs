//! Keeping the last record of each key.
//!
//! All closed segments of a partition are rewritten as one. It appears under a new name in one step and says which offsets it
//! stands for, so a crash leaves either the old segments or the new one with some old ones that the next start removes.
//! State topics are small (one record per school or gateway), so rewriting all of it costs little and keeps this simple.

use std::{
    collections::HashMap,
    io::{BufWriter, Write},
    os::unix::fs::FileExt,
    sync::Arc,
    time::Duration,
};

use super::{
    disk::{NewFile, failed},
    frame,
    partition::Partition,
    segment::{Extent, Frames, Header, Segment, SegmentName, Step, damaged},
};
use crate::log::{LogError, Record};

const WRITE_BYTES: usize = 1024 * 1024;

/// Bytes of the closed segments before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compacted {
    pub before: u64,
    pub after: u64,
}

/// Rewrites the closed segments of a partition when some are not compacted yet or hold tombstones whose time is over.
pub(super) fn compact(partition: &Partition, now_micros: i64, tombstones_kept: Duration) -> Result<Option<Compacted>, LogError> {
    let closed = partition.closed_segments();
    let tombstones_until = now_micros.saturating_sub(i64::try_from(tombstones_kept.as_micros()).unwrap_or(i64::MAX));
    let Some(oldest) = closed.first().filter(|_| closed.iter().any(|segment| is_due(segment, tombstones_until))) else {
        return Ok(None);
    };

    let newest_offsets = newest_offsets(&closed)?;
    let keep = |head: frame::Head, record: &Record| {
        let is_newest = newest_offsets.get(record.key.as_ref()) == Some(&head.offset);
        let is_over = record.value.is_none() && head.time_micros < tombstones_until;
        is_newest && !is_over
    };

    let name = SegmentName { base: oldest.name.base, generation: oldest.name.generation + 1 };
    let path = partition.options.folder.join(name.to_string());
    let cannot_write = |error| failed("write", &path, &error);
    let covers_until = closed.iter().map(|segment| segment.extent().end).max().unwrap_or_default();
    let mut header = Header { covers_until: Some(covers_until), ..Header::plain(now_micros)? };
    let mut length = Header::SIZE;

    let new = NewFile::create(path.clone())?;
    let mut out = BufWriter::with_capacity(WRITE_BYTES, &new.file);
    // The header says which tombstone is the oldest, so it is written once more when that is known.
    out.write_all(&header.encode()).map_err(cannot_write)?;
    let mut scratch = Vec::new();
    each_record(&closed, |head, record| {
        if !keep(head, &record) {
            return Ok(());
        }
        if record.value.is_none() {
            let oldest = header.oldest_tombstone_micros.unwrap_or(i64::MAX);
            header.oldest_tombstone_micros = Some(oldest.min(head.time_micros));
        }
        scratch.clear();
        frame::encode_up_to_value(&mut scratch, header.salt, frame::Head { settled: 0, ..head }, &record);
        scratch.extend_from_slice(record.value.as_deref().unwrap_or_default());
        length += scratch.len() as u64;
        out.write_all(&scratch).map_err(cannot_write)
    })?;
    out.flush().map_err(cannot_write)?;
    drop(out);
    new.file.write_all_at(&header.encode(), 0).map_err(cannot_write)?;
    new.finish()?;

    let before = closed.iter().map(|segment| segment.extent().length).sum();
    let compacted = Segment::new(&partition.options.folder, name, Extent { length, end: covers_until });
    partition.replace_closed(&closed, compacted)?;
    Ok(Some(Compacted { before, after: length }))
}

fn is_due(segment: &Arc<Segment>, tombstones_until: i64) -> bool {
    if segment.name.generation == 0 {
        return true;
    }
    let oldest_tombstone = segment.header().ok().and_then(|header| header.oldest_tombstone_micros);
    oldest_tombstone.is_some_and(|oldest| oldest < tombstones_until)
}

fn newest_offsets(closed: &[Arc<Segment>]) -> Result<HashMap<Box<[u8]>, i64>, LogError> {
    let mut newest = HashMap::new();
    each_record(closed, |head, record| {
        // Most records repeat a key; only new ones are copied.
        match newest.get_mut(record.key.as_ref()) {
            Some(offset) => *offset = head.offset,
            None => drop(newest.insert(Box::from(record.key.as_ref()), head.offset)),
        }
        Ok(())
    })?;
    Ok(newest)
}

fn each_record(closed: &[Arc<Segment>], mut visit: impl FnMut(frame::Head, Record) -> Result<(), LogError>) -> Result<(), LogError> {
    for segment in closed {
        let path = &segment.path;
        let file = segment.open().map_err(|error| failed("open", path, &error))?;
        let salt = Header::read(&file, path)?.salt;
        let mut frames = Frames::new(file, salt, Header::SIZE);
        let length = segment.extent().length;
        loop {
            match frames.next(length).map_err(|error| failed("read", path, &error))? {
                Step::Frame { head, bytes, position } => {
                    let record = frame::record(&bytes).ok_or_else(|| damaged(path, position, "the record makes no sense"))?;
                    visit(head, record)?;
                }
                Step::End => break,
                Step::Bad { position, reason } => return Err(damaged(path, position, reason)),
            }
        }
    }
    Ok(())
}
