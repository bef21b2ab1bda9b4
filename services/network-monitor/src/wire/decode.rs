//! Undoing the compression, never past a cap.

use bytes::Bytes;
use compression::{Encoding, Error, with_plain};

use super::reading::BatchError;

/// The plain bytes of a batch. Plain input is not copied.
pub fn decode(encoding: &str, body: &Bytes, limit: usize) -> Result<Bytes, BatchError> {
    let encoding = Encoding::from_name(encoding.trim().as_bytes()).ok_or(BatchError::UnknownEncoding)?;
    let keep = |plain: &[u8]| if encoding == Encoding::Identity { body.clone() } else { Bytes::copy_from_slice(plain) };
    with_plain(encoding, body, limit, keep).1.map_err(|error| match error {
        Error::TooLarge { limit } => BatchError::TooLarge { limit },
        Error::Broken(_) => BatchError::DamagedCompression,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn decode(encoding: &str, bytes: &[u8], limit: usize) -> Result<Bytes, BatchError> {
        super::decode(encoding, &Bytes::copy_from_slice(bytes), limit)
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_encoding_gives_back_what_went_in() {
        let plain = b"{\"event_type\":\"flow\"}\n".repeat(100);
        let two_members = [gzip(&plain[..1_000]), gzip(&plain[1_000..])].concat();
        let zstd = zstd::bulk::compress(&plain, 3).unwrap();
        for (encoding, bytes) in [("", &plain), ("identity", &plain), ("gzip", &gzip(&plain)), ("GZIP", &two_members), ("zstd", &zstd)] {
            assert_eq!(decode(encoding, bytes, 10_000).unwrap(), plain.as_slice(), "{encoding}");
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_cap() {
        let bomb = vec![b' '; 1_000_000];
        let zstd = zstd::bulk::compress(&bomb, 3).unwrap();
        for (encoding, bytes) in [("identity", &bomb), ("gzip", &gzip(&bomb)), ("zstd", &zstd)] {
            assert_eq!(decode(encoding, bytes, 999_999), Err(BatchError::TooLarge { limit: 999_999 }), "{encoding}");
            assert_eq!(decode(encoding, bytes, 1_000_000).unwrap().len(), 1_000_000, "{encoding}");
        }
    }

    #[test]
    fn damage_and_unknown_encodings_have_their_own_names() {
        let whole = gzip(b"hello hello hello hello");
        assert_eq!(decode("gzip", &whole[..whole.len() - 6], 100), Err(BatchError::DamagedCompression));
        assert_eq!(decode("zstd", b"not zstd", 100), Err(BatchError::DamagedCompression));
        assert_eq!(decode("br", b"", 100), Err(BatchError::UnknownEncoding));
    }
}
