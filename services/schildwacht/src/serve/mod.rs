//! Starts the services of one process, and shuts them down gracefully.
//!
//! The order matters: configuration, data folder, ports (so that a port in use is reported before anything else happens), event
//! log, services, and only then the listeners. Shutdown is the reverse: listeners drain, loops return, the log closes, telemetry is
//! flushed.

pub mod audit;
mod banner;
mod cleartext;
pub mod config;
mod data_dir;
#[cfg(test)]
mod data_register;
pub mod discovery;
#[cfg(test)]
mod erased;
pub mod event_log;
#[cfg(test)]
mod every_route;
mod mount;
mod secrets;
#[cfg(test)]
mod what_is_kept;

use std::{convert::Infallible, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use axum::Router;
use events::SharedLog;
use runtime::{Clock, Process, listener::Listener, tasks::stop_signal, telemetry::Telemetry};
use service::KeepCheckpoints;
use tower_http::timeout::{RequestBodyDeadlineLayer, RequestBodyTimeoutLayer};
use url::Url;

pub use cleartext::refuse_what_audit_reads;
pub use config::Config;
use config::ListenConfig;
use data_dir::DataDir;
use mount::Mounts;

use crate::{
    cli::{ServeOptions, Service},
    demo,
};

/// How long loops may take to return after the listeners have drained.
const LOOPS_DRAIN: Duration = Duration::from_secs(10);
/// Read time-outs of a request body: for the next piece, and for all of it. Without them, a body that stalls or trickles could hold its
/// connection for ever.
const BODY_SILENCE: Duration = Duration::from_secs(60);
const BODY_DEADLINE: Duration = Duration::from_secs(5 * 60);
const DEMO_SEED: u64 = 1;
/// Longer than the week in which a device counts as new, so that not every demo device is new.
const DEMO_HISTORY_DAYS: u16 = 10;

/// Reads the configuration and applies the command line's overrides.
pub fn given(options: &ServeOptions) -> Result<Config> {
    let mut config = Config::load(options.config.as_deref())?;
    if let Some(data_dir) = &options.data_dir {
        config.data_dir.clone_from(data_dir);
    }
    if let Some(address) = options.listen {
        config.listen.address = address;
    }
    Ok(config)
}

/// The complete and validated configuration of a service.
pub fn configuration(service: Service, options: &ServeOptions) -> Result<Config> {
    let mut config = given(options)?;
    if service == Service::All && !options.no_demo && config.auth.issuer.is_empty() {
        config.identity.demo_data = true;
        config.portal.emergency_line.get_or_insert_with(portal::config::EmergencyLine::example);
    }
    let config = config.complete(service)?;
    secrets::refuse_placeholders(&config, service)?;
    cleartext::refuse(&config, service)?;
    Ok(config)
}

/// Serves until told to stop.
pub async fn serve(service: Service, options: &ServeOptions) -> Result<()> {
    let config = configuration(service, options)?;
    runtime::install_tls_provider();
    let telemetry = Arc::new(Telemetry::start(&config.telemetry, &format!("schildwacht-{}", service.name()))?);
    let served = run(service, config, Arc::clone(&telemetry)).await;
    if let Some(telemetry) = Arc::into_inner(telemetry) {
        telemetry.shut_down();
    }
    served
}

async fn run(service: Service, config: Config, telemetry: Arc<Telemetry>) -> Result<()> {
    let data_dir = DataDir::take(&config.data_dir)?;
    let opened = async {
        let ports = Ports::bind(service, &config).await?;
        let log = config.events.open(data_dir.path()).await.with_context(|| config.events.named())?;
        anyhow::Ok((ports, log))
    };
    let (ports, log) = match opened.await {
        Ok(opened) => opened,
        Err(error) => {
            data_dir.leave_no_trace();
            return Err(error);
        }
    };
    let process = Process::new(Clock::system());

    let served = start_and_wait(service, &config, &data_dir, ports, &log, &process, telemetry).await;
    let checkpoints = served.as_ref().map(Vec::clone).unwrap_or_default();
    process.tasks.shutdown().request();
    let ending = async {
        let drained = process.tasks.drain(config.listen.limits().drain + LOOPS_DRAIN).await;
        // Nothing writes any more: these are over everything that was done.
        futures::future::join_all(checkpoints.iter().map(KeepCheckpoints::make_last)).await;
        log.close().await;
        drained
    };
    let drained = tokio::select! {
        drained = ending => drained,
        again = stop_signal() => {
            again.context("signals cannot be listened to")?;
            bail!("stopped at once by a second signal; what was acknowledged is kept");
        }
    };
    if let Err(error) = served {
        data_dir.leave_no_trace();
        return Err(error);
    }
    if let Err(problem) = drained {
        bail!("stopped because of a problem: {problem}");
    }
    tracing::info!(name: "process.stopped", "stopped, nothing left undone");
    Ok(())
}

/// The ports of this process.
struct Ports {
    /// Where the process has pages, REST or an issuer.
    main: Option<Listener>,
    grpc: Listener,
    admin: Listener,
    sensors: Option<telemetry_ingest::Ports>,
}

impl Ports {
    /// Binds all ports, or reports every one that cannot be bound: an operator who runs a second process then changes all at once.
    async fn bind(service: Service, config: &Config) -> Result<Self> {
        let answers_browsers = service.services().iter().any(|service| match service {
            Service::Portal | Service::TelemetryIngest => true,
            Service::Identity => config.identity.issuer.embedded,
            Service::All | Service::NetworkMonitor | Service::IncidentIntake => false,
        });
        let main = if answers_browsers {
            Some(Listener::bind("pages and REST (listen.address, --listen)", config.listen.address).await)
        } else {
            None
        };
        let grpc = Listener::bind("gRPC (listen.grpc_address)", config.listen.grpc()).await;
        let admin = Listener::bind("health and metrics (listen.admin_address)", config.listen.admin_address).await;
        let takes_telemetry = service.services().contains(&Service::TelemetryIngest);
        let sensors = if takes_telemetry { Some(telemetry_ingest::Ports::bind(&config.telemetry_ingest).await) } else { None };
        match (main.transpose(), grpc, admin, sensors.transpose()) {
            (Ok(main), Ok(grpc), Ok(admin), Ok(sensors)) => Ok(Self { main, grpc, admin, sensors }),
            (main, grpc, admin, sensors) => {
                let complaints = main.err().into_iter().chain(grpc.err()).chain(admin.err()).chain(sensors.err().unwrap_or_default());
                bail!("{}", complaints.map(|complaint| complaint.to_string()).collect::<Vec<_>>().join("; "))
            }
        }
    }
}

/// Starts everything; returns on a stop signal with the checkpoints that are left to make, or with the error of the start.
async fn start_and_wait(
    service: Service,
    config: &Config,
    data_dir: &DataDir,
    ports: Ports,
    log: &SharedLog,
    process: &Process,
    telemetry: Arc<Telemetry>,
) -> Result<Vec<KeepCheckpoints>> {
    let shutdown = process.tasks.shutdown();
    let _stop_what_was_started = shutdown.request_on_drop();
    let log_probe = Arc::clone(log);
    process.health.add_probe("events.log", move || {
        let log = Arc::clone(&log_probe);
        async move { log.check().await.map_err(|error| error.to_string()) }
    });

    let (main_address, grpc_address) = (ports.main.as_ref().map(Listener::address), ports.grpc.address());
    let (main_address, admin_address) = (main_address.unwrap_or(config.listen.address), ports.admin.address());
    let mounts = Mounts { config, process, log: Arc::clone(log), data_dir: data_dir.path(), listen: main_address, sensors: ports.sensors };
    let mut mounted = mounts.mount(service).await?;

    let (listen, hosts) = (&config.listen, config.listen.hosts());
    listen.warn_of_proxies();
    // Each with limits of its own: what browsers take is nobody else's, least of all the probes'.
    if let Some(main) = ports.main {
        let pages = hosts.guard(main_address, front(mounted.pages, listen));
        process.tasks.spawn("listener", main.serve(pages, listen.limits(), shutdown.clone()));
    }
    let grpc = hosts.guard(grpc_address, grpc_front(mounted.grpc, process, listen)?);
    process.tasks.spawn("grpc listener", ports.grpc.serve(grpc, listen.limits(), shutdown.clone()));
    let admin = hosts.guard(admin_address, runtime::admin::router(process.health.clone(), telemetry));
    process.tasks.spawn("admin listener", ports.admin.serve(admin, listen.limits(), shutdown.clone()));
    if config.identity.demo_data {
        start_demo(config, main_address, data_dir.path(), process)?;
    }
    mounted.ports.insert(0, ("gRPC", grpc_address));
    banner::print(service, config, data_dir, admin_address, &mounted.ports);

    let reason = tokio::select! {
        signal = stop_signal() => signal.context("signals cannot be listened to")?,
        () = shutdown.requested() => "a failed task",
    };
    tracing::info!(name: "process.stopping", reason, "stopping");
    Ok(mounted.checkpoints)
}

/// Runs the demo schools' sensors, which post to the same endpoint as real ones.
fn start_demo(config: &Config, main: SocketAddr, data_dir: &Path, process: &Process) -> Result<()> {
    let plan = demo::sensors::Plan {
        at: Url::parse(&format!("http://{main}"))?,
        issuer: Url::parse(&config.auth.issuer).context("auth.issuer is no URL")?,
        seed: DEMO_SEED,
        history_days: DEMO_HISTORY_DAYS,
    };
    let gateways = demo::sensors::gateways(data_dir)?;
    let (clock, shutdown) = (process.clock.clone(), process.tasks.shutdown());
    process.tasks.spawn("demo", async move {
        if let Err(error) = demo::sensors::run(&plan, gateways, &clock, &shutdown).await {
            // The product keeps running without its demo.
            tracing::warn!(name: "demo.stopped", error = format!("{error:#}"), "the demo's sensors stopped");
        }
        Ok::<_, Infallible>(())
    });
    Ok(())
}

/// What browsers and sensors reach.
fn front(pages: Router, listen: &ListenConfig) -> Router {
    wrapped(pages.merge(discovery::router(&listen.public_grpc_url)))
}

/// What services and operators reach: with health, and with reflection where it is wanted.
fn grpc_front(services: Router, process: &Process, listen: &ListenConfig) -> Result<Router> {
    let mut grpc = tonic::service::Routes::builder();
    grpc.add_service(runtime::admin::grpc_health(process.health.clone()));
    if listen.grpc_reflection {
        let reflection = tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET);
        grpc.add_service(reflection.build_v1().context("gRPC reflection cannot be set up")?);
    }
    Ok(wrapped(services.merge(grpc.routes().into_axum_router().reset_fallback())))
}

/// With read time-outs of bodies, and a span and metrics for each request.
fn wrapped(routes: Router) -> Router {
    let routes = routes.layer(RequestBodyTimeoutLayer::new(BODY_SILENCE)).layer(RequestBodyDeadlineLayer::new(BODY_DEADLINE));
    routes.layer(axum::middleware::from_fn(runtime::observe::observe))
}
