//! gRPC over HTTP/2, without what tonic would put around it.

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::future::try_join_all;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    client::conn::http2::{SendRequest, handshake},
    rt::Executor as _,
};
use hyper_util::rt::TokioExecutor;

use super::quota::{Purpose, Quota};

/// Requests under way on one connection.
pub const STREAMS: usize = 16;

/// A connection with several requests under way.
pub struct Connection {
    requests: SendRequest<Full<Bytes>>,
    uri: String,
    headers: HeaderMap,
}

impl Connection {
    /// Connects, and prepares the headers.
    pub async fn open(purpose: &Purpose) -> Result<Self> {
        let executor = TokioExecutor::new();
        let (requests, connection) = handshake(executor.clone(), purpose.connect().await?).await?;
        // Ends with the event loop; when it ends before, the requests under way say why.
        executor.execute(async { drop(connection.await) });
        let uri = format!("http://{}{}", purpose.address, telemetry_ingest::OTLP_GRPC_PATH);
        let mut headers = purpose.headers("application/grpc", "grpc-encoding")?;
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        Ok(Self { requests, uri, headers })
    }

    /// Sends requests, several at once, until the quota is used up.
    pub async fn send(&self, quota: &Quota<'_>) -> Result<()> {
        try_join_all((0..STREAMS).map(|_| self.send_in_turn(quota))).await.map(drop)
    }

    async fn send_in_turn(&self, quota: &Quota<'_>) -> Result<()> {
        let mut requests = self.requests.clone();
        while let Some(body) = quota.next() {
            let mut request = Request::post(&self.uri).body(Full::new(body.clone()))?;
            *request.headers_mut() = self.headers.clone();
            requests.ready().await?;
            let (head, body) = requests.send_request(request).await?.into_parts();
            ensure!(head.status == StatusCode::OK, "status {}", head.status);
            let body = body.collect().await?;
            let status = body.trailers().unwrap_or(&head.headers).get("grpc-status").cloned();
            ensure!(status.as_ref().is_some_and(|status| status == "0"), "grpc-status {status:?}, {:?}", head.headers);
            // A message without bytes: no partial success.
            ensure!(body.to_bytes()[..] == [0; 5], "not everything was taken");
            quota.acknowledged();
        }
        Ok(())
    }
}
