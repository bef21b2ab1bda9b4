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
//! `SCHILDWACHT_TEST_POSTGRES`, which `cargo xtask test` sets; without it, the test passes and prints why it did not run.

#![expect(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot be set up should stop with the reason")]

mod agreement;
pub mod arbitrary;
#[cfg(feature = "browser")]
pub mod browser;
mod child;
mod database;
mod http;
mod issuer;
mod keycloak;
mod log;
mod methods;
mod parts;
mod patience;
mod security;
mod server;
mod skipping;
mod telemetry;

pub use agreement::assert_agreement;
pub use child::{Child, free_port};
pub use database::{Store, TestDatabase, columns, unguarded_tables};
pub use http::{http_builder, http_client};
pub use issuer::{DISCOVERY, TestIssuer, TestTokens, director_of, person, responder_named};
pub use keycloak::{Account, Brokered, REALM, Realm, Visit, one_time_code};
pub use log::TestLog;
pub use methods::{grpc_methods, grpc_methods_of};
pub use parts::{context, operators_door, parts};
pub use patience::{PATIENCE, eventually};
pub use security::{SecurityLine, security_lines};
pub use server::{Running, TestProcess};
pub use servers;
pub use skipping::{has_servers, shared_data, skip};
pub use telemetry::quiet_telemetry;

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
