//! `[identity]` of the configuration.

use runtime::config::ConfigError;
use serde::Deserialize;
use storage::DatabaseConfig;

/// `[identity]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where boards, schools, sites and gateways are kept.
    pub database: DatabaseConfig,
    /// The development issuer.
    pub issuer: IssuerConfig,
    /// Whether an empty database is filled with fictional schools, each with a gateway.
    pub demo_data: bool,
}

/// `[identity.issuer]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Whether the development issuer is served at `auth.issuer`. In production Keycloak is there, and this is false.
    pub embedded: bool,
    /// Services that get a client of their own at it.
    pub services: Vec<String>,
}

impl Config {
    /// Refuses what cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.database.validate("identity.database")?;
        for service in &self.issuer.services {
            let is_name = !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            if !is_name {
                return Err(ConfigError::at(
                    "identity.issuer.services",
                    format!("{service:?} is no service; write it like network-monitor"),
                ));
            }
        }
        if self.demo_data && !self.issuer.embedded {
            let complaint = "fictional schools belong with the development issuer; set this to false, or identity.issuer.embedded to true";
            return Err(ConfigError::at("identity.demo_data", complaint));
        }
        Ok(())
    }
}
