//! Opening a partition: finding out, after whatever ended the last run, what is there.
//!
//! Closed segments, and what the checkpoint knows to be on disk, are taken on trust, so that opening does not depend on how much is
//! stored: their readers check every record, and set aside what was damaged since (see `cursor`). The written segment is read from the checkpoint on, up to where its records stop being good. What is after that is one of three
//! (see `tail`):
//!
//! - *Torn*: the last write was interrupted and never acknowledged. It is cut off.
//! - *Acknowledged*: a later record says that this place had been flushed. Opening fails, since what is there goes on after it.
//! - *Damaged*: the last group of records was on disk and changed. Nothing tells whether its senders had their answer. In a topic with retention
//!   the bytes are kept in a file beside the segment, an error is logged, and the log goes on in a new segment, after all offsets that the
//!   damaged records can have had; readers are told what they skip. It is one group, some milliseconds of all schools together, which an
//!   operator still has; a log that stays shut keeps out everybody's telemetry until he comes. A compacted topic is another matter: its
//!   publishers will not say it again, and a lost word, such as that a gateway was revoked, would be wrong for ever. There opening fails.
//!
//! Good records that no later record calls settled are written once more before they are flushed and trusted: after a flush that failed, the
//! system takes the pages for clean, and a second flush would leave them where they are.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    damage::{self, Damage},
    disk::{self, NewFile, failed},
    partition::{OnDamage, Partition, PartitionOptions, Staging, Writing},
    segment::{Extent, Frames, Header, Segment, SegmentName, Step, damaged},
    tail::{Tail, Verdict},
};
use crate::log::LogError;

/// How far each partition was known to be on disk. Written now and then; an old one only costs time.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    /// By the partition's label.
    pub partitions: BTreeMap<String, Mark>,
}

/// A place in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// First offset of the segment that was written then.
    pub base: i64,
    /// Its length in bytes.
    pub length: u64,
    /// The offset that came next.
    pub end: i64,
}

impl Checkpoint {
    const FILE: &str = "checkpoint.json";

    /// The checkpoint of the folder; an empty one when there is none or it cannot be read.
    pub(super) fn load(folder: &Path) -> Self {
        fs::read(folder.join(Self::FILE)).ok().and_then(|content| serde_json::from_slice(&content).ok()).unwrap_or_default()
    }

    pub(super) fn store(&self, folder: &Path) -> Result<(), LogError> {
        let content = serde_json::to_vec_pretty(self).map_err(|error| LogError::Unavailable { reason: error.to_string() })?;
        disk::replace(folder.join(Self::FILE), &content)
    }

    pub(super) fn note(&mut self, partition: &Partition) {
        let (base, length, end) = partition.settled();
        self.partitions.insert(partition.options.label.clone(), Mark { base, length, end });
    }
}

/// Opens the partition in the folder of `options`, creating it when it is not there.
pub(super) fn open(options: PartitionOptions, checkpoint: &Checkpoint, now_micros: i64) -> Result<Partition, LogError> {
    disk::create_folder(&options.folder, 3)?;
    let mark = checkpoint.partitions.get(&options.label);
    let mut segments = list_segments(&options)?;

    let newest = segments.pop_if(|newest| newest.name.generation == 0);
    let newest_base = newest.as_ref().map(|newest| newest.name.base);
    if let Some(mark) = mark.filter(|mark| newest_base.is_none_or(|base| base < mark.base)) {
        let reason = format!("the segment with first offset {} is missing from {}", mark.base, options.folder.display());
        return Err(LogError::Damaged { reason });
    }
    let writing = match newest {
        Some(newest) => {
            let (closed, writing) = recover(&newest, mark.filter(|mark| newest_base == Some(mark.base)), &options, now_micros)?;
            segments.extend(closed);
            writing
        }
        None => Writing::in_new_segment(&options.folder, segments.last().map_or(0, |last| last.extent.end), now_micros)?,
    };

    let next_bases: Vec<i64> = segments.iter().skip(1).map(|found| found.name.base).chain([writing.segment.name.base]).collect();
    let closed = segments.iter().zip(next_bases).map(|(found, next_base)| {
        let extent = Extent { length: found.extent.length, end: next_base };
        Arc::new(Segment::new(&options.folder, found.name, extent))
    });
    let closed = closed.collect();
    Ok(Partition::new(options, closed, writing))
}

/// A segment file that counts.
struct Found {
    name: SegmentName,
    /// The end is known for compacted segments only.
    extent: Extent,
}

/// The folder's segments in order, without those that a compaction has superseded; leftovers of a crash are removed.
fn list_segments(options: &PartitionOptions) -> Result<Vec<Found>, LogError> {
    let folder = &options.folder;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| failed("list", folder, &error))? {
        let entry = entry.map_err(|error| failed("list", folder, &error))?;
        let file_name = entry.file_name();
        let file_name = file_name.to_string_lossy();
        if let Some(name) = SegmentName::parse(&file_name) {
            let length = entry.metadata().map_err(|error| failed("look at", &entry.path(), &error))?.len();
            let end = if name.generation > 0 { covered_until(&entry.path())? } else { name.base };
            found.push(Found { name, extent: Extent { length, end } });
        } else if file_name.ends_with(NewFile::SUFFIX) {
            disk::remove(&entry.path())?;
        } else if file_name.ends_with(damage::SUFFIX) {
            let (partition, file) = (&options.label, &file_name);
            warn!(name: "event_log.damage_kept", partition, %file, "damaged records were set aside here; see what they were, then remove the file");
        } else {
            warn!(name: "event_log.strange_file", partition = %options.label, file = %file_name, "file is not part of the log, leaving it alone");
        }
    }

    // Newest generation first within one base, so that what it covers is known before the segments it supersedes come by.
    found.sort_by_key(|segment| (segment.name.base, std::cmp::Reverse(segment.name.generation)));
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for segment in found {
        let superseded = kept.last().is_some_and(|last| segment.name.base == last.name.base || segment.name.base < last.extent.end);
        if superseded {
            disk::remove(&folder.join(segment.name.to_string()))?;
        } else {
            kept.push(segment);
        }
    }
    Ok(kept)
}

