//! Everything around the measured process: an issuer, enrolled gateways, a folder for the embedded log, a Kafka cluster.

use anyhow::{Context as _, Result, ensure};
use auth::{AUDIENCE_TELEMETRY, Principal, Subject};
use events::{EmbeddedConfig, EmbeddedLog, Envelope, KafkaLog, SharedLog, Topic};
use proto::identity::v1::{GatewayDirectoryEntry, GatewayState};
use rdkafka::{mocking::MockCluster, producer::DefaultProducerContext};
use runtime::{Clock, GatewayId, Ids};
use tempfile::TempDir;
use testkit::TestIssuer;
use tokio::runtime::Handle;

use super::{
    server::{Addresses, Counts, kafka_config},
    variant::Log,
};
use crate::{
    child::Child,
    settings::{Settings, beside_executable},
};

/// Gateways. The first few are of one school, the others of a school each. Records are keyed by school, so that they spread over partitions as
/// they do in the country.
const GATEWAYS: usize = 64;

/// Gateways of the one school that has several.
pub const SIBLINGS: usize = 4;

/// One, as in the spike that the goals come from; its broker thread in the server is what is measured, not its replicas.
const BROKERS: i32 = 1;

/// What lasts over all rounds.
pub struct Setup {
    /// Where the issuer runs, and everything that waits.
    background: Handle,
    issuer: TestIssuer,
    gateways: Vec<GatewayId>,
    cluster: MockCluster<'static, DefaultProducerContext>,
    clock: Clock,
}

/// A measured process, ready for requests.
pub struct Measured {
    pub server: Child,
    pub addresses: Addresses,
    /// One of each gateway.
    pub tokens: Vec<String>,
    // Holds the embedded log; removed when the process has ended.
    _folder: TempDir,
}

impl Setup {
    /// Starts the issuer and the cluster, and enrols the gateways there.
    pub fn make(background: &Handle) -> Result<Self> {
        let clock = Clock::system();
        let ids = Ids::random(clock.clone());
        let issuer = background.block_on(TestIssuer::start(clock.clone()));
        let cluster = MockCluster::new(BROKERS)?;
        for topic in [Topic::Gateway, Topic::TelemetryBatch] {
            cluster.create_topic(topic.spec().name, topic.spec().partitions, BROKERS)?;
        }
        let background = background.clone();
        let setup = Self { background, issuer, gateways: (0..GATEWAYS).map(|_| ids.next()).collect(), cluster, clock };
        let settings = kafka_config(Settings::load()?.events.kafka, setup.cluster.bootstrap_servers());
        setup.background.block_on(async { setup.enrol(KafkaLog::open(settings)?).await })?;
        Ok(setup)
    }

    /// Starts the measured process on one of the logs.
    pub fn open(&self, log: Log) -> Result<Measured> {
        let folder = beside_executable()?;
        if log != Log::Kafka {
            let config = EmbeddedConfig::new(folder.path());
            self.background.block_on(async { self.enrol(EmbeddedLog::open(config)?).await })?;
        }
        let (kind, path) = (log.name(), folder.path().to_str().context("the path of the folder is not UTF-8")?);
        let (issuer, brokers) = (self.issuer.url(), self.cluster.bootstrap_servers());
        let mut server = Child::start(&["ingest-server", "--log", kind, "--folder", path, "--brokers", &brokers, "--issuer", &issuer])?;
        let addresses = server.hear()?;
        let tokens = self.gateways.iter().map(|gateway| self.token(*gateway)).collect();
        Ok(Measured { server, addresses, tokens, _folder: folder })
    }

    /// Publishes the gateways as identity does.
    async fn enrol(&self, log: SharedLog) -> Result<()> {
        let ids = Ids::random(self.clock.clone());
        log.ensure_topics(&[Topic::Gateway, Topic::TelemetryBatch]).await?;
        let of_siblings = ids.next::<runtime::SchoolId>();
        let entry = |(number, gateway): (usize, &GatewayId)| {
            let school_id = if number < SIBLINGS { of_siblings } else { ids.next() }.to_string();
            let entry = GatewayDirectoryEntry { gateway_id: gateway.to_string(), school_id, state: GatewayState::Active.into() };
            Envelope::new(ids.next(), self.clock.now(), "identity", gateway.to_string(), &entry).into_record()
        };
        log.append(Topic::Gateway, self.gateways.iter().enumerate().map(entry).collect()).await?;
        log.close().await;
        Ok(())
    }

    fn token(&self, gateway: GatewayId) -> String {
        let principal = Principal { subject: Subject::Gateway(gateway), name: "gateway".to_owned(), functions: Vec::new() };
        self.issuer.token_for(&principal, AUDIENCE_TELEMETRY, 3_600)
    }
}

impl Measured {
    /// Ends the process.
    pub fn stop(self) -> Result<Counts> {
        self.server.end()
    }

    /// Ends the process and compares its counts with what was sent.
    pub fn end(self, sent: u64) -> Result<()> {
        let counts = self.stop()?;
        ensure!(counts.accepted == sent, "{sent} events were acknowledged, the server counted {} as accepted", counts.accepted);
        ensure!(counts.refused == 0, "{} requests were refused", counts.refused);
        Ok(())
    }
}
