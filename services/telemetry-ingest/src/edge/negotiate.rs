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
        let encoding_in = |name: &str| headers.get(name).map_or(Some(Encoding::Identity), |value| Encoding::from_name(value.as_bytes()));
        let content_encoding = header::CONTENT_ENCODING.as_str();
        // gRPC compresses each message; some clients compress the whole body, frame and all.
        if framed && encoding_in(content_encoding) != Some(Encoding::Identity) {
            let advice = "compress the message and not the body, and name it in grpc-encoding";
            return Err(unsupported(format!("content-encoding must be identity for gRPC; {advice}")));
        }
        let name = if framed { "grpc-encoding" } else { content_encoding };
        let Some(encoding) = encoding_in(name) else { return Err(unsupported(format!("{name} must be gzip, zstd or identity"))) };
        Ok(Self { format, encoding, framed })
    }

    /// The body as an upload.
    ///
    /// # Errors
    /// When a gRPC frame is not whole, or not alone.
    pub fn upload(self, body: Bytes) -> Result<Upload, Refusal> {
        if !self.framed {
            return Ok(Upload { format: self.format, encoding: said_or_seen(self.encoding, &body), bytes: body });
        }
        let malformed = |message| Refusal::for_good(Outcome::Malformed, message);
        if said_or_seen(Encoding::Identity, &body) != Encoding::Identity {
            return Err(malformed(
                "the body is compressed, frame and all, and no content-encoding says so; compress the gRPC message only",
            ));
        }
        let Some(frame) = frame(&body) else { return Err(malformed("the body does not begin with the header of a gRPC message")) };
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

/// The header of the message that a body begins with; `None` when it begins with something else.
pub(super) fn frame(body: &[u8]) -> Option<Frame> {
    let ([compressed @ (0 | 1), length @ ..], _message) = body.split_first_chunk::<{ Frame::HEADER }>()? else { return None };
    Some(Frame { compressed: *compressed == 1, length: u32::from_be_bytes(*length) as usize })
}

/// The compression that the headers name, or that the body shows where they name none: no body of ours begins so.
fn said_or_seen(said: Encoding, body: &[u8]) -> Encoding {
    const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    match said {
        Encoding::Identity if body.starts_with(GZIP) => Encoding::Gzip,
        Encoding::Identity if body.starts_with(ZSTD) => Encoding::Zstd,
        said => said,
    }
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
            (Surface::OtlpGrpc, vec![("content-type", GRPC), ("content-encoding", "gzip")]),
            (Surface::OtlpGrpc, vec![("content-type", GRPC), ("content-encoding", "snappy"), ("grpc-encoding", "gzip")]),
        ] {
            let refusal = Terms::of(surface, &headers(&pairs)).unwrap_err();
            assert_eq!(refusal.outcome, Outcome::UnsupportedMedia, "{pairs:?}");
            assert!(refusal.message.contains("must be"), "{}", refusal.message);
        }
    }

    #[test]
    fn a_compression_that_no_header_names_is_seen() {
        let encoding = |said, body: &'static [u8]| {
            let terms = Terms { format: Format::Json, encoding: said, framed: false };
            terms.upload(Bytes::from_static(body)).unwrap().encoding
        };
        assert_eq!(encoding(Encoding::Identity, &[0x1f, 0x8b, 8, 0]), Encoding::Gzip);
        assert_eq!(encoding(Encoding::Identity, &[0x28, 0xb5, 0x2f, 0xfd, 4]), Encoding::Zstd);
        assert_eq!(encoding(Encoding::Identity, b"{}"), Encoding::Identity);
        assert_eq!(encoding(Encoding::Gzip, b"{}"), Encoding::Gzip);
    }

    #[test]
    fn a_grpc_message_must_be_whole_and_alone() {
        let terms = Terms { format: Format::OtlpProtobuf, encoding: Encoding::Gzip, framed: true };
        let upload = |bytes: &'static [u8]| terms.upload(Bytes::from_static(bytes));
        assert_eq!(upload(&[0, 0, 0, 0, 2, 7, 8]).unwrap().bytes, [7_u8, 8][..]);
        assert_eq!(upload(&[0, 0, 0, 0, 0]).unwrap().encoding, Encoding::Identity);
        assert_eq!(upload(&[1, 0, 0, 0, 0]).unwrap().encoding, Encoding::Gzip);
        let broken: [&[u8]; 8] = [
            &[],
            &[0, 0, 0, 0],
            &[0, 0, 0, 0, 1],
            &[0, 0, 0, 0, 0, 0],
            &[0, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x1f, 0x8b, 8, 0, 0, 0, 0],
            &[0x28, 0xb5, 0x2f, 0xfd, 0, 0],
            b"{\"resourceLogs\":[]}",
        ];
        for broken in broken {
            assert_eq!(upload(broken).unwrap_err().outcome, Outcome::Malformed, "{broken:?}");
        }
        let without_encoding = Terms { encoding: Encoding::Identity, ..terms };
        assert!(without_encoding.upload(Bytes::from_static(&[1, 0, 0, 0, 0])).is_err());
    }
}
