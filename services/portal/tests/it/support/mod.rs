//! A portal under test with everything around it: an issuer, the real services, and a browser without a script.
//!
//! All of it listens on free loopback ports and speaks the real protocols. Time stands still on Thursday 24 September 2026,
//! 09.50 in Brussels, until a test moves it.

#![allow(dead_code, clippy::allow_attributes, reason = "every test file uses what it needs of this")]

mod acts;
pub mod addresses;
pub mod browser;
pub mod faults;
pub mod issuer;
pub mod people;
pub mod sample;
pub mod telemetry;
pub mod world;

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use auth::{AUDIENCE_PLATFORM, AuthConfig, HeldFunction, Policies, Principal, Verifier};
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use runtime::{
    BoardId, Clock, ManualClock, SchoolId, Tasks,
    config::Secret,
    listener::{Limits, Listener},
};
use schildwacht_portal::{
    Config,
    config::{EmergencyLine, SessionConfig},
};
use service::Periods;
use storage::cache::CacheConfig;
use tempfile::TempDir;
use testkit::{Running, TestProcess};
use tonic::transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming};

use self::{
    browser::Browser,
    faults::Faults,
    issuer::FakeIssuer,
    sample::{GATEWAY_OF_HOEK, HOEK, Named},
    telemetry::{RANSOMWARE, Rule},
    world::World,
};

/// A certificate for 127.0.0.1, its key and who signed it. Made for these tests; nobody else trusts it.
const CERTIFICATE: &str = include_str!("tls/server.pem");
const KEY: &str = include_str!("tls/server.key.pem");
pub const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/tls/ca.pem");

/// A portal and its surroundings.
pub struct Town {
    pub clock: ManualClock,
    pub issuer: FakeIssuer,
    /// The real services.
    pub world: World,
    /// What stands between the portal and them.
    pub faults: Faults,
    pub process: TestProcess,
    url: String,
    config: Config,
    /// Keeps the services listening to the portal.
    _front: Box<dyn Send + Sync>,
}

/// What a portal is put into.
pub struct Plan<'a> {
    pub clock: Clock,
    /// What the services hold.
    pub folder: TempDir,
    pub port: u16,
    /// How the services are reached.
    pub front: Front,
    pub ca_file: Option<&'a str>,
    /// Where sessions are kept; empty: in the process.
    pub redis: &'a str,
    /// Whether the configuration says also what may be left out.
    pub is_told_all: bool,
}

/// How the portal reaches the services.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Front {
    Plain,
    /// Over TLS; plain gRPC is not understood there.
    Encrypted,
    /// At an https address where only plain gRPC is understood.
    PlainAtHttps,
}

/// Read once: they are the same for every portal.
pub static POLICIES: LazyLock<Arc<Policies>> = LazyLock::new(|| Arc::new(Policies::load().unwrap()));

/// Thursday 24 September 2026, 09.50 in Brussels.
pub fn this_morning() -> DateTime<Utc> {
    "2026-09-24T07:50:00Z".parse().unwrap()
}

impl Town {
    /// With sample schools, devices and cases.
    pub async fn new() -> Self {
        Self::of(Plan::of_the_sample().await).await
    }

    /// With the schools of the sample and nothing else.
    pub async fn without_a_past() -> Self {
        Self::of(Plan::around(sample::this_mornings().await.at_first.folder())).await
    }

    /// With sessions in this Redis.
    pub async fn with_sessions_in(redis: &str) -> Self {
        Self::of(Plan { redis, ..Plan::of_the_sample().await }).await
    }

    /// Whose configuration says no more than it must: nobody to call, and no address for sensors.
    pub async fn told_the_least() -> Self {
        Self::of(Plan { is_told_all: false, ..Plan::of_the_sample().await }).await
    }

