//! What Els Vermeulen, director, sees, and what she does not.

use testkit::browser::{Locator, Scripts};

use super::{case_of, town, visitor::Visitor};
use crate::{eve, town::ZANDLOPER};

#[tokio::test]
async fn a_director_sees_her_own_school_and_nothing_of_another() {
    let town = town().await;
    let Some(els) = Visitor::arrive(&town, Scripts::On).await else { return };
    let (own, other) = (town.school(ZANDLOPER).await, town.school("990106").await);
    let at = eve::just_now();
    let mut cases = Vec::new();
    for (sid, school, name) in [(2_000_101, &own, "laptop-van-de-directie"), (2_000_106, &other, "laptop-van-anderen")] {
        let ip = format!("10.20.{}.9", sid - 2_000_000);
        let lease = eve::lease(at, &format!("00:1b:63:01:01:{:02x}", sid - 2_000_100), &ip, name);
        cases.push(case_of(&town, school, sid, &[lease, eve::contact_with_malware(at, sid, &ip)]).await);
    }

    els.sign_in("els").await;
    assert_eq!(els.path().await, format!("/scholen/{}/toestellen", own.id));
    assert_eq!(els.heading().await, "Toestellen");
    let devices = els.reads("main").await;
    assert!(devices.contains("laptop-van-de-directie") && !devices.contains("laptop-van-anderen"), "{devices}");
    els.finds_nothing_wrong("devices").await;
    els.press_link("laptop-van-de-directie").await;
    assert_eq!(els.heading().await, "laptop-van-de-directie");
    els.finds_nothing_wrong("device").await;

    els.open(&format!("/scholen/{}/incidenten", own.id)).await;
    let incidents = els.reads("main").await;
    assert!(incidents.contains("1 incident loopt op deze school.") && !incidents.contains("signature"), "{incidents}");
    els.finds_nothing_wrong("incidents").await;
    els.press(&format!("a[href='/zaken/{}']", cases[0].case_id)).await;
    assert_eq!(els.heading().await, "Een computer zoekt contact met een verdacht adres");
    for form in ["toewijzen", "fase", "notitie", "sluiten"] {
        assert!(els.browser.find(Locator::Css(&format!("form[action$='/{form}']"))).await.is_err(), "{form} is not hers to decide");
    }
    els.finds_nothing_wrong("case-of-director").await;

    for hidden in [
        format!("/scholen/{}/toestellen", other.id),
        format!("/scholen/{}/incidenten", other.id),
        format!("/zaken/{}", cases[1].case_id),
        "/nergens".to_owned(),
    ] {
        els.open(&hidden).await;
        assert_eq!(els.heading().await, "Deze pagina vinden we niet", "{hidden}");
    }
    els.finds_nothing_wrong("not-found").await;
}

#[tokio::test]
async fn the_same_pages_are_there_in_english() {
    let town = town().await;
    let Some(els) = Visitor::arrive(&town, Scripts::On).await else { return };
    town.school(ZANDLOPER).await;
    els.sign_in("els").await;
    let language = async || els.browser.find(Locator::Css("html")).await.unwrap().attr("lang").await.unwrap().unwrap();
    assert_eq!(language().await, "nl-BE");
    els.press_link("English").await;
    assert_eq!((els.heading().await.as_str(), language().await.as_str()), ("Devices", "en-GB"));
    assert!(!els.path().await.contains("lang="), "the choice is remembered, not carried along");
    els.press_link("Incidents").await;
    assert_eq!(els.heading().await, "Incidents");
    els.open("/nergens").await;
    assert_eq!(els.heading().await, "We cannot find this page");
    els.press_link("Nederlands").await;
    assert_eq!(els.heading().await, "Deze pagina vinden we niet");
}

#[tokio::test]
async fn signing_out_ends_it() {
    let town = town().await;
    let Some(els) = Visitor::arrive(&town, Scripts::On).await else { return };
    els.sign_in("els").await;
    els.press(".account summary").await;
    els.press("form[action='/afmelden'] button").await;
    assert_eq!(els.heading().await, "U bent afgemeld");
    els.finds_nothing_wrong("signed-out").await;
    els.browser.back().await.unwrap();
    els.browser.refresh().await.unwrap();
    els.sees("button[name=persona]").await;
}