fn covered_until(path: &Path) -> Result<i64, LogError> {
    let file = File::open(path).map_err(|error| failed("open", path, &error))?;
    let header = Header::read(&file, path)?;
    header.covers_until.ok_or_else(|| damaged(path, 0, "a compacted segment must say up to where"))
}

/// Checks the written segment, cuts off what a torn write left, and sets aside what is damaged: then the segment is closed, and the writing
/// goes on in a new one.
fn recover(newest: &Found, mark: Option<&Mark>, options: &PartitionOptions, now_micros: i64) -> Result<(Option<Found>, Writing), LogError> {
    let Found { name, extent: Extent { length, .. } } = *newest;
    let path = options.folder.join(name.to_string());
    let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(|error| failed("open", &path, &error))?;
    let header = Header::read(&file, &path)?;
    let trusted = mark.copied().unwrap_or(Mark { base: name.base, length: Header::SIZE, end: name.base });
    if length < trusted.length {
        return Err(damaged(&path, length, &format!("the file ends here, but {} bytes were on disk", trusted.length)));
    }

    let segment = Segment::new(&options.folder, name, Extent { length: trusted.length, end: trusted.end });
    let reading = file.try_clone().map_err(|error| failed("open", &path, &error))?;
    let mut frames = Frames::new(reading, header.salt, trusted.length);
    let mut next_offset = trusted.end;
    let mut last_time_micros = header.created_micros;
    let mut on_disk = trusted.length;
    let (good_until, bad) = loop {
        match frames.next(length).map_err(|error| failed("read", &path, &error))? {
            Step::Frame { head, position, .. } if head.offset == next_offset => {
                segment.note(head.offset, position);
                on_disk = on_disk.max(head.settled.min(position));
                last_time_micros = head.time_micros;
                next_offset += 1;
            }
            Step::End => break (length, None),
            Step::Frame { position, .. } => break (position, Some("an offset is missing")),
            Step::Bad { position, reason } => break (position, Some(reason)),
        }
    };
    if let Some(reason) = bad {
        let mut bytes = vec![0; usize::try_from(length - good_until).unwrap_or_default()];
        file.read_exact_at(&mut bytes, good_until).map_err(|error| failed("read", &path, &error))?;
        let tail = Tail { bytes: &bytes, position: good_until, salt: header.salt, next_offset };
        take_off(tail, reason, &path, options)?;
        file.set_len(good_until).map_err(|error| failed("shorten", &path, &error))?;
    }

    // What a killed process had written but not flushed is good and becomes visible now, so it must be on disk first.
    disk::write_again(&file, on_disk..good_until).map_err(|error| failed("write again", &path, &error))?;
    file.sync_all().map_err(|error| failed("flush", &path, &error))?;

    if let Some(end) = set_aside_until(&path, good_until, header.salt, next_offset)? {
        let closed = Found { name, extent: Extent { length: good_until, end } };
        let set_aside = u32::try_from(end - next_offset).unwrap_or(u32::MAX);
        let header = Header { set_aside, ..Header::plain(now_micros.max(last_time_micros))? };
        return Ok((Some(closed), Writing::in_segment_of(&options.folder, end, header)?));
    }
    file.seek(SeekFrom::Start(good_until)).map_err(|error| failed("seek in", &path, &error))?;
    segment.set_extent(Extent { length: good_until, end: next_offset });
    let writing = Writing {
        segment: Arc::new(segment),
        file,
        header,
        written: good_until,
        settled: good_until,
        next_offset,
        last_time_micros,
        unknown: None,
        staging: Staging::default(),
    };
    Ok((None, writing))
}

/// Sees to it that the bytes after the last good record may be cut off.
fn take_off(tail: Tail<'_>, reason: &'static str, path: &Path, options: &PartitionOptions) -> Result<(), LogError> {
    let Tail { bytes, position, .. } = tail;
    let (file, size) = (path.display(), bytes.len());
    match tail.judge() {
        Verdict::Torn => {
            warn!(
                name: "event_log.torn_tail_cut", %file, position, bytes = size, reason,
                "cut off a write that was interrupted and never acknowledged"
            );
            Ok(())
        }
        Verdict::Acknowledged => {
            let what = "records after it show that it was acknowledged; restore the file from a backup";
            Err(damaged(path, position, &format!("{reason}, and {what}")))
        }
        Verdict::Damaged if options.on_damage == OnDamage::Refuse => {
            let what = format!(
                "it was written as a whole and may have been acknowledged; restore the file from a backup or, to give up the {size} bytes from there \
                 on, shorten it (truncate -s {position}) and have the state of this topic published again"
            );
            Err(damaged(path, position, &format!("{reason}: {what}")))
        }
        Verdict::Damaged => {
            // Once more if a start ended in the middle of it.
            Damage { partition: &options.label, segment: path, position, bytes, reason }.set_aside()
        }
    }
}

/// When what stood at `position` was set aside and writing has not gone on yet: the first offset that none of it had.
fn set_aside_until(path: &Path, position: u64, salt: u32, next_offset: i64) -> Result<Option<i64>, LogError> {
    let kept = damage::aside(path, position);
    match fs::read(&kept) {
        Ok(bytes) => Ok(Some(Tail { bytes: &bytes, position, salt, next_offset }.end_offset().max(next_offset + 1))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", &kept, &error)),
    }
}
