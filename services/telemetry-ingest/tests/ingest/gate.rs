//! The service under test, with one enrolled gateway.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use auth::{AUDIENCE_TELEMETRY, Policies, Principal, Subject, Verifier};
use events::{Envelope, EventLog as _, LogHandle, Record, SharedLog, TailFrom, Topic};
use http::StatusCode;
use proto::identity::v1::{GatewayDirectoryEntry, GatewayState};
use runtime::{Clock, GatewayId, Ids, SchoolId, listener::Limits};
use schildwacht_telemetry_ingest::{
    Config, Doors, Outcome, Ports, Service, Settlement,
    config::{GatewayLimits, SchoolLimits},
};
use storage::cache::CacheConfig;
use testkit::{Running, Store, TestIssuer, TestLog, TestProcess, eventually, servers};

use crate::unreliable_log::UnreliableLog;

/// How long a test waits: long, as a machine may be busy with other things.
pub const WITHIN: Duration = testkit::PATIENCE;

const TOPICS: [Topic; 2] = [Topic::Gateway, Topic::TelemetryBatch];

/// What the service runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The log of one machine, and nothing that is shared.
    Embedded,
    /// Kafka and Redis.
    Production,
}

/// Writes a test once and runs it in both modes.
#[macro_export]
macro_rules! in_both_modes {
    ($($(#[$attribute:meta])* async fn $name:ident($mode:ident: Mode) $body:block)+) => {$(
        $(#[$attribute])*
        async fn $name($mode: $crate::gate::Mode) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                super::$name($crate::gate::Mode::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn production() {
                if testkit::has_servers() {
                    super::$name($crate::gate::Mode::Production).await;
                }
            }
        }
    )+};
}

/// What a gate stands on; several may stand on the same.
#[derive(Clone)]
pub struct Ground {
    pub log: Arc<UnreliableLog>,
    pub redis_url: String,
    issuer: Arc<TestIssuer>,
    _log: Arc<TestLog>,
}

impl Ground {
    pub async fn of(mode: Mode) -> Self {
        let store = if mode == Mode::Production { Store::Postgres } else { Store::Sqlite };
        let log = TestLog::of(store, &TOPICS).await;
        let redis_url = if mode == Mode::Production { std::env::var(servers::REDIS.variable).unwrap() } else { String::new() };
        let issuer = Arc::new(TestIssuer::start(Clock::system()).await);
        Self { log: Arc::new(UnreliableLog::over(log.share())), redis_url, issuer, _log: Arc::new(log) }
    }

    /// With a Redis of the test's own.
    pub fn with_redis(self, url: &str) -> Self {
        Self { redis_url: url.to_owned(), ..self }
    }

    /// The service, not built yet.
    pub async fn service(&self, config: Config) -> Service {
        runtime::install_tls_provider();
        Service {
            ports: Ports::bind(&config).await.unwrap(),
            config,
            limits: Limits::default(),
            cache: CacheConfig::at(self.redis_url.clone()),
            log: LogHandle(Arc::clone(&self.log) as SharedLog),
            verifier: Arc::new(Verifier::new(&self.issuer.config(), AUDIENCE_TELEMETRY, Clock::system()).unwrap()),
            policies: Arc::new(Policies::load().unwrap()),
        }
    }
}

pub struct Gate {
    pub ground: Ground,
    pub doors: Doors,
    pub process: TestProcess,
    pub log: Arc<UnreliableLog>,
    pub issuer: Arc<TestIssuer>,
    pub gateway: GatewayId,
    pub school: SchoolId,
    pub http: reqwest::Client,
    pub main_port: Running,
    pub ids: Ids,
}

/// Limits that tests can reach.
pub fn config() -> Config {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    Config {
        otlp_grpc_listen: any_port,
        otlp_http_listen: any_port,
        workers: 2,
        max_request_bytes: 4 << 20,
        max_decoded_bytes: 8 << 20,
        max_event_bytes: 64 << 10,
        max_events: 20_000,
        max_bytes_in_flight: 64 << 20,
        body_timeout_seconds: 5,
        append_timeout_seconds: 5,
        gateway: GatewayLimits { events_per_second: 1_000_000, events_burst: 1_000_000, bytes_per_second: 1 << 30, bytes_burst: 1 << 30 },
        school: SchoolLimits { gateways_at_full_rate: 1_000, max_bytes_in_flight: 64 << 20, max_bytes_coming_in: 64 << 20 },
    }
}

impl Gate {
    /// In the embedded mode.
    pub async fn open() -> Self {
        Self::open_in(Mode::Embedded, config()).await
    }

    /// In the embedded mode.
    pub async fn open_with(config: Config) -> Self {
        Self::open_in(Mode::Embedded, config).await
    }

    pub async fn open_in(mode: Mode, config: Config) -> Self {
        Self::open_on(Ground::of(mode).await, config).await
    }

    pub async fn open_on(ground: Ground, config: Config) -> Self {
        let gate = Self::closed_on(ground, config).await;
        gate.enrol(gate.gateway, gate.school, GatewayState::Active).await;
        gate.is_ready_within(WITHIN).await;
        gate
    }

    /// Started, but its gateway is not enrolled yet.
    pub async fn closed_on(ground: Ground, config: Config) -> Self {
        let process = TestProcess::new();
        let doors = ground.service(config).await.build(&process).await.unwrap();
        let main_port = Running::start(doors.router.clone()).await;
        let ids = Ids::random(Clock::system());
        let (gateway, school) = (ids.next(), ids.next());
        let http = testkit::http_builder().timeout(Duration::from_secs(30)).build().unwrap();
        let (log, issuer) = (Arc::clone(&ground.log), Arc::clone(&ground.issuer));
        Self { ground, doors, process, log, issuer, gateway, school, http, main_port, ids }
    }

    /// Another replica, on the same ground and for the same gateway.
    pub async fn replica(&self, config: Config) -> Self {
        let closed = Self::closed_on(self.ground.clone(), config).await;
        let gate = Self { gateway: self.gateway, school: self.school, ..closed };
        gate.is_ready_within(WITHIN).await;
        gate
    }

    /// Waits until what was paid before is settled: one settlement may be under way already, the one after it begins later.
    pub async fn has_settled(&self) {
        let before = self.settlements(Settlement::Settled);
        let settled = async || (self.settlements(Settlement::Settled) >= before + 2).then_some(());
        eventually("two settlements with the other replicas", settled).await;
    }

    /// Settlements that ended so.
    pub fn settlements(&self, settlement: Settlement) -> u64 {
        self.doors.ledger.settlements(settlement)
    }

    /// Publishes a gateway's entry as identity does.
    pub async fn enrol(&self, gateway: GatewayId, school: SchoolId, state: GatewayState) {
        let entry = GatewayDirectoryEntry { gateway_id: gateway.to_string(), school_id: school.to_string(), state: state.into() };
        let envelope = Envelope::new(self.ids.next(), Clock::system().now(), "identity", gateway.to_string(), &entry);
        self.log.append(Topic::Gateway, vec![envelope.into_record()]).await.unwrap();
    }

    /// Waits until the gateway is let in.
    pub async fn is_ready_within(&self, patience: Duration) {
        let until_let_in = async {
            while self.post("/v1/logs", "application/x-protobuf", None, Vec::new()).await.status() != StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(patience, until_let_in).await.expect("the gateway should be let in");
    }

    pub fn token(&self) -> String {
        self.token_of(self.gateway)
    }

    pub fn token_of(&self, gateway: GatewayId) -> String {
        self.issuer.token_for(&principal(gateway), AUDIENCE_TELEMETRY, 3_600)
    }

    /// Where a path is served.
    pub fn url(&self, path: &str) -> String {
        if path == "/v1/events" {
            return format!("{}{path}", self.main_port.url());
        }
        format!("http://{}{path}", self.doors.otlp_http_address)
    }

    pub async fn post(&self, path: &str, media_type: &str, encoding: Option<&str>, body: Vec<u8>) -> reqwest::Response {
        self.post_as(&self.token(), path, media_type, encoding, body).await
    }

    pub async fn post_as(&self, token: &str, path: &str, media_type: &str, encoding: Option<&str>, body: Vec<u8>) -> reqwest::Response {
        let mut request = self.http.post(self.url(path)).bearer_auth(token).header("content-type", media_type).body(body);
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        request.send().await.unwrap()
    }

    /// All batches in the log.
    pub async fn stored(&self) -> Vec<Record> {
        let mut tail = self.log.tail(Topic::TelemetryBatch, TailFrom::Start).await.unwrap();
        let mut records = Vec::new();
        while !tail.caught_up() {
            records.extend(tail.next(1_000, Duration::from_secs(1)).await.unwrap().into_iter().map(|delivered| delivered.record));
        }
        records
    }

    /// The only batch in the log.
    pub async fn stored_one(&self) -> Record {
        let mut records = self.stored().await;
        assert_eq!(records.len(), 1, "batches in the log");
        records.remove(0)
    }

    /// Requests that ended so.
    pub fn requests(&self, outcome: Outcome) -> u64 {
        self.doors.ledger.requests(outcome)
    }

    /// Events that ended so.
    pub fn events(&self, outcome: Outcome) -> u64 {
        self.doors.ledger.events(outcome)
    }

    /// Waits until so many requests ended so.
    pub async fn counts_within(&self, patience: Duration, outcome: Outcome, requests: u64) {
        let until_counted = async {
            while self.requests(outcome) < requests {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let counted = tokio::time::timeout(patience, until_counted).await;
        assert!(counted.is_ok(), "{} requests ended as {outcome:?}, not {requests}", self.requests(outcome));
    }
}

pub fn principal(gateway: GatewayId) -> Principal {
    Principal { subject: Subject::Gateway(gateway), name: "gateway".to_owned(), functions: Vec::new() }
}

pub fn header<'r>(response: &'r reqwest::Response, name: &str) -> Option<&'r str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}
