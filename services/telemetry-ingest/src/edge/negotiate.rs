//! What sender and receiver agree on by headers: format, compression, and the language of the answer.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, header};

use crate::{
    outcome::{Outcome, Refusal, Surface},
    scan::{Encoding, Format, Upload},
};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const JSON_LINES: [&str; 4] = ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];
const GRPC: &str = "application/grpc";
const GRPC_PROTO: &str = "application/grpc+proto";

/// The language of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OTLP/HTTP in protobuf.
    OtlpProtobuf,
    /// OTLP/HTTP in JSON.
    OtlpJson,
    Grpc,
    /// Our own JSON, problems as `application/problem+json` (RFC 9457).
    Json,
}

/// What a request says its body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    format: Format,
    encoding: Encoding,
    framed: bool,
}

/// How a request wants to be answered, whatever else is wrong with it.
pub(super) fn dialect(surface: Surface, headers: &HeaderMap) -> Dialect {
    let media_type = media_type(headers);
    if media_type.starts_with(GRPC) {
        return Dialect::Grpc;
    }
    match surface {
        Surface::OtlpHttp if *media_type == *JSON => Dialect::OtlpJson,
        Surface::OtlpHttp => Dialect::OtlpProtobuf,
        Surface::OtlpGrpc | Surface::Events | Surface::Elsewhere => Dialect::Json,
    }
}

impl Terms {
    /// Reads the headers.
    ///
    /// # Errors
    /// When they name a format or a compression that is not understood.
    pub fn of(surface: Surface, headers: &HeaderMap) -> Result<Self, Refusal> {
        let media_type = media_type(headers);
        let format = match surface {
            Surface::OtlpHttp if *media_type == *PROTOBUF => Format::OtlpProtobuf,
            Surface::OtlpHttp if *media_type == *JSON => Format::OtlpJson,
            Surface::OtlpHttp => return Err(unsupported(format!("content-type must be {PROTOBUF} or {JSON}"))),
            Surface::OtlpGrpc if *media_type == *GRPC || *media_type == *GRPC_PROTO => Format::OtlpProtobuf,
            Surface::OtlpGrpc => return Err(unsupported(format!("content-type must be {GRPC}"))),
            Surface::Events | Surface::Elsewhere if JSON_LINES.contains(&&*media_type) => Format::JsonLines,
            Surface::Events | Surface::Elsewhere if *media_type == *JSON => Format::Json,
            Surface::Events | Surface::Elsewhere => {
                let [json_lines, ..] = JSON_LINES;
                return Err(unsupported(format!("content-type must be {json_lines} or {JSON}")));
            }
        };
        let framed = surface == Surface::OtlpGrpc;
        let name = if framed { "grpc-encoding" } else { header::CONTENT_ENCODING.as_str() };
        let encoding = headers.get(name).map_or(Some(Encoding::Identity), |value| Encoding::from_name(value.as_bytes()));
        let Some(encoding) = encoding else { return Err(unsupported(format!("{name} must be gzip, zstd or identity"))) };
        Ok(Self { format, encoding, framed })
    }

    /// The body as an upload.
    ///
    /// # Errors
    /// When a gRPC frame is not whole, or not alone.
    pub fn upload(self, body: Bytes) -> Result<Upload, Refusal> {
        if !self.framed {
            return Ok(Upload { format: self.format, encoding: self.encoding, bytes: body });
        }
        let malformed = |message| Refusal::for_good(Outcome::Malformed, message);
        let Some(frame) = frame(&body) else { return Err(malformed("the gRPC message is shorter than its header")) };
        if frame.end() != body.len() {
            return Err(malformed("the gRPC message has another length than its header says, or is not the only one"));
        }
        let encoding = match (frame.compressed, self.encoding) {
            (false, _) => Encoding::Identity,
            (true, Encoding::Identity) => return Err(malformed("the gRPC message is compressed, but grpc-encoding does not say how")),
            (true, encoding) => encoding,
        };
        Ok(Upload { format: self.format, encoding, bytes: body.slice(Frame::HEADER..) })
    }
}

