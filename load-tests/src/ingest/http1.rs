//! HTTP/1.1: one request after the other.

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    client::conn::http1::{SendRequest, handshake},
    rt::Executor as _,
};
use hyper_util::rt::TokioExecutor;

use super::{
    quota::{Purpose, Quota},
    variant::Surface,
};

/// A connection with one request under way at a time.
pub struct Connection {
    requests: SendRequest<Full<Bytes>>,
    path: &'static str,
    headers: HeaderMap,
    /// The body of the answer when every event was taken.
    full_success: String,
}

impl Connection {
    /// Connects, and prepares the headers.
    pub async fn open(purpose: &Purpose) -> Result<Self> {
        let (path, media_type, full_success) = match purpose.surface {
            Surface::Events => (telemetry_ingest::EVENTS_PATH, "application/x-ndjson", format!("{{\"accepted\":{}}}", purpose.batch)),
            // An ExportLogsServiceResponse without partial success has no bytes.
            Surface::OtlpHttp | Surface::OtlpGrpc => (telemetry_ingest::OTLP_HTTP_PATH, "application/x-protobuf", String::new()),
        };
        let (requests, connection) = handshake(purpose.connect().await?).await?;
        // Ends with the event loop; when it ends before, the requests under way say why.
        TokioExecutor::new().execute(async { drop(connection.await) });
        let mut headers = purpose.headers(media_type, "content-encoding")?;
        headers.insert(header::HOST, purpose.address.to_string().try_into()?);
        Ok(Self { requests, path, headers, full_success })
    }

    /// Sends one request after the other until the quota is used up.
    pub async fn send(&mut self, quota: &Quota<'_>) -> Result<()> {
        while let Some(body) = quota.next() {
            let mut request = Request::post(self.path).body(Full::new(body.clone()))?;
            *request.headers_mut() = self.headers.clone();
            self.requests.ready().await?;
            let (head, answer) = self.requests.send_request(request).await?.into_parts();
            let answer = answer.collect().await?.to_bytes();
            let is_full_success = head.status == StatusCode::OK && answer == self.full_success;
            ensure!(is_full_success, "not the answer of a full success: {} {}", head.status, String::from_utf8_lossy(&answer));
            quota.acknowledged();
        }
        Ok(())
    }
}
