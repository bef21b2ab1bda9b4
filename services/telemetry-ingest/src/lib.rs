//! telemetry-ingest: the front door for what schools' sensors see.
//!
//! It owns nothing and keeps nothing. A gateway posts a batch of events; the batch goes into the event log as it came, keyed by
//! the gateway's school; the gateway is answered *after* the log has it. An accepted batch is never lost, a refused one is told
//! when to retry or why it never will be taken.
//!
//! The path of one request:
//!
//! 1. [`edge`] reads the headers: which surface, which format, which compression.
//! 2. [`intake`] recognises the gateway: the token by `auth`, the gateway by the [directory](gateway) in memory, its
//!    [allowance](limit) and its school's. All this before the first byte of the body is read, and without a remote call: use of rate
//!    limits is shared with other replicas once a second, if there is a Redis.
//! 3. [`edge`] reads the body within the limits of size, time and [memory](limit).
//! 4. [`scan`] counts and checks the events without building objects, and cuts what does not fit into one record.
//! 5. [`batch`] makes the record, the log takes it, [`outcome`] counts what became of it, [`edge`] says so.
//!
//! Invariants:
//! - Every request and every event ends in exactly one counted outcome (by type: see [`outcome`]).
//! - The school comes from the directory, never from the request.
//! - What is stored under `application/x-protobuf` decodes.
//! - No queue without a bound, nothing waits without a deadline. Requests under way have one budget of memory, and each thread
//!   one buffer for decompression.
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
pub mod scan;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
};

use auth::{Policies, Verifier};
use axum::{Router, body::Body, extract::Request, routing::any};
use events::LogHandle;
use runtime::{Process, StartError, listener::Limits};
use storage::{SharedRates, cache::CacheConfig};
use tokio::time::Instant;

pub use batch::max_body_bytes;
pub use config::Config;
pub use edge::{EVENTS_PATH, OTLP_GRPC_PATH, OTLP_HTTP_PATH};
pub use listener::Ports;
pub use outcome::{Ledger, Outcome, Settlement, Surface};

use gateway::{Directory, Entitlement};
use intake::Intake;
use limit::{Budget, Rate, RateLimits};

/// The service.
pub struct Service {
    /// `[telemetry_ingest]`.
    pub config: Config,
    /// Where sensors come in.
    pub ports: Ports,
    /// `[listen]`: what a client of these ports may take.
    pub limits: Limits,
    /// `[cache]`: where replicas share the rates of gateways.
    pub cache: CacheConfig,
    /// Where batches go, and where identity says which gateways there are.
    pub log: LogHandle,
    /// Verifies tokens of the issuer.
    pub verifier: Arc<Verifier>,
    /// What gateways may do.
    pub policies: Arc<Policies>,
}

/// Where telemetry is processed, and what was counted there.
pub struct Doors {
    /// What belongs on the main port: `POST /v1/events`, and `POST /v1/logs` for clients with one address for everything.
    pub router: Router,
    /// Where OTLP/gRPC listens.
    pub otlp_grpc_address: SocketAddr,
    /// Where OTLP/HTTP listens.
    pub otlp_http_address: SocketAddr,
    /// The counts since the start.
    pub ledger: Arc<Ledger>,
}

impl Service {
    /// Its name in configuration, events, metrics and logs.
    pub const NAME: &str = batch::SOURCE;

    /// Its routes, and its own ports, which are served from now on. Until the directory of gateways has been read, every request is
    /// told to retry, and the process is not ready.
    ///
    /// # Errors
    /// When the configuration cannot work. Redis may be down.
    pub async fn build(self, process: &Process) -> Result<Doors, StartError> {
        self.config.validate(batch::max_body_bytes()).map_err(|error| StartError::new(Self::NAME, error))?;
        let rates = SharedRates::of(&self.cache, Self::NAME)
            .map_err(|error| StartError::because(Self::NAME, "rates of gateways cannot be shared", error))?;
        let Self { config, ports, limits, log, verifier, policies, .. } = self;
        let workers = config.workers;
        let intake = Arc::new(intake(config, log, verifier, policies, process));
        export_metrics(&intake);
        add_probes(&intake, process);
        follow_gateways(&intake, process);
        report_refusals(&intake, process);
        if let Some(rates) = rates {
            settle_rates(rates, &intake, process);
        }

        let (otlp_grpc_address, otlp_http_address) = (ports.otlp_grpc_address(), ports.otlp_http_address());
        listener::start(ports, workers, &limits, &intake, process)
            .map_err(|error| StartError::because(Self::NAME, "the OTLP ports cannot be shared out", error))?;
        let ledger = Arc::clone(&intake.ledger);
        Ok(Doors { router: router(intake), otlp_grpc_address, otlp_http_address, ledger })
    }
}

