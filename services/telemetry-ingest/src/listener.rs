//! The OTLP ports, served by threads of their own.
//!
//! Each thread runs all its connections by itself: no request moves from one thread to another, which saves a tenth to a fifth
//! of the CPU at one event a request. And decompressing a large batch holds up no page and no consumer of the same process; what comes
//! in on the main port, for clients with one address for everything, does.
//! The threads accept from the same sockets; the first idle one gets the connection.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc};

use http::{Request, Response};
use hyper::body::Incoming;
use runtime::{
    Process, Shutdown,
    listener::{BindError, Limits, Listener},
};
use tokio::task::{JoinError, spawn_blocking};

use crate::{
    config::Config,
    edge::{self, AnswerBody},
    intake::Intake,
};

/// Why a thread ended before its time.
#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("an OTLP port is served no longer")]
    Serve(#[from] io::Error),
    #[error("a thread that serves OTLP ended")]
    Thread(#[from] JoinError),
}

/// The OTLP ports, taken and not served yet.
#[derive(Debug)]
pub struct Ports {
    otlp_grpc: Listener,
    otlp_http: Listener,
}

impl Ports {
    /// Takes both ports.
    ///
    /// # Errors
    /// With a complaint for each that cannot be taken.
    pub async fn bind(config: &Config) -> Result<Self, Vec<BindError>> {
        let otlp_grpc = Listener::bind("OTLP/gRPC (telemetry_ingest.otlp_grpc_listen)", config.otlp_grpc_listen).await;
        let otlp_http = Listener::bind("OTLP/HTTP (telemetry_ingest.otlp_http_listen)", config.otlp_http_listen).await;
        match (otlp_grpc, otlp_http) {
            (Ok(otlp_grpc), Ok(otlp_http)) => Ok(Self { otlp_grpc, otlp_http }),
            (otlp_grpc, otlp_http) => Err(otlp_grpc.err().into_iter().chain(otlp_http.err()).collect()),
        }
    }

    pub(crate) fn otlp_grpc_address(&self) -> SocketAddr {
        self.otlp_grpc.address()
    }

    pub(crate) fn otlp_http_address(&self) -> SocketAddr {
        self.otlp_http.address()
    }
}

/// Serves the ports until shutdown. `workers` is the number of threads; 0: one for each core.
pub(crate) fn start(ports: Ports, workers: usize, limits: &Limits, intake: &Arc<Intake>, process: &Process) -> io::Result<()> {
    let workers = if workers == 0 { std::thread::available_parallelism()?.get() } else { workers };
    let ports: Vec<std::net::TcpListener> =
        [ports.otlp_grpc, ports.otlp_http].into_iter().map(Listener::into_std).collect::<io::Result<_>>()?;
    // Each worker takes as many connections as there may be in all: which one accepts is chance, and sensors keep theirs.
    for _ in 0..workers {
        let worker = Worker {
            ports: ports.iter().map(std::net::TcpListener::try_clone).collect::<io::Result<_>>()?,
            limits: limits.clone(),
            intake: Arc::clone(intake),
            shutdown: process.tasks.shutdown(),
        };
        process.tasks.spawn("telemetry-ingest.otlp", async move {
            spawn_blocking(move || worker.run()).await??;
            Ok::<(), WorkerError>(())
        });
    }
    Ok(())
}

struct Worker {
    ports: Vec<std::net::TcpListener>,
    limits: Limits,
    intake: Arc<Intake>,
    shutdown: Shutdown,
}

impl Worker {
    fn run(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let serve = self.ports.into_iter().map(|port| {
                let service = Respond(Arc::clone(&self.intake));
                let (limits, shutdown) = (self.limits.clone(), self.shutdown.clone());
                async move { Listener::from_std("telemetry-ingest", port)?.serve(service, limits, shutdown).await }
            });
            futures::future::try_join_all(serve).await.map(drop)
        })
    }
}

/// The edge as the listener wants it.
#[derive(Clone)]
struct Respond(Arc<Intake>);

impl tower::Service<Request<Incoming>> for Respond {
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let intake = Arc::clone(&self.0);
        Box::pin(async move { Ok(edge::respond(&intake, request).await) })
    }
}
