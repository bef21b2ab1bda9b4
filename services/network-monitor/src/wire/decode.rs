//! Undoing the compression, never past a cap.

use std::{borrow::Cow, io::Read};

use super::reading::BatchError;

/// The largest zstd window we allocate: 8 MiB, what RFC 9659 asks of every HTTP client and server to keep to.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The plain bytes of a batch. Plain input is borrowed.
pub fn decode<'a>(encoding: &str, bytes: &'a [u8], limit: usize) -> Result<Cow<'a, [u8]>, BatchError> {
    let plain = match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Cow::Borrowed(bytes),
        "gzip" | "x-gzip" => Cow::Owned(read_capped(flate2::read::MultiGzDecoder::new(bytes), bytes.len(), limit)?),
        "zstd" => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(|_| BatchError::DamagedCompression)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|_| BatchError::DamagedCompression)?;
            Cow::Owned(read_capped(decoder, bytes.len(), limit)?)
        }
        _ => return Err(BatchError::UnknownEncoding),
    };
    if plain.len() > limit { Err(BatchError::TooLarge { limit }) } else { Ok(plain) }
}

fn read_capped(decoder: impl Read, compressed: usize, limit: usize) -> Result<Vec<u8>, BatchError> {
    // Events compress about tenfold; the guess saves most of the growing.
    let guess = compressed.saturating_mul(10).min(limit);
    let mut plain = Vec::with_capacity(guess);
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(one_more).read_to_end(&mut plain).map_err(|_| BatchError::DamagedCompression)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

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
