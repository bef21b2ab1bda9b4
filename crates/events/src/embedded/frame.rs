//! One record as bytes. Numbers are little-endian.
//!
//! | Bytes | Field |
//! |---|---|
//! | 4 | marker, so that a search after damage knows where to look |
//! | 4 | length of the body |
//! | 4 | CRC-32 of length and body, started from the segment's salt |
//! | 8 | offset |
//! | 8 | time in µs since 1970 |
//! | 8 | settled: how much of the file was known to be on disk when this frame was written |
//! | 4 | length of the key |
//! | 4 | number of headers |
//! | 1 | 1 with a value, 0 for a tombstone |
//! | … | key; per header two lengths of 4 bytes, name, value; the value up to the end |
//!
//! *Settled* tells a torn tail from damage: a bad frame at a place that a later frame calls settled has been acknowledged.
//! The salt keeps bytes of a payload that look like a frame from being taken for one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::log::{HEADER_LENGTHS, Record};

pub(super) const MARKER: [u8; 4] = *b"\x9fSWF";
/// Marker, length and checksum.
pub(super) const PREFIX: usize = 12;
/// The body's fields of fixed size.
const FIXED: usize = 33;

/// Smallest frame in bytes.
pub(super) const LEAST: usize = PREFIX + FIXED;

/// Largest frame in bytes. Anything longer is a damaged length.
pub(super) const LARGEST: usize = 64 * 1024 * 1024;

/// What a frame says about its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub offset: i64,
    pub time_micros: i64,
    pub settled: u64,
}

/// µs since 1970.
pub(super) fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// So long before a moment, in µs since 1970.
pub(super) fn before(now_micros: i64, age: Duration) -> i64 {
    now_micros.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}

/// What stands at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Peek {
    /// A good frame of `size` bytes.
    Whole { head: Head, size: usize },
    /// Good so far; the frame takes at least `need` bytes.
    Short { need: usize },
    /// Not a frame.
    Bad { reason: &'static str },
}

/// Bytes that the record takes in a file.
pub(super) fn size(record: &Record) -> usize {
    PREFIX + FIXED + record.size()
}

/// Appends the frame without its value, which the caller writes right after it.
///
/// The value may be large and stands at the end, so it need not be copied to be written.
pub(super) fn encode_up_to_value(out: &mut Vec<u8>, salt: u32, head: Head, record: &Record) {
    let start = out.len();
    let value = record.value.as_deref();
    out.extend_from_slice(&MARKER);
    out.extend_from_slice(&length(size(record) - PREFIX));
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&head.offset.to_le_bytes());
    out.extend_from_slice(&head.time_micros.to_le_bytes());
    out.extend_from_slice(&head.settled.to_le_bytes());
    out.extend_from_slice(&length(record.key.len()));
    out.extend_from_slice(&length(record.headers.len()));
    out.push(u8::from(value.is_some()));
    out.extend_from_slice(&record.key);
    for (name, header) in &record.headers {
        out.extend_from_slice(&length(name.len()));
        out.extend_from_slice(&length(header.len()));
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(header);
    }

    let mut checksum = crc32fast::Hasher::new_with_initial(salt);
    checksum.update(&out[start + 4..start + 8]);
    checksum.update(&out[start + PREFIX..]);
    checksum.update(value.unwrap_or_default());
    out[start + 8..start + PREFIX].copy_from_slice(&checksum.finalize().to_le_bytes());
}

/// Checks what stands at the start of `bytes`.
pub(super) fn peek(bytes: &[u8], salt: u32) -> Peek {
    if bytes.len() < PREFIX {
        return Peek::Short { need: PREFIX };
    }
    if bytes[..4] != MARKER {
        return Peek::Bad { reason: "no record starts here" };
    }
    let body = u32_at(bytes, 4) as usize;
    let size = PREFIX + body;
    if body < FIXED || size > LARGEST {
        return Peek::Bad { reason: "the length of the record cannot be" };
    }
    if bytes.len() < size {
        return Peek::Short { need: size };
    }
    let mut checksum = crc32fast::Hasher::new_with_initial(salt);
    checksum.update(&bytes[4..8]);
    checksum.update(&bytes[PREFIX..size]);
    if checksum.finalize() != u32_at(bytes, 8) {
        return Peek::Bad { reason: "the checksum does not match" };
    }
    Peek::Whole { head: head(bytes), size }
}

/// The record of a frame that [`peek`] found whole, sharing its bytes. `None` when the lengths within do not add up.
pub(super) fn record(frame: &Bytes) -> Option<Record> {
    let fixed = frame.get(PREFIX..PREFIX + FIXED)?;
    let (key_length, header_count, has_value) = (u32_at(fixed, 24) as usize, u32_at(fixed, 28) as usize, fixed[32] != 0);

    let mut rest = frame.slice(PREFIX + FIXED..);
    let key = take(&mut rest, key_length)?;
    let mut headers = Vec::with_capacity(header_count.min(rest.len() / HEADER_LENGTHS));
    for _ in 0..header_count {
        let lengths = take(&mut rest, HEADER_LENGTHS)?;
        let name = take(&mut rest, u32_at(&lengths, 0) as usize)?;
        let value = take(&mut rest, u32_at(&lengths, 4) as usize)?;
        headers.push((std::str::from_utf8(&name).ok()?.to_owned(), value));
    }
    let nothing_left_over = has_value || rest.is_empty();
    nothing_left_over.then_some(Record { key, headers, value: has_value.then_some(rest) })
}