fn intake(config: Config, log: LogHandle, verifier: Arc<Verifier>, policies: Arc<Policies>, process: &Process) -> Intake {
    let limits = config.gateway;
    let of_gateway = RateLimits {
        events: Rate { per_second: limits.events_per_second, burst: limits.events_burst },
        bytes: Rate { per_second: limits.bytes_per_second, burst: limits.bytes_burst },
    };
    let of_school = of_gateway.times(config.school.gateways_at_full_rate);
    let entitlement = Entitlement {
        gateway: of_gateway,
        school: of_school,
        school_memory: config.school.max_bytes_in_flight,
        school_reading: config.school.max_bytes_coming_in,
    };
    Intake {
        log: log.0,
        verifier,
        policies,
        directory: Arc::new(Directory::new(entitlement)),
        budget: Budget::new(config.max_bytes_in_flight),
        ledger: Arc::default(),
        limits: config.limits(batch::max_body_bytes()),
        max_request_bytes: config.max_request_bytes,
        body_timeout: config.body_timeout(),
        append_timeout: config.append_timeout(),
        log_away: AtomicBool::new(false),
        clock: process.clock.clone(),
        ids: process.ids.clone(),
        began: Instant::now(),
    }
}

fn router(intake: Arc<Intake>) -> Router {
    let respond = move |request: Request| {
        let intake = Arc::clone(&intake);
        async move { edge::respond(&intake, request).await.map(Body::new) }
    };
    Router::new().route(EVENTS_PATH, any(respond.clone())).route(OTLP_HTTP_PATH, any(respond))
}

fn export_metrics(intake: &Arc<Intake>) {
    let meter = opentelemetry::global::meter(Service::NAME);
    intake.ledger.export(&meter);
    let (of_memory, of_directory, of_age) = (Arc::clone(intake), Arc::clone(intake), Arc::clone(intake));
    meter
        .u64_observable_gauge("telemetry.in_flight")
        .with_unit("By")
        .with_description("memory held by requests under way")
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
        .with_description("time since the partition that is furthest behind was known to be read to its end")
        .with_callback(move |observer| observer.observe(of_age.directory.age(of_age.began.elapsed()).as_secs_f64(), &[]))
        .build();
}

fn add_probes(intake: &Arc<Intake>, process: &Process) {
    let of_directory = Arc::clone(intake);
    process.health.add_probe("telemetry-ingest.directory", move || {
        let state = of_directory.directory.check(of_directory.began.elapsed()).map_err(ToOwned::to_owned);
        async move { state }
    });
    let log = Arc::clone(&intake.log);
    process.health.add_probe("telemetry-ingest.event_log", move || {
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

fn report_refusals(intake: &Arc<Intake>, process: &Process) {
    let (intake, shutdown) = (Arc::clone(intake), process.tasks.shutdown());
    process.tasks.spawn("telemetry-ingest.refusals", async move {
        gateway::report(&intake, &shutdown).await;
        Ok::<(), std::convert::Infallible>(())
    });
}

fn settle_rates(rates: SharedRates, intake: &Arc<Intake>, process: &Process) {
    let (intake, shutdown) = (Arc::clone(intake), process.tasks.shutdown());
    process.tasks.spawn("telemetry-ingest.rates", async move {
        gateway::settle(&intake.directory, rates, &intake.ledger, &shutdown, intake.began).await;
        Ok::<(), std::convert::Infallible>(())
    });
}
