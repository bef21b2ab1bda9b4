//! Real parts for tests: databases, an issuer, a listening service, child processes, a browser.
//!
//! A test that should hold on both stores is written once:
//!
//! ```text
//! testkit::on_both_stores! {
//!     async fn a_closed_case_can_be_reopened(database: TestDatabase) { … }
//! }
//! ```
//!
//! and becomes `a_closed_case_can_be_reopened::on_sqlite` and `…::on_postgres`. The second needs
//! `SCHILDWACHT_TEST_POSTGRES`, which `cargo xtask test` sets; without it, it says so and passes by.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot be set up should stop with the reason")]

pub mod arbitrary;
#[cfg(feature = "browser")]
pub mod browser;
mod child;
mod database;
mod http;
mod issuer;
mod keycloak;
mod log;
mod patience;
mod server;

pub use child::{Child, free_port};
pub use database::{Store, TestDatabase};
pub use http::{http_builder, http_client};
pub use issuer::{TestIssuer, director_of, person, responder_named};
pub use keycloak::{Account, REALM, Realm, Visit, one_time_code};
pub use log::TestLog;
pub use patience::{PATIENCE, eventually};
pub use server::{Running, TestProcess};
pub use servers;

/// Whether tests of the production column run: on every server, or on none with a printed reason.
pub fn has_production_column() -> bool {
    let missing: Vec<&str> = servers::ALL.iter().filter(|server| !server.is_given()).map(|server| server.variable).collect();
    if !missing.is_empty() {
        skip(&format!("{} not set; `cargo xtask test` starts the servers and sets them", missing.join(", ")));
    }
    missing.is_empty()
}

/// Says why a test passes by. In a run that brings everything none may: then it fails with the reason ([`servers::STRICT`]).
pub fn skip(reason: &str) {
    assert!(std::env::var_os(servers::STRICT).is_none(), "nothing may be skipped in this run: {reason}");
    eprintln!("skipped: {reason}");
}

/// The reference data beside the checkout, or `None` (with a printed reason) where it is absent.
pub fn shared_data(path: &str) -> Option<std::path::PathBuf> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if file.exists() {
        return Some(file);
    }
    eprintln!("skipped: reference data {path} is not beside the checkout (../shared/data)");
    None
}

/// Writes a test once and runs it on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_stores {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident: TestDatabase) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports, reason = "a test uses what it needs of the file around it")]
            use super::*;

            async fn run($database: $crate::TestDatabase) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                if let Some(database) = $crate::TestDatabase::new($crate::Store::Sqlite).await {
                    run(database).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if let Some(database) = $crate::TestDatabase::new($crate::Store::Postgres).await {
                    run(database).await;
                }
            }
        }
    )+};
}
