//! The portal with the real Keycloak as its issuer: signed in there, and out of here when it says so.

use std::time::SystemTime;

use chrono::TimeDelta;
use runtime::{Clock, ManualClock, config::Secret, listener::Listener};
use schildwacht_portal::{Config, config::SessionConfig};
use storage::cache::CacheConfig;
use testkit::{Account, Realm, TestProcess, one_time_code};

use crate::support::{browser::Browser, issuer::CLIENT_ID, serve};

/// Nobody answers there: what is looked at here asks no service.
const NOWHERE: &str = "http://127.0.0.1:9";

struct Town {
    realm: Realm,
    url: String,
    clock: ManualClock,
    _process: TestProcess,
}

impl Town {
    async fn new() -> Option<Self> {
        runtime::install_tls_provider();
        let listener = Listener::bind("portal", ([127, 0, 0, 1], 0).into()).await.unwrap();
        let url = format!("http://{}/", listener.address());
        let realm = Realm::import(&url).await?;
        let clock = ManualClock::at(Clock::system().now());
        let process = TestProcess::at(clock.clone());
        let config = Config {
            public_url: url.parse().unwrap(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Secret::new(realm.secret()),
            personas: false,
            identity_url: NOWHERE.to_owned(),
            network_monitor_url: NOWHERE.to_owned(),
            incident_intake_url: NOWHERE.to_owned(),
            ca_file: None,
            session: SessionConfig { idle_minutes: 30, absolute_hours: 12 },
            cache: CacheConfig::at(""),
            emergency_line: None,
            sensors_url: None,
        };
        serve(&process, listener, config, realm.issuer()).await;
        Some(Self { realm, url, clock, _process: process })
    }

    /// The portal's clock says what Keycloak's does.
    fn keep_time(&self) {
        self.clock.advance(Clock::system().now() - Clock::from(self.clock.clone()).now());
    }

    async fn sign_in(&self, account: &Account) -> Browser {
        self.keep_time();
        let mut browser = Browser::new(&self.url);
        let sent = browser.get("/aanmelden?terug=/account").await.location().unwrap();
        let mut visit = self.realm.visit_at(&sent).await;
        visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
        visit.submit(&[("otp", &one_time_code(&account.code_secret, SystemTime::now()))]).await;
        let back = visit.sent_to.clone().unwrap_or_else(|| panic!("{visit:?}"));
        self.keep_time();
        let page = browser.follow(back.as_str()).await;
        assert!(page.status == 200 && page.text.contains("Wachtwoord en een code"), "{}", page.text);
        browser
    }
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/account").await.status == 200
}

#[tokio::test]
async fn who_is_signed_out_at_keycloak_is_out_of_the_portal_at_once() {
    let Some(town) = Town::new().await else { return };
    let (noor, els) = (town.realm.add_account(&["responder"]).await, town.realm.add_account(&["responder"]).await);
    let (mut of_noor, mut of_els) = (town.sign_in(&noor).await, town.sign_in(&els).await);
    town.keep_time();
    // Keycloak answers when it has told the portal.
    town.realm.end_sessions(&noor).await;
    assert!(!is_signed_in(&mut of_noor).await);
    assert!(is_signed_in(&mut of_els).await);
}

#[tokio::test]
async fn who_is_disabled_at_keycloak_is_out_of_the_portal_when_the_token_is_fifteen_seconds_old() {
    let Some(town) = Town::new().await else { return };
    let noor = town.realm.add_account(&["responder"]).await;
    let mut browser = town.sign_in(&noor).await;
    town.clock.advance(TimeDelta::seconds(16));
    assert!(is_signed_in(&mut browser).await, "its token is renewed");
    town.realm.disable(&noor).await;
    town.clock.advance(TimeDelta::seconds(16));
    assert!(!is_signed_in(&mut browser).await);
}
