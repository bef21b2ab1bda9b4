//! Segment files: their names, their header, and reading their frames one after the other.
//!
//! A segment is named after its first offset. Compaction writes the next generation of a segment under a new name instead of
//! over the old file, so that readers of the old one are not disturbed.

use std::{
    fmt,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use bytes::{Bytes, BytesMut};

use super::{
    disk::{NewFile, WriteFailure, failed},
    frame::{self, Head, Peek},
    lock::lock,
};
use crate::log::LogError;

const MAGIC: [u8; 8] = *b"schildw\n";
const VERSION: u32 = 1;
/// How much is read at once.
const READ_BYTES: usize = 256 * 1024;
/// Distance between two entries of the index.
const INDEX_BYTES: u64 = 64 * 1024;

/// First offset and generation, as in `00000000000000004711.log` and, compacted, `00000000000000000000.2.log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SegmentName {
    pub base: i64,
    /// 0 as written by appends; each compaction counts one up.
    pub generation: u32,
}

impl SegmentName {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".log")?;
        let (base, generation) = stem.split_once('.').unwrap_or((stem, "0"));
        let name = Self { base: base.parse().ok()?, generation: generation.parse().ok()? };
        (name.base >= 0).then_some(name)
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.generation {
            0 => write!(formatter, "{:020}.log", self.base),
            generation => write!(formatter, "{:020}.{generation}.log", self.base),
        }
    }
}

/// The first bytes of every segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Where the checksums of this file's frames start.
    pub salt: u32,
    /// No record of an earlier segment is younger than this; µs since 1970.
    pub created_micros: i64,
    /// For a compacted segment: the first offset it no longer stands for. Segments in between are superseded.
    pub covers_until: Option<i64>,
    /// For a compacted segment: time of its oldest tombstone.
    pub oldest_tombstone_micros: Option<i64>,
    /// How many offsets before the first were those of damaged records, which recovery set aside; 0 otherwise. The segment before ends there.
    pub set_aside: u32,
}

impl Header {
    /// Bytes before the first frame.
    pub(super) const SIZE: u64 = 48;
    /// Stands for "none" in the two optional fields.
    const NONE: i64 = i64::MIN;

    pub(super) fn plain(created_micros: i64) -> Result<Self, LogError> {
        let salt = getrandom::u32().map_err(|error| LogError::Unavailable { reason: format!("cannot get random bytes: {error}") })?;
        Ok(Self { salt, created_micros, covers_until: None, oldest_tombstone_micros: None, set_aside: 0 })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::SIZE as usize);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.salt.to_le_bytes());
        out.extend_from_slice(&self.created_micros.to_le_bytes());
        out.extend_from_slice(&self.covers_until.unwrap_or(Self::NONE).to_le_bytes());
        out.extend_from_slice(&self.oldest_tombstone_micros.unwrap_or(Self::NONE).to_le_bytes());
        out.extend_from_slice(&self.set_aside.to_le_bytes());
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out
    }

    fn decode(bytes: &[u8; Self::SIZE as usize]) -> Result<Self, String> {
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let i64_at = |at: usize| (u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32).cast_signed();
        if bytes[..8] != MAGIC {
            return Err("this is not a segment of an event log".to_owned());
        }
        if u32_at(8) != VERSION {
            return Err(format!("it has format {}, this program reads {VERSION}", u32_at(8)));
        }
        if crc32fast::hash(&bytes[..44]) != u32_at(44) {
            return Err("the checksum of its header does not match".to_owned());
        }
        let optional = |at| Some(i64_at(at)).filter(|value| *value != Self::NONE);
        Ok(Self {
            salt: u32_at(12),
            created_micros: i64_at(16),
            covers_until: optional(24),
            oldest_tombstone_micros: optional(32),
            set_aside: u32_at(40),
        })
    }

    pub(super) fn read(file: &File, path: &Path) -> Result<Self, LogError> {
        let mut bytes = [0; Self::SIZE as usize];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Self::decode(&bytes).map_err(|reason| damaged(path, 0, &reason)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(damaged(path, 0, "its header is cut off")),
            Err(error) => Err(failed("read", path, &error)),
        }
    }
}

pub(super) fn damaged(path: &Path, position: u64, reason: &str) -> LogError {
    LogError::Damaged { reason: format!("{} at byte {position}: {reason}", path.display()) }
}

/// A segment as readers see it.
#[derive(Debug)]
pub(super) struct Segment {
    pub name: SegmentName,
    pub path: PathBuf,
    extent: Mutex<Extent>,
    /// Some offsets and where they stand, ascending. Empty for segments closed before this start: those are searched.
    index: Mutex<Vec<(i64, u64)>>,
}

/// How far a segment may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes on disk.
    pub length: u64,
    /// First offset after those in the bytes.
    pub end: i64,
}

impl Segment {
    pub(super) fn new(folder: &Path, name: SegmentName, extent: Extent) -> Self {
        Self { name, path: folder.join(name.to_string()), extent: Mutex::new(extent), index: Mutex::default() }
    }

