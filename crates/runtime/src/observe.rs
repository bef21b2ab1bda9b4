//! What every request leaves behind: a span that continues the caller's trace, and two metrics by route and status.

use std::{sync::LazyLock, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
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
/// Labels are the route's pattern, never the path, which may name a school. gRPC calls that fail have their code beside the
/// HTTP status, which is 200 for them.
pub async fn observe(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = known_method(request.method());
    let span = tracing::info_span!("request", otel.kind = "server", http.route = route, http.request.method = method);
    telemetry::continue_trace(&span, |name| request.headers().get(name)?.to_str().ok().map(ToOwned::to_owned));

    let started = Instant::now();
    let under_way = UnderWay::begin();
    let response = next.run(request).instrument(span).await;
    drop(under_way);

    let status = i64::from(response.status().as_u16());
    let mut labels = vec![
        KeyValue::new("http.route", route),
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.response.status_code", status),
    ];
    labels.extend(grpc_code(&response).map(|code| KeyValue::new("rpc.grpc.status_code", code)));
    INSTRUMENTS.duration.record(started.elapsed().as_secs_f64(), &labels);
    response
}

/// Counts as active until dropped: a caller who hangs up drops the request in the middle.
struct UnderWay;

impl UnderWay {
    fn begin() -> Self {
        INSTRUMENTS.active.add(1, &[]);
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        INSTRUMENTS.active.add(-1, &[]);
    }
}

/// A caller can make up methods without end, and each would be a metric of its own.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        // As OpenTelemetry's conventions say it.
        _ => "_OTHER",
    }
}

/// The code of a gRPC call that failed before it answered anything; later failures are in trailers, which are not read yet.
fn grpc_code(response: &Response) -> Option<i64> {
    response.headers().get("grpc-status")?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn, routing::any};
    use opentelemetry_sdk::metrics::SdkMeterProvider;
    use tower::ServiceExt as _;

    use super::*;

    fn request(method: &str, path: &str) -> Request {
        Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn what_callers_do_neither_leaks_nor_multiplies_metrics() {
        let registry = prometheus::Registry::new();
        let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
        opentelemetry::global::set_meter_provider(SdkMeterProvider::builder().with_reader(reader).build());
        let router = Router::new()
            .route("/never", any(std::future::pending::<()>))
            .route("/grpc", any(|| async { tonic::Status::not_found("case not found").into_http::<Body>() }))
            .layer(from_fn(observe));

        let hangs_up = tokio::time::timeout(std::time::Duration::from_millis(20), router.clone().oneshot(request("GET", "/never")));
        assert!(hangs_up.await.is_err());
        for invented in ["FOO", "BAR"] {
            router.clone().oneshot(request(invented, "/grpc")).await.unwrap();
        }

        let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let line_of = |name: &str| text.lines().filter(|line| line.starts_with(name)).collect::<Vec<_>>();
        let active = line_of("http_server_active_requests{");
        assert!(active.len() == 1 && active[0].ends_with(" 0"), "{active:?}");
        let counted = line_of("http_server_request_duration_seconds_count{");
        assert!(counted.len() == 1 && counted[0].contains("_OTHER") && counted[0].ends_with(" 2"), "{counted:?}");
        assert!(counted[0].contains("rpc_grpc_status_code=\"5\""), "{counted:?}");
    }
}
