//! Answers, in the language of the request.
//!
//! OTLP clients send again only what these tell them to: HTTP 429 and 503 with `Retry-After`, gRPC `UNAVAILABLE` with
//! `RetryInfo`. Anything else makes them drop the batch; so does gRPC `RESOURCE_EXHAUSTED`, hence never said here.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use prost::Message as _;
use serde_json::json;

use super::{
    negotiate::Dialect,
    status::{ExportResponse, PartialSuccess, Status, status_json},
};
use crate::{
    intake::what_was_left_out,
    outcome::{Answer, Outcome, Refusal},
    scan::Tally,
};

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const ENCODINGS: HeaderValue = HeaderValue::from_static("identity,gzip,zstd");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// gRPC's codes (google.rpc.Code), as far as they are said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    InvalidArgument = 3,
    PermissionDenied = 7,
    Unimplemented = 12,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// How an outcome is said.
const fn codes(outcome: Outcome) -> (StatusCode, Code) {
    match outcome {
        // Not refusals; here so that the table is whole.
        Outcome::Accepted | Outcome::Empty => (StatusCode::OK, Code::Unavailable),
        Outcome::Unauthenticated => (StatusCode::UNAUTHORIZED, Code::Unauthenticated),
        Outcome::NotAGateway | Outcome::GatewayUnknown | Outcome::GatewayRevoked => (StatusCode::FORBIDDEN, Code::PermissionDenied),
        Outcome::RateLimited | Outcome::SchoolRateLimited => (StatusCode::TOO_MANY_REQUESTS, Code::Unavailable),
        Outcome::Malformed => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
        Outcome::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Code::InvalidArgument),
        Outcome::UnsupportedMedia => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::Unimplemented),
        Outcome::PathUnknown => (StatusCode::NOT_FOUND, Code::Unimplemented),
        Outcome::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented),
        // Not 408, which makes OTLP clients drop the batch.
        Outcome::BodyTooSlow
        | Outcome::BodyBroken
        | Outcome::Busy
        | Outcome::DirectoryNotReady
        | Outcome::DirectoryStale
        | Outcome::IssuerUnavailable
        | Outcome::LogBusy
        | Outcome::LogFull
        | Outcome::LogUnavailable
        | Outcome::Abandoned => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
    }
}

/// Writes an answer.
pub(super) fn render(answer: Answer, dialect: Dialect) -> Response<AnswerBody> {
    match (answer.result, dialect) {
        (Ok(tally), Dialect::Grpc) => grpc_success(&tally),
        (Err(refusal), Dialect::Grpc) => grpc_refusal(&refusal),
        (Ok(tally), _) => http_success(&tally, dialect),
        (Err(refusal), _) => http_refusal(&refusal, dialect),
    }
}

fn http_success(tally: &Tally, dialect: Dialect) -> Response<AnswerBody> {
    let (media_type, body) = match dialect {
        Dialect::OtlpJson if tally.bad() == 0 => (JSON, Bytes::from_static(b"{}")),
        Dialect::OtlpJson => {
            // Protobuf's JSON writes 64-bit numbers as text.
            let rejected = tally.bad().to_string();
            let partial = json!({ "partialSuccess": { "rejectedLogRecords": rejected, "errorMessage": left_out(tally) } });
            (JSON, Bytes::from(partial.to_string()))
        }
        Dialect::OtlpProtobuf | Dialect::Grpc => (PROTOBUF, Bytes::from(export_response(tally).encode_to_vec())),
        Dialect::Json if tally.bad() == 0 => (JSON, Bytes::from(format!("{{\"accepted\":{}}}", tally.good))),
        Dialect::Json => {
            let partial = json!({ "accepted": tally.good, "rejected": tally.bad(), "message": left_out(tally) });
            (JSON, Bytes::from(partial.to_string()))
        }
    };
    let mut response = Response::new(AnswerBody::of(body));
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

fn http_refusal(refusal: &Refusal, dialect: Dialect) -> Response<AnswerBody> {
    let (status, code) = codes(refusal.outcome);
    let (media_type, body) = match dialect {
        Dialect::OtlpProtobuf | Dialect::Grpc => {
            (PROTOBUF, Status::new(code as i32, &refusal.message, refusal.retry_after).encode_to_vec())
        }
        Dialect::OtlpJson => (JSON, status_json(code as i32, &refusal.message, refusal.retry_after).to_string().into_bytes()),
        Dialect::Json => {
            let problem = json!({
                "type": "about:blank", "title": refusal.message, "status": status.as_u16(), "reason": refusal.outcome.into_str(),
            });
            (PROBLEM, problem.to_string().into_bytes())
        }
    };
    let mut response = Response::new(AnswerBody::of(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    if let Some(wait) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
    }
    match status {
        StatusCode::UNAUTHORIZED => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"telemetry-ingest\"")),
        StatusCode::METHOD_NOT_ALLOWED => headers.insert(header::ALLOW, HeaderValue::from_static("POST")),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => headers.insert(header::ACCEPT_ENCODING, ENCODINGS),
        _ => None,
    };
    response
}