    /// Creates the file with its header, durably, positioned after the header.
    pub(super) fn create_file(&self, header: &Header) -> Result<File, WriteFailure> {
        let new = NewFile::create(self.path.clone())?;
        io::Write::write_all(&mut &new.file, &header.encode()).map_err(|error| failed("write", &self.path, &error))?;
        new.finish_or_undo()
    }

    pub(super) fn extent(&self) -> Extent {
        *lock(&self.extent)
    }

    pub(super) fn set_extent(&self, extent: Extent) {
        *lock(&self.extent) = extent;
    }

    /// Notes where an offset stands, when the last note is far enough away.
    pub(super) fn note(&self, offset: i64, position: u64) {
        let mut index = lock(&self.index);
        if index.last().is_none_or(|(_, last)| position >= last + INDEX_BYTES) {
            index.push((offset, position));
        }
    }

    /// Takes back the notes of a write that failed: its offsets will stand elsewhere.
    pub(super) fn forget_from(&self, offset: i64) {
        lock(&self.index).retain(|(noted, _)| *noted < offset);
    }

    /// An offset at or before this one, and its place.
    pub(super) fn place_before(&self, offset: i64) -> (i64, u64) {
        let index = lock(&self.index);
        let after = index.partition_point(|(noted, _)| *noted <= offset);
        after.checked_sub(1).map_or((self.name.base, Header::SIZE), |at| index[at])
    }

    /// Opens the file for reading.
    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Reads the header.
    pub(super) fn header(&self) -> Result<Header, LogError> {
        let file = self.open().map_err(|error| failed("open", &self.path, &error))?;
        Header::read(&file, &self.path)
    }
}

/// Reads the frames of one file in order. A clone reads on independently.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    file: Arc<File>,
    pub salt: u32,
    /// Where the buffer starts in the file.
    position: u64,
    buffer: Bytes,
}

/// What came next in a file.
#[derive(Debug)]
pub(super) enum Step {
    /// A good frame, all its bytes, and where it stands.
    Frame { head: Head, bytes: Bytes, position: u64 },
    /// The limit.
    End,
    /// Something that is not a frame.
    Bad { position: u64, reason: &'static str },
}

impl Frames {
    pub(super) fn new(file: File, salt: u32, position: u64) -> Self {
        Self { file: Arc::new(file), salt, position, buffer: Bytes::new() }
    }

    /// The next frame that ends at or before `limit`, a length of the file.
    pub(super) fn next(&mut self, limit: u64) -> io::Result<Step> {
        let position = self.position;
        loop {
            if position >= limit {
                return Ok(Step::End);
            }
            match frame::peek(&self.buffer, self.salt) {
                Peek::Whole { head, size } => {
                    self.position += size as u64;
                    return Ok(Step::Frame { head, bytes: self.buffer.split_to(size), position });
                }
                Peek::Bad { reason } => return Ok(Step::Bad { position, reason }),
                Peek::Short { need } if position + need as u64 > limit => {
                    return Ok(Step::Bad { position, reason: "the record is cut off" });
                }
                Peek::Short { need } => self.fill(need, limit)?,
            }
        }
    }

    /// What is there from the next place to `limit`, good or not.
    pub(super) fn rest(&self, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(limit - self.position).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, self.position)?;
        Ok(bytes)
    }

    /// Goes on so many bytes further.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.position += bytes as u64;
        self.buffer = Bytes::new();
    }

    /// Makes the buffer at least `need` bytes long; the caller knows that the file has them before `limit`.
    fn fill(&mut self, need: usize, limit: u64) -> io::Result<()> {
        let available = usize::try_from(limit - self.position).unwrap_or(usize::MAX);
        let had = self.buffer.len();
        let mut larger = BytesMut::zeroed(need.max(READ_BYTES).min(available));
        larger[..had].copy_from_slice(&self.buffer);
        self.file.read_exact_at(&mut larger[had..], self.position + had as u64)?;
        self.buffer = larger.freeze();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_and_come_back() {
        let names = ["00000000000000000000.log", "00000000000000000000.2.log", "00000000000000004711.log"];
        let parsed: Vec<_> = names.iter().map(|name| SegmentName::parse(name).unwrap()).collect();
        assert!(parsed.is_sorted());
        assert_eq!(parsed.iter().map(ToString::to_string).collect::<Vec<_>>(), names);
        for other in ["x.log", "1.tmp", "-1.log", "1.x.log", "1.log.tmp"] {
            assert_eq!(SegmentName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn header_comes_back_and_notices_every_flipped_bit() {
        let header = Header { salt: 9, created_micros: 1, covers_until: Some(20), oldest_tombstone_micros: None, set_aside: 3 };
        let bytes: [u8; Header::SIZE as usize] = header.encode().try_into().unwrap();
        assert_eq!(Header::decode(&bytes), Ok(header));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&flipped).is_err(), "bit {bit} went unnoticed");
        }
    }
}
