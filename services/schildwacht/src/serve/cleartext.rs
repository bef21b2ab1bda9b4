//! Nothing leaves this machine in clear. One check over every address that a process sends to, before it sends anything: each is on
//! loopback, or the connection is encrypted and the server's certificate verified, or the configuration says that a mesh does both.
//!
//! The mail server is not among them: within a mesh too, it is spoken to in clear on loopback only (`mail::MailConfig::validate`).
//!
//! Names of keys, hosts and ports are told; credentials never.

use percent_encoding::percent_decode_str;
use runtime::config::{ConfigError, Secret, is_loopback_host};
use url::Url;

use super::{Config, event_log::LogKind};
use crate::cli::Service;

/// Someone to whom this process would speak in clear.
struct Finding {
    key: String,
    /// Kind of server and address.
    whom: String,
    /// The secure form.
    advice: &'static str,
}

/// Refuses every address of this service that would be spoken to in clear, all in one error.
pub fn refuse(config: &Config, service: Service) -> Result<(), ConfigError> {
    told(config, addresses(config, service))
}

/// The same of databases and the event log alone, for commands that look into them.
pub fn refuse_what_audit_reads(config: &Config) -> Result<(), ConfigError> {
    let mut findings = databases(config, Service::All);
    if config.events.log == LogKind::Kafka {
        findings.extend(plain_kafka(config));
    }
    told(config, findings)
}

fn told(config: &Config, findings: Vec<Finding>) -> Result<(), ConfigError> {
    let mut findings = findings.into_iter();
    let first = if config.security.mesh { None } else { findings.next() };
    let Some(first) = first else { return Ok(()) };
    let mut complaint = first.complaint();
    for finding in findings {
        complaint.push_str(&format!("; {}: {}", finding.key, finding.complaint()));
    }
    complaint.push_str("; or set security.mesh = true, where a mesh encrypts what leaves this process");
    Err(ConfigError::at(&first.key, complaint))
}

impl Finding {
    fn complaint(&self) -> String {
        format!("{} would be spoken to in clear; {}", self.whom, self.advice)
    }
}

fn addresses(config: &Config, service: Service) -> Vec<Finding> {
    let services = service.services();
    let serves = |one: Service| services.contains(&one);
    let mut findings = Vec::new();
    let own_url = config.own_grpc_url();
    let mut urls: Vec<(&str, &str, &str)> = vec![("telemetry.otlp_endpoint", "the collector", &config.telemetry.otlp_endpoint)];
    if !config.identity.issuer.embedded {
        urls.push(("auth.issuer", "the issuer", &config.auth.issuer));
        if serves(Service::Identity) {
            urls.push(("identity.keycloak.admin_url", "Keycloak's admin API", &config.identity.keycloak.admin_url));
        }
    }
    if serves(Service::Portal) {
        let others = &config.services;
        urls.push(("services.identity", "identity", &others.identity));
        urls.push(("services.network_monitor", "network-monitor", &others.network_monitor));
        urls.push(("services.incident_intake", "incident-intake", &others.incident_intake));
    }
    // What has this process's own address never leaves the machine.
    findings.extend(urls.into_iter().filter(|(_, _, url)| *url != own_url).filter_map(|(key, who, url)| plain_http(key, who, url)));
    findings.extend(databases(config, service));
    if serves(Service::Portal) || serves(Service::TelemetryIngest) {
        findings.extend(plain_redis(&config.cache.redis_url));
    }
    if config.events.log == LogKind::Kafka {
        findings.extend(plain_kafka(config));
    }
    findings
}

fn databases(config: &Config, service: Service) -> Vec<Finding> {
    config.database_urls(service).iter().filter_map(|(key, url)| plain_postgres(key, url)).collect()
}

fn plain_http(key: &str, who: &str, address: &str) -> Option<Finding> {
    let url = Url::parse(address).ok()?;
    let is_safe = url.scheme() == "https" || url.host_str().is_some_and(is_loopback_host);
    (!is_safe).then(|| Finding { key: key.to_owned(), whom: format!("{who} at {}", place(&url)), advice: "give an address with https://" })
}

/// `verify-full` alone compares the certificate with the name; `require` encrypts to anybody. Of a parameter that is given twice the last
/// one counts, and a parameter may name another host than the URL does.
fn plain_postgres(key: &str, address: &Secret) -> Option<Finding> {
    let url = Url::parse(address.expose()).ok().filter(|url| url.scheme().starts_with("postgres"))?;
    let mut host = percent_decode_str(url.host_str().unwrap_or_default()).decode_utf8_lossy().into_owned();
    let mut mode = String::new();
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "host" | "hostaddr" => host = value.into_owned(),
            "sslmode" | "ssl-mode" => mode = value.to_ascii_lowercase(),
            _ => {}
        }
    }
    // Without a host it is a socket of this machine.
    let is_safe = mode == "verify-full" || host.is_empty() || host.starts_with('/') || is_loopback_host(&host);
    let advice = "add ?sslmode=verify-full to the URL, and &sslrootcert=<file> with the CA of its certificate";
    (!is_safe).then(|| Finding { key: key.to_owned(), whom: format!("PostgreSQL at {}", place(&url)), advice })
}

