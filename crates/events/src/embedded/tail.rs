//! What the bytes after the last good record of a segment are: a write that was interrupted, or records that were damaged.
//!
//! An interrupted write was never acknowledged, so what it left is cut off. It ends early, anywhere, when the process was killed; when the power
//! failed, sectors that did not reach the disk read as zeros. Anything else was on disk as a whole and changed afterwards, and so it had
//! been acknowledged, or was about to be: it must not pass for an interrupted write. Where it cannot be told, it counts as damage. Not told
//! apart are a record whose length *and* other bytes changed, if it is the last, and one that held a sector of zeros itself.

use super::frame::{self, Head, LEAST, MARKER, PREFIX, Peek};

/// Smallest part of a file that a disk writes at once; zeros from such a place on were not written.
const SECTOR: usize = 512;
/// So many zeros make the end of a frame in its last sector look unwritten.
const LEAST_ZEROS: usize = 4;
/// Frames in a payload have bad checksums; so many bytes of them are checked, as a multiple of what there is.
const CHECKED_BYTES: usize = 8;

/// What happened to the records there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Their write was interrupted; they were never acknowledged.
    Torn,
    /// They changed after they were written. Nothing shows whether they had been acknowledged.
    Damaged,
    /// They changed, and what was written after them says that they had been acknowledged.
    Acknowledged,
}

/// The bytes from a bad place to the end of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail<'b> {
    pub bytes: &'b [u8],
    /// Where they begin in the file.
    pub position: u64,
    /// Of the segment's checksums.
    pub salt: u32,
    /// The offset that should come here.
    pub next_offset: i64,
}

/// Frames that are whole.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Found {
    any: bool,
    /// One that was written when the bad place was on disk.
    vouches: bool,
    /// There was too much to check.
    gave_up: bool,
    /// Bytes whose checksum was taken.
    checked: usize,
}

impl Tail<'_> {
    pub(super) fn judge(&self) -> Verdict {
        let found = self.find_frames();
        if found.vouches {
            return Verdict::Acknowledged;
        }
        let is_torn = self.has_hole() || (self.ends_early() && !found.any && !found.gave_up);
        if is_torn { Verdict::Torn } else { Verdict::Damaged }
    }

    /// The first offset that no record of these bytes has had.
    pub(super) fn end_offset(&self) -> i64 {
        let (mut at, mut next) = (0, self.next_offset);
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            let claimed = frame::claims(rest).map(|(_, size)| size);
            match (frame::peek(rest, self.salt), claimed) {
                (Peek::Whole { head, size }, _) if self.is_plausible(head.offset) => {
                    next = next.max(head.offset + 1);
                    at += size;
                }
                (_, Some(size)) if self.is_border(at.saturating_add(size)) => {
                    next += 1;
                    at += size;
                }
                _ => {
                    next += self.most_frames(rest.len());
                    break;
                }
            }
        }
        next
    }

    /// Where the first record after the bad place begins; the end where there is none.
    pub(super) fn next_frame(&self) -> usize {
        let mut search = self.frames();
        if let Some((at, _)) = search.next() {
            return at;
        }
        // Where there was too much to check, the bad record may still know how long it is.
        let claimed = frame::claims(self.bytes).map(|(_, size)| size).filter(|size| search.gave_up && self.is_border(*size));
        claimed.unwrap_or(self.bytes.len())
    }

    fn find_frames(&self) -> Found {
        let mut found = Found::default();
        let mut search = self.frames();
        for (_, head) in &mut search {
            found.any = true;
            found.vouches |= head.settled > self.position;
        }
        Found { gave_up: search.gave_up, checked: search.checked, ..found }
    }

    fn frames(&self) -> Search<'_> {
        Search { tail: self, from: 0, checked: 0, gave_up: false }
    }

    /// Whether the bytes are the beginning of a frame, and no more.
    fn ends_early(&self) -> bool {
        let known = self.bytes.len().min(MARKER.len());
        if self.bytes[..known] != MARKER[..known] {
            return false;
        }
        match frame::peek(self.bytes, self.salt) {
            Peek::Short { .. } => self.bytes.len() < PREFIX || !frame::is_whole_but_for_its_length(self.bytes, self.salt),
            Peek::Whole { .. } | Peek::Bad { .. } => false,
        }
    }

    /// Whether a sector of the first frame reads as if it had never been written.
    fn has_hole(&self) -> bool {
        let claimed = frame::claims(self.bytes).map_or(PREFIX, |(_, size)| size).min(self.bytes.len());
        let in_sector = usize::try_from(self.position % SECTOR as u64).unwrap_or_default();
        let first = (SECTOR - in_sector).min(self.bytes.len());
        // Where it is not known how long the frame is, its sectors are looked at as a whole.
        let end = if claimed <= PREFIX { claimed.max(first).min(self.bytes.len()) } else { claimed };
        let (first, others) = self.bytes[..end].split_at(first.min(end));
        let is_zero = |part: &[u8]| part.iter().all(|byte| *byte == 0);
        // The first part holds some of the marker, which is never zero.
        !first.is_empty() && is_zero(first) || others.chunks(SECTOR).any(|part| part.len() >= LEAST_ZEROS && is_zero(part))
    }

    /// Whether the bytes end at this place or a whole frame begins there.
    fn is_border(&self, at: usize) -> bool {
        at == self.bytes.len() || self.bytes.get(at..).is_some_and(|rest| matches!(frame::peek(rest, self.salt), Peek::Whole { .. }))
    }

    fn is_plausible(&self, offset: i64) -> bool {
        offset >= self.next_offset && offset - self.next_offset <= self.most_frames(self.bytes.len())
    }

    fn most_frames(&self, bytes: usize) -> i64 {
        i64::try_from(bytes / LEAST).unwrap_or(i64::MAX - self.next_offset - 1) + 1
    }
}

