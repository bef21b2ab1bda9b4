//! The load: requests over connections that are kept open, from one thread with an event loop of its own.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures::future::try_join_all;
use tokio::runtime::{Builder, Runtime};

use super::{
    http1, http2,
    quota::{Effort, Purpose, Quota},
    sample::Samples,
    setup::Measured,
    variant::{Surface, Variant},
};

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

impl Load {
    /// Opens the connections to a server that stands.
    pub fn connect(variant: Variant, measured: &Measured, samples: &Samples) -> Result<Self> {
        let Variant { surface, encoding, batch, .. } = variant;
        let address = match surface {
            Surface::OtlpGrpc => measured.addresses.otlp_grpc,
            Surface::OtlpHttp | Surface::Events => measured.addresses.otlp_http,
        };
        let requests_each = if surface == Surface::OtlpGrpc { http2::STREAMS } else { 1 };
        let count = variant.concurrency().div_ceil(requests_each);
        let event_loop = Builder::new_current_thread().enable_all().build()?;
        let purposes = measured.tokens.iter().cycle().take(count);
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
        Ok(quota.done() * self.variant.batch as u64)
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
