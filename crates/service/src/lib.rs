//! What every service is made of: database, event log, authentication, readiness, relay, consumer, mail, periodic jobs, dead letters.
//!
//! A service is given its [`Parts`], begins with them, and lists what runs:
//!
//! ```text
//! let assembly = self.parts.begin(Self::NAME, process);
//! assembly.publish();                                             // outbox → event log
//! assembly.consume(CONSUMED, max_batch, Inbound::new(app.clone(), assembly.own_context()));
//! assembly.send_mail();                                           // queue of mail → SMTP server
//! assembly.retain(app::aging());                                  // removes what was kept for long enough
//! assembly.every("prune", Duration::from_secs(3_600), move |cx| …); // a use case, as the service itself
//! Ok(assembly.grpc(grpc::routes(app)))                            // authenticated before a body is read
//! ```

mod checkpoints;
mod erasure;
mod follow;
mod functions;
mod history;
mod organisations;
mod periods;
mod retention;
mod retention_api;

use std::{fmt::Debug, future::Future, time::Duration};

use auth::{Authenticator, Context};
use axum::Router;
use events::{AddInbox, AddOutbox, Consumer, ConsumerConfig, DeadLetters, Handler, LogHandle, Pruning, Relay, Topic};
use mail::{Mailer, Sender};
use runtime::{Process, Shutdown};
use storage::{
    Database,
    audit::AddAuditTrail,
    classified::ClassifiedTable,
    migrate::MigrationTrait,
    retention::{AddHolds, Aging, aging_of_holds},
};
use tonic::service::Routes;

pub use checkpoints::KeepCheckpoints;
pub use erasure::hear_of_erasure;
pub use functions::follow_functions;
pub use history::{History, Trail};
pub use organisations::follow_organisations;
pub use periods::{Basis, Ends, Period, Periods};
pub use retention::Retention;
pub use retention_api::RetentionApi;

/// Largest message of a request: twice what the largest question of a page takes. What is larger is refused before it is decoded.
pub const MAX_REQUEST_BYTES: usize = 512 * 1024;

/// After its start a service waits no longer than this for the first run of a job.
const FIRST_RUN: Duration = Duration::from_secs(60);
/// How often the inbox is pruned, and what was kept for long enough removed.
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);

/// The tables of a service, after those that every service has: audit trail, holds, outbox, inbox and dead letters.
pub fn migrations(own: Vec<Box<dyn MigrationTrait>>) -> Vec<Box<dyn MigrationTrait>> {
    let mut migrations: Vec<Box<dyn MigrationTrait>> =
        vec![Box::new(AddAuditTrail), Box::new(AddHolds), Box::new(AddOutbox), Box::new(AddInbox)];
    migrations.extend(own);
    migrations
}

/// What is said of all tables of a service: of its own, and of those that every service has.
pub fn tables(own: Vec<ClassifiedTable>) -> Vec<ClassifiedTable> {
    [storage::retention::tables(), events::tables(), own].concat()
}

/// How all rows of a service grow old: its own, and those that every service has.
pub fn aging(own: Vec<Aging>) -> Vec<Aging> {
    [vec![aging_of_holds(), events::dead_letter::aging()], own].concat()
}

/// What a service is given to work with.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Its own, migrated.
    pub database: Database,
    /// Where events come from and go to.
    pub log: LogHandle,
    /// How it consumes.
    pub consumer: ConsumerConfig,
    /// Where operators find the messages it could not process.
    pub dead_letters: DeadLetters,
    /// How mail is sent.
    pub mailer: Mailer,
    /// How long what it keeps is kept.
    pub retention: Retention,
    /// Makes the context of every request.
    pub authenticator: Authenticator,
}

impl Parts {
    /// Begins the service of this name: from now on its readiness depends on its database.
    pub fn begin<'p>(self, name: &'static str, process: &'p Process) -> Assembly<'p> {
        let database = self.database.clone();
        process.health.add_probe(format!("{name}.database"), move || {
            let database = database.clone();
            async move { database.check().await.map_err(|error| error.to_string()) }
        });
        Assembly { name, parts: self, process }
    }
}

