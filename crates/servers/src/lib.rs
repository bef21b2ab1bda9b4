//! The servers of the production mode, without Docker: PostgreSQL, Redis, Kafka and Keycloak on loopback, for tests and
//! for developers.
//!
//! `cargo xtask test` starts one of each for all tests together and names them in environment variables ([`Server::variable`]);
//! `cargo xtask up` does the same for a day's work. A test that must stop or kill a server starts its own
//! ([`Server::start_own`], [`kafka::Cluster`]; for TLS [`encrypted::Encrypted`] and [`kafka::Secured`]).
//!
//! | Where a server comes from | |
//! |---|---|
//! | PostgreSQL, Redis | Debian's packages, or whatever is on the path |
//! | Kafka, Keycloak | Maven coordinates, fetched once into the cache ([`cache`]), every file checked against its pinned SHA-256 |
//! | the OpenTelemetry Collector, no server but an agent ([`collector`]) | Go modules, built once into the cache |
//! | Suricata, no server but a sensor ([`suricata`]) | Debian's packages, unpacked once into the cache and not installed |
//!
//! A failing server is named with what it logged: when it does not start, when it was killed
//! ([`Running::still_runs`]), and when one that the environment names is not there or takes another password ([`Server::knock`]).
//!
//! A server's data folder is thrown away with it. Nothing listens outside loopback, and every password is generated each time, since other
//! people of a machine reach loopback too.
//!
//! In a full run no test may be skipped: [`STRICT`].
//!
//! This crate is built before everything else on a fresh machine, so its dependencies are few and small.
//!
//! # Adding another server
//!
//! A file with its [`Server`], and a line in [`ALL`].

#![expect(
    clippy::print_stderr,
    reason = "what takes minutes says so on the terminal; what is printed for a shell to evaluate stays apart from it"
)]

mod address;
pub mod cache;
pub mod certificates;
pub mod collector;
pub mod encrypted;
pub mod install;
mod java;
pub mod kafka;
pub mod keycloak;
mod maven;
mod ports;
pub mod postgres;
mod process;
mod redis;
mod server;
pub mod suricata;

pub use ports::free_port;
pub use process::{Interrupt, Process};
pub use redis::SERVER as REDIS;
pub use server::{Lifetime, Running, Server, Started, open_to_pass, scratch};

/// When this is set, a test that lacks a server or a program fails instead of being skipped; `cargo xtask test` sets it, as it brings
/// them all.
pub const STRICT: &str = "SCHILDWACHT_TEST_STRICT";

/// Where tests find axe-core's script, the accessibility checker that they load into pages.
pub const AXE: &str = "SCHILDWACHT_TEST_AXE";

/// Every server of the production mode, in the order they are started; each start waits for the one before.
pub const ALL: &[Server] = &[postgres::SERVER, REDIS, kafka::SERVER, keycloak::SERVER];
