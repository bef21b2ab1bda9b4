//! The load: requests over connections that are kept open, from one thread with an event loop of its own.

use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures::future::try_join_all;
use tokio::runtime::{Builder, Runtime};

use super::{
    http1, http2,
    sample::Samples,
    stage::Performance,
    variant::{Encoding, Surface, Variant},
};

/// How long to go on: until one of these is used up. What is under way then is finished.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub time: Duration,
    /// Bytes of bodies, so that neither disk nor patience is used up.
    pub bytes: usize,
}

/// Connections of one variant, and what they send.
pub struct Load {
    variant: Variant,
    event_loop: Runtime,
    connections: Vec<Connection>,
    bodies: Vec<Bytes>,
}

/// One of the gateways' connections.
enum Connection {
    Http1(http1::Connection),
    Http2(http2::Connection),
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
    fn new(bodies: &'b [Bytes], effort: Effort) -> Self {
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
}

impl Load {
    /// Opens the connections to a server that stands.
    pub fn connect(variant: Variant, performance: &Performance, samples: &Samples) -> Result<Self> {
        let Variant { surface, encoding, batch, .. } = variant;
        let address = match surface {
            Surface::OtlpGrpc => performance.addresses.otlp_grpc,
            Surface::OtlpHttp | Surface::Events => performance.addresses.otlp_http,
        };
        let requests_each = if surface == Surface::OtlpGrpc { http2::STREAMS } else { 1 };
        let count = variant.concurrency().div_ceil(requests_each);
        let event_loop = Builder::new_current_thread().enable_all().build()?;
        let purposes = performance.tokens.iter().cycle().take(count);
        let opening = purposes.map(|token| Connection::open(Purpose { surface, encoding, batch, address, token: token.clone() }));
        let connections = event_loop.block_on(try_join_all(opening))?;
        Ok(Self { variant, event_loop, connections, bodies: samples.bodies(surface, encoding, batch) })
    }

    /// Sends and waits for every answer; returns how many events were acknowledged. Blocks.
    ///
    /// # Errors
    /// At the first answer that is not a full success.
    pub fn run(&mut self, effort: Effort) -> Result<u64> {
        let quota = Quota::new(&self.bodies, effort);
        let sending = self.connections.iter_mut().map(|connection| connection.send(&quota));
        self.event_loop.block_on(try_join_all(sending)).with_context(|| self.variant.to_string())?;
        Ok(quota.acknowledged.get() * self.variant.batch as u64)
    }
}

impl Connection {
    async fn open(purpose: Purpose) -> Result<Self> {
        Ok(match purpose.surface {
            Surface::OtlpGrpc => Self::Http2(http2::Connection::open(&purpose).await?),
            Surface::OtlpHttp | Surface::Events => Self::Http1(http1::Connection::open(&purpose).await?),
        })
    }

    /// Sends until the quota is used up.
    async fn send(&mut self, quota: &Quota<'_>) -> Result<()> {
        match self {
            Self::Http1(connection) => connection.send(quota).await,
            Self::Http2(connection) => connection.send(quota).await,
        }
    }
}
