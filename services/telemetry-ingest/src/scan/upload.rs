//! A request's body, examined and cut by the rules of its format.

use bytes::Bytes;

use super::{Cut, Encoding, Flaw, Format, Limits, Place, ScanError, Tally, framing, json, json_lines, otlp_json, otlp_protobuf};

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
    /// What the body turned out to be, whatever it was called.
    pub format: Format,
}

impl Upload {
    /// Counts and checks.
    pub fn examine(&self, limits: &Limits) -> Examined {
        let mut format = self.format;
        let (decoded_bytes, found) = self.with_plain(limits, |plain| {
            format = self.format.of(plain);
            let tally = match format {
                Format::OtlpProtobuf => otlp_protobuf::tally(plain, limits),
                Format::OtlpJson => otlp_json::tally(plain, limits),
                Format::JsonLines => json_lines::tally(plain, limits),
                Format::Json => json::tally(plain, limits),
            }?;
            // A sender that is answered with success for a body in which nothing was found deletes its events.
            let is_of_events = matches!(format, Format::Json | Format::JsonLines);
            if is_of_events && tally.total() == 0 && !(framing::is_empty(plain) && self.format != Format::OtlpJson) {
                return Err(Flaw::at_byte(0, "no events in it").into());
            }
            Ok(tally)
        });
        Examined { found, decoded_bytes, format }
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

impl Format {
    /// What a body of this format turns out to be: lines that are parts of events, or events where a request was announced.
    fn of(self, plain: &[u8]) -> Self {
        match self {
            Self::JsonLines if framing::is_spread_over_lines(plain) => Self::Json,
            Self::OtlpJson if otlp_json::holds_events(plain) => Self::Json,
            other => other,
        }
    }
}
