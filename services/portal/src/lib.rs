//! portal: the web pages, and the session behind them. The only room that knows HTML.
//!
//! It owns nothing but sessions. Every page is what the services answer to the person who looks, asked with that person's own
//! token; what they may not see, the services do not tell us.
//!
//! The path of one request:
//!
//! 1. [`edge`] reads preferences and session around it; a form is believed only from our own page with the session's secret.
//! 2. The handler asks the services ([`upstream`]) and reads their answers as our own values ([`view`]).
//! 3. A [`page`] is filled with them and rendered; its words are in both languages in [`words`], moments and numbers in
//!    [`language`], small marks in [`mark`]. What a list shows is in its [`address`].
//! 4. A failure becomes a page that says what to do next.
//!
//! Invariants:
//! - Tokens never reach a browser; what is rendered is escaped; nothing on a page is inline code.
//! - Everything works without a script. The one script adds the "n new" pill and the shortcuts, and speaks no language.
//! - A text exists in both languages, or the crate does not compile.
//!
//! To add a page: see [`page`]; an address: see [`edge`].

mod address;
mod assets;
pub mod config;
mod edge;
mod issuer;
mod language;
mod mark;
mod metrics;
mod page;
mod session;
mod upstream;
mod view;
mod visitor;
mod words;

use std::sync::Arc;

use auth::{AuthConfig, Policies, Verifier};
use axum::Router;
use runtime::{Process, StartError};
use storage::Cache;

pub use config::Config;

use edge::{Portal, SecurityHeaders};
use issuer::Issuer;
use session::{Cookies, Sessions};
use upstream::Upstream;

/// The service.
pub struct Service {
    /// What its process tells it.
    pub config: Config,
    /// `[auth]`.
    pub auth: AuthConfig,
    /// Who has signed in.
    pub verifier: Arc<Verifier>,
    /// What they may do, as far as pages offer it.
    pub policies: Arc<Policies>,
}

impl Service {
    /// Its name in configuration, metrics and probes.
    pub const NAME: &str = "portal";

    /// All pages. They answer what nobody else does (the fallback), gRPC included. The issuer and the services are asked when
    /// somebody comes.
    ///
    /// # Errors
    /// When the configuration cannot work or the cache does not answer.
    pub async fn build(self, process: &Process) -> Result<Router, StartError> {
        let Self { config, auth, verifier, policies } = self;
        config.validate().map_err(|error| StartError::new(Self::NAME, error))?;
        let cache =
            Cache::open(&config.cache, Self::NAME).await.map_err(|error| StartError::new(Self::NAME, runtime::error::chain(&error)))?;
        add_probe(&cache, process);

        let issuer = Issuer::new(&config, &auth.issuer, process.clock.clone())
            .map_err(|error| StartError::because(Self::NAME, "auth.issuer is not the address of an issuer", error))?;
        let issuer = Arc::new(issuer);
        let upstream =
            Upstream::new(&config).map_err(|error| StartError::because(Self::NAME, "the services cannot be asked as configured", error))?;
        let headers = SecurityHeaders::new(&issuer.origin(), config.is_secure())
            .map_err(|error| StartError::because(Self::NAME, "auth.issuer is not the address of an issuer", error))?;
        let sessions = Sessions::new(cache, Arc::clone(&issuer), verifier, policies, process, config.session);
        let portal = Portal {
            sessions,
            issuer,
            upstream,
            cookies: Cookies::new(config.is_secure()),
            headers,
            origin: config.public_url.origin().ascii_serialization(),
            personas: config.personas,
            emergency_line: config.emergency_line.map(Arc::new),
            sensors_url: config.sensors_url,
            clock: process.clock.clone(),
            ids: process.ids.clone(),
            shutdown: process.tasks.shutdown(),
        };
        Ok(edge::router(Arc::new(portal)))
    }
}

fn add_probe(cache: &Cache, process: &Process) {
    let cache = cache.clone();
    process.health.add_probe("portal.cache", move || {
        let cache = cache.clone();
        async move { cache.check().await.map_err(|error| error.to_string()) }
    });
}
