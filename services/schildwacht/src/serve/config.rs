//! The configuration of a process: its own sections, and those of the services it may serve.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use auth::AuthConfig;
use ipnet::IpNet;
use mail::{MailConfig, Mailer};
use runtime::{
    config::{ConfigError, Secret, is_loopback},
    hosts::Hosts,
    listener::Limits,
    telemetry::TelemetryConfig,
};
use serde::Deserialize;
use storage::{DatabaseConfig, cache::CacheConfig};
use url::Url;

use super::{
    audit::AuditConfig,
    event_log::{EventsConfig, LogKind},
};
use crate::cli::Service;

/// Every key with its default and its reason; printed by `schildwacht config print`.
pub const DEFAULTS: &str = include_str!("default.toml");

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub data_dir: PathBuf,
    pub security: SecurityConfig,
    pub listen: ListenConfig,
    pub telemetry: TelemetryConfig,
    pub auth: AuthConfig,
    pub events: EventsConfig,
    pub cache: CacheConfig,
    pub audit: AuditConfig,
    pub mail: MailConfig,
    pub content: content::Settings,
    pub services: ServicesConfig,
    pub identity: identity::Config,
    pub telemetry_ingest: telemetry_ingest::Config,
    pub network_monitor: network_monitor::Config,
    pub incident_intake: incident_intake::Config,
    pub portal: PortalConfig,
}

/// `[portal]`: only what no other section has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    pub client_id: String,
    pub client_secret: Secret,
    pub session: portal::config::SessionConfig,
    /// Unset: pages name no emergency number.
    pub emergency_line: Option<portal::config::EmergencyLine>,
    /// Empty: this process's OTLP/HTTP port if it runs all services on loopback; else the portal shows no address.
    pub sensors_url: String,
}

/// `[security]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityConfig {
    /// Whether a mesh encrypts what leaves this process, so that it may speak in clear.
    pub mesh: bool,
}

/// `[listen]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenConfig {
    /// Pages, REST, and the development issuer.
    pub address: SocketAddr,
    /// gRPC. Unset: the port after `address`.
    pub grpc_address: Option<SocketAddr>,
    pub admin_address: SocketAddr,
    pub public_url: String,
    /// Where operators' commands reach gRPC. Empty: where they reach the pages, or this process's own port on loopback.
    pub public_grpc_url: String,
    /// Further names that ports on loopback answer to.
    pub hosts: Vec<String>,
    pub max_connections: usize,
    /// Of one address that is no proxy's.
    pub max_connections_per_address: usize,
    /// Networks of proxies and sidecars, whose connections are everybody's.
    pub proxies: Vec<IpNet>,
    pub drain_seconds: u64,
    /// Whether anybody may ask which gRPC services there are.
    pub grpc_reflection: bool,
}

impl ListenConfig {
    /// Where gRPC is served.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc_address.unwrap_or_else(|| {
            // A free one is any; and the highest port has none after it, which the start then says.
            let port = if self.address.port() == 0 { 0 } else { self.address.port().saturating_add(1) };
            SocketAddr::new(self.address.ip(), port)
        })
    }

    /// Says so when connections come through something that is taken for one client: they would be refused at the bound of one.
    pub fn warn_of_proxies(&self) {
        let is_reached_from_outside = Url::parse(&self.public_url).is_ok_and(|url| !is_loopback(&url));
        let knows_proxies = self.proxies.iter().any(|network| !network.addr().is_loopback());
        if is_reached_from_outside && !knows_proxies {
            let most = self.max_connections_per_address;
            tracing::warn!(name: "listener.no_proxies", most, "listen.proxies names none: an ingress or load balancer gets as many connections as one client");
        }
    }

    /// Names that ports on loopback answer to: the pages' own, and those configured.
    pub fn hosts(&self) -> Hosts {
        let of_url = |url: &String| Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let public = [&self.public_url, &self.public_grpc_url].into_iter().filter_map(of_url);
        Hosts::named(public.chain(self.hosts.iter().cloned()))
    }

    /// Limits of a listener.
    pub fn limits(&self) -> Limits {
        Limits {
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            proxies: self.proxies.clone(),
            drain: Duration::from_secs(self.drain_seconds),
            ..Limits::default()
        }
    }
}

/// `[services]`: URLs of the other services.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicesConfig {
    pub identity: String,
    pub network_monitor: String,
    pub incident_intake: String,
    /// CA certificates (PEM) for https addresses.
    pub ca_file: Option<PathBuf>,
}

