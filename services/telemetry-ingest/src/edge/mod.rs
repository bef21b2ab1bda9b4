//! The protocols: OTLP over HTTP and over gRPC, and JSON lines.
//!
//! One function answers every request of every listener. No router and no stack of layers stands before it: at one event a
//! request they would cost more than the work itself. The gRPC frame is read here, because tonic hands out messages only
//! decompressed and decoded, while the log is to get them as they came.

mod answer;
mod body;
mod negotiate;
mod status;
mod trace;

use http::{Method, Request, Response, Version, header, request::Parts};
use http_body::Body;
use tracing::Instrument as _;

pub use answer::AnswerBody;
use negotiate::Terms;

use crate::{
    intake::{Intake, Received},
    outcome::{Arrival, Outcome, Refusal, Surface},
    scan::Tally,
};

/// The path of OTLP/HTTP.
pub const OTLP_HTTP_PATH: &str = "/v1/logs";
/// The path of OTLP/gRPC.
pub const OTLP_GRPC_PATH: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
/// The path of JSON lines.
pub const EVENTS_PATH: &str = "/v1/events";

/// Answers a request.
pub async fn respond<B>(intake: &Intake, request: Request<B>) -> Response<AnswerBody>
where
    B: Body<Data = bytes::Bytes>,
{
    let (parts, body) = request.into_parts();
    let span = trace::span(&parts.headers);
    let exchange = exchange(intake, &parts, body);
    if span.is_disabled() { exchange.await } else { exchange.instrument(span).await }
}

async fn exchange<B>(intake: &Intake, parts: &Parts, body: B) -> Response<AnswerBody>
where
    B: Body<Data = bytes::Bytes>,
{
    let surface = match parts.uri.path() {
        OTLP_HTTP_PATH => Surface::OtlpHttp,
        OTLP_GRPC_PATH => Surface::OtlpGrpc,
        EVENTS_PATH => Surface::Events,
        _ => Surface::Elsewhere,
    };
    let dialect = negotiate::dialect(surface, &parts.headers);
    let mut body = std::pin::pin!(body);
    let mut arrival = intake.ledger.arrival(surface);
    let result = take_in(intake, surface, parts, body.as_mut(), &mut arrival).await;
    if result.is_err() && parts.version < Version::HTTP_2 && !parts.headers.contains_key(header::EXPECT) {
        body::discard(body, intake.max_request_bytes).await;
    }
    answer::render(arrival.end(result), dialect)
}

async fn take_in<B>(
    intake: &Intake,
    surface: Surface,
    parts: &Parts,
    body: std::pin::Pin<&mut B>,
    arrival: &mut Arrival<'_>,
) -> Result<Tally, Refusal>
where
    B: Body<Data = bytes::Bytes>,
{
    if surface == Surface::Elsewhere {
        let message = format!("nothing is here; send to {OTLP_HTTP_PATH}, {EVENTS_PATH} or {OTLP_GRPC_PATH}");
        return Err(Refusal::for_good(Outcome::PathUnknown, message));
    }
    if parts.method != Method::POST {
        return Err(Refusal::for_good(Outcome::MethodNotAllowed, "use POST"));
    }
    let gateway = intake.admit(&parts.headers).await?;
    let terms = Terms::of(surface, &parts.headers)?;
    let (bytes, share) = body::read(body, &parts.headers, surface, intake, &gateway).await?;
    let upload = terms.upload(bytes)?;
    let traceparent = trace::traceparent(&parts.headers);
    intake.take_in(&gateway, Received { upload, share, traceparent }, arrival).await
}
