//! Where events come from: a file or standard input, compressed or not.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use flate2::bufread::MultiGzDecoder;

use super::utf16::{self, Utf16};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// What is not read, by its first bytes, with what it is.
const OTHERS: &[(&[u8], &str)] = &[
    (b"BZh", "bzip2"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz"),
    (b"PK\x03\x04", "a zip archive"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
];
const BUFFER: usize = 64 * 1024;

/// The bytes of a file, decompressed on the way; what it is compressed with is seen from its first bytes, not its name.
pub struct Source {
    bytes: Box<dyn BufRead + Send>,
    length: Option<u64>,
    position: Position,
}

/// How far the file has been read, in its own bytes.
#[derive(Debug, Clone, Default)]
pub struct Position(Arc<AtomicU64>);

impl Position {
    /// Bytes since the beginning.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Source {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Self::new(Box::new(io::stdin()), None);
        }
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a folder; give a file"));
        }
        Self::new(Box::new(file), meta.is_file().then_some(meta.len()))
    }

    fn new(input: Box<dyn Read + Send>, length: Option<u64>) -> io::Result<Self> {
        let position = Position::default();
        let mut input = BufReader::with_capacity(BUFFER, Counting { input, position: position.clone() });
        let head = input.fill_buf()?;
        if let Some((_, what)) = OTHERS.iter().find(|(beginning, _)| head.starts_with(beginning)) {
            let advice = "give it as JSON, plain or compressed with gzip or zstd";
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("this is {what}; {advice}")));
        }
        let plain: Box<dyn BufRead + Send> = if head.starts_with(&GZIP) {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(input)))
        } else if head.starts_with(&ZSTD) {
            Box::new(BufReader::with_capacity(BUFFER, zstd::stream::read::Decoder::with_buffer(input)?))
        } else {
            Box::new(input)
        };
        Ok(Self { bytes: in_utf8(plain)?, length, position })
    }

    /// Bytes of the file; unknown for a pipe.
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// How far it has been read.
    pub fn position(&self) -> Position {
        self.position.clone()
    }
}

/// A decompressor says once that a file is damaged, and then that it is at its end.
fn in_utf8(mut text: Box<dyn BufRead + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    let head = text.fill_buf()?;
    let mark = [utf16::LITTLE_ENDIAN, utf16::BIG_ENDIAN].into_iter().find(|mark| head.starts_with(mark));
    Ok(match mark {
        Some(mark) => Box::new(BufReader::with_capacity(BUFFER, Utf16::new(text, mark))),
        None => text,
    })
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

struct Counting {
    input: Box<dyn Read + Send>,
    position: Position,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.position.0.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(bytes: &[u8]) -> (String, u64) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mut source = Source::open(file.path()).unwrap();
        assert_eq!(source.length(), Some(bytes.len() as u64));
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        (text, source.position().get())
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_gzip_and_zstd_read_the_same() {
        for bytes in [b"events".to_vec(), gzip("events"), zstd::encode_all(&b"events"[..], 1).unwrap()] {
            assert_eq!(read(&bytes), ("events".to_owned(), bytes.len() as u64));
        }
    }

    #[test]
    fn utf16_reads_the_same_compressed_or_not() {
        let utf16: Vec<u8> = "\u{feff}events".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [utf16.clone(), zstd::encode_all(&utf16[..], 1).unwrap()] {
            assert_eq!(read(&bytes).0, "\u{feff}events");
        }
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (bytes, what) in [(&b"BZh91AY"[..], "bzip2"), (b"PK\x03\x04..", "zip"), (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz")] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(bytes).unwrap();
            let Err(error) = Source::open(file.path()) else { panic!("{what} was read") };
            assert!(error.to_string().contains(what), "{error}");
        }
    }

    #[test]
    fn gzip_that_was_appended_to_is_read_to_its_end() {
        assert_eq!(read(&[gzip("one"), gzip("two")].concat()).0, "onetwo");
    }

    #[test]
    fn a_damaged_file_is_not_taken_for_an_empty_one() {
        for bytes in [&[0x1f, 0x8b, 0x08, 0, 0][..], &[0x1f, 0x8b, 0x07, 0, 0, 0, 0, 0, 0, 0], &[0x28, 0xb5, 0x2f, 0xfd, 0xff]] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(bytes).unwrap();
            assert!(Source::open(file.path()).is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn a_folder_is_refused() {
        assert!(Source::open(Path::new("/")).is_err());
    }
}
