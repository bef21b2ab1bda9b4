//! The real services around the portal: identity, network-monitor and incident-intake in this process, on SQLite and the embedded
//! log, as `serve all` runs them. Tests ask them over gRPC as a person who may, and sensors speak through the log.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use auth::Principal;
use axum::Router;
use events::{ConsumerConfig, DeadLetters, EmbeddedConfig, EmbeddedLog, LogHandle, Record, SharedLog, Topic};
use incident_intake::Service as IncidentIntake;
use network_monitor::{Bounds, Service as NetworkMonitor};
use runtime::{Clock, EventId, Ids};
use sea_orm::{ConnectionTrait as _, Statement};
use service::Parts;
use storage::{Database, DatabaseConfig, migrate::MigrationTrait};
use tempfile::TempDir;
use testkit::{Running, TestIssuer, TestProcess, eventually};
use tonic::{Request, transport::Channel};

/// The services at work.
pub struct World {
    pub clock: Clock,
    /// All their routes, to be served again behind something.
    pub routes: Router,
    issuer: Arc<TestIssuer>,
    server: Running,
    process: TestProcess,
    log: SharedLog,
    databases: Vec<Database>,
    folder: TempDir,
}

impl World {
    /// On what a folder holds; with an empty one, from nothing.
    pub async fn start(folder: TempDir, clock: Clock, issuer: Arc<TestIssuer>) -> Self {
        let process = TestProcess::at(clock.clone());
        let log: SharedLog = EmbeddedLog::open(EmbeddedConfig::new(folder.path().join("log"))).unwrap();
        log.ensure_topics(&Topic::all()).await.unwrap();
        let (dead_letters, authenticator) = (DeadLetters::default(), issuer.authenticator());
        let retention = service::Retention::load(&content::Settings::default()).unwrap();
        let parts = async |name: &str, migrations: Vec<Box<dyn MigrationTrait>>| {
            let database = Database::connect(&database_in(folder.path(), name)).await.unwrap();
            database.migrate(migrations, &clock).await.unwrap();
            Parts {
                database,
                log: LogHandle(Arc::clone(&log)),
                consumer: ConsumerConfig::default(),
                dead_letters: dead_letters.clone(),
                mailer: Default::default(),
                retention: retention.clone(),
                authenticator: authenticator.clone(),
            }
        };
        let identity = identity::Service {
            config: identity::Config {
                database: database_in(folder.path(), "identity"),
                issuer: identity::IssuerConfig { embedded: true, services: Vec::new() },
                keycloak: identity::KeycloakConfig {
                    admin_url: String::new(),
                    client_id: String::new(),
                    client_secret: runtime::config::Secret::new(""),
                },
                demo_data: false,
                bounds: identity::GatewayBounds { gateways_of_a_school: 1_000, enrolments_of_a_school_per_day: 1_000 },
                // Nobody answers there: pages show what was found before.
                domain_proof: identity::DomainProofConfig { name_servers: vec![([127, 0, 0, 1], 9).into()] },
            },
            surroundings: identity::Surroundings {
                listen: ([127, 0, 0, 1], 0).into(),
                issuer: "http://127.0.0.1/issuer".parse().unwrap(),
                portal: "http://127.0.0.1/".parse().unwrap(),
                sensors: None,
                proxies: Vec::new(),
                data_dir: folder.path().to_owned(),
                content: content::Settings::default(),
            },
            parts: parts("identity", identity::migrations()).await,
        };
        let network_monitor = NetworkMonitor {
            config: network_monitor::Config {
                database: database_in(folder.path(), "network-monitor"),
                max_decoded_bytes: 32 << 20,
                max_batches: 50,
                max_events: 10_000,
                bounds: Bounds { devices: 20_000, new_devices_per_hour: 20_000, new_alerts_per_hour: 1_000 },
            },
            parts: parts("network-monitor", network_monitor::migrations()).await,
        };
        let incident_intake = IncidentIntake {
            config: incident_intake::Config {
                database: database_in(folder.path(), "incident-intake"),
                max_batch: 100,
                new_cases_per_hour: 1_000,
                measure_every_seconds: 3_600,
                prune_every_seconds: 3_600,
            },
            content: content::Settings::default(),
            parts: parts("incident-intake", incident_intake::migrations()).await,
        };
        let databases = [&identity.parts, &network_monitor.parts, &incident_intake.parts].map(|parts| parts.database.clone()).to_vec();
        let routes = identity.build(&process).await.unwrap().grpc.reset_fallback();
        let routes = routes.merge(network_monitor.build(&process).await.unwrap().reset_fallback());
        let routes = routes.merge(incident_intake.build(&process).await.unwrap());
        let server = Running::start(routes.clone()).await;
        Self { clock, routes, issuer, server, process, log, databases, folder }
    }

