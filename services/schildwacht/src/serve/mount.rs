//! The one place that knows every service: opens its database, builds it, and merges its routes.

use std::{convert::Infallible, net::SocketAddr, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use auth::{AUDIENCE_PLATFORM, AUDIENCE_TELEMETRY, Authenticator, Policies, Verifier};
use axum::Router;
use events::{DeadLetters, LogHandle, SharedLog};
use mail::Mailer;
use runtime::{Process, StartError, config::Secret};
use service::{KeepCheckpoints, Parts, Retention, follow_functions, follow_organisations};
use storage::{
    Database, DatabaseConfig,
    audit::{SharedAnchor, SigningKey},
    migrate::MigrationTrait,
};
use tonic::service::Routes;

use super::{
    Config,
    audit::{SignedDatabase, topic},
};
use crate::cli::Service;

/// What services are built from.
pub struct Mounts<'a> {
    pub config: &'a Config,
    pub process: &'a Process,
    pub log: SharedLog,
    pub data_dir: &'a Path,
    pub listen: SocketAddr,
    /// Of telemetry-ingest, where that is served.
    pub sensors: Option<telemetry_ingest::Ports>,
}

/// What all services of a process share.
struct Given {
    authenticator: Authenticator,
    dead_letters: DeadLetters,
    mailer: Mailer,
    retention: Retention,
    /// Of checkpoints; made when the first service with a database needs it.
    audit_key: Option<Arc<SigningKey>>,
    audit_topic: Option<SharedAnchor>,
    checkpoints: Vec<KeepCheckpoints>,
}

/// What came of it.
#[derive(Default)]
pub struct Mounted {
    /// Pages, REST and the development issuer.
    pub pages: Router,
    pub grpc: Router,
    /// Further ports, by what they speak.
    pub ports: Vec<(&'static str, SocketAddr)>,
    /// Of each database.
    pub checkpoints: Vec<KeepCheckpoints>,
}

impl Mounts<'_> {
    /// Builds one service, or all.
    pub async fn mount(mut self, service: Service) -> Result<Mounted> {
        let policies = Arc::new(Policies::load_with(&self.config.content)?);
        let verifier = self.verifier()?;
        let mut given = Given {
            authenticator: self.authenticator(&verifier, &policies),
            dead_letters: DeadLetters::default(),
            mailer: self.config.mailer(self.data_dir)?,
            retention: Retention::load(&self.config.content)?,
            audit_key: None,
            audit_topic: topic(self.config.events.log, &self.log),
            checkpoints: Vec::new(),
        };
        let following = follow_organisations(policies.hierarchy().clone(), Arc::clone(&self.log), self.process.tasks.shutdown());
        self.process.tasks.spawn("auth.organisations", following);
        let following = follow_functions(policies.functions().clone(), Arc::clone(&self.log), self.process.tasks.shutdown());
        self.process.tasks.spawn("auth.functions", following);
        let mut mounted = Mounted::default();
        for one in service.services() {
            match one {
                Service::All => {}
                Service::Identity => {
                    let routes = self.identity(&mut given).await?;
                    mounted.merge_grpc(routes.grpc);
                    mounted.merge(routes.http);
                }
                Service::TelemetryIngest => {
                    let ports = self.sensors.take().context("the ports of telemetry-ingest were not taken")?;
                    self.telemetry_ingest(&mut mounted, ports, &policies).await?;
                }
                Service::NetworkMonitor => mounted.merge_grpc(self.network_monitor(&mut given).await?),
                Service::IncidentIntake => mounted.merge_grpc(self.incident_intake(&mut given).await?),
                Service::Portal => mounted.merge_pages(self.portal(&given, verifier.clone(), &policies).await?),
            }
        }
        mounted.checkpoints = given.checkpoints;
        let operators = Routes::new(given.dead_letters.api()).add_service(given.retention.api());
        mounted.merge_grpc(given.authenticator.protect(operators.into_axum_router()));
        Ok(mounted)
    }

