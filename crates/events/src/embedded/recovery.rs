//! Opening a partition: finding out, after whatever ended the last run, what is there.
//!
//! Closed segments are taken on trust (their readers check every record), so that opening does not depend on how much is
//! stored. The written segment is read from the checkpoint on. Where its records stop being good, either the last write was
//! torn, then it was never acknowledged and it is cut off; or a later record says that this place had been flushed, then
//! something acknowledged is gone and opening fails.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    disk::{self, NewFile, failed},
    frame,
    partition::{Partition, PartitionOptions, Staging, Writing},
    segment::{Extent, Frames, Header, Segment, SegmentName, Step, damaged},
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
    disk::create_folder(&options.folder)?;
    let mark = checkpoint.partitions.get(&options.label);
    let mut segments = list_segments(&options)?;

    let newest = segments.pop_if(|newest| newest.name.generation == 0);
    let newest_base = newest.as_ref().map(|newest| newest.name.base);
    if let Some(mark) = mark.filter(|mark| newest_base.is_none_or(|base| base < mark.base)) {
        let reason = format!("the segment with first offset {} is missing from {}", mark.base, options.folder.display());
        return Err(LogError::Damaged { reason });
    }
    let writing = match newest {
        Some(newest) => recover(newest, mark.filter(|mark| newest_base == Some(mark.base)), &options)?,
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

/// Checks the written segment and cuts off what a torn write left.
fn recover(newest: Found, mark: Option<&Mark>, options: &PartitionOptions) -> Result<Writing, LogError> {
    let Found { name, extent: Extent { length, .. } } = newest;
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
    let good_until = loop {
        match frames.next(length).map_err(|error| failed("read", &path, &error))? {
            Step::Frame { head, position, .. } if head.offset == next_offset => {
                segment.note(head.offset, position);
                last_time_micros = head.time_micros;
                next_offset += 1;
            }
            Step::End => break length,
            Step::Frame { position, .. } => break cut_off(&file, &path, position, length, "an offset is missing", &header)?,
            Step::Bad { position, reason } => break cut_off(&file, &path, position, length, reason, &header)?,
        }
    };

    // What a killed process had written but not flushed is good and becomes visible now, so it must be on disk first.
    file.sync_all().map_err(|error| failed("flush", &path, &error))?;
    file.seek(SeekFrom::Start(good_until)).map_err(|error| failed("seek in", &path, &error))?;
    segment.set_extent(Extent { length: good_until, end: next_offset });
    Ok(Writing {
        segment: Arc::new(segment),
        file,
        header,
        written: good_until,
        settled: good_until,
        next_offset,
        last_time_micros,
        unknown: None,
        staging: Staging::default(),
    })
}

/// Cuts the file at a bad place, unless what stands there has been acknowledged.
fn cut_off(file: &File, path: &Path, position: u64, length: u64, reason: &str, header: &Header) -> Result<u64, LogError> {
    let mut tail = vec![0; usize::try_from(length - position).unwrap_or_default()];
    file.read_exact_at(&mut tail, position).map_err(|error| failed("read", path, &error))?;
    if frame::proves_settled(&tail, position, position, header.salt) {
        return Err(damaged(path, position, &format!("{reason}, and records after it show that it was acknowledged")));
    }
    file.set_len(position).map_err(|error| failed("shorten", path, &error))?;
    warn!(
        name: "event_log.torn_tail_cut",
        file = %path.display(),
        position,
        bytes = length - position,
        reason,
        "cut off a write that was interrupted and never acknowledged"
    );
    Ok(position)
}