impl Config {
    /// Reads defaults, file and environment.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        runtime::config::load(DEFAULTS, file)
    }

    /// Derives dependent keys, and refuses what this service cannot work with. Call it after the command line's overrides.
    pub fn complete(mut self, service: Service) -> Result<Self, ConfigError> {
        self.fill_in(service)?;
        self.validate(service)?;
        Ok(self)
    }

    /// The database of a service; `None` for one that keeps nothing. `audit verify` checks every database that is named here.
    pub fn database(&self, service: Service) -> Option<&DatabaseConfig> {
        match service {
            Service::Identity => Some(&self.identity.database),
            Service::NetworkMonitor => Some(&self.network_monitor.database),
            Service::IncidentIntake => Some(&self.incident_intake.database),
            Service::All | Service::TelemetryIngest | Service::Portal => None,
        }
    }

    /// The address of this process's own services.
    pub fn own_grpc_url(&self) -> String {
        format!("http://{}", self.listen.grpc())
    }

    /// The URLs of a service's databases, and of those of all, by their keys.
    pub fn database_urls(&self, service: Service) -> Vec<(String, Secret)> {
        let of_one = |one: Service| {
            let (section, database) = (one.name().replace('-', "_"), self.database(one)?);
            let key = |name: &str| format!("{section}.database.{name}");
            Some([(key("url"), database.url.clone()), (key("migration_url"), database.migration_url.clone())])
        };
        service.services().into_iter().filter_map(of_one).flatten().collect()
    }

    fn fill_in(&mut self, service: Service) -> Result<(), ConfigError> {
        if service == Service::Portal {
            self.require_others()?;
        }
        let own_url = format!("http://{}", self.listen.address);
        let has_own_issuer = self.auth.issuer.is_empty();
        if self.listen.address.port() == 0 && (has_own_issuer || self.listen.public_url.is_empty()) {
            let advice = "give a port: browsers and tokens name it, so it cannot be any that is free";
            return Err(ConfigError::at("listen.address", advice));
        }
        if self.listen.public_url.is_empty() {
            self.listen.public_url.clone_from(&own_url);
        }
        let grpc = self.listen.grpc();
        let own_grpc_url = self.own_grpc_url();
        let ServicesConfig { identity, network_monitor, incident_intake, .. } = &mut self.services;
        let empty: Vec<&mut String> = [identity, network_monitor, incident_intake].into_iter().filter(|url| url.is_empty()).collect();
        if grpc.port() == 0 && !empty.is_empty() {
            let advice = "give a port: the portal calls the services there, so it cannot be any that is free";
            return Err(ConfigError::at("listen.grpc_address", advice));
        }
        for url in empty {
            url.clone_from(&own_grpc_url);
        }
        // Commands on this machine find it; from elsewhere it is behind an ingress, whose address only its operator knows.
        let is_reached_here = Url::parse(&self.listen.public_url).is_ok_and(|url| is_loopback(&url));
        if self.listen.public_grpc_url.is_empty() && service == Service::All && grpc.ip().is_loopback() && is_reached_here {
            self.listen.public_grpc_url = own_grpc_url;
        }
        // These ports are loopback only. An installation reached from outside must configure its sensors' address.
        let sensors = self.telemetry_ingest.otlp_http_listen;
        let is_known = service == Service::All && is_reached_here && sensors.ip().is_loopback() && sensors.port() != 0;
        if self.portal.sensors_url.is_empty() && is_known {
            self.portal.sensors_url = format!("http://{sensors}");
        }
        if has_own_issuer {
            let serves_issuer = matches!(service, Service::All | Service::Identity);
            if !serves_issuer {
                let advice = "name the issuer of tokens: only `serve all` and `serve identity` have a development issuer";
                return Err(ConfigError::at("auth.issuer", advice));
            }
            self.auth.issuer = format!("{own_url}/issuer");
            self.identity.issuer.embedded = true;
        }
        Ok(())
    }

    /// Only the portal calls other services, so in a process of its own it needs their URLs.
    fn require_others(&self) -> Result<(), ConfigError> {
        let ServicesConfig { identity, network_monitor, incident_intake, .. } = &self.services;
        for (key, url) in
            [("services.identity", identity), ("services.network_monitor", network_monitor), ("services.incident_intake", incident_intake)]
        {
            if url.is_empty() {
                return Err(ConfigError::at(key, "say where it is, as in https://identity:8081: a portal by itself has no other services"));
            }
        }
        Ok(())
    }

    fn validate(&self, service: Service) -> Result<(), ConfigError> {
        if service != Service::All && self.events.log == LogKind::Embedded {
            let advice = "give \"kafka\": services in processes of their own share a log, and the embedded one belongs to one process";
            return Err(ConfigError::at("events.log", advice));
        }
        let issuer = Url::parse(&self.auth.issuer).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(issuer) = issuer else {
            return Err(ConfigError::at("auth.issuer", "give an address with http:// or https://"));
        };
        // The development issuer, which may be another process of this machine, leaves it in the data folder.
        let serves_portal = service.services().contains(&Service::Portal);
        let is_elsewhere = !self.identity.issuer.embedded && !is_loopback(&issuer);
        if serves_portal && is_elsewhere && self.portal.client_secret.expose().is_empty() {
            let advice =
                format!("give the secret that the issuer has for its client {}: without it nobody can sign in", self.portal.client_id);
            return Err(ConfigError::at("portal.client_secret", advice));
        }
        if self.network_monitor.max_decoded_bytes < self.telemetry_ingest.max_decoded_bytes {
            let advice = "give at least telemetry_ingest.max_decoded_bytes, or batches that were accepted could never be read";
            return Err(ConfigError::at("network_monitor.max_decoded_bytes", advice));
        }
        if self.listen.max_connections_per_address == 0 {
            let advice = "give at least 1; a network of proxies, whose addresses may have any number, goes into listen.proxies";
            return Err(ConfigError::at("listen.max_connections_per_address", advice));
        }
        self.telemetry.validate()?;
        self.events.validate()?;
        for (key, database) in [("network_monitor", &self.network_monitor.database), ("incident_intake", &self.incident_intake.database)] {
            if self.events.consumer.partitions >= database.max_connections as usize {
                let advice = "give more than events.consumer.partitions: consuming would leave no connection for requests";
                return Err(ConfigError::at(&format!("{key}.database.max_connections"), advice));
            }
        }
        let has_database = service.services().iter().any(|service| self.database(*service).is_some());
        self.audit.validate(self.events.log, has_database)?;
        self.mail.validate()?;
        self.identity.validate()?;
        self.telemetry_ingest.validate(telemetry_ingest::max_body_bytes())?;
        self.network_monitor.validate()?;
        self.incident_intake.validate()?;
        if serves_portal {
            self.portal(Secret::new(""))?.validate()?;
        }
        Ok(())
    }

    /// How mail is sent. On one machine it goes into the data folder where nothing else is said.
    pub fn mailer(&self, data_dir: &Path) -> Result<Mailer, ConfigError> {
        let folder = data_dir.join("mail");
        let is_on_one_machine = self.events.log == LogKind::Embedded;
        Mailer::open(&self.mail, is_on_one_machine.then_some(folder.as_path()))
    }

    /// The portal's configuration, with its secret at the issuer.
    pub fn portal(&self, client_secret: Secret) -> Result<portal::Config, ConfigError> {
        let public_url = self.listen.public_url.parse();
        Ok(portal::Config {
            public_url: public_url.map_err(|_| ConfigError::at("listen.public_url", "give an address with http:// or https://"))?,
            client_id: self.portal.client_id.clone(),
            client_secret,
            personas: self.identity.issuer.embedded,
            identity_url: self.services.identity.clone(),
            network_monitor_url: self.services.network_monitor.clone(),
            incident_intake_url: self.services.incident_intake.clone(),
            ca_file: self.services.ca_file.clone(),
            session: self.portal.session,
            cache: self.cache.clone(),
            emergency_line: self.portal.emergency_line.clone(),
            sensors_url: self.sensors_url()?,
        })
    }

    /// Where sensors post, as schools reach it; `None` where that is not known.
    pub fn sensors_url(&self) -> Result<Option<Url>, ConfigError> {
        let url = Some(&self.portal.sensors_url).filter(|url| !url.is_empty()).map(|url| url.parse()).transpose();
        url.map_err(|_| ConfigError::at("portal.sensors_url", portal::config::SENSORS_URL_ADVICE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(service: Service, file: &str) -> Result<Config, ConfigError> {
        let given = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(given.path(), file).unwrap();
        Config::load(Some(given.path())).and_then(|config| config.complete(service))
    }

    const PRODUCTION: &str = r#"
        auth.issuer = "https://id.example/realms/schildwacht"
        events.log = "kafka"
        events.kafka.brokers = "kafka-0:9092"
        audit.signing_key = """
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
-----END PRIVATE KEY-----
"""
        listen.public_url = "https://schildwacht.example/"
        portal.client_secret = "quiet"
    "#;

    #[test]
    fn the_defaults_serve_everything() {
        let config = checked(Service::All, "").unwrap();
        assert_eq!(config.auth.issuer, "http://127.0.0.1:8080/issuer");
        assert_eq!(config.services.identity, "http://127.0.0.1:8081");
        assert_eq!(config.listen.public_grpc_url, "http://127.0.0.1:8081");
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_key_of_the_file() {
        for (file, key) in [
            ("events.consumer.quarantine_after = 0", "events.consumer.quarantine_after"),
            ("events.consumer.partitions = 10", "network_monitor.database.max_connections"),
            ("telemetry_ingest.max_events = 0", "telemetry_ingest.max_events"),
            ("telemetry.log_filter = \"=\"", "telemetry.log_filter"),
            ("telemetry.sample_ratio = 7.0", "telemetry.sample_ratio"),
            ("portal.session.idle_minutes = 0", "portal.session.idle_minutes"),
            ("portal.sensors_url = \"ingest.schildwacht.example\"", "portal.sensors_url"),
            ("portal.sensors_url = \"https://ingest.schildwacht.example/v1/logs\"", "portal.sensors_url"),
            ("portal.sensors_url = \"http://ingest.schildwacht.example\"", "portal.sensors_url"),
            (r#"portal.emergency_line = { name = { nl = "Noodlijn", en = "Line" }, phone = "bel ons" }"#, "portal.emergency_line.phone"),
            ("listen.public_url = \"http://schildwacht.example/\"", "listen.public_url"),
            ("listen.public_url = \"schildwacht\"", "listen.public_url"),
            ("listen.address = \"127.0.0.1:0\"", "listen.address"),
            ("listen.max_connections_per_address = 0", "listen.max_connections_per_address"),
            ("listen.proxies = [\"10.0.0.300/8\"]", "listen.proxies.0"),
            ("listen.grpc_address = \"127.0.0.1:0\"", "listen.grpc_address"),
            ("services.identity = \"identity\"", "services.identity"),
            ("auth.issuer = \"keycloak\"", "auth.issuer"),
            ("network_monitor.max_decoded_bytes = 1048576", "network_monitor.max_decoded_bytes"),
            ("events.log = \"kafka\"", "events.kafka.brokers"),
            ("events.kafka.properties.acks = \"1\"", "events.kafka"),
            ("audit.signing_key = \"hello\"", "audit.signing_key"),
            ("mail.smtp.host = \"smtp.example\"", "mail.from"),
            ("security.mesh = true\nmail = { from = \"a@b.example\", smtp = { host = \"b.example\", tls = \"none\" } }", "mail.smtp.tls"),
            ("identity.database.migration_url = \"postgres://owner@db/identity\"", "identity.database.migration_url"),
        ] {
            let complaint = checked(Service::All, file).unwrap_err().to_string();
            assert!(complaint.starts_with(&format!("configuration: {key}: ")), "{file}: {complaint}");
        }
    }

    #[test]
    fn a_portal_whose_issuer_is_elsewhere_needs_its_secret() {
        let without = PRODUCTION.replace("portal.client_secret = \"quiet\"", "");
        let complaint = checked(Service::All, &without).unwrap_err().to_string();
        assert!(complaint.starts_with("configuration: portal.client_secret: ") && complaint.contains("schildwacht-portal"), "{complaint}");
        checked(Service::NetworkMonitor, &without).unwrap();
        checked(Service::All, &without.replace("https://id.example", "http://127.0.0.1:8180")).unwrap();
    }

    #[test]
    fn grpc_is_on_the_port_after_the_pages_unless_it_has_its_own() {
        let services = |file: &str| checked(Service::All, file).unwrap().services.identity;
        assert_eq!(services("listen.address = \"127.0.0.1:8680\""), "http://127.0.0.1:8681");
        assert_eq!(services("listen.grpc_address = \"127.0.0.1:50051\""), "http://127.0.0.1:50051");
        let told = |service, file: &str| checked(service, file).unwrap().listen.public_grpc_url;
        assert_eq!(told(Service::All, "listen.grpc_address = \"0.0.0.0:50051\""), "", "an ingress stands before it");
        assert_eq!(told(Service::NetworkMonitor, PRODUCTION), "", "it has one service of several");
        assert_eq!(told(Service::All, PRODUCTION), "", "commands run on another machine");
        let given = "listen.public_grpc_url = \"https://grpc.schildwacht.example\"";
        assert_eq!(told(Service::All, given), "https://grpc.schildwacht.example");
    }

    #[test]
    fn sensors_are_told_the_port_of_the_only_process_or_what_was_configured() {
        let told = |service, file: &str| {
            let config = checked(service, file).unwrap();
            config.portal(Secret::new("")).unwrap().sensors_url.map(String::from)
        };
        assert_eq!(told(Service::All, "").as_deref(), Some("http://127.0.0.1:4318/"));
        for elsewhere in
            [PRODUCTION, r#"telemetry_ingest.otlp_http_listen = "0.0.0.0:4318""#, r#"telemetry_ingest.otlp_http_listen = "127.0.0.1:0""#]
        {
            assert_eq!(told(Service::All, elsewhere), None, "{elsewhere}");
        }
        let others = r#"
            services.identity = "http://identity:8081"
            services.network_monitor = "http://network-monitor:8081"
            services.incident_intake = "http://incident-intake:8081"
        "#;
        let alone = [PRODUCTION, others].concat();
        assert_eq!(told(Service::Portal, &alone), None);
        let given = r#"portal.sensors_url = "https://ingest.schildwacht.example""#;
        assert_eq!(told(Service::Portal, &[&alone, given].concat()).as_deref(), Some("https://ingest.schildwacht.example/"));
    }

    #[test]
    fn mail_goes_into_the_data_folder_on_one_machine_and_nowhere_in_production_unless_something_is_said() {
        let way = |file: &str| format!("{:?}", checked(Service::All, file).unwrap().mailer(Path::new("/var/data")).unwrap());
        assert_eq!(way(""), "Mailer(folder)");
        assert_eq!(way(PRODUCTION), "Mailer(nowhere)");
        let server = "mail = { from = \"a@b.example\", smtp.host = \"smtp.b.example\" }";
        assert_eq!(way(server), "Mailer(smtp)");
        assert_eq!(way(&[PRODUCTION, server].concat()), "Mailer(smtp)");
        assert_eq!(way(&[PRODUCTION, "mail.folder = \"/var/mail\""].concat()), "Mailer(folder)");
    }

    #[test]
    fn an_emergency_line_needs_its_name_in_both_languages() {
        let one_language = r#"portal.emergency_line = { name = { nl = "Noodlijn" }, phone = "112" }"#;
        let complaint = checked(Service::All, one_language).unwrap_err().to_string();
        assert!(complaint.contains("emergency_line") && complaint.contains("en"), "{complaint}");
        let line = r#"portal.emergency_line = { name = { nl = "Noodlijn", en = "Emergency line" }, phone = "0800 12 345" }"#;
        assert_eq!(checked(Service::All, line).unwrap().portal.emergency_line.unwrap().phone, "0800 12 345");
        assert_eq!(checked(Service::All, "").unwrap().portal.emergency_line, None, "nobody is named by default");
    }

    #[test]
    fn every_configured_database_is_one_that_the_audit_verifies() {
        let sections = DEFAULTS.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(".database]"));
        let configured: Vec<String> = sections.map(|section| section.replace('_', "-")).collect();
        let config = checked(Service::All, "").unwrap();
        let services = Service::All.services().into_iter().filter(|service| config.database(*service).is_some());
        assert_eq!(services.map(Service::name).collect::<Vec<_>>(), configured);
    }

    #[test]
    fn a_service_by_itself_is_not_asked_for_what_the_portal_needs() {
        let plain = PRODUCTION.replace("https://schildwacht", "http://schildwacht");
        checked(Service::NetworkMonitor, &plain).unwrap();
        assert!(checked(Service::Portal, &plain).is_err());
    }

    #[test]
    fn a_portal_by_itself_must_know_where_the_others_are() {
        let complaint = checked(Service::Portal, PRODUCTION).unwrap_err().to_string();
        assert!(complaint.contains("services.identity"), "{complaint}");
        let others = r#"
            services.identity = "http://identity:8081"
            services.network_monitor = "http://network-monitor:8081"
            services.incident_intake = "http://incident-intake:8081"
        "#;
        checked(Service::Portal, &format!("{PRODUCTION}{others}")).unwrap();
    }
}
