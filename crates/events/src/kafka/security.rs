//! What the properties about TLS and passwords must say together. librdkafka takes half of it without a word, and would then
//! send in clear what was meant to be protected.

use std::collections::BTreeMap;

use runtime::config::Secret;

/// Whether this binary has the OpenSSL that TLS and SCRAM need.
pub(super) const HAS_TLS: bool = cfg!(feature = "kafka-tls");

/// What is wrong with them, and what to do; for a binary with or without TLS.
pub(super) fn violation(properties: &BTreeMap<String, Secret>, has_tls: bool) -> Option<String> {
    let value = |name: &str| properties.get(name).map(|value| value.expose().to_ascii_lowercase());
    let named = |prefix: &str| properties.keys().find(|name| name.starts_with(prefix));
    let protocol = value("security.protocol").unwrap_or_else(|| "plaintext".to_owned());
    let (with_tls, with_password) = (protocol.ends_with("ssl"), protocol.starts_with("sasl_"));
    let with_scram = ["sasl.mechanism", "sasl.mechanisms"].into_iter().filter_map(value).any(|mechanism| mechanism.starts_with("scram-"));

    if let Some(name) = named("sasl.").filter(|_| !with_password) {
        return Some(format!("events.kafka.properties sets {name}, but security.protocol {protocol} uses no SASL; set it to SASL_SSL"));
    }
    if let Some(name) = named("ssl.").filter(|_| !with_tls) {
        return Some(format!(
            "events.kafka.properties sets {name}, but with security.protocol {protocol} nothing is encrypted; set it to SASL_SSL or SSL"
        ));
    }
    let asked = if with_tls { protocol.to_ascii_uppercase() } else { "SCRAM".to_owned() };
    let cannot = (with_tls || with_scram) && !has_tls;
    cannot.then(|| {
        format!("events.kafka.properties asks for {asked}, which this binary was built without; build it with --features kafka-tls")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECURE: [(&str, &str); 5] = [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "schildwacht"),
        ("sasl.password", "hunter2"),
        ("ssl.ca.location", "/etc/kafka/ca.pem"),
    ];

    fn judged(properties: &[(&str, &str)], has_tls: bool) -> String {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        violation(&properties, has_tls).unwrap_or_default()
    }

    #[test]
    fn tls_and_scram_need_a_binary_that_can() {
        assert_eq!(judged(&SECURE, true), "");
        for needing in [&SECURE[..], &[("security.protocol", "ssl")], &[("security.protocol", "sasl_plaintext"), SECURE[1]]] {
            let refused = judged(needing, false);
            assert!(refused.contains("--features kafka-tls"), "{needing:?}: {refused}");
        }
        assert_eq!(judged(&[("linger.ms", "50")], false), "");
        assert_eq!(judged(&[("security.protocol", "sasl_plaintext"), ("sasl.mechanism", "PLAIN")], false), "", "a mesh may encrypt");
    }

    #[test]
    fn what_would_go_in_clear_without_a_word_is_refused_and_passwords_are_not_shown() {
        let with_protocol = |protocol| [("security.protocol", protocol), SECURE[3]];
        for half in [&SECURE[1..], &with_protocol("plaintext"), &with_protocol("ssl")] {
            let refused = judged(half, true);
            assert!(refused.contains("sasl.") && refused.contains("SASL_SSL") && !refused.contains("hunter2"), "{half:?}: {refused}");
        }
        let half = judged(&[("security.protocol", "SASL_PLAINTEXT"), SECURE[4]], true);
        assert!(half.contains("ssl.ca.location"), "{half}");
    }
}