    /// Of tokens for people and services. A wrong `auth.issuer` is said in the log from the start, not when the first token comes.
    fn verifier(&self) -> Result<Arc<Verifier>> {
        let verifier = Arc::new(Verifier::new(&self.config.auth, AUDIENCE_PLATFORM, self.process.clock.clone())?);
        let is_ours = self.config.identity.issuer.embedded;
        if !is_ours {
            let (verifier, shutdown) = (Arc::clone(&verifier), self.process.tasks.shutdown());
            self.process.tasks.spawn("auth.fetch_ahead", async move {
                let _stopped = shutdown.or_stop(verifier.fetch_ahead()).await;
                Ok::<_, Infallible>(())
            });
        }
        Ok(verifier)
    }

    fn authenticator(&self, verifier: &Arc<Verifier>, policies: &Arc<Policies>) -> Authenticator {
        Authenticator::new(Arc::clone(verifier), Arc::clone(policies), self.process.clock.clone(), self.process.ids.clone())
    }

    /// What every service works with: its database migrated, its audit trail signed.
    async fn parts(&self, given: &mut Given, service: Service, migrations: Vec<Box<dyn MigrationTrait>>) -> Result<Parts> {
        let config = self.config.database(service).with_context(|| format!("{} has no database", service.name()))?;
        let service = service.name();
        let database = self.database(service, &config.or_embedded(self.data_dir, service), migrations).await?;
        let key = match given.audit_key.take() {
            Some(key) => key,
            None => Arc::new(self.config.audit.signing_key(self.data_dir).context("no key to sign checkpoints of the audit trail")?),
        };
        let key = given.audit_key.insert(key);
        let signed = SignedDatabase { service, database: &database, key, data_dir: self.data_dir, topic: &given.audit_topic };
        given.checkpoints.push(self.config.audit.keep(&signed, self.process)?);
        Ok(Parts {
            database,
            log: LogHandle(Arc::clone(&self.log)),
            consumer: self.config.events.consumer,
            dead_letters: given.dead_letters.clone(),
            mailer: given.mailer.clone(),
            retention: given.retention.clone(),
            authenticator: given.authenticator.clone(),
        })
    }

    /// Opened as the role that serves, migrated as the role that owns the tables.
    async fn database(&self, service: &'static str, config: &DatabaseConfig, migrations: Vec<Box<dyn MigrationTrait>>) -> Result<Database> {
        let section = format!("{}.database", service.replace('-', "_"));
        let complain =
            |config: &DatabaseConfig, key: &str, error| StartError::new(service, config.complaint(&format!("{section}.{key}"), &error));
        let database = Database::connect(config).await.map_err(|error| complain(config, "url", error))?;
        let Some(owner) = config.of_owner() else {
            database.migrate(migrations, &self.process.clock).await.map_err(|error| complain(config, "url", error))?;
            return Ok(database);
        };
        let complain_of_owner = |error| complain(&owner, "migration_url", error);
        let role = database.role().await.map_err(|error| complain(config, "url", error))?;
        let migrating = Database::connect(&owner).await.map_err(complain_of_owner)?;
        migrating.migrate_for(role.as_deref(), migrations, &self.process.clock).await.map_err(complain_of_owner)?;
        migrating.close().await.map_err(complain_of_owner)?;
        if database.may_change_audit_rows().await.map_err(|error| complain(config, "url", error))? {
            let advice = "give a user that owns neither the tables, their schema nor the database, and is no superuser: this one may change audit rows";
            return Err(StartError::new(service, format!("{section}.url: {advice}")).into());
        }
        Ok(database)
    }

