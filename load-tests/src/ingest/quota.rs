//! What a connection is for, and what is left to send over all of them.

use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::variant::{Encoding, Surface};

/// How long to go on: until one of these is used up. What is under way then is finished.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub time: Duration,
    /// Bytes of bodies, so that neither disk nor patience is used up.
    pub bytes: usize,
}

/// What a connection is opened for.
#[derive(Debug, Clone)]
pub struct Purpose {
    pub surface: Surface,
    pub encoding: Encoding,
    /// Events in each body.
    pub batch: usize,
    pub address: SocketAddr,
    /// Of the gateway it belongs to.
    pub token: String,
}

impl Purpose {
    /// Connects, with requests sent as they come.
    pub async fn connect(&self) -> Result<TokioIo<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(TokioIo::new(stream))
    }

    /// What every request has, with the name of the header for the encoding.
    pub fn headers(&self, media_type: &'static str, encoding: &'static str) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("load-tests"));
        headers.insert(header::AUTHORIZATION, format!("Bearer {}", self.token).try_into()?);
        if let Some(name) = self.encoding.header() {
            headers.insert(encoding, HeaderValue::from_static(name));
        }
        Ok(headers)
    }
}

/// What is left to do, shared by all connections: bodies in turn until time or bytes are used up.
#[derive(Debug)]
pub struct Quota<'b> {
    bodies: &'b [Bytes],
    next: Cell<usize>,
    bytes_left: Cell<usize>,
    until: Instant,
    acknowledged: Cell<u64>,
}

impl<'b> Quota<'b> {
    /// A quota that nothing has been taken of.
    pub fn new(bodies: &'b [Bytes], effort: Effort) -> Self {
        let until = Instant::now() + effort.time;
        Self { bodies, next: Cell::new(0), bytes_left: Cell::new(effort.bytes), until, acknowledged: Cell::new(0) }
    }

    /// The next body to send; `None` when it is enough.
    pub fn next(&self) -> Option<&'b Bytes> {
        if self.bytes_left.get() == 0 || Instant::now() >= self.until {
            return None;
        }
        let number = self.next.replace(self.next.get() + 1);
        let body = self.bodies.get(number % self.bodies.len())?;
        self.bytes_left.set(self.bytes_left.get().saturating_sub(body.len()));
        Some(body)
    }

    /// A body was acknowledged, whole.
    pub fn acknowledged(&self) {
        self.acknowledged.set(self.acknowledged.get() + 1);
    }

    /// How many bodies were acknowledged.
    pub fn done(&self) -> u64 {
        self.acknowledged.get()
    }
}
