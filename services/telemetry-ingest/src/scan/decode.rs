//! Decompression for looking only: into one buffer that each thread keeps, never past the limit.
//!
//! The whole body is needed in one piece, because it is scanned by slices. As nothing is awaited while it is there, one
//! buffer a thread is enough, however many requests are under way; so the memory for it is bounded by threads times the limit
//! while they scan, and by threads times what a thread keeps otherwise. It is no part of the budget of requests under way.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};
use zstd::zstd_safe::{self, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use super::{Encoding, Flaw, Place, ScanError};

/// A frame's window: what RFC 8878 asks every decoder to support, and no more.
const MAX_WINDOW_LOG: u32 = 23;
const ZSTD_MAGIC: u32 = 0xFD2F_B528;
const SKIPPABLE_MAGICS: std::ops::RangeInclusive<u32> = 0x184D_2A50..=0x184D_2A5F;
/// The buffer a thread keeps between requests.
const KEEP_BYTES: usize = 4 * 1024 * 1024;
const FIRST_GUESS_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// Calls a function with the decompressed body. Also says how many bytes came out of the compression, whatever became of them.
pub(super) fn with_plain<T>(
    encoding: Encoding,
    body: &[u8],
    max_bytes: usize,
    use_plain: impl FnOnce(&[u8]) -> Result<T, ScanError>,
) -> (usize, Result<T, ScanError>) {
    match encoding {
        Encoding::Identity if body.len() > max_bytes => (body.len(), Err(ScanError::TooLarge { limit: max_bytes })),
        Encoding::Identity => (body.len(), use_plain(body)),
        Encoding::Gzip => SCRATCH.with_borrow_mut(|scratch| {
            let decompressed = scratch.gunzip(body, max_bytes);
            scratch.hand_out(decompressed, use_plain)
        }),
        Encoding::Zstd => SCRATCH.with_borrow_mut(|scratch| {
            let decompressed = scratch.unzstd(body, max_bytes);
            scratch.hand_out(decompressed, use_plain)
        }),
    }
}

struct Scratch {
    zstd: DCtx<'static>,
    inflate: Decompress,
    plain: Vec<u8>,
}

impl Scratch {
    fn new() -> Self {
        let mut zstd = DCtx::create();
        // Fails only for a parameter that zstd does not know.
        let _set = zstd.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG));
        Self { zstd, inflate: Decompress::new(false), plain: Vec::new() }
    }

    /// Hands out what was decompressed, and gives back a buffer that grew, also when the decompression failed.
    fn hand_out<T>(
        &mut self,
        decompressed: Result<(), ScanError>,
        use_plain: impl FnOnce(&[u8]) -> Result<T, ScanError>,
    ) -> (usize, Result<T, ScanError>) {
        let result = decompressed.and_then(|()| use_plain(&self.plain));
        let bytes = self.plain.len();
        self.plain.clear();
        self.plain.shrink_to(KEEP_BYTES);
        (bytes, result)
    }

    fn unzstd(&mut self, body: &[u8], max_bytes: usize) -> Result<(), ScanError> {
        self.plain.clear();
        self.zstd.reset(ResetDirective::SessionOnly).map_err(|_code| broken(Encoding::Zstd, "decompressor failed"))?;
        let mut input = InBuffer::around(body);
        let mut at_frame_start = true;
        loop {
            let rest = body.get(input.pos()..).unwrap_or_default();
            if at_frame_start {
                if rest.is_empty() && input.pos() > 0 {
                    return Ok(());
                }
                self.prepare_frame(rest, max_bytes)?;
            }
            self.make_room(max_bytes)?;
            let (input_before, output_before) = (input.pos(), self.plain.len());
            let mut output = OutBuffer::around_pos(&mut self.plain, output_before);
            let hint = self.zstd.decompress_stream(&mut output, &mut input).map_err(zstd_flaw)?;
            at_frame_start = hint == 0;
            if self.plain.len() > max_bytes {
                return Err(ScanError::TooLarge { limit: max_bytes });
            }
            let stands_still = input.pos() == input_before && self.plain.len() == output_before;
            if !at_frame_start && stands_still {
                return Err(broken(Encoding::Zstd, "the data ends too early"));
            }
        }
    }

    /// Makes the buffer as large as the frame says it is, so that zstd writes into it directly.
    fn prepare_frame(&mut self, frame: &[u8], max_bytes: usize) -> Result<(), ScanError> {
        let magic = frame.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        let Some(magic) = magic else { return Err(broken(Encoding::Zstd, "the data ends too early")) };
        if magic != ZSTD_MAGIC && !SKIPPABLE_MAGICS.contains(&magic) {
            return Err(broken(Encoding::Zstd, "not zstd"));
        }
        let size = zstd_safe::get_frame_content_size(frame).ok().flatten().map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        if size.is_some_and(|size| size > max_bytes.saturating_sub(self.plain.len())) {
            return Err(ScanError::TooLarge { limit: max_bytes });
        }
        // zstd itself does not look at the window of a frame that it can decompress at once; a reader that streams will.
        if magic == ZSTD_MAGIC && window_bytes(frame, size).is_some_and(|window| window > 1 << MAX_WINDOW_LOG) {
            return Err(broken(Encoding::Zstd, "the window is larger than 8 MiB; send smaller batches"));
        }
        self.plain.reserve(size.unwrap_or_default());
        Ok(())
    }

    fn gunzip(&mut self, body: &[u8], max_bytes: usize) -> Result<(), ScanError> {
        self.plain.clear();
        let mut rest = body;
        loop {
            rest = after_gzip_header(rest)?;
            let member_at = self.plain.len();
            rest = self.inflate(rest, max_bytes)?;
            let Some((trailer, after)) = rest.split_first_chunk::<8>() else {
                return Err(broken(Encoding::Gzip, "the data ends too early"));
            };
            let member = self.plain.get(member_at..).unwrap_or_default();
            let mut expected = [0; 8];
            let (checksum, size) = expected.split_at_mut(4);
            checksum.copy_from_slice(&crc32fast::hash(member).to_le_bytes());
            size.copy_from_slice(&(member.len() as u32).to_le_bytes());
            if *trailer != expected {
                return Err(broken(Encoding::Gzip, "the checksum does not match"));
            }
            rest = after;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Inflates one deflate stream and returns what follows it.
    fn inflate<'a>(&mut self, deflated: &'a [u8], max_bytes: usize) -> Result<&'a [u8], ScanError> {
        self.inflate.reset(false);
        loop {
            self.make_room(max_bytes)?;
            let (input_before, output_before) = (self.inflate.total_in(), self.plain.len());
            let rest = usize::try_from(input_before).ok().and_then(|at| deflated.get(at..)).unwrap_or_default();
            let status = self.inflate.decompress_vec(rest, &mut self.plain, FlushDecompress::None);
            let status = status.map_err(|_error| broken(Encoding::Gzip, "the data is damaged"))?;
            if self.plain.len() > max_bytes {
                return Err(ScanError::TooLarge { limit: max_bytes });
            }
            if status == Status::StreamEnd {
                return Ok(usize::try_from(self.inflate.total_in()).ok().and_then(|at| deflated.get(at..)).unwrap_or_default());
            }
            let stands_still = self.inflate.total_in() == input_before && self.plain.len() == output_before;
            if stands_still {
                return Err(broken(Encoding::Gzip, "the data ends too early"));
            }
        }
    }

    /// Sees to spare room in the buffer: one byte past the limit at most, which is enough to see that the limit is passed.
    fn make_room(&mut self, max_bytes: usize) -> Result<(), ScanError> {
        if self.plain.len() < self.plain.capacity() {
            return Ok(());
        }
        let wanted = self.plain.capacity().saturating_mul(2).clamp(FIRST_GUESS_BYTES, max_bytes.saturating_add(1).max(FIRST_GUESS_BYTES));
        if wanted <= self.plain.len() {
            return Err(ScanError::TooLarge { limit: max_bytes });
        }
        self.plain.reserve_exact(wanted - self.plain.len());
        Ok(())
    }
}