/// The header of a gRPC message.
pub(super) struct Frame {
    compressed: bool,
    length: usize,
}

impl Frame {
    const HEADER: usize = 5;

    /// Size of header and message.
    pub fn end(&self) -> usize {
        self.length.saturating_add(Self::HEADER)
    }
}

/// The header of the message that a body begins with.
pub(super) fn frame(body: &[u8]) -> Option<Frame> {
    let ([compressed, length @ ..], _message) = body.split_first_chunk::<{ Frame::HEADER }>()?;
    Some(Frame { compressed: *compressed != 0, length: u32::from_be_bytes(*length) as usize })
}

/// The media type in lower case, without parameters; empty when there is none.
fn media_type(headers: &HeaderMap) -> Cow<'_, str> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(essence.to_ascii_lowercase()) } else { Cow::Borrowed(essence) }
}

fn unsupported(message: String) -> Refusal {
    Refusal::for_good(Outcome::UnsupportedMedia, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn media_types_are_read_whatever_their_case_and_parameters() {
        let terms = Terms::of(Surface::OtlpHttp, &headers(&[("content-type", "Application/JSON; charset=utf-8")])).unwrap();
        assert_eq!(terms.format, Format::OtlpJson);
        let terms =
            Terms::of(Surface::Events, &headers(&[("content-type", "application/x-ndjson"), ("content-encoding", "ZSTD")])).unwrap();
        assert_eq!((terms.format, terms.encoding), (Format::JsonLines, Encoding::Zstd));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_what_would_be() {
        for (surface, pairs) in [
            (Surface::OtlpHttp, vec![]),
            (Surface::OtlpHttp, vec![("content-type", "text/plain")]),
            (Surface::OtlpHttp, vec![("content-type", PROTOBUF), ("content-encoding", "br")]),
            (Surface::OtlpHttp, vec![("content-type", PROTOBUF), ("content-encoding", "gzip, zstd")]),
            (Surface::Events, vec![("content-type", PROTOBUF)]),
            (Surface::OtlpGrpc, vec![("content-type", "application/grpc+json")]),
            (Surface::OtlpGrpc, vec![("content-type", GRPC), ("grpc-encoding", "snappy")]),
        ] {
            let refusal = Terms::of(surface, &headers(&pairs)).unwrap_err();
            assert_eq!(refusal.outcome, Outcome::UnsupportedMedia, "{pairs:?}");
            assert!(refusal.message.contains("must be"), "{}", refusal.message);
        }
    }

    #[test]
    fn a_grpc_message_must_be_whole_and_alone() {
        let terms = Terms { format: Format::OtlpProtobuf, encoding: Encoding::Gzip, framed: true };
        let upload = |bytes: &'static [u8]| terms.upload(Bytes::from_static(bytes));
        assert_eq!(upload(&[0, 0, 0, 0, 2, 7, 8]).unwrap().bytes, [7_u8, 8][..]);
        assert_eq!(upload(&[0, 0, 0, 0, 0]).unwrap().encoding, Encoding::Identity);
        assert_eq!(upload(&[1, 0, 0, 0, 0]).unwrap().encoding, Encoding::Gzip);
        for broken in [&[][..], &[0, 0, 0, 0], &[0, 0, 0, 0, 1], &[0, 0, 0, 0, 0, 0], &[0, 0xff, 0xff, 0xff, 0xff, 1]] {
            assert_eq!(upload(broken).unwrap_err().outcome, Outcome::Malformed, "{broken:?}");
        }
        let without_encoding = Terms { encoding: Encoding::Identity, ..terms };
        assert!(without_encoding.upload(Bytes::from_static(&[1, 0, 0, 0, 0])).is_err());
    }
}
