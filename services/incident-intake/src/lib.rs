//! incident-intake: cases, from the alerts that open them until they are done with.
//!
//! It owns cases, their timeline and their evidence. It does not own alerts (network-monitor does), schools (identity does), or
//! what people may do (crate `auth`).
//!
//! # The path of one alert
//!
//! 1. [`inbound`] takes an `AlertEvent` from `monitor.alert.v1`, or names everything that is wrong with it (a dead letter).
//! 2. `app/record_alert.rs` queues behind other changes at that school, and looks for the open case it belongs to. If there is
//!    one, the alert becomes evidence and may raise the severity.
//! 3. If there is none, dated content says of which class it is ([`domain::rule`]). It counts towards the class's threshold at
//!    that school ([`domain::threshold`]); what reaches it becomes a case, with everything that waited as evidence.
//!    A school that opened as many cases as it may in an hour opens one more, "flood", which takes in the rest.
//! 4. In one transaction: the case, its timeline entry, a row in the school's audit chain, `incident.case.v1` in the outbox, and
//!    the event in the inbox.
//! 5. Every replica follows `incident.case.v1` and tells those who watch the queue.
//!
//! # What always holds
//!
//! - One open case a school and signature; an alert belongs to at most one of them.
//! - Numbers (`SW-2026-0412`) have no gaps within a Brussels year.
//! - A case keeps the words and the content version it was opened under; its severity only rises.
//! - People's decisions need the case as they read it (etag); what sensors add never gets in their way.
//! - Every change of a case is an entry in its timeline and a row in the school's audit chain, in the same transaction.
//!
//! # Adding another use case
//!
//! A transition in [`domain::case`] with its [`domain::change::CaseChange`], a function in `app/case_changes.rs` (load, decide, keep),
//! its RPC and its request in `grpc/case.rs`, and a test through the gRPC edge in `tests/`.

mod app;
mod config;
pub mod domain;
mod grpc;
mod inbound;
mod messages;
mod outbound;
mod pack;
mod store;
mod texts;

use std::time::Duration;

use axum::Router;
use content::Library;
use runtime::{Process, StartError};
use service::Parts;
use storage::{classified::ClassifiedTable, migrate::MigrationTrait, retention::Aging};

pub use config::Config;
pub use inbound::Inbound;
pub use texts::CaseTexts;

use app::App;

/// The service.
#[derive(Debug)]
pub struct Service {
    /// `[incident_intake]`.
    pub config: Config,
    /// `[content]`.
    pub content: content::Settings,
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
    service::aging(app::aging())
}

impl Service {
    /// Its name in configuration, events, metrics and logs.
    pub const NAME: &str = outbound::NAME;

    /// Its gRPC routes. Its consumer, relay, feed and jobs run from now on.
    ///
    /// # Errors
    /// When the content is not right, or none of it holds today.
    pub async fn build(self, process: &Process) -> Result<Router, StartError> {
        let content = Library::load(&self.content).map_err(|error| StartError::new(Self::NAME, error))?;
        content.at(process.clock.now()).map_err(|error| StartError::new(Self::NAME, error))?;
        let assembly = self.parts.begin(Self::NAME, process);
        let app = App::new(assembly.database(), content, self.config.new_cases_per_hour, assembly.shutdown());
        assembly.publish();
        assembly.consume(inbound::CONSUMED, self.config.max_batch, Inbound::new(app.clone(), assembly.own_context()));
        assembly.retain(app::aging());
        assembly.run("feed", inbound::follow_cases(app.clone(), assembly.log().0, assembly.shutdown()));

        let (measured, pruned) = (app.clone(), app.clone());
        assembly.every("measure_queue", Duration::from_secs(self.config.measure_every_seconds), move |cx| {
            let app = measured.clone();
            async move { app::measure_queue(&app, &cx).await }
        });
        assembly.every("prune", Duration::from_secs(self.config.prune_every_seconds), move |cx| {
            let app = pruned.clone();
            async move { app::prune(&app, &cx).await }
        });
        Ok(assembly.grpc(grpc::routes(&app)))
    }
}
