//! portal: the web pages, and the session behind them. The only service that knows HTML.
//!
//! It owns nothing but sessions. Every page is what the services answer to the person who looks, asked with that person's own
//! token. This crate is thin: it starts the portal and has the pages that belong to no area. The rest:
//!
//! - `frame/`: the frame of every page, and what areas share; its docs have the path of one request;
//! - `incidents/`, `network/`, `organisations/`, `account/`: the areas, a crate each. They know `frame/` and never each other.
//!
//! Invariants:
//! - Tokens never reach a browser; what is rendered is escaped; nothing on a page is inline code.
//! - Everything works without a script. The one script adds the "n new" pill and the shortcuts, and speaks no language.
//! - A text exists in both languages, a form says what it gives back, and a page has a sample, or the crate does not compile.
//!
//! To add a page: `docs/adding.md`. To add an area: its crate, and its line in [`AREAS`].

mod home;
mod information;
mod preferences;
mod sign_in;

use std::sync::Arc;

use auth::{AuthConfig, Policies, Verifier};
use axum::{Extension, Router};
use portal_frame::{
    Area, Form, Portal, Routes, SecurityHeaders,
    issuer::Issuer,
    session::{Cookies, Sessions},
    upstream::Upstream,
    waiting_form::{GO_ON, WaitingForms},
};
use runtime::{Process, StartError};
use service::Periods;
use storage::Cache;

pub use portal_frame::config::{self, Config};

portal_frame::pages!(
    sign_in::PersonasPage,
    sign_in::SignedOutPage,
    sign_in::GoOnPage,
    information::HelpPage,
    information::PrivacyPage,
    information::AccessibilityPage,
);

/// What the portal consists of.
const AREAS: &[Area] = &[portal_incidents::AREA, portal_network::AREA, portal_organisations::AREA, portal_account::AREA];

/// The addresses of the whole portal.
pub fn routes() -> Routes {
    AREAS.iter().fold(own_routes(), |routes, area| routes.and((area.routes)()))
}

fn own_routes() -> Routes {
    const BESIDE_ANY_PAGE: Form = Form { page: "/", gives_back: &[] };
    Routes::default()
        .page("/", home::home)
        .answer("/aanmelden", sign_in::begin)
        .answer("/aanmelden/terug", sign_in::finish)
        .page("/aanmelden/wie", sign_in::personas)
        // No page that one can visit or come back to: a form waits there for one person in one browser.
        .answer(GO_ON, sign_in::go_on)
        .form("/afmelden", BESIDE_ANY_PAGE, sign_in::sign_out)
        .form("/organisatie", BESIDE_ANY_PAGE, home::choose)
        .form("/voorkeuren", BESIDE_ANY_PAGE, preferences::choose)
        .page("/hulp", information::help)
        .page("/privacy", information::privacy)
        .page("/toegankelijkheid", information::accessibility)
}

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
    /// How long what is kept.
    pub periods: Arc<Periods>,
}

impl Service {
    /// Its name in configuration, metrics and probes.
    pub const NAME: &str = portal_frame::NAME;

    /// All pages, with a fallback that also answers who speaks gRPC to the wrong port. The issuer and the services are called on the first request.
    ///
    /// # Errors
    /// When the configuration cannot work or the cache does not answer.
    pub async fn build(self, process: &Process) -> Result<Router, StartError> {
        let Self { config, auth, verifier, policies, periods } = self;
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
        let waiting_forms = WaitingForms::new(cache.clone());
        let sessions = Sessions::new(cache, Arc::clone(&issuer), verifier, policies, process, config.session);
        let portal = Portal {
            sessions,
            waiting_forms,
            issuer,
            upstream,
            cookies: Cookies::new(config.is_secure()),
            headers,
            origin: config.public_url.origin().ascii_serialization(),
            personas: config.personas,
            emergency_line: config.emergency_line.map(Arc::new),
            sensors_url: config.sensors_url,
            areas: AREAS,
            clock: process.clock.clone(),
            ids: process.ids.clone(),
            shutdown: process.tasks.shutdown(),
        };
        Ok(portal_frame::router(Arc::new(portal), routes()).layer(Extension(periods)))
    }
}

fn add_probe(cache: &Cache, process: &Process) {
    let cache = cache.clone();
    process.health.add_probe("portal.cache", move || {
        let cache = cache.clone();
        async move { cache.check().await.map_err(|error| error.to_string()) }
    });
}
