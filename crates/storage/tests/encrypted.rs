#![cfg(test)]
//! PostgreSQL and Redis over TLS: only a server whose certificate holds is spoken to, and a refusal says what to do.

use std::{path::Path, time::Duration};

use runtime::config::Secret;
use schildwacht_storage::{
    Cache, Database, DatabaseConfig, SharedRates,
    cache::{CacheConfig, CacheError},
};
use sea_orm::{ConnectionTrait as _, Statement};
use testkit::servers::{self, certificates::Certificates, encrypted::Encrypted};

/// Somebody else's authority.
fn stranger(folder: &Path) -> String {
    Certificates::make(folder, "a password").unwrap().authority.display().to_string()
}

fn database(url: String) -> DatabaseConfig {
    DatabaseConfig { url: Secret::new(url), max_connections: 2, ..DatabaseConfig::sqlite(Path::new("")) }
}

/// What the operator reads.
async fn refused_by_postgres(url: String) -> String {
    let config = database(url);
    let error = Database::connect(&config).await.unwrap_err();
    config.complaint("identity.database.url", &error)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_is_used_over_tls_when_its_certificate_holds_and_else_refused_with_what_to_do() {
    if !testkit::has_servers() {
        return;
    }
    runtime::install_tls_provider();
    let server = Encrypted::postgres().unwrap();
    let (url, authority) = (server.address().to_owned(), server.authority().display());

    let right = database(format!("{url}?sslmode=verify-full&sslrootcert={authority}"));
    let connected = Database::connect(&right).await.unwrap();
    let is_encrypted = Statement::from_string(connected.backend(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    let row = connected.reader().query_one_raw(is_encrypted).await.unwrap().unwrap();
    assert!(row.try_get::<bool>("", "ssl").unwrap());
    connected.close().await.unwrap();

    let folder = servers::scratch().unwrap();
    let stranger = stranger(folder.path());
    let by_another_name = url.replace("127.0.0.1", "localhost");
    let plain = std::env::var(servers::postgres::SERVER.variable).unwrap();
    for (wrong, words) in [
        (format!("{url}?sslmode=verify-full&sslrootcert={stranger}"), ["no trusted authority", "sslrootcert"]),
        (format!("{url}?sslmode=verify-full"), ["no trusted authority", "sslrootcert"]),
        (
            format!("{by_another_name}?sslmode=verify-full&sslrootcert={authority}"),
            ["another server", "the name that is in the certificate"],
        ),
        (format!("{url}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem"), ["sslrootcert", "not there"]),
        (format!("{plain}?sslmode=verify-full"), ["over TLS", "sslmode"]),
    ] {
        let said = refused_by_postgres(wrong).await;
        assert!(said.starts_with("identity.database.url: PostgreSQL at "), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
        assert!(!said.contains("schildwacht:"), "neither account nor password: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_is_used_over_tls_when_its_certificate_holds_and_else_refused_with_what_to_do() {
    if !testkit::has_servers() {
        return;
    }
    runtime::install_tls_provider();
    let server = Encrypted::redis().unwrap();
    let with = |url: &str, ca_file: Option<&str>| CacheConfig { ca_file: ca_file.map(Into::into), ..CacheConfig::at(url) };
    let authority = server.authority().display().to_string();

    let right = with(server.address(), Some(&authority));
    let cache = Cache::open(&right, "encryptedtest").await.unwrap();
    cache.put("kept", &7, Duration::from_secs(60)).await.unwrap();
    assert_eq!(cache.get::<i32>("kept").await.unwrap(), Some(7));
    SharedRates::of(&right, "encryptedtest").unwrap().unwrap().connect().await.unwrap();

    let folder = servers::scratch().unwrap();
    let stranger = stranger(folder.path());
    let by_another_name = server.address().replace("127.0.0.1", "localhost");
    for (wrong, words) in [
        (with(server.address(), Some(&stranger)), ["no trusted authority", "cache.ca_file"]),
        (with(server.address(), None), ["no trusted authority", "cache.ca_file"]),
        (with(&by_another_name, Some(&authority)), ["another server", "the name that is in the certificate"]),
        (with(server.address(), Some("/nowhere/ca.pem")), ["cache.ca_file", "cannot be read"]),
    ] {
        let said = Cache::open(&wrong, "encryptedtest").await.unwrap_err().to_string();
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
    }

    // What limits rates connects when it is needed, and says the same then.
    let mut rates = SharedRates::of(&with(server.address(), Some(&stranger)), "encryptedtest").unwrap().unwrap();
    let refused = rates.connect().await.unwrap_err();
    assert!(matches!(&refused, CacheError::Unusable { complaint, .. } if complaint.contains("no trusted authority")), "{refused}");
}
