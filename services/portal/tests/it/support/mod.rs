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
use schildwacht_portal::{
    Config,
    config::{EmergencyLine, SessionConfig},
};
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
    config: Config,
}

/// What a portal is put into.
struct Plan<'a> {
    clock: Clock,
    services: FakeServices,
    services_url: String,
    ca_file: Option<&'a str>,
    port: u16,
    /// Where sessions are kept; empty: in the process.
    redis: &'a str,
    /// Whether the configuration says also what may be left out.
    is_told_all: bool,
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
        Self::of(Plan { port, ..Plan::around(clock, services) }).await
    }

    /// With sessions in this Redis.
    pub async fn with_sessions_in(redis: &str) -> Self {
        let clock = Clock::from(ManualClock::at(this_morning()));
        let services = FakeServices::start(World::sample(this_morning()), clock.clone()).await;
        Self::of(Plan { redis, ..Plan::around(clock, services) }).await
    }

    /// With these services at this address, whose certificate must be signed by one in `ca_file`.
    pub async fn with_services_at(url: String, services: FakeServices, ca_file: Option<&str>) -> Self {
        let clock = ManualClock::at(this_morning()).into();
        Self::of(Plan { services_url: url, ca_file, ..Plan::around(clock, services) }).await
    }

    /// Whose configuration says no more than it must: nobody to call, and no address for sensors.
    pub async fn told_the_least() -> Self {
        let clock = Clock::from(ManualClock::at(this_morning()));
        let services = FakeServices::start(World::sample(this_morning()), clock.clone()).await;
        Self::of(Plan { is_told_all: false, ..Plan::around(clock, services) }).await
    }

    async fn of(plan: Plan<'_>) -> Self {
        let Plan { clock, services, services_url, ca_file, port, redis, is_told_all } = plan;
        runtime::install_tls_provider();
        let manual = match &clock {
            Clock::Manual(manual) => manual.clone(),
            Clock::System(_) => ManualClock::at(clock.now()),
        };
        let process = TestProcess::at(clock.clone());
        let issuer = FakeIssuer::start(clock).await;
        let listener = Listener::bind("portal", ([127, 0, 0, 1], port).into()).await.unwrap();
        let url = format!("http://{}/", listener.address());
        issuer.set_portal(&url);
        let config = Config {
            public_url: url.parse().unwrap(),
            client_id: issuer::CLIENT_ID.to_owned(),
            client_secret: Secret::new(issuer::CLIENT_SECRET),
            personas: true,
            identity_url: services_url.clone(),
            network_monitor_url: services_url.clone(),
            incident_intake_url: services_url,
            ca_file: ca_file.map(Into::into),
            session: SessionConfig { idle_minutes: 30, absolute_hours: 12 },
            cache: CacheConfig { redis_url: Secret::new(redis) },
            emergency_line: Some(EmergencyLine::example()).filter(|_| is_told_all),
            sensors_url: Some("https://ingest.schildwacht.example".parse().unwrap()).filter(|_| is_told_all),
        };
        serve(&process, listener, config.clone(), &issuer).await;
        Self { clock: manual, issuer, services, process, url: url.trim_end_matches('/').to_owned(), config }
    }

    /// A browser at another portal process with the same configuration, as behind an ingress; with the cookies of `browser`. The
    /// process ends with what is returned beside it.
    pub async fn at_another_replica(&self, browser: &Browser) -> (Browser, TestProcess) {
        let process = TestProcess::at(self.clock.clone());
        let listener = Listener::bind("portal", ([127, 0, 0, 1], 0).into()).await.unwrap();
        let mut there = Browser::new(&format!("http://{}", listener.address()));
        there.headers = [("host".to_owned(), self.url.trim_start_matches("http://").to_owned())].into();
        there.cookies = browser.cookies.clone();
        serve(&process, listener, self.config.clone(), &self.issuer).await;
        (there, process)
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

impl Plan<'_> {
    fn around(clock: Clock, services: FakeServices) -> Self {
        Self { clock, services_url: services.url(), services, ca_file: None, port: 0, redis: "", is_told_all: true }
    }
}

async fn serve(process: &TestProcess, listener: Listener, config: Config, issuer: &FakeIssuer) {
    let auth = AuthConfig { issuer: issuer.url() };
    let verifier = Arc::new(Verifier::new(&auth, AUDIENCE_PLATFORM, process.clock.clone()).unwrap());
    let policies = Arc::new(Policies::load().unwrap());
    let pages = schildwacht_portal::Service { config, auth, verifier, policies }.build(process).await.unwrap();
    let limits = Limits { drain: Duration::from_secs(1), ..Limits::default() };
    process.tasks.spawn("listener", listener.serve(pages, limits, process.tasks.shutdown()));
}
