//! No process starts on the placeholder of a template in place of a secret: everybody who has read the template knows it.

use percent_encoding::percent_decode_str;
use runtime::config::{ConfigError, Secret};
use url::Url;

use super::{Config, event_log::LogKind};
use crate::cli::Service;

/// Refuses the first placeholder among the secrets that this service uses.
pub fn refuse_placeholders(config: &Config, service: Service) -> Result<(), ConfigError> {
    for (key, secret) in secrets(config, service) {
        secret.refuse_placeholder(&key)?;
    }
    Ok(())
}

fn secrets(config: &Config, service: Service) -> Vec<(String, Secret)> {
    let services = service.services();
    let serves = |one: Service| services.contains(&one);
    let mut secrets = Vec::new();
    if serves(Service::Identity) && !config.identity.issuer.embedded {
        secrets.push(("identity.keycloak.client_secret".to_owned(), config.identity.keycloak.client_secret.clone()));
    }
    if serves(Service::Portal) {
        secrets.push(("portal.client_secret".to_owned(), config.portal.client_secret.clone()));
    }
    secrets.extend(config.database_urls(service).into_iter().map(|(key, url)| (key, password_in(&url))));
    if serves(Service::Portal) || serves(Service::TelemetryIngest) {
        secrets.push(("cache.redis_url".to_owned(), password_in(&config.cache.redis_url)));
    }
    if let Some(smtp) = &config.mail.smtp {
        secrets.push(("mail.smtp.password".to_owned(), smtp.password.clone()));
    }
    if config.events.log == LogKind::Kafka {
        let is_secret = |name: &str| name.ends_with("password") || name.ends_with("secret");
        let named = config.events.kafka.properties.iter().filter(|(name, _)| is_secret(name));
        secrets.extend(named.map(|(name, value)| (format!("events.kafka.properties.{name}"), value.clone())));
    }
    secrets
}

/// The password of an address; the whole of what is no address, which may be a variable that nobody filled in.
fn password_in(address: &Secret) -> Secret {
    match Url::parse(address.expose()) {
        Ok(url) => Secret::new(percent_decode_str(url.password().unwrap_or_default()).decode_utf8_lossy()),
        Err(_) => address.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(service: Service, file: &str) -> Result<(), String> {
        let given = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(given.path(), file).unwrap();
        refuse_placeholders(&Config::load(Some(given.path())).unwrap(), service).map_err(|refused| refused.to_string())
    }

    #[test]
    fn a_placeholder_in_place_of_any_secret_is_refused_with_its_key() {
        for (setting, key) in [
            (r#"identity.keycloak.client_secret = "${SCHILDWACHT_IDENTITY_SECRET}""#, "identity.keycloak.client_secret"),
            (r#"portal.client_secret = "change-me""#, "portal.client_secret"),
            (r#"network_monitor.database.url = "postgres://schildwacht:changeme@127.0.0.1/n""#, "network_monitor.database.url"),
            (r#"identity.database.migration_url = "postgres://owner:changeme@127.0.0.1/i""#, "identity.database.migration_url"),
            (r#"incident_intake.database.url = "postgres://schildwacht:${PASSWORD}@127.0.0.1/c""#, "incident_intake.database.url"),
            (r#"incident_intake.database.url = "postgres://schildwacht:change%2Dm%65@127.0.0.1/c""#, "incident_intake.database.url"),
            (r#"cache.redis_url = "redis://:%24%7BPASSWORD%7D@127.0.0.1""#, "cache.redis_url"),
            (r#"identity.database.url = "${DATABASE_URL}""#, "identity.database.url"),
            (r#"cache.redis_url = "redis://:placeholder@127.0.0.1""#, "cache.redis_url"),
            (r#"mail.smtp = { host = "smtp.example", user = "schildwacht", password = "<password>" }"#, "mail.smtp.password"),
            (
                r#"events = { log = "kafka", kafka.properties = { "sasl.password" = "<password>" } }"#,
                "events.kafka.properties.sasl.password",
            ),
        ] {
            let refused = judged(Service::All, setting).unwrap_err();
            assert!(refused.starts_with(&format!("configuration: {key}: ")) && refused.contains("openssl rand"), "{setting}: {refused}");
        }
    }

    #[test]
    fn secrets_are_accepted_and_a_service_is_asked_for_its_own_only() {
        let portals = r#"portal.client_secret = "change-me""#;
        assert_eq!(judged(Service::NetworkMonitor, portals), Ok(()));
        assert_eq!(judged(Service::All, ""), Ok(()));
        assert_eq!(judged(Service::All, r#"identity.database.url = "postgres://schildwacht:0f3a9c41@127.0.0.1/i""#), Ok(()));
    }
}
