//! telemetry-ingest: the front door for what schools' sensors see.
//!
//! It owns nothing and keeps nothing. A gateway posts a batch of events; the batch goes into the event log as it came, keyed by
//! the gateway's school; the gateway is answered *after* the log has it. An accepted batch is never lost, a refused one is told
//! when to come back or why it never will be taken.
//!
//! The path of one request:
//!
//! 1. [`edge`] reads the headers: which surface, which format, which compression.
//! 2. [`intake`] recognises the gateway: the token by `auth`, the gateway by the [directory](gateway) in memory, its
//!    [allowance](limit). All this before the first byte of the body is read.
//! 3. [`edge`] reads the body within the limits of size, time and [memory](limit).
//! 4. [`scan`] counts and checks the events without building objects, and cuts what does not fit into one record.
//! 5. [`batch`] makes the record, the log takes it, [`outcome`] counts what became of it, [`edge`] says so.
//!
//! Invariants:
//! - Every request and every event ends in exactly one counted outcome (by type: see [`outcome`]).
//! - The school comes from the directory, never from the request.
//! - What is stored under `application/x-protobuf` decodes.
//! - No queue without a bound, nothing waits without a deadline, memory has one budget.
//!
//! To add a format: a variant of `scan::Format` with its module in `scan/`, its media type in `edge/negotiate.rs`, and its line
//! in `batch.rs`. To add an outcome: its line in `outcome.rs`; the compiler asks for the rest.

mod batch;
pub mod config;
mod edge;
mod gateway;
mod intake;
mod limit;
mod listener;
mod outcome;
mod scan;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
};

use auth::{Policies, Verifier};
use axum::{Router, body::Body, extract::Request, routing::any};
use events::SharedLog;
use runtime::{Process, StartError, listener::Listener};
use tokio::time::Instant;

pub use batch::max_body_bytes;
pub use config::Config;
pub use edge::{EVENTS_PATH, OTLP_GRPC_PATH, OTLP_HTTP_PATH};
pub use outcome::{Ledger, Outcome, Surface};

use gateway::{Directory, Entitlement};
use intake::Intake;
use limit::{Budget, Rate};

/// The name in configuration, metrics, probes and events.
pub const NAME: &str = "telemetry-ingest";

/// The service, listening.
pub struct Service {
    intake: Arc<Intake>,
    otlp_grpc_address: SocketAddr,
    otlp_http_address: SocketAddr,
}

impl Service {
    /// Checks the configuration, takes the OTLP ports and starts. Until the directory of gateways has been read, everybody is
    /// told to come back, and the process is not ready.
    ///
    /// # Errors
    /// When the configuration cannot work or a port cannot be taken.
    pub async fn build(
        config: &Config,
        process: &Process,
        log: SharedLog,
        verifier: Arc<Verifier>,
        policies: Arc<Policies>,
    ) -> Result<Self, StartError> {
        config.validate(batch::max_body_bytes()).map_err(|error| StartError::new(NAME, error))?;
        let intake = Arc::new(intake(config, process, log, verifier, policies));
        export_metrics(&intake);
        add_probes(&intake, process);
        follow_gateways(&intake, process);

        let bind = async |name, address| Listener::bind(name, address).await.map_err(|error| StartError::new(NAME, error));
        let otlp_grpc = bind("telemetry-ingest otlp/grpc", config.otlp_grpc_listen).await?;
        let otlp_http = bind("telemetry-ingest otlp/http", config.otlp_http_listen).await?;
        let (otlp_grpc_address, otlp_http_address) = (otlp_grpc.address(), otlp_http.address());
        listener::start(vec![otlp_grpc, otlp_http], config.workers, &intake, process)
            .map_err(|error| StartError::because(NAME, "the OTLP ports cannot be shared out", error))?;
        Ok(Self { intake, otlp_grpc_address, otlp_http_address })
    }

