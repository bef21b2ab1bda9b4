//! What every service process needs and no service wants to write again.
//!
//! | Module | Gives |
//! |---|---|
//! | [`error`] | one closed set of error kinds, mapped once to gRPC and once to HTTP |
//! | [`clock`], [`ids`] | time and chance as values that tests can replace; typed ids |
//! | [`process`] | what a process lends to the services it mounts |
//! | [`tasks`] | background tasks with an owner, and the shutdown they listen to |
//! | [`config`] | configuration in layers, with file and key in every complaint |
//! | [`telemetry`] | logs, traces, metrics: lines on a terminal, OTLP when configured |
//! | [`listener`] | one port for gRPC, REST and pages, with limits and a graceful end |
//! | [`health`], [`admin`] | live and ready, for HTTP and gRPC; the admin port |
//! | [`observe`] | a span and metrics for every request |
//!
//! Nothing here knows a service, a database or a caller.

pub mod admin;
pub mod clock;
pub mod config;
pub mod error;
pub mod health;
pub mod ids;
pub mod listener;
mod log_line;
pub mod observe;
pub mod process;
mod request;
pub mod tasks;
pub mod telemetry;
mod text;
mod violations;

pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{Error, ErrorKind, FieldViolation};
pub use health::Health;
pub use ids::{
    AlertId, AuditId, BoardId, CaseId, DeadLetterId, DeviceId, EventId, GatewayId, Ids, PersonId, RequestId, SchoolId, SiteId,
    SuppressionId, TimelineEntryId,
};
pub use process::{Process, StartError};
pub use request::Etag;
pub use tasks::{Shutdown, Tasks};
pub use text::{Line, TextRefusal, Words};
pub use violations::Violations;

/// Answers of use cases.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Installs the process-wide TLS provider. Call once, before the first HTTP client; later calls do nothing.
pub fn install_tls_provider() {
    // An error only says that a provider is already there, which is what is wanted.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}