fn grpc_success(tally: &Tally) -> Response<AnswerBody> {
    let data = if tally.bad() == 0 {
        Bytes::from_static(&[0; 5])
    } else {
        let message = export_response(tally).encode_to_vec();
        let length = u32::try_from(message.len()).unwrap_or_default();
        Bytes::from([&[0][..], &length.to_be_bytes(), &message].concat())
    };
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    let mut response = Response::new(AnswerBody { data: Some(data), trailers: Some(trailers) });
    response.headers_mut().insert(header::CONTENT_TYPE, GRPC);
    response.headers_mut().insert(GRPC_ACCEPT_ENCODING, ENCODINGS);
    response
}

/// An answer that is all headers ("Trailers-Only").
fn grpc_refusal(refusal: &Refusal) -> Response<AnswerBody> {
    let (_, code) = codes(refusal.outcome);
    let mut response = Response::new(AnswerBody { data: None, trailers: None });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, GRPC);
    headers.insert(GRPC_ACCEPT_ENCODING, ENCODINGS);
    headers.insert(GRPC_STATUS, HeaderValue::from(code as i32));
    if let Ok(message) = HeaderValue::try_from(percent_encoded(&refusal.message)) {
        headers.insert(GRPC_MESSAGE, message);
    }
    if refusal.retry_after.is_some() {
        let status = Status::new(code as i32, &refusal.message, refusal.retry_after);
        if let Ok(details) = HeaderValue::try_from(STANDARD_NO_PAD.encode(status.encode_to_vec())) {
            headers.insert(GRPC_DETAILS, details);
        }
    }
    response
}

fn export_response(tally: &Tally) -> ExportResponse {
    let partial_success =
        (tally.bad() > 0).then(|| PartialSuccess { rejected_log_records: i64::from(tally.bad()), error_message: left_out(tally) });
    ExportResponse { partial_success }
}

fn left_out(tally: &Tally) -> String {
    format!("events left out: {}", what_was_left_out(tally))
}

/// At least one, so that no client retries at once.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// A status message in a header (gRPC over HTTP/2, "Status-Message").
fn percent_encoded(message: &str) -> String {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b'%' | 0..=0x1f | 0x7f..=0xff => encoded.push_str(&format!("%{byte:02X}")),
            0x20..=0x7e => encoded.push(char::from(byte)),
        }
    }
    encoded
}

/// The body of an answer: a few bytes, and trailers for gRPC.
#[derive(Debug)]
pub struct AnswerBody {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl AnswerBody {
    fn of(data: Bytes) -> Self {
        Self { data: Some(data).filter(|data| !data.is_empty()), trailers: None }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_are_to_send_again_is_exactly_what_says_when() {
        for outcome in Outcome::ALL {
            let (status, code) = codes(*outcome);
            let http_retries = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
            let is_success = matches!(outcome, Outcome::Accepted | Outcome::Empty);
            assert_eq!(http_retries, code == Code::Unavailable && !is_success, "{outcome:?}");
        }
    }

    #[test]
    fn a_message_with_anything_in_it_fits_into_a_header() {
        assert_eq!(percent_encoded("100 % – ok\n"), "100 %25 %E2%80%93 ok%0A");
    }

    #[test]
    fn nobody_is_told_to_come_back_at_once() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
    }
}