    async fn identity(&self, given: &mut Given) -> Result<identity::Routes> {
        let config = self.config.identity.clone();
        let surroundings = identity::Surroundings {
            listen: self.listen,
            issuer: self.config.auth.issuer.parse().context("auth.issuer is no URL")?,
            portal: self.config.listen.public_url.parse().context("listen.public_url is no URL")?,
            sensors: self.config.sensors_url()?,
            proxies: self.config.listen.proxies.clone(),
            data_dir: self.data_dir.to_owned(),
            content: self.config.content.clone(),
        };
        let parts = self.parts(given, Service::Identity, identity::migrations()).await?;
        Ok(identity::Service { config, surroundings, parts }.build(self.process).await?)
    }

    async fn network_monitor(&self, given: &mut Given) -> Result<Router> {
        let config = self.config.network_monitor.clone();
        let parts = self.parts(given, Service::NetworkMonitor, network_monitor::migrations()).await?;
        Ok(network_monitor::Service { config, parts }.build(self.process).await?)
    }

    async fn incident_intake(&self, given: &mut Given) -> Result<Router> {
        let (config, content) = (self.config.incident_intake.clone(), self.config.content.clone());
        let parts = self.parts(given, Service::IncidentIntake, incident_intake::migrations()).await?;
        Ok(incident_intake::Service { config, content, parts }.build(self.process).await?)
    }

    async fn portal(&self, given: &Given, verifier: Arc<Verifier>, policies: &Arc<Policies>) -> Result<Router> {
        let config = self.config.portal(portal_secret(self.config, self.data_dir)?)?;
        let (auth, policies, periods) = (self.config.auth.clone(), Arc::clone(policies), Arc::clone(given.retention.periods()));
        let service = portal::Service { config, auth, verifier, policies, periods };
        Ok(service.build(self.process).await?)
    }

    async fn telemetry_ingest(&self, mounted: &mut Mounted, ports: telemetry_ingest::Ports, policies: &Arc<Policies>) -> Result<()> {
        let verifier = Arc::new(Verifier::new(&self.config.auth, AUDIENCE_TELEMETRY, self.process.clock.clone())?);
        let service = telemetry_ingest::Service {
            config: self.config.telemetry_ingest.clone(),
            ports,
            limits: self.config.listen.limits(),
            cache: self.config.cache.clone(),
            log: LogHandle(Arc::clone(&self.log)),
            verifier,
            policies: Arc::clone(policies),
        };
        let doors = service.build(self.process).await?;
        mounted.ports.push(("OTLP/gRPC", doors.otlp_grpc_address));
        mounted.ports.push(("OTLP/HTTP", doors.otlp_http_address));
        mounted.merge(doors.router);
        Ok(())
    }
}

/// The portal's secret at the issuer: as configured, else the one that the development issuer made.
fn portal_secret(config: &Config, data_dir: &Path) -> Result<Secret> {
    let configured = &config.portal.client_secret;
    if !configured.expose().is_empty() {
        return Ok(configured.clone());
    }
    let file = identity::issuer::client_secret_file(data_dir, &config.portal.client_id);
    let secret = std::fs::read_to_string(&file)
        .with_context(|| format!("portal.client_secret is not given, and the development issuer left none at {}", file.display()))?;
    Ok(Secret::new(secret.trim_end()))
}

impl Mounted {
    /// Adds a service's gRPC. Unknown methods are answered once for the process, by a plain 404, which clients read as `UNIMPLEMENTED`.
    fn merge_grpc(&mut self, routes: Router) {
        self.grpc = std::mem::take(&mut self.grpc).merge(routes.reset_fallback());
    }

    /// Adds what browsers and sensors reach. Unknown paths are answered once for the process: by the portal's page where that is mounted, else by
    /// a plain 404.
    fn merge(&mut self, routes: Router) {
        self.pages = std::mem::take(&mut self.pages).merge(routes.reset_fallback());
    }

    /// Adds the portal, with its page for unknown paths.
    fn merge_pages(&mut self, pages: Router) {
        self.pages = std::mem::take(&mut self.pages).merge(pages);
    }
}