fn plain_redis(address: &Secret) -> Option<Finding> {
    let url = Url::parse(address.expose()).ok()?;
    // A fragment is how its client is told to believe every certificate.
    let is_verified = matches!(url.scheme(), "rediss" | "valkeys") && url.fragment().is_none();
    let is_file = matches!(url.scheme(), "unix" | "redis+unix" | "valkey+unix");
    let is_safe = is_verified || is_file || url.host_str().is_some_and(is_loopback_host);
    let advice = "give an address with rediss:// and nothing after a #, and in cache.ca_file the CA of its certificate";
    (!is_safe).then(|| Finding { key: "cache.redis_url".to_owned(), whom: format!("Redis at {}", place(&url)), advice })
}

fn plain_kafka(config: &Config) -> Option<Finding> {
    let kafka = &config.events.kafka;
    let property = |name: &str| kafka.properties.get(name).map(|value| value.expose().to_ascii_lowercase());
    let is_encrypted = property("security.protocol").is_some_and(|protocol| matches!(protocol.as_str(), "ssl" | "sasl_ssl"));
    let is_verified = property("enable.ssl.certificate.verification").is_none_or(|verifies| verifies == "true")
        && property("ssl.endpoint.identification.algorithm").is_none_or(|algorithm| algorithm == "https");
    // librdkafka's other name for the same.
    let more = property("metadata.broker.list").unwrap_or_default();
    let mut brokers = kafka.brokers.split(',').chain(more.split(',')).map(str::trim).filter(|broker| !broker.is_empty());
    let is_here = brokers.all(|broker| is_loopback_host(host_of_broker(broker)));
    let is_safe = is_encrypted && is_verified || is_here;
    let advice = "set \"security.protocol\" in events.kafka.properties to SASL_SSL or SSL, \"ssl.ca.location\" to the CA of its certificates, and switch \
                  no verification off";
    (!is_safe).then(|| Finding { key: "events.kafka.brokers".to_owned(), whom: format!("Kafka at {}", kafka.brokers), advice })
}

/// `host:port`, `[address]:port` or `protocol://host:port`.
fn host_of_broker(broker: &str) -> &str {
    let address = broker.split_once("://").map_or(broker, |(_protocol, address)| address);
    match address.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => address,
    }
}

