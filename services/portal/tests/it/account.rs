//! The own account: who one is, and where one is signed in; and the sessions that an operator ends.

use auth::{Principal, Subject};
use chrono::TimeDelta;
use runtime::{Clock, Ids};
use testkit::eventually;

use crate::{
    caches::{in_both_caches, redis},
    support::{
        Town,
        browser::{Browser, Page},
        people,
        sample::ZANDLOPER,
    },
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";

/// Like this person and somebody else: tests share a Redis, and perhaps, one after the other, an issuer's address.
pub fn another(person: Principal) -> Principal {
    Principal { subject: Subject::Person(Ids::random(Clock::system()).next()), ..person }
}

/// Signed in with this browser.
async fn with(town: &Town, person: &Principal, browser: &str) -> Browser {
    town.issuer.next_to_sign_in(person);
    let mut with = town.browser();
    with.headers = [("user-agent".to_owned(), browser.to_owned())].into();
    assert_eq!(with.follow("/").await.status, 200);
    with
}

fn rows(page: &Page) -> Vec<String> {
    page.text.split("<tr>").skip(2).map(|row| row.split("</tr>").next().unwrap().to_owned()).collect()
}

/// The name of a session on a device.
fn session_on(page: &Page, device: &str) -> String {
    let rows = rows(page);
    let row =
        rows.iter().find(|row| row.contains(&format!("<strong>{device}</strong>"))).unwrap_or_else(|| panic!("no {device}: {rows:?}"));
    row.split("name=\"sessie\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/account").await.status == 200
}

/// What nobody waits for.
async fn revoked(town: &Town, many: usize) {
    eventually("the issuer to be told", async || (town.issuer.revoked() == many).then_some(())).await;
}

in_both_caches! {
    /// All began at the same moment: the clock stands still.
    async fn who_signs_in_once_too_often_is_signed_in(town: Town) {
        let noor = another(people::noor());
        let mut last = None;
        for _ in 0..25 {
            let mut browser = with(&town, &noor, FIREFOX).await;
            assert!(is_signed_in(&mut browser).await);
            last = Some(browser.get("/account").await);
        }
        assert_eq!(rows(&last.unwrap()).len(), 20);
    }

    async fn somebody_sees_where_they_are_signed_in_and_who_they_are(town: Town) {
        let noor = another(people::noor());
        let mut phone = with(&town, &noor, IPHONE).await;
        town.clock.advance(TimeDelta::minutes(20));
        let mut here = with(&town, &noor, FIREFOX).await;
        let page = here.get("/account").await;
        let rows = rows(&page);
        assert_eq!(rows.len(), 2, "{}", page.text);
        assert!(rows[0].contains("Firefox op Linux") && rows[0].contains("deze browser") && !rows[0].contains("<form"), "{}", rows[0]);
        assert!(rows[1].contains("Safari op iPhone") && rows[1].contains("vandaag 09.50") && !rows[1].contains("deze browser"), "{}", rows[1]);
        for said in ["Noor Claes", "eID en kaartlezer", "responsteam", "vandaag 10.10"] {
            assert!(page.text.contains(said), "{said}: {}", page.text);
        }
        let page = phone.get("/account?lang=en").await;
        let page = phone.get(&page.location().unwrap()).await;
        assert!(page.text.contains("Firefox on Linux") && page.text.contains("Sign out all other devices"), "{}", page.text);
    }

    async fn one_device_is_signed_out_and_the_others_are_not(town: Town) {
        let noor = another(people::noor());
        let mut phone = with(&town, &noor, IPHONE).await;
        let mut other = town.browser_of(&noor).await;
        let mut here = with(&town, &noor, FIREFOX).await;
        let session = session_on(&here.get("/account").await, "Safari op iPhone");
        let answer = here.submit("/account", "/account/sessie", &[("sessie", &session)]).await;
        let page = here.follow(&answer.location().unwrap()).await;
        assert!(page.text.contains("Dat toestel is afgemeld.") && !page.text.contains("iPhone"), "{}", page.text);
        assert!(!is_signed_in(&mut phone).await, "a kept cookie opens nothing");
        assert!(is_signed_in(&mut other).await && is_signed_in(&mut here).await);
        revoked(&town, 1).await;

        let again = here.submit("/account", "/account/sessie", &[("sessie", &session)]).await;
        assert_eq!(again.status, 303, "what has ended has ended");
    }

    async fn everywhere_but_here(town: Town) {
        let noor = another(people::noor());
        let mut others = [with(&town, &noor, IPHONE).await, town.browser_of(&noor).await];
        let mut els = town.browser_of(&people::els()).await;
        let mut here = with(&town, &noor, FIREFOX).await;
        let answer = here.submit("/account", "/account/andere-sessies", &[]).await;
        let page = here.follow(&answer.location().unwrap()).await;
        assert!(page.text.contains("U bent alleen hier aangemeld.") && !page.text.contains("andere-sessies"), "{}", page.text);
        for other in &mut others {
            assert!(!is_signed_in(other).await);
        }
        assert!(is_signed_in(&mut els).await, "nobody else is signed out");
        revoked(&town, 2).await;
    }

    async fn nobody_ends_a_session_of_somebody_else(town: Town) {
        let noor = another(people::noor());
        let mut both = [with(&town, &noor, IPHONE).await, with(&town, &noor, FIREFOX).await];
        let session = session_on(&both[1].get("/account").await, "Safari op iPhone");
        let mut els = town.browser_of(&people::els()).await;
        els.submit("/account", "/account/sessie", &[("sessie", &session)]).await;
        assert!(is_signed_in(&mut both[0]).await);
        // Nor the own one, by this way: signing out is another.
        let cookie = both[0].cookies.clone();
        for id in ["", "made up", &cookie["schildwacht"]] {
            both[0].submit("/account", "/account/sessie", &[("sessie", id)]).await;
            assert!(is_signed_in(&mut both[0]).await, "{id}");
        }
        let without_secret = both[0].post("/account/andere-sessies", &[]).await;
        assert_eq!(without_secret.status, 403);
        assert!(is_signed_in(&mut both[1]).await);
    }

    async fn a_browser_that_shares_the_issuers_session_keeps_it(town: Town) {
        let noor = another(people::noor());
        let mut before = with(&town, &noor, IPHONE).await;
        // It lost our cookie, and not the issuer's.
        town.issuer.remember_the_browser();
        let mut here = with(&town, &noor, IPHONE).await;
        here.submit("/account", "/account/andere-sessies", &[]).await;
        assert!(!is_signed_in(&mut before).await);
        town.clock.advance(TimeDelta::minutes(6));
        assert!(is_signed_in(&mut here).await, "its tokens are renewed");
        assert_eq!(town.issuer.revoked(), 0);
    }

    async fn a_session_that_ends_while_it_is_renewed_ends_at_the_issuer_too(town: Town) {
        let noor = another(people::noor());
        let mut phone = with(&town, &noor, IPHONE).await;
        town.clock.advance(TimeDelta::minutes(6));
        let mut here = with(&town, &noor, FIREFOX).await;
        town.issuer.hold_answers();
        let asked = town.issuer.asked_for_tokens();
        let mut tab = phone.clone();
        let renewed = async { tab.get("/account").await.status };
        let ended = async {
            eventually("the issuer is asked", async || (town.issuer.asked_for_tokens() > asked).then_some(())).await;
            here.submit("/account", "/account/andere-sessies", &[]).await;
            assert_eq!(town.issuer.revoked(), 0, "nobody has its refresh token just now");
            town.issuer.answer_again();
        };
        let (status, ()) = tokio::join!(renewed, ended);
        assert_eq!(status, 303, "to sign in again");
        revoked(&town, 1).await;
        assert!(!is_signed_in(&mut phone).await);
    }

    async fn of_very_many_sessions_the_oldest_ends(town: Town) {
        let noor = another(people::noor());
        let mut first = town.browser_of(&noor).await;
        for _ in 0..19 {
            town.clock.advance(TimeDelta::seconds(10));
            town.browser_of(&noor).await;
        }
        let mut second_last = first.clone();
        assert_eq!(rows(&second_last.get("/account").await).len(), 20);
        town.browser_of(&noor).await;
        assert!(!is_signed_in(&mut first).await);
    }

    async fn a_session_that_ended_by_itself_is_not_listed(town: Town) {
        let noor = another(people::noor());
        with(&town, &noor, IPHONE).await;
        let mut here = with(&town, &noor, FIREFOX).await;
        for _ in 0..2 {
            town.clock.advance(TimeDelta::minutes(20));
            here.get("/account").await;
        }
        assert_eq!(rows(&here.get("/account").await).len(), 1);
    }

    async fn a_step_up_counts_in_its_own_browser_alone(town: Town) {
        let pieter = another(people::pieter_operates());
        let mut phone = with(&town, &pieter, IPHONE).await;
        let mut here = with(&town, &pieter, FIREFOX).await;
        for _ in 0..4 {
            town.clock.advance(TimeDelta::minutes(20));
            assert!(is_signed_in(&mut phone).await && is_signed_in(&mut here).await);
        }
        let fields = [("persoon", "0190c0de-0000-7000-8000-0000000000ff"), ("reden", "Laptop gestolen")];
        let asked = here.submit("/sessies", "/sessies", &fields).await;
        town.issuer.next_to_sign_in(&pieter);
        let page = here.follow(&asked.location().unwrap()).await;
        assert!(page.text.contains("Laptop gestolen"), "{}", page.text);
        assert_eq!(here.submit("/sessies", "/sessies", &fields).await.location().unwrap(), "/sessies", "here it does");
        let refused = phone.submit("/sessies", "/sessies", &fields).await;
        assert!(refused.location().unwrap().contains("acr="), "the other browser has signed in no more surely: {refused:?}");
    }

    async fn the_platform_team_ends_all_sessions_of_a_person(town: Town) {
        let noor = another(people::noor());
        let mut both = [with(&town, &noor, IPHONE).await, with(&town, &noor, FIREFOX).await];
        let mut els = town.browser_of(&people::els()).await;
        let mut pieter = town.browser_of(&people::pieter_operates()).await;
        let wrong = pieter.submit("/sessies", "/sessies", &[("persoon", "Noor"), ("reden", "")]).await;
        assert_eq!(wrong.status, 422);
        for said in ["Geef het nummer van een persoon", "Geef een reden", "value=\"Noor\""] {
            assert!(wrong.text.contains(said), "{said}: {}", wrong.text);
        }
        let answer = pieter.submit("/sessies", "/sessies", &[("persoon", &noor.actor()), ("reden", "Laptop gestolen")]).await;
        let page = pieter.follow(&answer.location().unwrap()).await;
        assert!(page.text.contains("Alle sessies van die persoon zijn beëindigd."), "{}", page.text);
        for browser in &mut both {
            assert!(!is_signed_in(browser).await);
        }
        assert!(is_signed_in(&mut els).await && is_signed_in(&mut pieter).await);
        revoked(&town, 2).await;
    }
}

#[tokio::test]
async fn whoever_may_not_end_sessions_is_not_offered_it_and_ends_none() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    for person in [people::els(), people::lotte_leads(), people::karim()] {
        let mut browser = town.browser_of(&person).await;
        assert_eq!(browser.get("/sessies").await.status, 403);
        let fields = [("persoon", &*people::noor().actor()), ("reden", "Zomaar")];
        assert_eq!(browser.submit("/account", "/sessies", &fields).await.status, 403);
    }
    assert!(is_signed_in(&mut noor).await);
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let list = pieter.get(&format!("/scholen/{ZANDLOPER}/mensen?weergave=alle")).await;
    assert!(list.text.contains("href=\"/sessies?persoon="), "{}", list.text);
}

#[tokio::test]
async fn the_account_is_there_while_identity_is_not() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let page = els.get("/account").await;
    assert!(page.text.contains("Basisschool De Zandloper"), "{}", page.text);
    town.faults.fail_only("ListSchools", tonic::Code::Unavailable);
    let page = els.get("/account").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Waar u aangemeld bent") && page.text.contains("directeur"), "{}", page.text);
}

#[tokio::test]
async fn sessions_of_all_replicas_are_listed_and_ended_at_any() {
    let sam = another(people::sam());
    let Some(redis) = redis() else { return };
    let town = Town::with_sessions_in(&redis).await;
    let mut phone = with(&town, &sam, IPHONE).await;
    let here = with(&town, &sam, FIREFOX).await;
    let (mut there, _replica) = town.at_another_replica(&here).await;
    let page = there.get("/account").await;
    let session = session_on(&page, "Safari op iPhone");
    let csrf = page.hidden("csrf").unwrap();
    there.post("/account/sessie", &[("csrf", &csrf), ("sessie", &session)]).await;
    assert!(!is_signed_in(&mut phone).await);
    assert!(is_signed_in(&mut there).await);
}
