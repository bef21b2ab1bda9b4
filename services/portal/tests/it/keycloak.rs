//! The portal with the real Keycloak as its issuer: signed in there, and out of here when it says so.

use std::time::SystemTime;

use chrono::TimeDelta;
use runtime::{Clock, Ids, ManualClock, SchoolId, config::Secret, listener::Listener};
use schildwacht_portal::{Config, config::SessionConfig};
use serde_json::json;
use storage::cache::CacheConfig;
use testkit::{Account, Brokered, Realm, TestProcess, one_time_code};

use crate::support::{POLICIES, browser::Browser, issuer::CLIENT_ID, serve};

/// Nobody answers there: what is looked at here asks no service.
const NOWHERE: &str = "http://127.0.0.1:9";

struct Town {
    realm: Realm,
    url: String,
    clock: ManualClock,
    _process: TestProcess,
}

/// Where a portal is to listen, and its address.
async fn address() -> (Listener, String) {
    runtime::install_tls_provider();
    let listener = Listener::bind("portal", ([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}/", listener.address());
    (listener, url)
}

impl Town {
    async fn new() -> Option<Self> {
        let (listener, url) = address().await;
        let realm = Realm::import(&url).await?;
        Some(Self::serving(listener, url, realm).await)
    }

    /// One whose people come through ACM, and through LeerID.
    async fn brokered() -> Option<(Self, Realm, Realm)> {
        let (listener, url) = address().await;
        let Brokered { realm, acm, leerid } = Brokered::import(&url).await?;
        Some((Self::serving(listener, url, realm).await, acm, leerid))
    }

    async fn serving(listener: Listener, url: String, realm: Realm) -> Self {
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
        Self { realm, url, clock, _process: process }
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
        assert!(
            page.status == 200 && page.text.contains("Wachtwoord en een code") && page.text.contains("Verander uw wachtwoord"),
            "{}",
            page.text
        );
        browser
    }
}

#[tokio::test]
async fn who_comes_through_acm_steps_up_there_and_is_out_when_acm_says_so() {
    let Some((town, acm, _)) = Town::brokered().await else { return };
    let school: SchoolId = Ids::random(Clock::system()).next();
    POLICIES.hierarchy().put(school, [], [(school.into(), 9_712)]);
    let said = json!({ "vo_doelgroepcode": ["OV"], "vo_orgcode": ["009712"], "schildwacht_rol_3d": ["SchildwachtDirecteur"] });
    let els = acm.add_account_with(&said).await;

    town.keep_time();
    let mut browser = Browser::new(&town.url);
    let sent = browser.get("/aanmelden?terug=/account").await.location().unwrap();
    let mut visit = town.realm.visit_at(&sent).await;
    visit.choose("acm").await;
    visit.submit(&[("username", &els.username), ("password", &els.password)]).await;
    town.keep_time();
    let page = browser.follow(visit.sent_to.as_ref().unwrap().as_str()).await;
    assert!(page.status == 200 && page.text.contains("CSAM, wachtwoord") && page.text.contains("directeur"), "{}", page.text);

    let sent = browser.get("/aanmelden?terug=/account&acr=urn:be:vlaanderen:authmech:itsme&seconden=300").await.location().unwrap();
    visit.again_at(&sent).await;
    visit.choose("acm").await;
    visit.submit(&[("otp", &one_time_code(&els.code_secret, SystemTime::now()))]).await;
    town.keep_time();
    let page = browser.follow(visit.sent_to.as_ref().unwrap().as_str()).await;
    assert!(page.status == 200 && page.text.contains("itsme"), "{}", page.text);

    // ACM tells Keycloak, and Keycloak the portal, before ACM's administrator has an answer.
    acm.end_sessions(&els).await;
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_pupil_comes_through_leerid_and_sees_what_is_their_own() {
    let Some((town, _, leerid)) = Town::brokered().await else { return };
    let mila = leerid.add_account_without_code(&json!({ "leerid_rol": ["leerling"] })).await;
    town.keep_time();
    let mut browser = Browser::new(&town.url);
    let sent = browser.get("/aanmelden?terug=/account").await.location().unwrap();
    let mut visit = town.realm.visit_at(&sent).await;
    visit.choose("leerid").await;
    visit.submit(&[("username", &mila.username), ("password", &mila.password)]).await;
    town.keep_time();
    let page = browser.follow(visit.sent_to.as_ref().unwrap().as_str()).await;
    assert!(page.status == 200 && page.text.contains("LeerID") && page.text.contains("leerling"), "{}", page.text);
    assert!(!page.text.contains("Verander uw wachtwoord"), "which is LeerID's: {}", page.text);
    assert_eq!(browser.get("/sessies").await.status, 403);
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