    pub async fn of(plan: Plan<'_>) -> Self {
        let Plan { clock, folder, port, front, ca_file, redis, is_told_all } = plan;
        runtime::install_tls_provider();
        let manual = match &clock {
            Clock::Manual(manual) => manual.clone(),
            Clock::System(_) => ManualClock::at(clock.now()),
        };
        let process = TestProcess::at(clock.clone());
        let issuer = FakeIssuer::start(clock.clone()).await;
        let world = World::start(folder, clock, Arc::clone(&issuer.tokens)).await;
        let faults = Faults::default();
        let (front, services_url) = front.serve(faults.before(world.routes.clone())).await;
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
            cache: CacheConfig::at(redis),
            emergency_line: Some(EmergencyLine::example()).filter(|_| is_told_all),
            sensors_url: Some("https://ingest.schildwacht.example".parse().unwrap()).filter(|_| is_told_all),
        };
        serve(&process, listener, config.clone(), issuer.url()).await;
        let url = url.trim_end_matches('/').to_owned();
        Self { clock: manual, issuer, world, faults, process, url, config, _front: front }
    }

    /// A browser at another portal process with the same configuration, as behind an ingress; with the cookies of `browser`. The
    /// process ends with what is returned beside it.
    pub async fn at_another_replica(&self, browser: &Browser) -> (Browser, TestProcess) {
        let process = TestProcess::at(self.clock.clone());
        let listener = Listener::bind("portal", ([127, 0, 0, 1], 0).into()).await.unwrap();
        let mut there = Browser::new(&format!("http://{}", listener.address()));
        there.headers = [("host".to_owned(), self.url.trim_start_matches("http://").to_owned())].into();
        there.cookies = browser.cookies.clone();
        serve(&process, listener, self.config.clone(), self.issuer.url()).await;
        (there, process)
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Puts a school below a board, as `identity.organisation.v1` does.
    pub fn place(&self, school: Named, board: BoardId) {
        let school: SchoolId = school.id().parse().unwrap();
        self.issuer.tokens.hierarchy().place(school, board);
        POLICIES.hierarchy().place(school, board);
    }

    /// Gives somebody a function, as `identity.function.v1` does. The portals of all tests share what they know: a person of one test only.
    pub fn hold(&self, person: &Principal, held: HeldFunction) {
        let id = person.person_id().unwrap();
        self.issuer.tokens.functions().put(id, vec![held]);
        POLICIES.functions().put(id, vec![held]);
    }

    /// A browser that is not signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url())
    }

    /// The etag of a case as it is now.
    pub async fn etag(&self, case: Named) -> String {
        self.world.case(case.id()).await.etag
    }

    /// A case as the queue's form names a chosen one.
    pub async fn chosen(&self, case: Named) -> String {
        format!("{case} {}", self.etag(case).await)
    }

    /// A sensor sees something that opens a case, a second from now.
    pub async fn open_a_case(&self) {
        self.clock.advance(TimeDelta::seconds(1));
        let now = self.world.clock.now();
        let rule = Rule { id: now.timestamp(), ..RANSOMWARE };
        self.world.hear(HOEK.id(), GATEWAY_OF_HOEK.id(), &telemetry::alert(now, &rule, "10.30.0.8", "203.0.113.9")).await;
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
    pub async fn of_the_sample() -> Self {
        Self::around(sample::this_mornings().await.now.folder())
    }

    /// With everything as usual, this morning.
    pub fn around(folder: TempDir) -> Self {
        let clock = ManualClock::at(this_morning()).into();
        Self { clock, folder, port: 0, front: Front::Plain, ca_file: None, redis: "", is_told_all: true }
    }
}

impl Front {
    /// What keeps these routes listening, and where the portal is told that they are.
    async fn serve(self, routes: Router) -> (Box<dyn Send + Sync>, String) {
        if self == Self::Encrypted {
            let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
            let url = format!("https://{}", incoming.local_addr().unwrap());
            let tls = ServerTlsConfig::new().identity(Identity::from_pem(CERTIFICATE, KEY));
            let server = Server::builder().tls_config(tls).unwrap().add_routes(routes.into());
            let tasks = Tasks::new();
            let stop = tasks.shutdown();
            tasks.spawn("encrypted services", server.serve_with_incoming_shutdown(incoming, async move { stop.requested().await }));
            return (Box::new(tasks.shutdown().request_on_drop()), url);
        }
        let server = Running::start(routes).await;
        let url = if self == Self::PlainAtHttps { server.url().replace("http://", "https://") } else { server.url() };
        (Box::new(server), url)
    }
}

/// A portal at this listener, whose people sign in at this issuer.
pub async fn serve(process: &TestProcess, listener: Listener, config: Config, issuer: String) {
    let auth = AuthConfig { issuer };
    let verifier = Arc::new(Verifier::new(&auth, AUDIENCE_PLATFORM, process.clock.clone()).unwrap());
    let policies = Arc::clone(&POLICIES);
    let periods = Arc::new(Periods::load(&content::Settings::default()).unwrap());
    let pages = schildwacht_portal::Service { config, auth, verifier, policies, periods }.build(process).await.unwrap();
    let limits = Limits { drain: Duration::from_secs(1), ..Limits::default() };
    process.tasks.spawn("listener", listener.serve(pages, limits, process.tasks.shutdown()));
}
