//! The admin port: health for the kubelet, metrics for Prometheus. Never reachable from outside.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health as HealthService, HealthServer},
};

use crate::{Health, health::Readiness, telemetry::Telemetry};

/// `/live`, `/ready` (503 with the failing probes while not ready) and `/metrics`.
pub fn router(health: Health, telemetry: Arc<Telemetry>) -> Router {
    Router::new()
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(ready).with_state(health))
        .route("/metrics", get(metrics).with_state(telemetry))
}

async fn ready(State(health): State<Health>) -> (StatusCode, Json<Readiness>) {
    let readiness = health.readiness().await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

async fn metrics(State(telemetry): State<Arc<Telemetry>>) -> Response {
    match telemetry.prometheus_text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(name: "metrics.not_written", error = %error, "metrics cannot be written as text");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// `grpc.health.v1.Health`, answering from the same probes for every service of the process.
pub fn grpc_health(health: Health) -> HealthServer<GrpcHealth> {
    HealthServer::new(GrpcHealth(health))
}

/// The gRPC face of [`Health`].
#[derive(Debug)]
pub struct GrpcHealth(Health);

impl GrpcHealth {
    async fn status(health: &Health) -> HealthCheckResponse {
        let status = if health.readiness().await.ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        HealthCheckResponse { status: status.into() }
    }
}

const WATCH_PERIOD: std::time::Duration = std::time::Duration::from_secs(5);

#[tonic::async_trait]
impl HealthService for GrpcHealth {
    async fn check(&self, _request: tonic::Request<HealthCheckRequest>) -> Result<tonic::Response<HealthCheckResponse>, tonic::Status> {
        Ok(tonic::Response::new(Self::status(&self.0).await))
    }

    type WatchStream = std::pin::Pin<Box<dyn futures::Stream<Item = Result<HealthCheckResponse, tonic::Status>> + Send>>;

    /// Streams the status now and after every change.
    async fn watch(&self, _request: tonic::Request<HealthCheckRequest>) -> Result<tonic::Response<Self::WatchStream>, tonic::Status> {
        let changes = futures::stream::unfold((self.0.clone(), None), |(health, last)| async move {
            loop {
                let now = Self::status(&health).await;
                if last != Some(now.status) {
                    return Some((Ok(now), (health, Some(now.status))));
                }
                if !health.wait(WATCH_PERIOD).await {
                    return None;
                }
            }
        });
        Ok(tonic::Response::new(Box::pin(changes)))
    }
}

#[cfg(test)]
mod tests {
    use tonic_health::pb::health_server::Health as _;

    use super::*;
    use crate::Shutdown;

    #[tokio::test]
    async fn ready_answers_503_with_the_probe_that_fails() {
        let health = Health::new(Shutdown::default());
        health.add_probe("database", || async { Err("away".to_owned()) });
        let (status, Json(readiness)) = ready(State(health)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(readiness.probes, [("database".to_owned(), "away".to_owned())]);
    }

    #[tokio::test]
    async fn grpc_health_says_the_same_as_http() {
        let shutdown = Shutdown::default();
        let service = GrpcHealth(Health::new(shutdown.clone()));
        let ask = || tonic::Request::new(HealthCheckRequest::default());
        assert_eq!(service.check(ask()).await.unwrap().into_inner().status(), ServingStatus::Serving);
        shutdown.request();
        assert_eq!(service.check(ask()).await.unwrap().into_inner().status(), ServingStatus::NotServing);
    }
}
