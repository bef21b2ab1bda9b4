#![cfg(test)]
//! `compose.yaml` gives developers with Docker the servers that the tests run on, in the same versions.

use std::collections::BTreeSet;

use schildwacht_servers::{kafka, keycloak};

const COMPOSE: &str = include_str!("../../../compose.yaml");

/// The major versions that Debian 12 gives; the tests run on its packages.
const POSTGRES: &str = "15";
const REDIS: &str = "7";

/// What follows a key, line by line.
fn values(key: &str) -> impl Iterator<Item = &str> {
    COMPOSE.lines().filter_map(move |line| line.trim().strip_prefix(key)?.strip_prefix(':')).map(str::trim)
}

#[test]
fn compose_and_the_harness_have_the_same_versions() {
    let ours = [
        format!("postgres:{POSTGRES}"),
        format!("redis:{REDIS}"),
        format!("apache/kafka:{}", kafka::VERSION),
        format!("quay.io/keycloak/keycloak:{}", keycloak::VERSION),
    ];
    let theirs: BTreeSet<&str> = values("image").collect();
    assert_eq!(theirs, ours.iter().map(String::as_str).collect());
}

#[test]
fn compose_opens_nothing_beyond_this_machine_and_keeps_no_password() {
    let ports: Vec<&str> = values("ports").collect();
    assert!(ports.len() == 4 && ports.iter().all(|port| port.starts_with("[\"127.0.0.1:")), "{ports:?}");
    for line in COMPOSE.lines().filter(|line| !line.starts_with('#')) {
        let secret = ["_PASSWORD:", "_SECRET:", "requirepass "].into_iter().find(|name| line.contains(name));
        assert!(secret.is_none() || line.contains("${SCHILDWACHT_"), "{line}");
    }
}
