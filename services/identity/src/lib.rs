//! identity: boards, schools and sites; whom to call at a school; who holds which function; gateways and their secrets; on one machine
//! also the issuer of tokens.
//!
//! It owns who exists. It does not own what a caller may do (crate `auth`), nor what happens at a school.
//!
//! # The path of one request: enrolling a gateway
//!
//! 1. The layer of `assembly.grpc` authenticates the caller before the body is read. `grpc/` takes the context that it made, and turns the
//!    message into an `EnrolGateway`, or names every wrong field.
//! 2. `app/gateway.rs` asks whether this caller may, at this school, before anything is read; reads the school within the
//!    caller's scope; makes the gateway and its secret.
//! 3. In one transaction: the gateway (its secret as a hash), `identity.gateway.v1` in the outbox, a row in the school's audit
//!    chain.
//! 4. The relay publishes; telemetry-ingest lets the gateway in. The gateway asks the issuer for a token with its secret.
//!
//! # What always holds
//!
//! - A file of schools is imported whole or not at all.
//! - A revoked gateway has no secret, gets no token, and never comes back.
//! - A secret, also of an invitation's link and a gateway's code, is shown once and kept as SHA-256.
//! - Where Keycloak is the issuer, it follows our table ([`keycloak`]): late at times, never ahead in letting somebody in.
//! - A reminder to confirm a function is sent once, however many replicas run.
//! - What a caller may not know of is not found.
//! - The development issuer serves this machine only.
//!
//! # Adding another use case
//!
//! A function in the file of its aggregate in `app/` (authorize, load, decide, record), its look-ups in `store/` with the caller's scope, its state in `domain/`,
//! its RPC and its request in `grpc/`, and a test through the gRPC edge in `tests/`. A new table: a migration, named by its day.

mod app;
mod config;
pub mod demo;
mod dns;
mod domain;
mod grpc;
mod http;
pub mod issuer;
mod jobs;
mod keycloak;
mod messages;
mod outbound;
mod store;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::Router;
use content::Library;
use ipnet::IpNet;
use runtime::{Process, StartError};
use service::Parts;
use storage::{classified::ClassifiedTable, migrate::MigrationTrait, retention::Aging};
use url::Url;

pub use config::{Config, DomainProofConfig, GatewayBounds, IssuerConfig, KeycloakConfig};
pub use domain::access::KEPT_BY_SERVICES;
pub use http::ENROL;

/// How often those who may confirm a function are reminded of what is due.
const REMIND_EVERY: Duration = Duration::from_secs(60 * 60);

/// How often we look whether the week of a vendor's domain is over.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// Its tables, in order.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    service::migrations(store::migrations())
}

/// What is said of all tables.
pub fn tables() -> Vec<ClassifiedTable> {
    service::tables([store::tables(), mail::tables()].concat())
}

/// How all rows grow old.
pub fn aging() -> Vec<Aging> {
    service::aging(app::aging())
}

/// What identity needs of the process around it.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where the process listens.
    pub listen: SocketAddr,
    /// `auth.issuer`: where the development issuer is, if it is served.
    pub issuer: Url,
    /// Where the portal's pages are.
    pub portal: Url,
    /// Where gateways send to, as schools reach it (`portal.sensors_url`).
    pub sensors: Option<Url>,
    /// Proxies in front of the process (`listen.proxies`).
    pub proxies: Vec<IpNet>,
    /// The data folder.
    pub data_dir: PathBuf,
    /// `[content]`.
    pub content: content::Settings,
}

/// What it serves, for different ports: services and operators reach the one, browsers and gateways the other.
#[derive(Debug)]
pub struct Routes {
    pub grpc: Router,
    /// Where gateways get their secrets for codes; and the development issuer, where it is configured.
    pub http: Router,
}

/// The service.
#[derive(Debug)]
pub struct Service {
    /// `[identity]`.
    pub config: Config,
    /// The process around it.
    pub surroundings: Surroundings,
    /// What every service works with.
    pub parts: Parts,
}