    /// What belongs on the main port: `POST /v1/events`.
    pub fn router(&self) -> Router {
        let intake = Arc::clone(&self.intake);
        let respond = move |request: Request| {
            let intake = Arc::clone(&intake);
            async move { edge::respond(&intake, request).await.map(Body::new) }
        };
        Router::new().route(EVENTS_PATH, any(respond))
    }

    /// Where OTLP/gRPC listens.
    pub fn otlp_grpc_address(&self) -> SocketAddr {
        self.otlp_grpc_address
    }

    /// Where OTLP/HTTP listens.
    pub fn otlp_http_address(&self) -> SocketAddr {
        self.otlp_http_address
    }

    /// The counts since the start.
    pub fn ledger(&self) -> &Ledger {
        &self.intake.ledger
    }
}

fn intake(config: &Config, process: &Process, log: SharedLog, verifier: Arc<Verifier>, policies: Arc<Policies>) -> Intake {
    let entitlement = Entitlement {
        events: Rate { per_second: config.gateway.events_per_second, burst: config.gateway.events_burst },
        bytes: Rate { per_second: config.gateway.bytes_per_second, burst: config.gateway.bytes_burst },
        memory: config.gateway.max_bytes_in_flight,
    };
    Intake {
        log,
        verifier,
        policies,
        directory: Arc::new(Directory::new(entitlement)),
        budget: Budget::new(config.max_bytes_in_flight),
        ledger: Arc::default(),
        limits: scan::Limits {
            max_decoded_bytes: config.max_decoded_bytes,
            max_event_bytes: config.max_event_bytes,
            max_events: config.max_events,
            max_body_bytes: batch::max_body_bytes(),
        },
        max_request_bytes: config.max_request_bytes,
        body_timeout: config.body_timeout(),
        append_timeout: config.append_timeout(),
        log_away: AtomicBool::new(false),
        clock: process.clock.clone(),
        ids: process.ids.clone(),
        began: Instant::now(),
    }
}

fn export_metrics(intake: &Arc<Intake>) {
    let meter = opentelemetry::global::meter(NAME);
    intake.ledger.export(&meter);
    let (of_memory, of_directory, of_age) = (Arc::clone(intake), Arc::clone(intake), Arc::clone(intake));
    meter
        .u64_observable_gauge("telemetry.in_flight")
        .with_unit("By")
        .with_description("memory of requests under way")
        .with_callback(move |observer| observer.observe(of_memory.budget.taken() as u64, &[]))
        .build();
    meter
        .u64_observable_gauge("telemetry.directory.gateways")
        .with_unit("{gateway}")
        .with_description("gateways in the directory, revoked ones included")
        .with_callback(move |observer| observer.observe(of_directory.directory.len() as u64, &[]))
        .build();
    meter
        .f64_observable_gauge("telemetry.directory.age")
        .with_unit("s")
        .with_description("time since the last sign from the log that feeds the directory")
        .with_callback(move |observer| observer.observe(of_age.directory.age(of_age.began.elapsed()).as_secs_f64(), &[]))
        .build();
}

fn add_probes(intake: &Arc<Intake>, process: &Process) {
    let of_directory = Arc::clone(intake);
    process.health.add_probe(format!("{NAME}.directory"), move || {
        let state = of_directory.directory.check(of_directory.began.elapsed()).map_err(ToOwned::to_owned);
        async move { state }
    });
    let log = Arc::clone(&intake.log);
    process.health.add_probe(format!("{NAME}.event_log"), move || {
        let log = Arc::clone(&log);
        async move { log.check().await.map_err(|error| error.to_string()) }
    });
}

fn follow_gateways(intake: &Arc<Intake>, process: &Process) {
    let (intake, shutdown) = (Arc::clone(intake), process.tasks.shutdown());
    process.tasks.spawn("telemetry-ingest.directory", async move {
        gateway::follow(&intake.directory, &intake.log, &shutdown, intake.began).await;
        Ok::<(), std::convert::Infallible>(())
    });
}
