//! The product as it runs in production: each service in a process of its own, ingest and monitor twice, with PostgreSQL, Kafka,
//! Redis and Keycloak. Nothing is embedded.

use std::{net::SocketAddr, sync::Arc};

use storage::audit::SigningKey;
use tempfile::TempDir;
use testkit::{Child, Realm, Store, TestDatabase, servers};

use crate::{
    front::Front,
    site::{Site, room},
};

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Identity,
    TelemetryIngest,
    NetworkMonitor,
    IncidentIntake,
    Portal,
}

/// What is started, in order; twice what scales.
const REPLICAS: [Name; 7] = [
    Name::Identity,
    Name::TelemetryIngest,
    Name::TelemetryIngest,
    Name::NetworkMonitor,
    Name::NetworkMonitor,
    Name::IncidentIntake,
    Name::Portal,
];

impl Name {
    /// On the command line.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::TelemetryIngest => "telemetry-ingest",
            Self::NetworkMonitor => "network-monitor",
            Self::IncidentIntake => "incident-intake",
            Self::Portal => "portal",
        }
    }

    /// The port that the ingress sends requests to.
    pub fn address_of(self, site: &Site) -> SocketAddr {
        match self {
            Self::Identity | Self::NetworkMonitor | Self::IncidentIntake => site.grpc_address(),
            Self::TelemetryIngest | Self::Portal => site.address(),
        }
    }

    /// Who answers at a path, as an ingress would decide it.
    pub fn of_path(path: &str) -> Self {
        let starts = |prefix: &str| path.starts_with(prefix);
        if starts("/schildwacht.identity.v1.") {
            Self::Identity
        } else if starts("/schildwacht.network_monitor.v1.") {
            Self::NetworkMonitor
        } else if starts("/schildwacht.incident_intake.v1.") {
            Self::IncidentIntake
        } else if starts("/v1/events") || starts("/v1/logs") || starts("/opentelemetry.proto.") {
            Self::TelemetryIngest
        } else {
            Self::Portal
        }
    }
}

/// One process.
#[derive(Debug)]
pub struct Replica {
    pub name: Name,
    pub site: Site,
    pub process: Child,
}

/// The running services with their databases and realm; all end when it is dropped.
pub struct Estate {
    pub realm: Arc<Realm>,
    pub front: Front,
    pub replicas: Vec<Replica>,
    /// Where mail is put as files.
    pub mail: TempDir,
    settings: Vec<(String, String)>,
    /// The folder of the portal, whose process the town has.
    _portal: Option<Site>,
    // Dropped when the processes have ended.
    _databases: Vec<TestDatabase>,
}

impl std::fmt::Debug for Estate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Estate").field("replicas", &self.replicas).finish_non_exhaustive()
    }
}

impl Estate {
    /// Starts everything, with these settings too; `None`, with a printed reason, where there are no servers.
    pub async fn open(more: &[(String, String)]) -> Option<Self> {
        if !testkit::has_servers() {
            return None;
        }
        let front = Front::open();
        let realm = Arc::new(Realm::import(&format!("http://{}/", front.address())).await?);
        let mut databases = Vec::new();
        let mut settings = settings(&realm, front.address());
        let mail = TempDir::new().unwrap();
        settings.push(("SCHILDWACHT_MAIL__FOLDER".to_owned(), mail.path().display().to_string()));
        settings.extend_from_slice(more);
        for variable in ["IDENTITY", "NETWORK_MONITOR", "INCIDENT_INTAKE"] {
            let database = TestDatabase::new(Store::Postgres).await?;
            let url = database.empty().await.url.expose().to_owned();
            settings.push((format!("SCHILDWACHT_{variable}__DATABASE__URL"), url));
            databases.push(database);
        }
        let starting = REPLICAS.map(|name| {
            let site = Site::new().with_all(&settings);
            let process = site.start(&[name.command()]);
            (name, site, process)
        });
        let mut replicas = Vec::new();
        for (name, site, process) in starting {
            let process = site.until_ready(process).await;
            front.add(name, name.address_of(&site));
            replicas.push(Replica { name, site, process });
        }
        Some(Self { realm, front, replicas, mail, settings, _portal: None, _databases: databases })
    }

    /// The processes of a service.
    pub fn of(&mut self, name: Name) -> impl Iterator<Item = &mut Replica> {
        self.replicas.iter_mut().filter(move |replica| replica.name == name)
    }

    /// The process of the portal, for a test that keeps it while the estate runs.
    pub fn take_portal(&mut self) -> Child {
        let at = self.replicas.iter().position(|replica| replica.name == Name::Portal).unwrap();
        let portal = self.replicas.remove(at);
        self._portal = Some(portal.site);
        portal.process
    }

    /// Replaces every process of a service, one after the other, as a roll-out does: the new one is ready before the old one gets no
    /// more requests, finishes those under way, and ends.
    pub async fn roll(&mut self, name: Name) {
        for replica in self.replicas.iter_mut().filter(|replica| replica.name == name) {
            let site = Site::new().with_all(&self.settings);
            let process = site.until_ready(site.start(&[name.command()])).await;
            self.front.add(name, name.address_of(&site));
            let mut old = std::mem::replace(replica, Replica { name, site, process });
            self.front.remove(name.address_of(&old.site));
            old.process.terminate();
            let status = old.process.end().await;
            assert_eq!(status.code(), Some(0), "{}", old.process.stderr());
        }
    }
}

/// What all services are told.
pub fn settings(realm: &Realm, front: SocketAddr) -> Vec<(String, String)> {
    let given = |server: &servers::Server| std::env::var(server.variable).unwrap();
    let here = format!("http://{front}");
    let pairs = [
        ("LISTEN__PUBLIC_URL", format!("{here}/")),
        ("TELEMETRY__LOG_FORMAT", "json".to_owned()),
        ("AUTH__ISSUER", realm.issuer()),
        ("EVENTS__LOG", "kafka".to_owned()),
        ("EVENTS__KAFKA__BROKERS", given(&servers::kafka::SERVER)),
        ("EVENTS__KAFKA__PREFIX", format!("estate-{}.", front.port())),
        ("EVENTS__KAFKA__REPLICATION_FACTOR", "1".to_owned()),
        ("EVENTS__KAFKA__MAX_PARTITIONS", "6".to_owned()),
        ("AUDIT__SIGNING_KEY", SigningKey::new_pem().unwrap()),
        ("CACHE__REDIS_URL", given(&servers::REDIS)),
        ("SERVICES__IDENTITY", here.clone()),
        ("SERVICES__NETWORK_MONITOR", here.clone()),
        ("SERVICES__INCIDENT_INTAKE", here),
        ("IDENTITY__KEYCLOAK__CLIENT_SECRET", realm.secret().to_owned()),
        ("PORTAL__CLIENT_SECRET", realm.secret().to_owned()),
    ];
    pairs.into_iter().map(|(name, value)| (format!("SCHILDWACHT_{name}"), value)).chain(room()).collect()
}