/// Host and port, without credentials.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or("no host");
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(service: Service, file: &str) -> Result<(), String> {
        let given = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(given.path(), file).unwrap();
        refuse(&Config::load(Some(given.path())).unwrap(), service).map_err(|refused| refused.to_string())
    }

    /// Setting, its key, where it leads, and what is to be given.
    const IN_CLEAR: &[(&str, &str, &str, &str)] = &[
        (r#"auth.issuer = "http://id.example/realms/s""#, "auth.issuer", "id.example:80", "https://"),
        (r#"telemetry.otlp_endpoint = "http://collector:4317""#, "telemetry.otlp_endpoint", "collector:4317", "https://"),
        (r#"identity.keycloak.admin_url = "http://keycloak:8080/admin""#, "identity.keycloak.admin_url", "keycloak:8080", "https://"),
        (r#"services.identity = "http://identity:8080""#, "services.identity", "identity:8080", "https://"),
        (r#"services.network_monitor = "http://10.0.0.7:8080""#, "services.network_monitor", "10.0.0.7:8080", "https://"),
        (r#"services.incident_intake = "http://127.0.0.1.example""#, "services.incident_intake", "127.0.0.1.example:80", "https://"),
        (r#"identity.database.url = "postgres://u:hunter2@db:5432/i""#, "identity.database.url", "db:5432", "sslmode=verify-full"),
        (
            r#"network_monitor.database.url = "postgresql://u:hunter2@db/n?sslmode=require""#,
            "network_monitor.database.url",
            "db",
            "sslrootcert",
        ),
        (
            r#"incident_intake.database.url = "postgres://u:hunter2@db/c?sslmode=verify-full&sslmode=disable""#,
            "incident_intake.database.url",
            "db",
            "sslmode=verify-full",
        ),
        (r#"identity.database.migration_url = "postgres://o:hunter2@db/i""#, "identity.database.migration_url", "db", "verify-full"),
        (r#"identity.database.url = "postgres://u:hunter2@127.0.0.1/i?host=db""#, "identity.database.url", "127.0.0.1", "verify-full"),
        (r#"cache.redis_url = "redis://:hunter2@cache:6379/0""#, "cache.redis_url", "cache:6379", "rediss://"),
        (r#"cache.redis_url = "rediss://:hunter2@cache:6379/#insecure""#, "cache.redis_url", "cache:6379", "nothing after a #"),
        (
            r#"events = { log = "kafka", kafka.brokers = "127.0.0.1:9092,kafka-1:9092" }"#,
            "events.kafka.brokers",
            "kafka-1:9092",
            "SASL_SSL",
        ),
        (
            r#"events = { log = "kafka", kafka = { brokers = "k:1", properties = { "security.protocol" = "SASL_PLAINTEXT" } } }"#,
            "events.kafka.brokers",
            "k:1",
            "ssl.ca.location",
        ),
        (
            r#"events = { log = "kafka", kafka = { brokers = "k:1", properties = { "security.protocol" = "SSL", "enable.ssl.certificate.verification" = "false" } } }"#,
            "events.kafka.brokers",
            "k:1",
            "no verification off",
        ),
        (
            r#"events = { log = "kafka", kafka = { brokers = "k:1", properties = { "security.protocol" = "SSL", "ssl.endpoint.identification.algorithm" = "none" } } }"#,
            "events.kafka.brokers",
            "k:1",
            "no verification off",
        ),
    ];

    #[test]
    fn what_would_leave_in_clear_is_refused_with_its_key_its_place_and_what_to_give() {
        for (setting, key, place, advice) in IN_CLEAR {
            let refused = judged(Service::All, setting).unwrap_err();
            assert!(refused.starts_with(&format!("configuration: {key}: ")), "{setting}: {refused}");
            assert!(refused.contains(&format!("at {place}")) || refused.contains(&format!(",{place}")), "{setting}: {refused}");
            assert!(refused.contains(advice) && refused.contains("security.mesh = true"), "{setting}: {refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn within_an_encrypting_mesh_the_same_is_accepted() {
        for (setting, ..) in IN_CLEAR {
            assert_eq!(judged(Service::All, &format!("security.mesh = true\n{setting}")), Ok(()), "{setting}");
        }
    }

    #[test]
    fn loopback_and_what_is_encrypted_and_verified_are_accepted() {
        for setting in [
            "",
            r#"auth.issuer = "https://id.example/realms/s""#,
            r#"auth.issuer = "http://127.0.0.1:8180/realms/s""#,
            r#"telemetry.otlp_endpoint = "https://collector:4317""#,
            r#"services.identity = "http://localhost:8080""#,
            r#"identity.database.url = "postgres://u:p@db/i?sslmode=verify-full&sslrootcert=/ca.pem""#,
            r#"identity.database.url = "postgres://u:p@[::1]:5432/i""#,
            r#"identity.database.url = "postgres://u:p@%2Fvar%2Frun%2Fpostgresql/i""#,
            r#"identity.database.url = "sqlite:///var/lib/schildwacht/identity.db""#,
            r#"cache.redis_url = "rediss://:p@cache:6379/0""#,
            r#"cache.redis_url = "redis+unix:///run/redis.sock""#,
            r#"events = { log = "kafka", kafka.brokers = "127.0.0.1:9092, [::1]:9092" }"#,
            r#"events = { log = "kafka", kafka = { brokers = "k:1", properties = { "security.protocol" = "sasl_ssl" } } }"#,
            // Not used with the embedded log.
            r#"events.kafka.brokers = "kafka-0:9092""#,
        ] {
            assert_eq!(judged(Service::All, setting), Ok(()), "{setting}");
        }
    }

    #[test]
    fn every_address_is_told_at_once_but_only_those_that_the_service_speaks_to() {
        let file = r#"
            auth.issuer = "http://id.example/realms/s"
            services.identity = "http://identity:8080"
            identity.database.url = "postgres://db/i"
            network_monitor.database.url = "postgres://db/n"
            cache.redis_url = "redis://cache:6379"
        "#;
        let told = |service| {
            let refused = judged(service, file).unwrap_err();
            let keys =
                ["auth.issuer: ", "services.identity: ", "identity.database.url: ", "network_monitor.database.url: ", "cache.redis_url: "];
            keys.map(|key| refused.contains(key))
        };
        assert_eq!(told(Service::All), [true; 5]);
        assert_eq!(told(Service::NetworkMonitor), [true, false, false, true, false]);
        assert_eq!(told(Service::Portal), [true, true, false, false, true]);
        assert_eq!(told(Service::TelemetryIngest), [true, false, false, false, true]);
    }

    #[test]
    fn a_command_that_looks_into_databases_is_asked_for_those() {
        let given = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(given.path(), "auth.issuer = \"http://id.example\"\nincident_intake.database.url = \"postgres://db/c\"").unwrap();
        let refused = refuse_what_audit_reads(&Config::load(Some(given.path())).unwrap()).unwrap_err().to_string();
        assert!(refused.contains("incident_intake.database.url") && !refused.contains("auth.issuer"), "{refused}");
    }

    #[test]
    fn a_process_may_speak_to_itself_wherever_it_listens() {
        let file = r#"
            listen.address = "10.0.0.5:8080"
            services.identity = "http://10.0.0.5:8081"
        "#;
        assert_eq!(judged(Service::All, file), Ok(()));
    }
}