/// Looks for whole frames anywhere. What a payload holds is none of this file's, as it does not know the salt; however much of it there
/// is, the time that this takes grows with the bytes only.
struct Search<'t> {
    tail: &'t Tail<'t>,
    from: usize,
    checked: usize,
    gave_up: bool,
}

impl Iterator for Search<'_> {
    /// Where it begins, and what it says.
    type Item = (usize, Head);

    fn next(&mut self) -> Option<Self::Item> {
        let Tail { bytes, position, salt, .. } = *self.tail;
        let most = bytes.len().saturating_mul(CHECKED_BYTES);
        while let Some(at) = bytes.get(self.from..)?.windows(MARKER.len()).position(|window| window == MARKER).map(|at| self.from + at) {
            self.from = at + 1;
            let Some((head, size)) = frame::claims(&bytes[at..]) else { continue };
            let said_before_it_stood = head.settled <= position + at as u64;
            if size > bytes.len() - at || !said_before_it_stood || !self.tail.is_plausible(head.offset) {
                continue;
            }
            if size > most - self.checked {
                self.gave_up = true;
                return None;
            }
            self.checked += size;
            if matches!(frame::peek(&bytes[at..], salt), Peek::Whole { .. }) {
                self.from = at + size;
                return Some((at, head));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::log::Record;

    const SALT: u32 = 0x5eed;

    fn frame(offset: i64, settled: u64, value: &[u8]) -> Vec<u8> {
        let record = Record { key: Bytes::new(), headers: vec![], value: Some(Bytes::copy_from_slice(value)) };
        let mut out = Vec::new();
        frame::encode_up_to_value(&mut out, SALT, frame::Head { offset, time_micros: 0, settled }, &record);
        out.extend_from_slice(value);
        out
    }

    fn judge(bytes: &[u8], position: u64) -> Verdict {
        Tail { bytes, position, salt: SALT, next_offset: 7 }.judge()
    }

    #[test]
    fn a_frame_inside_a_payload_proves_nothing() {
        let lost = b"lost, but later writes know of it".to_vec();
        let vouching = [lost.clone(), frame(8, 1_020, b"x")].concat();
        assert_eq!(judge(&vouching, 1_000), Verdict::Acknowledged);
        let other_salt = Tail { bytes: &vouching, position: 1_000, salt: SALT + 1, next_offset: 7 };
        assert_eq!(other_salt.judge(), Verdict::Damaged, "another salt, so not one of this file's frames");
        assert_eq!(judge(&[lost.clone(), frame(8, 1_000, b"x")].concat(), 1_000), Verdict::Damaged, "of the same write");
        assert_eq!(judge(&vouching, 100), Verdict::Damaged, "a frame cannot know of places after itself");
        assert_eq!(judge(&[lost, frame(6, 1_020, b"x")].concat(), 1_000), Verdict::Damaged, "an offset that was before");
    }

    #[test]
    fn what_ends_early_is_torn_and_what_is_complete_is_not() {
        let whole = frame(7, 900, &[7; 100]);
        for end in 1..whole.len() {
            assert_eq!(judge(&whole[..end], 1_000), Verdict::Torn, "{end}");
            let rest = Tail { bytes: &whole[..end], position: 1_000, salt: SALT, next_offset: 7 };
            assert!(rest.end_offset() > 7);
        }
        let mut longer = whole.clone();
        longer[5] ^= 1;
        assert_eq!(judge(&longer, 1_000), Verdict::Damaged, "only its length is wrong");
        assert_eq!(judge(&frame(9, 900, b"x"), 1_000), Verdict::Damaged, "offsets are missing before it");
    }

    #[test]
    fn sectors_that_were_not_written_are_torn() {
        let whole = [frame(7, 900, &[7; 2_000]), frame(8, 900, b"x")].concat();
        for position in [1_000, 1_024, 1_500, 2_047] {
            let borders: Vec<usize> = (0..2_045).filter(|at| (position + at) % SECTOR == 0).collect();
            for pair in borders.windows(2) {
                let mut hole = whole.clone();
                hole[pair[0]..pair[1]].fill(0);
                assert_eq!(judge(&hole, position as u64), Verdict::Torn, "{pair:?} at {position}");
            }
            let mut to_the_end = whole.clone();
            to_the_end[borders[1]..].fill(0);
            assert_eq!(judge(&to_the_end, position as u64), Verdict::Torn);
            let mut from_the_beginning = whole.clone();
            from_the_beginning[..borders[1]].fill(0);
            assert_eq!(judge(&from_the_beginning, position as u64), Verdict::Torn);
        }
        assert_eq!(judge(&[0; 3], 1_000), Verdict::Torn);
        assert_eq!(judge(&[0; 5_000], 1_000), Verdict::Torn);
    }

    #[test]
    fn offsets_after_damage_are_those_that_nobody_had() {
        let mut group = [frame(7, 900, b"one"), frame(8, 900, b"two"), frame(9, 900, b"three")].concat();
        for at in 0..group.len() {
            group[at] ^= 0x10;
            let end = Tail { bytes: &group, position: 1_000, salt: SALT, next_offset: 7 }.end_offset();
            assert!((10..=11 + group.len() as i64 / LEAST as i64).contains(&end), "byte {at}: {end}");
            let is_within_a_record = at >= PREFIX && at < frame(7, 900, b"one").len();
            assert!(end == 10 || !is_within_a_record, "byte {at}: where the lengths are good they are counted: {end}");
            group[at] ^= 0x10;
        }
    }

    #[test]
    fn a_payload_full_of_markers_takes_no_longer_than_its_length_allows() {
        // Each of these claims all that follows, and looks like the next record.
        let total = 1024 * 1024;
        let mut bytes = vec![0x55; total];
        let mut at = 0;
        while at + 64 < total {
            bytes[at..at + 4].copy_from_slice(&MARKER);
            bytes[at + 4..at + 8].copy_from_slice(&((total - at - PREFIX) as u32).to_le_bytes());
            bytes[at + PREFIX..at + PREFIX + 8].copy_from_slice(&8_i64.to_le_bytes());
            bytes[at + PREFIX + 16..at + PREFIX + 24].copy_from_slice(&1_000_u64.to_le_bytes());
            at += 36;
        }
        let tail = Tail { bytes: &bytes, position: 1_000, salt: SALT, next_offset: 7 };
        let found = tail.find_frames();
        assert!(found.gave_up && found.checked <= CHECKED_BYTES * total, "checking all would be 100,000 times as much: {found:?}");
        assert_eq!(tail.judge(), Verdict::Damaged, "what cannot be told is damage");
    }
}