impl Service {
    /// Its name in configuration, events, metrics and logs.
    pub const NAME: &str = outbound::NAME;

    /// Its routes. Its relay runs from now on.
    ///
    /// # Errors
    /// When the issuer refuses its address, a key or a secret cannot be kept, or the demo cannot be filled in.
    pub async fn build(self, process: &Process) -> Result<Routes, StartError> {
        let dns = dns::Dns::new(&self.config.domain_proof.name_servers).map_err(|error| StartError::new(Self::NAME, error))?;
        let (database, portal) = (self.parts.database.clone(), self.surroundings.portal.clone());
        let app = app::App::new(database, self.config.bounds, Arc::new(dns), portal, self.keycloak()?);
        if self.config.demo_data {
            let demo = self.parts.authenticator.own_context(demo::NAME);
            let seeded = demo::seed(&app, &self.parts.database, &demo, &self.surroundings.data_dir).await;
            seeded.map_err(|error| StartError::because(Self::NAME, &error, runtime::error::chain(&error)))?;
        }
        let issuer = if self.config.issuer.embedded { self.issuer(process)? } else { Router::new() };
        let Surroundings { sensors: endpoint, proxies, .. } = self.surroundings.clone();
        let addresses = http::Addresses { token_url: self.token_url()?, endpoint };
        let assembly = self.parts.begin(Self::NAME, process);
        if !self.config.issuer.embedded {
            assembly.run("keep_in_step", jobs::keep_in_step(app.clone(), assembly.own_context(), assembly.shutdown()));
        }
        assembly.publish();
        assembly.send_mail();
        assembly.retain(app::aging());
        let reminding = app.clone();
        assembly.every("remind_of_confirmations", REMIND_EVERY, move |cx| {
            let app = reminding.clone();
            async move { app::remind_of_confirmations(&app, &cx).await }
        });
        let looking = app.clone();
        assembly.every("look_at_domains", LOOK_EVERY, move |cx| {
            let app = looking.clone();
            async move { app::look_at_domains(&app, &cx).await }
        });
        let gateways = http::routes(app.clone(), assembly.own_context(), proxies, addresses);
        Ok(Routes { grpc: assembly.grpc(grpc::routes(&app)), http: issuer.merge(gateways) })
    }

    /// Where gateways get their tokens.
    fn token_url(&self) -> Result<Url, StartError> {
        let path = if self.config.issuer.embedded { issuer::metadata::path::TOKEN } else { keycloak::TOKEN };
        let issuer = self.surroundings.issuer.as_str().trim_end_matches('/');
        Url::parse(&format!("{issuer}{path}")).map_err(|error| StartError::new(Self::NAME, error))
    }

    /// Keycloak, where that is the issuer.
    fn keycloak(&self) -> Result<Option<Arc<keycloak::Keycloak>>, StartError> {
        if self.config.issuer.embedded {
            return Ok(None);
        }
        let keycloak = keycloak::Keycloak::new(self.config.keycloak.clone(), &self.surroundings.issuer);
        keycloak.map(|keycloak| Some(Arc::new(keycloak))).map_err(|error| StartError::new(Self::NAME, error))
    }

    fn issuer(&self, process: &Process) -> Result<Router, StartError> {
        let personas = Library::<issuer::persona::Personas>::load(&self.surroundings.content)
            .map_err(|error| StartError::new(Self::NAME, error))?
            .at(process.clock.now())
            .map_err(|error| StartError::new(Self::NAME, error))?
            .body
            .clone();
        let settings = issuer::Settings {
            url: self.surroundings.issuer.clone(),
            portal: self.surroundings.portal.clone(),
            listen: self.surroundings.listen,
            data_dir: self.surroundings.data_dir.clone(),
            services: self.config.issuer.services.clone(),
        };
        let issuer = issuer::Issuer::open(&settings, personas, self.parts.database.clone(), process);
        Ok(issuer.map_err(|error| StartError::new(Self::NAME, error))?.router())
    }
}
