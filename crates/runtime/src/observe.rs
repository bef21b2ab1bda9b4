//! What every request leaves behind: a span that continues the caller's trace, and two metrics by route and status.

use std::{sync::LazyLock, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use opentelemetry::{
    KeyValue,
    metrics::{Histogram, UpDownCounter},
};
use tracing::Instrument as _;

use crate::telemetry;

/// Seconds; a page should take less than a tenth, an import may take a minute.
const BOUNDARIES: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

struct Instruments {
    duration: Histogram<f64>,
    active: UpDownCounter<i64>,
}

static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(|| {
    let meter = opentelemetry::global::meter("schildwacht.http");
    let duration = meter
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_description("time from request to the head of the response")
        .with_boundaries(BOUNDARIES.to_vec())
        .build();
    let active = meter.i64_up_down_counter("http.server.active_requests").with_description("requests under way").build();
    Instruments { duration, active }
});

/// Middleware for `axum::middleware::from_fn`; put it outside all routes.
///
/// Labels are the route's pattern, never the path, which may name a school.
pub async fn observe(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = request.method().as_str().to_owned();
    let span = tracing::info_span!("request", otel.kind = "server", http.route = route, http.request.method = method);
    telemetry::continue_trace(&span, |name| request.headers().get(name)?.to_str().ok().map(ToOwned::to_owned));

    let started = Instant::now();
    INSTRUMENTS.active.add(1, &[]);
    let response = next.run(request).instrument(span).await;
    INSTRUMENTS.active.add(-1, &[]);

    let status = i64::from(response.status().as_u16());
    let labels = [
        KeyValue::new("http.route", route),
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.response.status_code", status),
    ];
    INSTRUMENTS.duration.record(started.elapsed().as_secs_f64(), &labels);
    response
}
