//! network-monitor: what is on a school's network, and what looks wrong there.
//!
//! It owns devices, alerts and suppressions. It does not own cases (incident-intake), nor who may post (identity), and it keeps
//! no traffic: of a name looked up or a site visited nothing stays but that the device was there.
//!
//! # The path of one batch
//!
//! 1. `inbound.rs` gets a record of `telemetry.batch.v1`: the bytes a gateway sent, with school, gateway and media type.
//! 2. [`wire`] decompresses it once, finds the events whatever was wrapped around them, and says of each: understood, known and
//!    unused, or unreadable with a reason.
//! 3. [`domain`] folds what was understood: sightings by device, suspicious events by alert.
//! 4. `app/record_batch.rs` loads those devices and alerts of the school, applies the fold, and writes once per device and alert;
//!    alerts that somebody should hear of go to the outbox as `monitor.alert.v1`. Events that cannot be read are dead letters.
//!    All of it, and the inbox row, in one transaction.
//!
//! # What always holds
//!
//! - A device was seen only if it spoke: an address that never answered is no device.
//! - A card has one device in its school; an address belongs to the card that last claimed it.
//! - The same event twice is counted once, whatever the order in which events come: without bound where a request is sent again
//!   as it was, among the last events of its alert where events come in other requests.
//! - Every event ends in one counted outcome. What cannot be read is in a dead letter: its record, or what is left of its text.
//! - A suppressed alert is counted, and told in full once it may be.
//!
//! # Understanding another kind of event
//!
//! Name its members in `wire/fields/table.rs` and its source in `domain/source.rs`; say in `wire/suricata.rs` or `wire/zeek.rs` which
//! sightings or which detection it is; take it out of the list of unused kinds; add a line of it to `wire/batch_tests/`.

mod app;
mod config;
pub mod domain;
mod grpc;
mod inbound;
mod messages;
mod outbound;
mod store;
pub mod wire;

use std::time::Duration;

use axum::Router;
use runtime::{Process, StartError};
use service::Parts;
use storage::{classified::ClassifiedTable, migrate::MigrationTrait, retention::Aging};

pub use config::{Bounds, Config};

/// How often alerts that have grown are looked for. A case hears of them this much later than they are due, at most.
const TELL_GROWTH_EVERY: Duration = Duration::from_secs(10);

/// The service.
#[derive(Debug)]
pub struct Service {
    /// `[network_monitor]`.
    pub config: Config,
    /// What every service works with.
    pub parts: Parts,
}

/// All tables, in order.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    service::migrations(store::migrations())
}

/// What is said of all tables.
pub fn tables() -> Vec<ClassifiedTable> {
    service::tables(store::tables())
}

/// How all rows grow old.
pub fn aging() -> Vec<Aging> {
    service::aging(store::aging())
}

impl Service {
    /// Its name in configuration, events, metrics and logs.
    pub const NAME: &str = outbound::NAME;

    /// Its gRPC routes. Its consumer, its relay and its job run from now on.
    ///
    /// # Errors
    /// Never yet; the type is that of every service.
    pub async fn build(self, process: &Process) -> Result<Router, StartError> {
        let periods = self.parts.retention.periods().clone();
        let assembly = self.parts.begin(Self::NAME, process);
        let app = app::App::new(assembly.database(), periods, self.config.bounds);
        let Config { max_decoded_bytes, max_events, .. } = self.config;
        let handler = inbound::Inbound::new(app.clone(), assembly.own_context(), max_decoded_bytes, max_events);
        assembly.publish();
        assembly.consume(inbound::CONSUMED, self.config.max_batches, handler);
        assembly.retain(store::aging());
        let telling = app.clone();
        assembly.every("tell_growth", TELL_GROWTH_EVERY, move |cx| {
            let app = telling.clone();
            async move { app::tell_growth(&app, &cx).await }
        });
        Ok(assembly.grpc(grpc::routes(&app)))
    }
}
