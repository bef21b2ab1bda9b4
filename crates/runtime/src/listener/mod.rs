//! A port, for pages and REST or for gRPC.
//!
//! HTTP/1.1 and HTTP/2 without TLS (the mesh or the ingress adds it), with a bound on connections and on those of one address, a time limit on the first
//! request and on reading headers, and connections that are closed gracefully after an age, so that load spreads over new
//! replicas. On shutdown no connection is accepted any more and those that are open finish what is under way.

mod limits;
mod pace;
mod peers;

use std::{convert::Infallible, error::Error as StdError, io, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use ipnet::IpNet;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::task::TaskTracker;
use tower::Service;

pub use self::{limits::Limits, peers::Peers};
use self::{
    pace::{Answer, Heard, Pace, Sent, TooSlow},
    peers::Refusals,
};
use crate::Shutdown;

/// The address of the other side of the connection, as an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

impl PeerAddress {
    /// What stands for one subscriber: an address of IPv4, or the /64 around one of IPv6.
    pub fn network(self) -> IpNet {
        peers::network(self.0.ip())
    }

    /// Whether it is one of these.
    pub fn is_of(self, proxies: &[IpNet]) -> bool {
        peers::is_of(self.0.ip(), proxies)
    }
}

/// Why an address could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for {name}: {}", explain(.source))]
pub struct BindError {
    name: &'static str,
    address: SocketAddr,
    #[source]
    source: io::Error,
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "the port is in use by another process; stop it or choose another port".to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not use that port; choose one above 1023".to_owned(),
        _ => error.to_string(),
    }
}

/// A bound port that does not serve yet.
#[derive(Debug)]
pub struct Listener {
    name: &'static str,
    tcp: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds an address; port 0 gives a free one.
    ///
    /// # Errors
    /// When the address cannot be bound; the text says what to do.
    pub async fn bind(name: &'static str, address: SocketAddr) -> Result<Self, BindError> {
        let complain = |source| BindError { name, address, source };
        let tcp = TcpListener::bind(address).await.map_err(complain)?;
        let address = tcp.local_addr().map_err(complain)?;
        Ok(Self { name, tcp, address })
    }

    /// Takes over a bound socket for the runtime that is running, so that several runtimes can accept from one port.
    ///
    /// # Errors
    /// When the socket cannot be registered.
    pub fn from_std(name: &'static str, tcp: std::net::TcpListener) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        Ok(Self { name, tcp: TcpListener::from_std(tcp)?, address })
    }

    /// The bound socket itself, not blocking.
    ///
    /// # Errors
    /// When the socket cannot be taken from the runtime.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        self.tcp.into_std()
    }

    /// The address, with the port that was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until shutdown, then accepts no connection and finishes open requests.
    ///
    /// # Errors
    /// When open requests did not finish within the drain time.
    pub async fn serve<S, B>(self, service: S, limits: Limits, shutdown: Shutdown) -> io::Result<()>
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let Self { name, tcp, .. } = self;
        let http = http_builder(&limits);
        let slots = Arc::new(Semaphore::new(limits.max_connections));
        let connections = TaskTracker::new();
        let mut refusals = Refusals::of(name);

        loop {
            let accepted = tokio::select! {
                () = shutdown.requested() => break,
                accepted = accept(&tcp, &slots) => accepted,
            };
            let (stream, peer, slot) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to be closed rather than spin.
                    tracing::warn!(name: "listener.accept_failed", listener = name, error = %error, "connection not accepted, will retry");
                    shutdown.sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(place) = limits.peers.admit(peer.ip(), limits.max_connections_per_address, &limits.proxies) else {
                refusals.count();
                continue;
            };
            let pace = Pace::new();
            let service = TowerToHyperService::new(FromPeer { inner: service.clone(), peer, pace: pace.clone() });
            let connection = http.serve_connection(TokioIo::new(Heard::on(stream, pace.clone())), service).into_owned();
            let asked_to_stop = shutdown.clone();
            let max_age = jittered(limits.max_connection_age, peer);
            let limits = limits.clone();
            connections.spawn(async move {
                let _held = (slot, place);
                tokio::pin!(connection);
                tokio::select! {
                    // A connection that breaks is the other side's problem.
                    _ended = &mut connection => return,
                    too_slow = pace.too_slow(&limits) => match too_slow {
                        TooSlow::Single => return,
                        // Told first, so that its client sends no more.
                        TooSlow::Multiplexed => {}
                    },
                    () = asked_to_stop.requested() => {}
                    () = tokio::time::sleep(max_age) => {}
                }
                connection.as_mut().graceful_shutdown();
                let _ended = tokio::time::timeout(limits.max_connection_linger, connection).await;
            });
        }

        // New connections are refused at once, instead of waiting in the kernel's queue for nobody.
        drop(tcp);
        let open = connections.len();
        tracing::info!(name: "listener.draining", listener = name, connections = open, "finishing requests under way");
        connections.close();
        tokio::time::timeout(limits.drain, connections.wait())
            .await
            .map_err(|_elapsed| io::Error::new(io::ErrorKind::TimedOut, format!("{name}: requests under way did not finish in time")))
    }
}

async fn accept(
    tcp: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(tokio::net::TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = tcp.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, slot))
}

/// What is held of a request over HTTP/1 before anybody reads it: its head, and the beginning of its body. hyper takes 400 KiB.
const MOST_READ_AHEAD: usize = 64 * 1024;

fn http_builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    // hyper has one time-out for a slow head and for silence between requests: `pace` tells them apart.
    http.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(MOST_READ_AHEAD);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(limits.max_header_list_size)
        .initial_stream_window_size(1024 * 1024)
        .initial_connection_window_size(4 * 1024 * 1024)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    http
}

/// Adds up to a tenth of jitter, so that connections opened together do not end together.
fn jittered(age: Duration, peer: SocketAddr) -> Duration {
    age + age / 10 * u32::from(peer.port() % 16) / 16
}

/// Adds the peer's address to each request, and tells the pace that a request came.
#[derive(Clone)]
struct FromPeer<S> {
    inner: S,
    peer: SocketAddr,
    pace: Pace,
}

impl<S, B, A> Service<Request<B>> for FromPeer<S>
where
    S: Service<Request<B>, Response = Response<A>, Error = Infallible>,
{
    type Response = Response<Sent<A>>;
    type Error = Infallible;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let answering = self.pace.asked(&request);
        request.extensions_mut().insert(PeerAddress(self.peer));
        Answer::to(self.inner.call(request), answering)
    }
}

#[cfg(test)]
mod tests;
