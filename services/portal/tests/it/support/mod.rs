//! A portal under test with everything around it: an issuer, the services, and a browser without a script.
//!
//! All of it listens on free loopback ports and speaks the real protocols. Time stands still on Thursday 24 September 2026,
//! 09.50 in Brussels, until a test moves it.

#![allow(dead_code, clippy::allow_attributes, reason = "every test file uses what it needs of this")]

pub mod browser;
pub mod issuer;
pub mod people;
pub mod services;
pub mod world;

use std::{sync::Arc, time::Duration};

use auth::{AUDIENCE_PLATFORM, AuthConfig, Policies, Principal, Verifier};
use chrono::{DateTime, Utc};
use runtime::{
    Clock, ManualClock,
    config::Secret,
    listener::{Limits, Listener},
};
use schildwacht_portal::config::SessionConfig;
use storage::cache::CacheConfig;
use testkit::TestProcess;

use self::{browser::Browser, issuer::FakeIssuer, services::FakeServices, world::World};

/// A portal and its surroundings.
pub struct Town {
    pub clock: ManualClock,
    pub issuer: FakeIssuer,
    pub services: FakeServices,
    pub process: TestProcess,
    url: String,
}

/// Thursday 24 September 2026, 09.50 in Brussels.
pub fn this_morning() -> DateTime<Utc> {
    "2026-09-24T07:50:00Z".parse().unwrap()
}

impl Town {
    /// With a world full of sample schools, devices and cases.
    pub async fn new() -> Self {
        Self::with(World::sample(this_morning())).await
    }

    pub async fn with(world: World) -> Self {
        Self::at(ManualClock::at(this_morning()).into(), world, 0).await
    }

    /// With any clock and port; for looking at the pages.
    pub async fn at(clock: Clock, world: World, port: u16) -> Self {
        let services = FakeServices::start(world, clock.clone()).await;
        let services_url = services.url();
        Self::around(clock, services, services_url, None, port).await
    }

    /// With these services at this address, whose certificate must be signed by one in `ca_file`.
    pub async fn with_services_at(url: String, services: FakeServices, ca_file: Option<&str>) -> Self {
        Self::around(ManualClock::at(this_morning()).into(), services, url, ca_file, 0).await
    }

    async fn around(clock: Clock, services: FakeServices, services_url: String, ca_file: Option<&str>, port: u16) -> Self {
        runtime::install_tls_provider();
        let manual = match &clock {
            Clock::Manual(manual) => manual.clone(),
            Clock::System(_) => ManualClock::at(clock.now()),
        };
        let process = TestProcess::at(clock.clone());
        let issuer = FakeIssuer::start(clock.clone()).await;
        let verifier = Verifier::new(&AuthConfig { issuer: issuer.url() }, AUDIENCE_PLATFORM, clock).unwrap();
        let (verifier, policies) = (Arc::new(verifier), Arc::new(Policies::load().unwrap()));

        let listener = Listener::bind("portal", ([127, 0, 0, 1], port).into()).await.unwrap();
        let url = format!("http://{}/", listener.address());
        issuer.set_portal(&url);
        let config = schildwacht_portal::Config {
            public_url: url.parse().unwrap(),
            client_id: issuer::CLIENT_ID.to_owned(),
            client_secret: Secret::new(issuer::CLIENT_SECRET),
            personas: true,
            identity_url: services_url.clone(),
            network_monitor_url: services_url.clone(),
            incident_intake_url: services_url,
            ca_file: ca_file.map(Into::into),
            session: SessionConfig { idle_minutes: 30, absolute_hours: 12 },
            cache: CacheConfig { redis_url: Secret::new("") },
        };
        let auth = AuthConfig { issuer: issuer.url() };
        let pages = schildwacht_portal::Service { config, auth, verifier, policies }.build(&process).await.unwrap();
        let limits = Limits { drain: Duration::from_secs(1), ..Limits::default() };
        process.tasks.spawn("listener", listener.serve(pages, limits, process.tasks.shutdown()));
        Self { clock: manual, issuer, services, process, url: url.trim_end_matches('/').to_owned() }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// A browser that is not signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url())
    }

    /// A browser in which this person has signed in.
    pub async fn browser_of(&self, person: &Principal) -> Browser {
        self.issuer.next_to_sign_in(person);
        let mut browser = self.browser();
        let page = browser.follow("/").await;
        assert_eq!(page.status, 200, "{}", page.text);
        browser
    }
}
