//! The shared foundation of every service process.
//!
//! | Module | Gives |
//! |---|---|
//! | [`error`] | one closed set of error kinds, mapped once to gRPC and once to HTTP; [`StepUp`], how a caller must sign in |
//! | [`clock`], [`ids`] | clock and id generator that tests can replace; typed ids |
//! | [`process`] | what a process gives to the services it mounts |
//! | [`tasks`] | background tasks with an owner, and the shutdown they listen to |
//! | [`config`] | configuration in layers, with file and key in every error |
//! | [`telemetry`] | logs, traces, metrics: lines on a terminal, OTLP when configured |
//! | [`private_file`] | files that only their owner may read: keys and secrets |
//! | [`listener`] | a port, with limits for each client and graceful shutdown |
//! | [`hosts`] | host names that a port on loopback answers to |
//! | [`health`], [`admin`] | live and ready, for HTTP and gRPC; the admin port |
//! | [`security`] | security events: a closed set of lines and counts |
//! | [`tls`] | what a server's certificate is refused for, in an operator's words |
//! | [`observe`] | a span and metrics for every request |
//!
//! Nothing here depends on a service, a database or a caller.

pub mod admin;
pub mod clock;
pub mod config;
pub mod error;
pub mod health;
pub mod hosts;
pub mod ids;
pub mod listener;
mod log_line;
pub mod observe;
mod phone;
pub mod private_file;
pub mod process;
mod request;
pub mod security;
mod step_up;
pub mod tasks;
pub mod telemetry;
mod text;
pub mod tls;
mod violations;

pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{Error, ErrorKind, FieldViolation};
pub use health::Health;
pub use ids::{
    AlertId, AppId, AuditId, BoardId, CaseId, DeadLetterId, DeviceId, EventId, GatewayId, Ids, PersonId, RequestId, SchoolId, SiteId,
    VendorId,
};
pub use phone::{Phone, PhoneRefusal};
pub use process::{Process, StartError};
pub use request::Etag;
pub use step_up::{STEP_UP_REQUIRED, StepUp};
pub use tasks::{Shutdown, Tasks};
pub use text::{Line, TextRefusal, Words, is_hidden, without_hidden};
pub use violations::Violations;

/// Answers of use cases.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Installs the process-wide TLS provider. Call once, before the first HTTP client; later calls do nothing.
pub fn install_tls_provider() {
    // An error only means that a provider is installed already.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}
