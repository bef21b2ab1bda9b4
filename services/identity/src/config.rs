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
    /// Services that get a client of their own at it, `schildwacht-<service>`; the portal and the operator's commands always do.
    pub services: Vec<String>,
}

/// Clients that the issuer knows by itself.
const ALWAYS_THERE: [&str; 2] = ["portal", "cli"];

impl Config {
    /// Refuses what cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.database.validate("identity.database")?;
        for service in &self.issuer.services {
            let complain = |complaint| Err(ConfigError::at("identity.issuer.services", format!("{service:?} {complaint}")));
            let is_name = !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            if !is_name {
                return complain("is no service; write it like network-monitor");
            }
            if ALWAYS_THERE.contains(&service.as_str()) {
                return complain("always has a client, with rights of its own; leave it out");
            }
        }
        if self.demo_data && !self.issuer.embedded {
            let complaint = "fictional schools belong with the development issuer; set this to false, or identity.issuer.embedded to true";
            return Err(ConfigError::at("identity.demo_data", complaint));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(services: &[&str]) -> Config {
        Config {
            database: DatabaseConfig::sqlite(Path::new("identity.db")),
            issuer: IssuerConfig { embedded: true, services: services.iter().map(ToString::to_string).collect() },
            demo_data: true,
        }
    }

    #[test]
    fn services_may_not_take_the_place_of_the_portal_or_of_the_operators_commands() {
        assert!(config(&["network-monitor"]).validate().is_ok());
        for taken in ["portal", "cli", "", "../x", "Monitor"] {
            assert!(config(&[taken]).validate().is_err(), "{taken:?}");
        }
    }

    #[test]
    fn fictional_schools_do_not_go_with_a_real_issuer() {
        let mut config = config(&[]);
        config.issuer.embedded = false;
        assert!(config.validate().unwrap_err().to_string().contains("identity.demo_data"));
    }
}