    /// Stops everything; what is left is in the folder.
    pub async fn stop(self) -> TempDir {
        self.process.tasks.shutdown().request();
        self.process.tasks.drain(Duration::from_secs(30)).await.unwrap();
        self.log.close().await;
        for database in self.databases {
            database.close().await.unwrap();
        }
        self.folder
    }

    /// To the services themselves, past every fault.
    pub fn channel(&self) -> Channel {
        self.server.channel()
    }

    pub fn by<T>(&self, who: &Principal, message: T) -> Request<T> {
        self.issuer.request(who, message)
    }

    /// A gateway of the school sends these lines of its sensors, and everything they lead to has happened.
    pub async fn hear(&self, school: &str, gateway: &str, lines: &str) {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned().into());
        let headers = vec![
            header("ce_id", &Ids::random(self.clock.clone()).next::<EventId>().to_string()),
            header("ce_time", &self.clock.now().to_rfc3339()),
            header("content-type", "application/x-ndjson"),
            header("schildwacht-gateway", gateway),
            header("schildwacht-school", school),
        ];
        let record = Record { key: school.to_owned().into(), headers, value: Some(lines.to_owned().into()) };
        self.log.append(Topic::TelemetryBatch, vec![record]).await.unwrap();
        self.settle().await;
    }

    /// Waits until everything that was published or posted has been processed by all services.
    pub async fn settle(&self) {
        self.caught_up("network-monitor", &[Topic::TelemetryBatch]).await;
        for database in &self.databases {
            eventually("an empty outbox", async || {
                let question = Statement::from_string(database.backend(), "SELECT COUNT(*) AS many FROM outbox");
                let answer = database.reader().query_one_raw(question).await.unwrap().unwrap();
                (answer.try_get::<i64>("", "many").unwrap() == 0).then_some(())
            })
            .await;
        }
        self.caught_up("network-monitor", &[Topic::Erasure]).await;
        self.caught_up("incident-intake", &[Topic::Alert, Topic::Organisation, Topic::Erasure]).await;
    }

    /// The tokens in the links of the mails that wait, oldest first.
    pub async fn links(&self) -> Vec<String> {
        let identity = &self.databases[0];
        let question = Statement::from_string(identity.backend(), "SELECT text FROM mail WHERE text IS NOT NULL ORDER BY mail_id");
        let rows = identity.reader().query_all_raw(question).await.unwrap();
        let texts = rows.iter().map(|row| row.try_get::<String>("", "text").unwrap());
        texts.map(|text| text.split("/uitnodiging/").nth(1).unwrap().lines().next().unwrap().to_owned()).collect()
    }

    /// Every row of every service's tables that names one of these ids, as text; of a mail its number alone, since it is being sent, and
    /// nothing of the days of a device, which go with time.
    pub async fn rows_about(&self, ids: &[String]) -> BTreeSet<String> {
        let mut rows = BTreeSet::new();
        // Ids are text in JSON and 16 bytes in columns; `quote` writes those in hexadecimal.
        let forms: Vec<String> = ids.iter().flat_map(|id| [id.clone(), id.replace('-', "").to_uppercase()]).collect();
        for database in &self.databases {
            let ask = async |question: String| {
                database.reader().query_all_raw(Statement::from_string(database.backend(), question)).await.unwrap()
            };
            let texts = async |question: String| -> Vec<String> {
                ask(question).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
            };
            for table in texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'device_day'".to_owned()).await {
                let columns = texts(format!("SELECT name FROM pragma_table_info('{table}')")).await;
                let all = if table == "mail" { 1 } else { columns.len() };
                let columns: Vec<String> = columns.iter().take(all).map(|column| format!("quote(\"{column}\")")).collect();
                let contents = texts(format!("SELECT {} FROM \"{table}\"", columns.join(" || ' ' || "))).await;
                rows.extend(
                    contents.into_iter().filter(|row| forms.iter().any(|id| row.contains(id))).map(|row| format!("{table}: {row}")),
                );
            }
        }
        rows
    }

    async fn caught_up(&self, group: &str, topics: &[Topic]) {
        eventually(group, async || (self.log.lag(group, topics).await.unwrap() == 0).then_some(())).await;
    }
}

fn database_in(folder: &Path, name: &str) -> DatabaseConfig {
    DatabaseConfig::sqlite(&folder.join(format!("{name}.db")))
}