/// A service that is being put together.
#[derive(Debug)]
pub struct Assembly<'p> {
    name: &'static str,
    parts: Parts,
    process: &'p Process,
}

impl Assembly<'_> {
    /// Its database.
    pub fn database(&self) -> Database {
        self.parts.database.clone()
    }

    /// The event log.
    pub fn log(&self) -> LogHandle {
        self.parts.log.clone()
    }

    /// When to stop.
    pub fn shutdown(&self) -> Shutdown {
        self.process.tasks.shutdown()
    }

    /// For what the service does by itself.
    pub fn own_context(&self) -> Context {
        self.parts.authenticator.own_context(self.name)
    }

    /// Publishes what the service writes to its outbox.
    pub fn publish(&self) {
        let relay = Relay { service: self.name, database: self.database(), log: self.log(), clock: self.process.clock.clone() };
        self.run("relay", relay.run(self.shutdown()));
    }

    /// Consumes topics as a group of the service's name, partitions side by side. What the handler refuses becomes a dead letter, which operators may replay into the
    /// same handler. The inbox is pruned from now on.
    pub fn consume(&self, topics: &'static [Topic], max_batch: usize, handler: impl Handler) {
        let handler = std::sync::Arc::new(handler);
        self.parts.dead_letters.open(self.name, self.database(), handler.clone());
        let consumer = Consumer {
            name: self.name,
            topics,
            max_batch,
            settings: self.parts.consumer,
            database: self.database(),
            log: self.log(),
            clock: self.process.clock.clone(),
            ids: self.process.ids.clone(),
            handler,
        };
        for member in consumer.members() {
            self.run("consumer", member.run(self.shutdown()));
        }
        let pruning = Pruning { database: self.database(), topics };
        self.every("prune_delivered", PRUNE_EVERY, move |cx| {
            let pruning = pruning.clone();
            async move { Ok(pruning.run(cx.clock.now()).await?) }
        });
    }

    /// Sends the mail that the service queues.
    pub fn send_mail(&self) {
        let sender = Sender {
            service: self.name,
            database: self.database(),
            mailer: self.parts.mailer.clone(),
            clock: self.process.clock.clone(),
            ids: self.process.ids.clone(),
        };
        self.run("mail", sender.run(self.shutdown()));
    }

    /// Removes every hour what of these rows, and of those that every service has, is past its period and not on hold.
    pub fn retain(&self, own: Vec<Aging>) {
        let keeper = self.parts.retention.open(self.name, self.database(), aging(own), self.shutdown());
        self.every("retention", PRUNE_EVERY, move |cx| {
            let keeper = keeper.clone();
            async move { keeper.run(&cx).await }
        });
    }

    /// Runs a use case as the service itself, soon after the start and then once a period. With several replicas each runs it, so it must
    /// be harmless when it runs twice. A failure is logged, and the next period is the retry.
    pub fn every<F, R, T>(&self, job: &'static str, period: Duration, work: F)
    where
        F: Fn(Context) -> R + Send + 'static,
        R: Future<Output = runtime::Result<T>> + Send,
        T: Debug,
    {
        let (service, cx, shutdown) = (self.name, self.own_context(), self.shutdown());
        self.run(job, async move {
            let mut pause = period.min(FIRST_RUN);
            while shutdown.sleep(pause).await {
                match work(cx.clone()).await {
                    Ok(outcome) => tracing::debug!(name: "job.done", service, job, ?outcome, "job done"),
                    Err(error) => tracing::warn!(name: "job.failed", service, job, error = %error.chain(), "job failed, will retry"),
                }
                pause = period;
            }
            Ok::<(), std::convert::Infallible>(())
        });
    }

    /// Runs a task of the service until it returns; an error stops the process.
    pub fn run<E: std::error::Error + Send + 'static>(&self, task: &str, work: impl Future<Output = Result<(), E>> + Send + 'static) {
        self.process.tasks.spawn(format!("{}.{task}", self.name), work);
    }

    /// Its gRPC routes: every call is authenticated before its message is read.
    pub fn grpc(&self, routes: Routes) -> Router {
        self.parts.authenticator.protect(routes.into_axum_router())
    }
}
