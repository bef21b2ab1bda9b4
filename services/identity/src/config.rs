//! `[identity]` of the configuration.

use std::net::SocketAddr;

use runtime::config::{ConfigError, Secret};
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
    /// The issuer in production.
    pub keycloak: KeycloakConfig,
    /// Whether an empty database is filled with fictional schools, each with a gateway.
    pub demo_data: bool,
    /// What one school may make the platform keep.
    pub bounds: GatewayBounds,
    /// How the domains of vendors are looked at.
    pub domain_proof: DomainProofConfig,
}

/// `[identity.domain_proof]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainProofConfig {
    /// Name servers that are asked, `192.0.2.53:53`; empty: those of the system. Give ones that validate DNSSEC.
    pub name_servers: Vec<SocketAddr>,
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

/// `[identity.keycloak]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeycloakConfig {
    /// Where the realm is administered; empty: follows from `auth.issuer`.
    pub admin_url: String,
    /// Our account there.
    pub client_id: String,
    pub client_secret: Secret,
}

/// `[identity.bounds]`: how many gateways a school may have. Each is a client at the issuer and an entry in the memory of every replica that
/// takes telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayBounds {
    /// Active ones, at once.
    pub gateways_of_a_school: u64,
    /// Enrolled within a day, also those that were revoked since.
    pub enrolments_of_a_school_per_day: u64,
}

impl GatewayBounds {
    fn validate(self) -> Result<(), ConfigError> {
        let bounds = [
            ("identity.bounds.gateways_of_a_school", self.gateways_of_a_school),
            ("identity.bounds.enrolments_of_a_school_per_day", self.enrolments_of_a_school_per_day),
        ];
        match bounds.into_iter().find(|(_key, bound)| *bound == 0) {
            Some((key, _none)) => Err(ConfigError::at(key, "give at least 1, or no school could ever send anything")),
            None => Ok(()),
        }
    }
}

impl KeycloakConfig {
    /// As configured, else the address that Keycloak has for the realm whose tokens come from `issuer`; `None` when that is no
    /// address of a realm.
    pub fn admin_url(&self, issuer: &str) -> Option<String> {
        if !self.admin_url.is_empty() {
            return Some(self.admin_url.clone());
        }
        let (server, realm) = issuer.trim_end_matches('/').rsplit_once("/realms/")?;
        let is_name = !realm.is_empty() && !realm.contains('/');
        is_name.then(|| format!("{server}/admin/realms/{realm}"))
    }
}

/// Clients that the issuer knows by itself, and the name that policies let fill in the demo.
const ALWAYS_THERE: [&str; 3] = ["portal", "cli", "demo"];

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
        self.bounds.validate()?;
        if self.demo_data && !self.issuer.embedded {
            let complaint = "fictional schools belong with the development issuer; set this to false, or identity.issuer.embedded to true";
            return Err(ConfigError::at("identity.demo_data", complaint));
        }
        Ok(())
    }

    /// Refuses to serve identity without an account at the issuer in production. Asked where identity is served only, so that its
    /// secret need not be given to other services.
    pub fn validate_account(&self, issuer: &str) -> Result<(), ConfigError> {
        if self.issuer.embedded {
            return Ok(());
        }
        if self.keycloak.client_secret.expose().is_empty() {
            let advice = "give the secret of the client schildwacht-identity: gateways are enrolled and revoked at Keycloak with it";
            return Err(ConfigError::at("identity.keycloak.client_secret", advice));
        }
        if self.keycloak.admin_url(issuer).is_none() {
            let advice = "say where the realm is administered: auth.issuer is no address of a Keycloak realm, https://…/realms/<name>";
            return Err(ConfigError::at("identity.keycloak.admin_url", advice));
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
            keycloak: keycloak("", "secret"),
            demo_data: true,
            bounds: GatewayBounds { gateways_of_a_school: 20, enrolments_of_a_school_per_day: 40 },
            domain_proof: DomainProofConfig { name_servers: Vec::new() },
        }
    }

    fn keycloak(admin_url: &str, secret: &str) -> KeycloakConfig {
        KeycloakConfig { admin_url: admin_url.to_owned(), client_id: "schildwacht-identity".to_owned(), client_secret: Secret::new(secret) }
    }

    #[test]
    fn a_realm_is_administered_beside_its_issuer_unless_told_otherwise() {
        let admin_url = |given: &str, issuer: &str| keycloak(given, "").admin_url(issuer);
        let beside = admin_url("", "https://id.example/auth/realms/schildwacht/").unwrap();
        assert_eq!(beside, "https://id.example/auth/admin/realms/schildwacht");
        assert_eq!(admin_url("http://keycloak/admin/realms/s", "https://id.example/realms/s").unwrap(), "http://keycloak/admin/realms/s");
        for no_realm in ["https://id.example", "https://id.example/realms/", "https://id.example/realms/a/b"] {
            assert_eq!(admin_url("", no_realm), None, "{no_realm}");
        }
    }

    #[test]
    fn a_real_issuer_needs_our_account_there() {
        let mut config = config(&[]);
        (config.issuer.embedded, config.demo_data, config.keycloak) = (false, false, keycloak("", ""));
        let complaint = |config: &Config, issuer| config.validate_account(issuer).unwrap_err().to_string();
        assert!(complaint(&config, "https://id.example/realms/s").contains("identity.keycloak.client_secret"));
        config.keycloak = keycloak("", "secret");
        config.validate_account("https://id.example/realms/s").unwrap();
        assert!(complaint(&config, "https://id.example/").contains("identity.keycloak.admin_url"));
    }

    #[test]
    fn services_may_not_take_the_place_of_the_portal_or_of_the_operators_commands() {
        assert!(config(&["network-monitor"]).validate().is_ok());
        for taken in ["portal", "cli", "", "../x", "Monitor"] {
            assert!(config(&[taken]).validate().is_err(), "{taken:?}");
        }
    }

    #[test]
    fn a_school_may_have_a_gateway() {
        let mut config = config(&[]);
        config.bounds.gateways_of_a_school = 0;
        assert!(config.validate().unwrap_err().to_string().contains("identity.bounds.gateways_of_a_school"));
        config.bounds = GatewayBounds { gateways_of_a_school: 1, enrolments_of_a_school_per_day: 0 };
        assert!(config.validate().unwrap_err().to_string().contains("identity.bounds.enrolments_of_a_school_per_day"));
    }

    #[test]
    fn fictional_schools_do_not_go_with_a_real_issuer() {
        let mut config = config(&[]);
        config.issuer.embedded = false;
        assert!(config.validate().unwrap_err().to_string().contains("identity.demo_data"));
    }
}
