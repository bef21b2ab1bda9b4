//! The measured process: network-monitor alone, as the product sets it up.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Result, bail};
use auth::{AUDIENCE_PLATFORM, AuthConfig, Authenticator, Policies, Verifier};
use clap::Args;
use events::{ConsumerConfig, DeadLetters, EmbeddedConfig, EmbeddedLog, EventLog as _, LogHandle, Topic};
use network_monitor::Service;
use runtime::{Process, telemetry::Telemetry};
use serde::{Deserialize, Serialize};
use service::{Parts, Retention};
use storage::{Database, DatabaseConfig};

use crate::{child, settings::Settings};

const DRAIN: Duration = Duration::from_secs(10);

/// What the measured process is told at its start.
#[derive(Debug, Args)]
pub struct ServerOptions {
    /// Holds the log, and gets the database.
    #[arg(long)]
    folder: PathBuf,
}

/// Said when everything is open and nothing is processed yet.
#[derive(Debug, Serialize, Deserialize)]
pub struct Begun {
    pub migrated: bool,
}

/// Said when everything is processed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stored {
    pub understood: u64,
    pub unused: u64,
    pub devices: u64,
    pub alerts: u64,
}

/// Processes what is in the log, and says what became of it.
pub async fn serve(options: ServerOptions) -> Result<()> {
    let settings = Settings::load()?;
    let telemetry = Telemetry::start(&settings.telemetry, "schildwacht-network-monitor")?;
    let (clock, ids) = super::school_day::clock();
    let process = Process::new(clock.clone());
    let log = EmbeddedLog::open(EmbeddedConfig::new(options.folder.join("log")))?;
    log.ensure_topics(&[Topic::TelemetryBatch, Topic::Erasure, Topic::Alert]).await?;
    let database = Database::connect(&DatabaseConfig::sqlite(&options.folder.join("network-monitor.db"))).await?;
    database.migrate(network_monitor::migrations(), &clock).await?;
    // Nobody calls; the service acts for itself.
    let nobody = AuthConfig { issuer: "http://127.0.0.1:9".to_owned() };
    let verifier = Arc::new(Verifier::new(&nobody, AUDIENCE_PLATFORM, clock.clone())?);
    let authenticator = Authenticator::new(verifier, Arc::new(Policies::load()?), clock, ids);
    let service = Service {
        config: settings.network_monitor,
        parts: Parts {
            database,
            log: LogHandle(log.clone()),
            consumer: ConsumerConfig::default(),
            dead_letters: DeadLetters::default(),
            mailer: Default::default(),
            retention: Retention::load(&content::Settings::default())?,
            authenticator,
        },
    };

    child::say(&Begun { migrated: true })?;
    if !child::told_to_go_on().await? {
        return Ok(());
    }
    let _routes = service.build(&process).await?;
    while log.lag(Service::NAME, &[Topic::TelemetryBatch]).await? > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stored = stored(&telemetry.prometheus_text()?);
    child::say(&stored)?;
    while child::told_to_go_on().await? {}

    process.tasks.shutdown().request();
    if let Err(problem) = process.tasks.drain(DRAIN).await {
        bail!("not stopped in order: {problem}");
    }
    log.close().await;
    child::say(&stored)?;
    telemetry.shut_down();
    Ok(())
}

/// What the service counted, read from its metrics as an operator would.
fn stored(metrics: &str) -> Stored {
    let sum = |name: &str, attribute: &str| -> u64 {
        let lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains(attribute));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).map(|count| count as u64).sum()
    };
    Stored {
        understood: sum("monitor_events_total", r#"outcome="understood""#),
        unused: sum("monitor_events_total", r#"outcome="unused""#),
        devices: sum("monitor_devices_total", r#"change="appeared""#),
        alerts: sum("monitor_alerts_total", r#"change="opened""#),
    }
}