/// A zstd frame's window (RFC 8878, 3.1.1.1.2).
fn window_bytes(frame: &[u8], content_size: Option<usize>) -> Option<usize> {
    const SINGLE_SEGMENT: u8 = 1 << 5;
    let descriptor = frame.get(4)?;
    if descriptor & SINGLE_SEGMENT != 0 {
        return content_size;
    }
    let window = frame.get(5)?;
    let base = 1_usize << (10 + (window >> 3));
    Some(base + base / 8 * usize::from(window & 7))
}

/// What follows the header of a gzip member (RFC 1952, 2.3).
fn after_gzip_header(member: &[u8]) -> Result<&[u8], ScanError> {
    const HEADER_CHECKSUM: u8 = 1 << 1;
    const EXTRA: u8 = 1 << 2;
    const NAME: u8 = 1 << 3;
    const COMMENT: u8 = 1 << 4;
    const RESERVED: u8 = 0b1110_0000;

    let too_early = || broken(Encoding::Gzip, "the data ends too early");
    let Some(([0x1f, 0x8b, 8, flags, ..], mut rest)) = member.split_first_chunk::<10>() else {
        return Err(broken(Encoding::Gzip, "not gzip"));
    };
    if flags & RESERVED != 0 {
        return Err(broken(Encoding::Gzip, "not gzip"));
    }
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>().ok_or_else(too_early)?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..).ok_or_else(too_early)?;
    }
    for zero_ended in [NAME, COMMENT] {
        if flags & zero_ended != 0 {
            let end = memchr::memchr(0, rest).ok_or_else(too_early)?;
            rest = rest.get(end + 1..).ok_or_else(too_early)?;
        }
    }
    if flags & HEADER_CHECKSUM != 0 {
        rest = rest.get(2..).ok_or_else(too_early)?;
    }
    Ok(rest)
}

fn zstd_flaw(code: zstd_safe::ErrorCode) -> ScanError {
    let what = match zstd_safe::get_error_name(code) {
        "Dictionary mismatch" => "a dictionary is needed, and none is supported",
        _ => "the data is damaged",
    };
    broken(Encoding::Zstd, what)
}

fn broken(encoding: Encoding, what: &'static str) -> ScanError {
    ScanError::Malformed(Flaw { place: Place::Compression(encoding), what })
}

#[cfg(test)]
mod tests;