/// What a frame at the start of `bytes` says of itself, whether its checksum is good or not, and the size that it claims. `None` where there
/// is no marker or the length cannot be.
pub(super) fn claims(bytes: &[u8]) -> Option<(Head, usize)> {
    let starts = bytes.get(..PREFIX + FIXED)?;
    let body = u32_at(starts, 4) as usize;
    let size = PREFIX + body;
    (starts[..4] == MARKER && body >= FIXED && size <= LARGEST).then(|| (head(starts), size))
}

/// Whether all of `bytes` is a good frame whose length alone is wrong.
pub(super) fn is_whole_but_for_its_length(bytes: &[u8], salt: u32) -> bool {
    let Some(body) = bytes.get(PREFIX..).filter(|body| body.len() >= FIXED) else { return false };
    let mut checksum = crc32fast::Hasher::new_with_initial(salt);
    checksum.update(&length(body.len()));
    checksum.update(body);
    checksum.finalize() == u32_at(bytes, 8)
}

fn head(bytes: &[u8]) -> Head {
    Head {
        offset: u64_at(bytes, PREFIX).cast_signed(),
        time_micros: u64_at(bytes, PREFIX + 8).cast_signed(),
        settled: u64_at(bytes, PREFIX + 16),
    }
}

fn take(rest: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= rest.len()).then(|| rest.split_to(length))
}

/// Lengths fit: topics bound their records far below [`LARGEST`].
fn length(value: usize) -> [u8; 4] {
    (value as u32).to_le_bytes()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const SALT: u32 = 0x5eed;

    fn any_record() -> impl Strategy<Value = Record> {
        let bytes = |most| vec(any::<u8>(), 0..most).prop_map(Bytes::from);
        let headers = vec(("[a-z_-]{0,12}", bytes(20)), 0..5);
        (bytes(40), headers, proptest::option::of(bytes(300))).prop_map(|(key, headers, value)| Record { key, headers, value })
    }

    fn any_head() -> impl Strategy<Value = Head> {
        (any::<i64>(), any::<i64>(), any::<u64>()).prop_map(|(offset, time_micros, settled)| Head { offset, time_micros, settled })
    }

    fn encode(head: Head, record: &Record) -> Bytes {
        let mut out = Vec::new();
        encode_up_to_value(&mut out, SALT, head, record);
        out.extend_from_slice(record.value.as_deref().unwrap_or_default());
        Bytes::from(out)
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(head in any_head(), wanted in any_record(), after in vec(any::<u8>(), 0..20)) {
            let frame = encode(head, &wanted);
            prop_assert_eq!(frame.len(), size(&wanted));
            let followed = [frame.as_ref(), &after].concat();
            prop_assert_eq!(peek(&followed, SALT), Peek::Whole { head, size: frame.len() });
            prop_assert_eq!(record(&frame), Some(wanted));
        }

        #[test]
        fn truncation_at_every_byte_is_seen(head in any_head(), wanted in any_record()) {
            let frame = encode(head, &wanted);
            for end in 0..frame.len() {
                let asks_for_more = matches!(peek(&frame[..end], SALT), Peek::Short { need } if need > end && need <= frame.len());
                prop_assert!(asks_for_more, "cut at {}", end);
            }
        }

        #[test]
        fn every_flipped_bit_is_seen(head in any_head(), wanted in any_record()) {
            let frame = encode(head, &wanted).to_vec();
            for bit in 0..frame.len() * 8 {
                let mut flipped = frame.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let noticed = !matches!(peek(&flipped, SALT), Peek::Whole { .. });
                prop_assert!(noticed, "bit {} went unnoticed", bit);
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..300)) {
            let _any_answer_is_fine = peek(&bytes, SALT);
            let _this_too = record(&Bytes::from(bytes));
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_bad_whatever_the_checksum_says() {
        let with_length = |body: usize, bytes: usize| {
            let mut frame = vec![0; bytes];
            frame[..4].copy_from_slice(&MARKER);
            frame[4..8].copy_from_slice(&length(body));
            let mut checksum = crc32fast::Hasher::new_with_initial(SALT);
            checksum.update(&frame[4..8]);
            checksum.update(&frame[PREFIX..]);
            let checksum = checksum.finalize();
            frame[8..PREFIX].copy_from_slice(&checksum.to_le_bytes());
            peek(&frame, SALT)
        };
        let is_bad = Peek::Bad { reason: "the length of the record cannot be" };
        assert_eq!(with_length(FIXED - 1, PREFIX + FIXED - 1), is_bad);
        assert!(matches!(with_length(FIXED, PREFIX + FIXED), Peek::Whole { size: LEAST, .. }));
        assert_eq!(with_length(LARGEST - PREFIX, LEAST), Peek::Short { need: LARGEST });
        assert_eq!(with_length(LARGEST - PREFIX + 1, LEAST), is_bad);
    }
}
