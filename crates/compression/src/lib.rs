//! Decompression of what others sent, for looking only: into one buffer that each thread keeps, never past a limit.
//!
//! The whole body is needed in one piece, because it is scanned by slices. As nothing is awaited while it is there, one
//! buffer a thread is enough, however many requests are under way; so the memory for it is bounded by threads times the limit
//! while they scan, and by threads times what a thread keeps otherwise. It is no part of the budget of requests under way.

use std::{cell::RefCell, fmt};

use flate2::{Decompress, DecompressError, FlushDecompress, Status};
use zstd::zstd_safe::{self, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

/// A frame's window: what RFC 8878 asks every decoder to support, and no more.
const MAX_WINDOW_LOG: u32 = 23;
const ZSTD_MAGIC: u32 = 0xFD2F_B528;
const SKIPPABLE_MAGICS: std::ops::RangeInclusive<u32> = 0x184D_2A50..=0x184D_2A5F;
/// The largest window there is in gzip, 32 KiB.
const GZIP_WINDOW_BITS: u8 = 15;
/// The buffer a thread keeps between requests.
const KEEP_BYTES: usize = 4 * 1024 * 1024;
const FIRST_GUESS_BYTES: usize = 64 * 1024;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878), window at most 8 MiB.
    Zstd,
}

/// Why a body cannot be decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More bytes after decompression than allowed.
    #[error("more than {limit} bytes after decompression")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It is damaged, or not what it says it is.
    #[error("{0}")]
    Broken(&'static str),
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// Calls a function with the decompressed body. Also says how many bytes came out of the compression, whatever became of them.
pub fn with_plain<T>(encoding: Encoding, body: &[u8], max_bytes: usize, use_plain: impl FnOnce(&[u8]) -> T) -> (usize, Result<T, Error>) {
    let decompress = match encoding {
        Encoding::Identity if body.len() > max_bytes => return (body.len(), Err(Error::TooLarge { limit: max_bytes })),
        Encoding::Identity => return (body.len(), Ok(use_plain(body))),
        Encoding::Gzip => Scratch::gunzip,
        Encoding::Zstd => Scratch::unzstd,
    };
    SCRATCH.with_borrow_mut(|scratch| {
        let result = decompress(scratch, body, max_bytes).map(|()| use_plain(&scratch.plain));
        let bytes = scratch.plain.len();
        // A buffer that grew is given back, also when the decompression failed.
        scratch.plain.clear();
        scratch.plain.shrink_to(KEEP_BYTES);
        (bytes, result)
    })
}

impl Encoding {
    /// The name in `content-encoding` and `grpc-encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The encoding of this name.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let named = |candidate: &str| name.eq_ignore_ascii_case(candidate.as_bytes());
        if named("zstd") {
            Some(Self::Zstd)
        } else if named("gzip") || named("x-gzip") {
            Some(Self::Gzip)
        } else if named("identity") || name.is_empty() {
            Some(Self::Identity)
        } else {
            None
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

struct Scratch {
    zstd: DCtx<'static>,
    plain: Vec<u8>,
}

impl Scratch {
    fn new() -> Self {
        let mut zstd = DCtx::create();
        // Fails only for a parameter that zstd does not know.
        let _set = zstd.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG));
        Self { zstd, plain: Vec::new() }
    }

    fn unzstd(&mut self, body: &[u8], max_bytes: usize) -> Result<(), Error> {
        self.zstd.reset(ResetDirective::SessionOnly).map_err(|_code| Error::Broken("decompressor failed"))?;
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
                return Err(Error::TooLarge { limit: max_bytes });
            }
            let stands_still = input.pos() == input_before && self.plain.len() == output_before;
            if !at_frame_start && stands_still {
                return Err(Error::Broken("the data ends too early"));
            }
        }
    }

    /// Makes the buffer as large as the frame says it is, so that zstd writes into it directly.
    fn prepare_frame(&mut self, frame: &[u8], max_bytes: usize) -> Result<(), Error> {
        let magic = frame.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        let Some(magic) = magic else { return Err(Error::Broken("the data ends too early")) };
        if magic != ZSTD_MAGIC && !SKIPPABLE_MAGICS.contains(&magic) {
            return Err(Error::Broken("not zstd"));
        }
        let size = zstd_safe::get_frame_content_size(frame).ok().flatten().map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        if size.is_some_and(|size| size > max_bytes.saturating_sub(self.plain.len())) {
            return Err(Error::TooLarge { limit: max_bytes });
        }
        // zstd itself does not look at the window of a frame that it can decompress at once; a reader that streams will.
        if magic == ZSTD_MAGIC && window_bytes(frame, size).is_some_and(|window| window > 1 << MAX_WINDOW_LOG) {
            return Err(Error::Broken("the window is larger than 8 MiB; send smaller batches"));
        }
        self.plain.reserve(size.unwrap_or_default());
        Ok(())
    }

    /// Straight into the buffer: a reader in between would copy each piece, and its window with it.
    fn gunzip(&mut self, body: &[u8], max_bytes: usize) -> Result<(), Error> {
        let mut rest = body;
        loop {
            let mut member = Decompress::new_gzip(GZIP_WINDOW_BITS);
            loop {
                self.make_room(max_bytes)?;
                let (input_before, output_before) = (member.total_in(), self.plain.len());
                let status = member.decompress_vec(rest, &mut self.plain, FlushDecompress::None).map_err(|error| gzip_flaw(&error))?;
                let taken = usize::try_from(member.total_in() - input_before).unwrap_or(usize::MAX);
                rest = rest.get(taken..).unwrap_or_default();
                if self.plain.len() > max_bytes {
                    return Err(Error::TooLarge { limit: max_bytes });
                }
                if status == Status::StreamEnd {
                    break;
                }
                if taken == 0 && self.plain.len() == output_before {
                    return Err(Error::Broken("the data ends too early"));
                }
            }
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Sees to spare room in the buffer: one byte past the limit at most, which is enough to see that the limit is passed.
    fn make_room(&mut self, max_bytes: usize) -> Result<(), Error> {
        if self.plain.len() < self.plain.capacity() {
            return Ok(());
        }
        let wanted = self.plain.capacity().saturating_mul(2).clamp(FIRST_GUESS_BYTES, max_bytes.saturating_add(1).max(FIRST_GUESS_BYTES));
        if wanted <= self.plain.len() {
            return Err(Error::TooLarge { limit: max_bytes });
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

fn gzip_flaw(error: &DecompressError) -> Error {
    // zlib tells these apart by their words only; tests say when the words change.
    let said = error.message().unwrap_or_default();
    Error::Broken(match said {
        _ if said.contains("header") || said.contains("compression method") => "not gzip",
        "incorrect data check" | "incorrect length check" => "the checksum does not match",
        _ => "the data is damaged",
    })
}

fn zstd_flaw(code: zstd_safe::ErrorCode) -> Error {
    Error::Broken(match zstd_safe::get_error_name(code) {
        "Dictionary mismatch" => "a dictionary is needed, and none is supported",
        _ => "the data is damaged",
    })
}

#[cfg(test)]
mod tests;
