//! The configuration of a process: its own sections, and those of the services it may serve.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use auth::AuthConfig;
use runtime::{
    config::{ConfigError, Secret},
    listener::Limits,
    telemetry::TelemetryConfig,
};
use serde::Deserialize;
use storage::cache::CacheConfig;

use super::event_log::{EventsConfig, LogKind};
use crate::cli::Service;

/// Every key with its default and its reason; also what `schildwacht config print` shows.
pub const DEFAULTS: &str = include_str!("default.toml");

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub data_dir: PathBuf,
    pub listen: ListenConfig,
    pub telemetry: TelemetryConfig,
    pub auth: AuthConfig,
    pub events: EventsConfig,
    pub cache: CacheConfig,
    pub content: content::Settings,
    pub services: ServicesConfig,
    pub identity: identity::Config,
    pub telemetry_ingest: telemetry_ingest::Config,
    pub network_monitor: network_monitor::Config,
    pub incident_intake: incident_intake::Config,
    pub portal: PortalConfig,
}

/// `[portal]`: what other sections do not say already.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    pub client_id: String,
    pub client_secret: Secret,
    pub session: portal::config::SessionConfig,
}

/// `[listen]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenConfig {
    pub address: SocketAddr,
    pub admin_address: SocketAddr,
    pub public_url: String,
    pub max_connections: usize,
    pub drain_seconds: u64,
}

impl ListenConfig {
    /// How the listeners guard themselves.
    pub fn limits(&self) -> Limits {
        Limits { max_connections: self.max_connections, drain: Duration::from_secs(self.drain_seconds), ..Limits::default() }
    }
}

/// `[services]`: where the others are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicesConfig {
    pub identity: String,
    pub network_monitor: String,
    pub incident_intake: String,
}

impl Config {
    /// Reads defaults, file and environment, fills in what follows from them, and refuses what cannot work.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        runtime::config::load(DEFAULTS, file)
    }

    /// Fills in what follows from other keys. Call it after the command line had its say.
    pub fn complete(mut self, service: Service) -> Result<Self, ConfigError> {
        let own_url = format!("http://{}", self.listen.address);
        let or_own = |url: &mut String| {
            if url.is_empty() {
                url.clone_from(&own_url);
            }
        };
        or_own(&mut self.listen.public_url);
        or_own(&mut self.services.identity);
        or_own(&mut self.services.network_monitor);
        or_own(&mut self.services.incident_intake);
        if self.auth.issuer.is_empty() {
            let serves_issuer = matches!(service, Service::All | Service::Identity);
            if !serves_issuer {
                let advice = "name the issuer of tokens: only `serve all` and `serve identity` have a development issuer";
                return Err(ConfigError::at("auth.issuer", advice));
            }
            self.auth.issuer = format!("{own_url}/issuer");
            self.identity.issuer.embedded = true;
        }
        if service != Service::All && self.events.log == LogKind::Embedded {
            let advice = "give \"kafka\": services in processes of their own share a log, and the embedded one belongs to one process";
            return Err(ConfigError::at("events.log", advice));
        }
        self.validate()?;
        Ok(self)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        self.events.validate()?;
        self.identity.validate()?;
        self.network_monitor.validate()?;
        self.incident_intake.validate()
    }
}
