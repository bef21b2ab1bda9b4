//! HTTP/1.1: as little work as can be, so that a core is left for the server.

use anyhow::{Context as _, Result, bail};
use bytes::Buf;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    load::{Purpose, Quota},
    variant::Surface,
};

/// Room for an answer: headers and a few bytes.
const ANSWER: usize = 4 * 1024;

/// A connection with one request under way at a time.
pub struct Connection {
    stream: TcpStream,
    /// All of a request's head but the length of its body.
    head: String,
    /// The body of the answer when every event was taken.
    full_success: String,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(purpose: &Purpose) -> Result<Self> {
        let stream = TcpStream::connect(purpose.address).await?;
        stream.set_nodelay(true)?;
        let (path, media_type, full_success) = match purpose.surface {
            Surface::Events => (telemetry_ingest::EVENTS_PATH, "application/x-ndjson", format!("{{\"accepted\":{}}}", purpose.batch)),
            // An ExportLogsServiceResponse without partial success has no bytes.
            Surface::OtlpHttp | Surface::OtlpGrpc => (telemetry_ingest::OTLP_HTTP_PATH, "application/x-protobuf", String::new()),
        };
        let encoding = purpose.encoding.header().map(|name| format!("content-encoding: {name}\r\n")).unwrap_or_default();
        let Purpose { address, token, .. } = purpose;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: load-tests\r\nauthorization: Bearer {token}\r\n\
             content-type: {media_type}\r\n{encoding}"
        );
        Ok(Self { stream, head, full_success, answer: Vec::with_capacity(ANSWER) })
    }

    /// Sends one request after the other until the quota is used up.
    pub async fn send(&mut self, quota: &Quota<'_>) -> Result<()> {
        while let Some(body) = quota.next() {
            let head = format!("{}content-length: {}\r\n\r\n", self.head, body.len());
            self.stream.write_all_buf(&mut Buf::chain(head.as_bytes(), &body[..])).await?;
            let body_at = self.read_answer().await?;
            if self.answer.get(body_at..) != Some(self.full_success.as_bytes()) {
                bail!("not the answer of a full success: {}", String::from_utf8_lossy(&self.answer));
            }
            quota.acknowledged();
        }
        Ok(())
    }

    /// Reads a whole answer with status 200, and answers where its body begins.
    async fn read_answer(&mut self) -> Result<usize> {
        self.answer.clear();
        let mut parsed = None;
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the server hung up");
            }
            parsed = if parsed.is_some() { parsed } else { parse_head(&self.answer)? };
            if let Some((body_at, length)) = parsed
                && self.answer.len() >= body_at + length
            {
                return Ok(body_at);
            }
        }
    }
}

/// Where the body begins and how long it is; `None` when the head is not whole yet.
fn parse_head(answer: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(answer.get(..end).unwrap_or_default())?;
    if !head.starts_with("HTTP/1.1 200 ") {
        bail!("{}", String::from_utf8_lossy(answer));
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("an answer without content-length")?;
    Ok(Some((end + 4, length.parse()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_its_head_is_whole() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(parse_head(&answer[..answer.len() - 3]).unwrap(), None);
        assert_eq!(parse_head(answer).unwrap(), Some((answer.len() - 2, 2)));
        assert!(parse_head(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").is_err());
    }
}
