//! Services on free loopback ports, through `runtime::listener`.

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use runtime::{
    Clock, Process, Tasks,
    listener::{Limits, Listener},
};
use tonic::transport::{Channel, Endpoint};

/// A router that listens until it is dropped.
pub struct Running {
    address: SocketAddr,
    tasks: Tasks,
}

impl Running {
    /// Starts a router on a free port.
    pub async fn start(router: Router) -> Self {
        Self::start_with(|_| router).await
    }

    /// Starts a router that needs its own URL.
    pub async fn start_with(router: impl FnOnce(&str) -> Router) -> Self {
        let free_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = Listener::bind("test", free_port).await.expect("a free port");
        let address = listener.address();
        let tasks = Tasks::new();
        let router = router(&format!("http://{address}"));
        let limits = Limits { drain: Duration::from_secs(1), ..Limits::default() };
        tasks.spawn("listener", listener.serve(router, limits, tasks.shutdown()));
        Self { address, tasks }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A connection for gRPC clients.
    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(self.url()).expect("a URL").connect_lazy()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.shutdown().request();
    }
}

/// A process for a service under test; its tasks are told to stop when the test ends.
pub struct TestProcess(Process);

impl TestProcess {
    /// With the machine's clock.
    pub fn new() -> Self {
        Self::at(Clock::system())
    }

    /// With a clock of the test's.
    pub fn at(clock: impl Into<Clock>) -> Self {
        Self(Process::new(clock.into()))
    }
}

impl Default for TestProcess {
    fn default() -> Self {
        Self::new()
    }
}

impl std::ops::Deref for TestProcess {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.0
    }
}

impl Drop for TestProcess {
    fn drop(&mut self) {
        self.0.tasks.shutdown().request();
    }
}
