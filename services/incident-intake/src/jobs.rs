//! Work that time asks for. Each job is harmless when it runs twice, or at several replicas at once.

use std::{convert::Infallible, time::Duration};

use auth::Authenticator;
use runtime::{Process, Shutdown};

use crate::{
    app::{App, measure_queue, prune},
    config::Config,
};

const SERVICE: &str = "incident-intake";

/// Starts all jobs.
pub fn start(app: &App, authenticator: &Authenticator, config: &Config, process: &Process) {
    let every = |seconds: u64| Duration::from_secs(seconds);
    let measuring = measure_queue_every(every(config.measure_every_seconds), app.clone(), authenticator.clone(), process.tasks.shutdown());
    process.tasks.spawn("incident-intake.measure_queue", measuring);
    let pruning = prune_every(every(config.prune_every_seconds), app.clone(), authenticator.clone(), process.tasks.shutdown());
    process.tasks.spawn("incident-intake.prune", pruning);
}

async fn measure_queue_every(period: Duration, app: App, authenticator: Authenticator, shutdown: Shutdown) -> Result<(), Infallible> {
    while shutdown.sleep(period).await {
        let measured = measure_queue(&app, &authenticator.own_context(SERVICE)).await;
        if let Err(error) = measured {
            tracing::warn!(name: "queue.not_measured", error = %error.chain(), "queue not measured, will retry");
        }
    }
    Ok(())
}

async fn prune_every(period: Duration, app: App, authenticator: Authenticator, shutdown: Shutdown) -> Result<(), Infallible> {
    while shutdown.sleep(period).await {
        let pruned = prune(&app, &authenticator.own_context(SERVICE)).await;
        if let Err(error) = pruned {
            tracing::warn!(name: "intake.not_pruned", error = %error.chain(), "old rows not removed, will retry");
        }
    }
    Ok(())
}
