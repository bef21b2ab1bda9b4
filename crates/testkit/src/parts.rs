//! What services under test are given.

use auth::{Context, Policies, Principal};
use axum::Router;
use events::{ConsumerConfig, DeadLetters, LogHandle};
use mail::Mailer;
use runtime::{Clock, Ids};
use service::{Parts, Retention};
use storage::Database;
use tonic::service::Routes;

use crate::{TestIssuer, TestLog};

/// Over this database and log; who calls is said by this issuer.
pub fn parts(database: &Database, log: &TestLog, issuer: &TestIssuer) -> Parts {
    Parts {
        database: database.clone(),
        log: LogHandle(log.share()),
        consumer: ConsumerConfig::default(),
        dead_letters: DeadLetters::default(),
        mailer: Mailer::default(),
        retention: Retention::load(&content::Settings::default()).expect("the content"),
        authenticator: issuer.authenticator(),
    }
}

/// The operators' APIs of services made from these parts: dead letters and retention.
pub fn operators_door(parts: &Parts) -> Router {
    let routes = Routes::new(parts.dead_letters.api()).add_service(parts.retention.api());
    parts.authenticator.protect(routes.into_axum_router()).reset_fallback()
}

/// The context of a request by this principal, for use cases that a test calls itself.
pub fn context(principal: Principal, clock: impl Into<Clock>) -> Context {
    let clock = clock.into();
    Context::for_tests(principal, clock.clone(), Ids::random(clock), Policies::load().expect("policies"))
}
