//! The configuration of the portal. Errors name the keys of the configuration file, where most of it is in sections that
//! other services share.

mod emergency;

use std::{path::PathBuf, time::Duration};

use runtime::config::{ConfigError, Secret, is_loopback};
use serde::Deserialize;
use storage::cache::CacheConfig;
use url::Url;

pub use self::emergency::{EmergencyLine, dialled};

/// `[portal]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The pages' address as browsers know it: `https://schildwacht.example/`.
    pub public_url: Url,
    /// The portal's name at the issuer.
    pub client_id: String,
    /// Its secret there.
    pub client_secret: Secret,
    /// Whether the issuer is the development issuer, which leaves choosing a person to the portal.
    pub personas: bool,
    /// gRPC address of identity.
    pub identity_url: String,
    /// gRPC address of network-monitor.
    pub network_monitor_url: String,
    /// gRPC address of incident-intake.
    pub incident_intake_url: String,
    /// Who signed the certificates of services at https addresses (PEM); the system's own certificates when there is none.
    pub ca_file: Option<PathBuf>,
    /// How long people stay signed in.
    pub session: SessionConfig,
    /// Where sessions are kept.
    pub cache: CacheConfig,
    /// Whom schools call on a bad day; nothing is said of it where there is none.
    pub emergency_line: Option<EmergencyLine>,
    /// The address that sensors post to, as schools reach it; it is shown with a gateway's secret.
    pub sensors_url: Option<Url>,
}

/// `[portal.session]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionConfig {
    /// Minutes without a request after which somebody must sign in again.
    pub idle_minutes: u64,
    /// Hours after which somebody must sign in again in any case.
    pub absolute_hours: u64,
}

impl Config {
    /// Refuses what cannot work, or would not be safe.
    ///
    /// # Errors
    /// Names the key and what to do.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.public_url.path() != "/" || self.public_url.query().is_some() || self.public_url.fragment().is_some() {
            return Err(ConfigError::at("listen.public_url", "give an address without a path, https://schildwacht.example/"));
        }
        if !self.is_secure() && !self.is_loopback() {
            return Err(ConfigError::at(
                "listen.public_url",
                "session cookies need https; plain http works on this machine (127.0.0.1) only",
            ));
        }
        if self.personas && !self.is_loopback() {
            let complaint = "choosing a person without a password is for this machine (127.0.0.1) only; name a real issuer in auth.issuer";
            return Err(ConfigError::at("identity.issuer.embedded", complaint));
        }
        let urls = [
            ("services.identity", &self.identity_url),
            ("services.network_monitor", &self.network_monitor_url),
            ("services.incident_intake", &self.incident_intake_url),
        ];
        for (key, url) in urls {
            let is_http = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !is_http {
                return Err(ConfigError::at(key, "give an address with http:// or https://"));
            }
        }
        if !self.sensors_url.as_ref().is_none_or(is_for_sensors) {
            return Err(ConfigError::at("portal.sensors_url", SENSORS_URL_ADVICE));
        }
        self.emergency_line.as_ref().map_or(Ok(()), EmergencyLine::validate)?;
        self.session.validate()
    }

    /// Whether browsers reach the pages over https.
    pub fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// Whether only this machine reaches the pages.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.public_url)
    }
}

/// What to write for `portal.sensors_url`.
pub const SENSORS_URL_ADVICE: &str =
    "give the address that sensors post to, with https and without /v1/…: https://ingest.schildwacht.example";

/// Sensors add a path to it, and send their tokens there.
fn is_for_sensors(url: &Url) -> bool {
    let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let names_nobody = url.username().is_empty() && url.password().is_none();
    is_plain && names_nobody && (url.scheme() == "https" || url.scheme() == "http" && is_loopback(url))
}

impl SessionConfig {
    /// Time without a request.
    pub const fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_minutes * 60)
    }

    /// Time since signing in.
    pub const fn absolute(&self) -> Duration {
        Duration::from_secs(self.absolute_hours * 3_600)
    }

    /// NIST SP 800-63B-4, AAL2: at most an hour without a request and 24 hours in all.
    fn validate(&self) -> Result<(), ConfigError> {
        if !(1..=60).contains(&self.idle_minutes) {
            return Err(ConfigError::at("portal.session.idle_minutes", "give 1 to 60"));
        }
        if !(1..=24).contains(&self.absolute_hours) {
            return Err(ConfigError::at("portal.session.absolute_hours", "give 1 to 24"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(public_url: &str) -> Config {
        Config {
            public_url: public_url.parse().unwrap(),
            client_id: "schildwacht-portal".to_owned(),
            client_secret: Secret::new("quiet"),
            personas: false,
            identity_url: "http://identity:8080".to_owned(),
            network_monitor_url: "http://network-monitor:8080".to_owned(),
            incident_intake_url: "http://incident-intake:8080".to_owned(),
            ca_file: None,
            session: SessionConfig { idle_minutes: 30, absolute_hours: 12 },
            cache: CacheConfig::at(""),
            emergency_line: None,
            sensors_url: None,
        }
    }

    #[test]
    fn plain_http_serves_this_machine_only() {
        assert!(config("https://schildwacht.example/").validate().is_ok());
        assert!(config("http://127.0.0.1:8080/").validate().is_ok());
        let complaint = config("http://schildwacht.example/").validate().unwrap_err().to_string();
        assert!(complaint.contains("listen.public_url") && complaint.contains("https"), "{complaint}");
    }

    #[test]
    fn personas_are_refused_outside_this_machine() {
        let open_door = Config { personas: true, ..config("https://schildwacht.example/") };
        assert!(open_door.validate().unwrap_err().to_string().contains("identity.issuer.embedded"));
    }

    #[test]
    fn sensors_are_sent_to_an_address_without_a_path_and_in_the_clear_on_this_machine_only() {
        let with = |url: &str| Config { sensors_url: Some(url.parse().unwrap()), ..config("https://schildwacht.example/") }.validate();
        for url in ["https://ingest.schildwacht.example", "https://ingest.schildwacht.example:4318/", "http://127.0.0.1:4318"] {
            assert!(with(url).is_ok(), "{url}");
        }
        for url in ["http://ingest.example", "https://ingest.example/v1/logs", "https://a:b@ingest.example", "ftp://ingest.example"] {
            assert!(with(url).unwrap_err().to_string().contains("portal.sensors_url"), "{url}");
        }
    }

    #[test]
    fn an_endless_session_is_refused() {
        let endless = Config { session: SessionConfig { idle_minutes: 0, absolute_hours: 12 }, ..config("http://127.0.0.1/") };
        assert!(endless.validate().is_err());
    }
}
