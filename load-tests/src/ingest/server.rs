//! The measured process: telemetry-ingest alone, as the product sets it up.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Result, bail};
use async_trait::async_trait;
use auth::{AUDIENCE_TELEMETRY, AuthConfig, Policies, Verifier};
use clap::Args;
use events::{
    EmbeddedConfig, EmbeddedLog, EventLog, KafkaConfig, KafkaLog, LogError, LogHandle, Position, Record, SharedLog, Subscription, Tail,
    TailFrom, Topic,
};
use runtime::{Clock, Process, listener::Limits, telemetry::Telemetry};
use serde::{Deserialize, Serialize};
use telemetry_ingest::{Outcome, Ports, Service};

use super::variant::Log;
use crate::{child, settings::Settings};

const DRAIN: Duration = Duration::from_secs(10);

/// What the measured process is told at its start.
#[derive(Debug, Args)]
pub struct ServerOptions {
    #[arg(long, value_enum)]
    log: Log,
    /// Of the embedded log.
    #[arg(long)]
    folder: PathBuf,
    /// Of the Kafka cluster.
    #[arg(long)]
    brokers: String,
    #[arg(long)]
    issuer: String,
}

/// Where it listens; said when it is ready.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Addresses {
    pub otlp_http: SocketAddr,
    pub otlp_grpc: SocketAddr,
}

/// What it counted; said at the end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Counts {
    /// Events.
    pub accepted: u64,
    /// Requests.
    pub refused: u64,
}

/// Serves until it is told to end.
pub async fn serve(options: ServerOptions) -> Result<()> {
    let settings = Settings::load()?;
    let telemetry = Telemetry::start(&settings.telemetry, "schildwacht-telemetry-ingest")?;
    let process = Process::new(Clock::system());
    let log = open(&options, settings.events.kafka)?;
    let verifier = Arc::new(Verifier::new(&AuthConfig { issuer: options.issuer }, AUDIENCE_TELEMETRY, process.clock.clone())?);
    let policies = Arc::new(Policies::load()?);
    let config = settings.telemetry_ingest;
    let ports = match Ports::bind(&config).await {
        Ok(ports) => ports,
        Err(complaints) => bail!("{}", complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    };
    let service =
        Service { config, ports, limits: Limits::default(), cache: settings.cache, log: LogHandle(Arc::clone(&log)), verifier, policies };
    let doors = service.build(&process).await?;

    while !process.health.readiness().await.ready {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child::say(&Addresses { otlp_http: doors.otlp_http_address, otlp_grpc: doors.otlp_grpc_address })?;
    while child::told_to_go_on().await? {}

    process.tasks.shutdown().request();
    if let Err(problem) = process.tasks.drain(DRAIN).await {
        bail!("not stopped in order: {problem}");
    }
    log.close().await;
    let ledger = doors.ledger;
    let is_refusal = |outcome: &&Outcome| !matches!(outcome, Outcome::Accepted | Outcome::Empty);
    let refused = Outcome::ALL.iter().filter(is_refusal).map(|outcome| ledger.requests(*outcome)).sum();
    child::say(&Counts { accepted: ledger.events(Outcome::Accepted), refused })?;
    telemetry.shut_down();
    Ok(())
}

fn open(options: &ServerOptions, kafka: KafkaConfig) -> Result<SharedLog> {
    Ok(match options.log {
        Log::Embedded => EmbeddedLog::open(EmbeddedConfig::new(&options.folder))?,
        Log::Kafka => KafkaLog::open(kafka_config(kafka, options.brokers.clone()))?,
        Log::Discard => Arc::new(Discard(EmbeddedLog::open(EmbeddedConfig::new(&options.folder))?)),
    })
}

/// The product's settings with another cluster, whose topics stand.
pub fn kafka_config(defaults: KafkaConfig, brokers: String) -> KafkaConfig {
    KafkaConfig { brokers, create_topics: false, ..defaults }
}

/// A log that keeps all but batches, which it acknowledges at once.
struct Discard(Arc<EmbeddedLog>);

#[async_trait]
impl EventLog for Discard {
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), LogError> {
        self.0.ensure_topics(topics).await
    }

    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        if topic == Topic::TelemetryBatch {
            return Ok(records.iter().map(|_| Position { topic, partition: 0, offset: 0 }).collect());
        }
        self.0.append(topic, records).await
    }

    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, LogError> {
        self.0.subscribe(group, topics).await
    }

    async fn tail(&self, topic: Topic, from: TailFrom) -> Result<Box<dyn Tail>, LogError> {
        self.0.tail(topic, from).await
    }

    async fn lag(&self, group: &str, topics: &[Topic]) -> Result<u64, LogError> {
        self.0.lag(group, topics).await
    }

    async fn check(&self) -> Result<(), LogError> {
        self.0.check().await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
