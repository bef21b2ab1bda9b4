//! A request's body, examined and cut by the rules of its format.

use bytes::Bytes;

use super::{Cut, Encoding, Flaw, Format, Limits, Place, ScanError, Tally, json, json_lines, otlp_json, otlp_protobuf};

/// A body as it came.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its shape.
    pub format: Format,
    /// Its compression.
    pub encoding: Encoding,
    /// Its bytes, still compressed.
    pub bytes: Bytes,
}

/// What an examination found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Examined {
    /// How many events there are, or why nothing of the request can be taken.
    pub found: Result<Tally, ScanError>,
    /// Bytes that came out of the decompression.
    pub decoded_bytes: usize,
}

impl Upload {
    /// Counts and checks.
    pub fn examine(&self, limits: &Limits) -> Examined {
        let (decoded_bytes, found) = self.with_plain(limits, |plain| match self.format {
            Format::OtlpProtobuf => otlp_protobuf::tally(plain, limits),
            Format::OtlpJson => otlp_json::tally(plain, limits),
            Format::JsonLines => json_lines::tally(plain, limits),
            Format::Json => json::tally(plain, limits),
        });
        Examined { found, decoded_bytes }
    }

    /// Whether the bytes cannot go into the log as they came.
    pub fn needs_cutting(&self, tally: &Tally, limits: &Limits) -> bool {
        self.format == Format::Json || tally.bad() > 0 || self.bytes.len() > limits.max_body_bytes
    }

    /// Rewrites the good events, in bodies that fit into a record each.
    ///
    /// # Errors
    /// When nothing of the request can be taken.
    pub fn cut(&self, limits: &Limits) -> Result<Cut, ScanError> {
        let (_, cut) = self.with_plain(limits, |plain| match self.format {
            Format::OtlpProtobuf => otlp_protobuf::cut(plain, limits),
            Format::OtlpJson => otlp_json::cut(plain, limits),
            Format::JsonLines => json_lines::cut(plain, limits),
            Format::Json => json::cut(plain, limits),
        });
        cut
    }

    fn with_plain<T>(&self, limits: &Limits, scan: impl FnOnce(&[u8]) -> Result<T, ScanError>) -> (usize, Result<T, ScanError>) {
        let (bytes, scanned) = compression::with_plain(self.encoding, &self.bytes, limits.max_decoded_bytes, scan);
        let refused = |error| match error {
            compression::Error::TooLarge { limit } => ScanError::TooLarge { limit },
            compression::Error::Broken(what) => ScanError::Malformed(Flaw { place: Place::Compression(self.encoding), what }),
        };
        (bytes, scanned.map_err(refused).flatten())
    }
}
