//! Signing in again, or in a surer way, for something weighty; with nothing lost that was filled in.

use chrono::TimeDelta;

use crate::{
    caches::in_both_caches,
    support::{
        Town,
        browser::{Browser, Page},
        people,
        sample::{APPOINTMENT_OF_KARIM, GATEWAY, ZANDLOPER},
    },
};

const LEERID: &str = "urn:schildwacht:leerid";

/// Signed in an hour and more ago, and here all the time.
async fn after_a_long_morning(town: &Town, browser: &mut Browser) {
    for _step in 0..4 {
        town.clock.advance(TimeDelta::minutes(20));
        assert_eq!(browser.get("/gateways").await.status, 200);
    }
}

/// Sends the form of the page as a browser would: with every field that is in it.
async fn send(browser: &mut Browser, page: &Page) -> Page {
    let (_, form) = page.text.split_once("<form method=\"post\" action=\"/gateways").unwrap();
    let form = form.split("</form>").next().unwrap();
    let address = format!("/gateways{}", form.split('"').next().unwrap());
    let fields: Vec<(&str, &str)> = form
        .split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|field| (field.split('"').next().unwrap(), field.split("value=\"").nth(1).unwrap().split('"').next().unwrap()))
        .collect();
    browser.post(&address, &fields).await
}

in_both_caches! {
    async fn a_weighty_form_waits_while_its_sender_signs_in_again(town: Town) {
        let mut karim = town.browser_of(&people::karim()).await;
        after_a_long_morning(&town, &mut karim).await;
        let revoke = format!("/gateways/{GATEWAY}/intrekken");
        let etag = karim.follow(&revoke).await.hidden("etag").unwrap();
        let fields = [("reden", "Gestolen uit de kelder."), ("etag", etag.as_str())];
        let answer = karim.submit(&revoke, &revoke, &fields).await;
        assert!(answer.location().unwrap().starts_with("/aanmelden?terug=%2Faanmelden%2Fverder&acr="), "{answer:?}");

        town.issuer.next_to_sign_in(&people::karim());
        let page = karim.follow(&answer.location().unwrap()).await;
        let (acr_values, max_age) = town.issuer.was_asked_for();
        assert_eq!(max_age, "3600");
        assert!(acr_values.contains("authmech:itsme") && !acr_values.contains("leerid"), "{acr_values}");
        assert_eq!(page.status, 200);
        assert!(page.text.contains("Nog één stap") && page.text.contains("Gestolen uit de kelder."), "{}", page.text);

        let done = send(&mut karim, &page).await;
        assert_eq!(done.status, 303, "{}", done.text);
        let gateways = karim.follow("/gateways?ook=voorbij").await;
        assert!(gateways.text.contains("Gestolen uit de kelder."), "{}", gateways.text);
    }

    async fn a_form_waits_for_nobody_else(town: Town) {
        let mut karim = town.browser_of(&people::karim()).await;
        after_a_long_morning(&town, &mut karim).await;
        let revoke = format!("/gateways/{GATEWAY}/intrekken");
        let answer = karim.submit(&revoke, &revoke, &[("reden", "Gestolen"), ("etag", "older")]).await;
        let address = answer.location().unwrap();
        town.issuer.next_to_sign_in(&people::pieter_operates());
        let page = karim.follow(&address).await;
        assert_eq!(page.status, 403);
        assert!(!page.text.contains("Gestolen"), "{}", page.text);
    }

    async fn a_form_waits_in_the_browser_that_sent_it(town: Town) {
        let mut karim = town.browser_of(&people::karim()).await;
        after_a_long_morning(&town, &mut karim).await;
        let revoke = format!("/gateways/{GATEWAY}/intrekken");
        karim.submit(&revoke, &revoke, &[("reden", "Gestolen"), ("etag", "older")]).await;
        assert_eq!(karim.get("/aanmelden/verder").await.status, 200);
        let mut elsewhere = town.browser_of(&people::karim()).await;
        let page = elsewhere.get("/aanmelden/verder").await;
        assert_eq!((page.status, page.text.contains("Gestolen")), (403, false), "a form of a session that somebody stole is not put before him");
    }
}

#[tokio::test]
async fn an_export_asks_for_a_recent_sign_in_and_leads_back_to_its_page() {
    let town = Town::new().await;
    let mut karim = town.browser_of(&people::karim()).await;
    let list = format!("/scholen/{ZANDLOPER}/toestellen");
    let file = format!("{list}/export.csv");
    assert_eq!(karim.get(&file).await.status, 200, "just signed in");
    town.clock.advance(TimeDelta::minutes(6));
    let page = karim.follow(&list).await;
    karim.headers.insert("referer".to_owned(), page.url);
    let answer = karim.get(&file).await;
    karim.headers.remove("referer");
    town.issuer.next_to_sign_in(&people::karim());
    let page = karim.follow(&answer.location().unwrap()).await;
    assert!(page.url.ends_with(&list), "{}", page.url);
    assert!(page.text.contains("U bent opnieuw aangemeld en kunt verder."), "{}", page.text);
    assert_eq!(karim.get(&file).await.status, 200);
}

#[tokio::test]
async fn who_signed_in_with_a_password_alone_signs_in_more_surely_before_the_first_page() {
    let town = Town::new().await;
    town.issuer.sign_in_with(LEERID);
    town.issuer.next_to_sign_in(&people::karim());
    let mut karim = town.browser();
    let list = format!("/scholen/{ZANDLOPER}/toestellen");
    let first = karim.get(&list).await;
    let page = karim.get(&first.location().unwrap()).await;
    let page = karim.get(&page.location().unwrap()).await;
    let page = karim.get(&page.location().unwrap()).await;
    assert_eq!(page.location().unwrap(), list, "signed in");
    let refused = karim.get(&list).await;
    assert!(refused.location().unwrap().contains("acr=urn"), "{refused:?}");
    town.issuer.next_to_sign_in(&people::karim());
    let page = karim.follow(&refused.location().unwrap()).await;
    assert_eq!((page.status, page.url.ends_with(&list)), (200, true), "{}", page.text);
}

#[tokio::test]
async fn who_cannot_sign_in_more_surely_is_told_so_and_does_not_go_round_in_circles() {
    let town = Town::new().await;
    town.issuer.sign_in_with(LEERID);
    town.issuer.be_stubborn();
    let mut karim = town.browser_of(&people::karim()).await;
    let list = format!("/scholen/{ZANDLOPER}/toestellen");
    let refused = karim.get(&list).await;
    town.issuer.next_to_sign_in(&people::karim());
    let page = karim.follow(&refused.location().unwrap()).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("U moet zich op een zekerdere manier aanmelden"), "{}", page.text);
}

#[tokio::test]
async fn a_form_in_which_nothing_was_written_is_sent_again_from_its_page() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let people_of_school = format!("/scholen/{ZANDLOPER}/mensen");
    for _step in 0..4 {
        town.clock.advance(TimeDelta::minutes(20));
        assert_eq!(els.get(&people_of_school).await.status, 200);
    }
    let confirm = format!("{people_of_school}/{APPOINTMENT_OF_KARIM}/blijft");
    let answer = els.submit(&people_of_school, &confirm, &[("etag", "older")]).await;
    let back: String = url::form_urlencoded::byte_serialize(people_of_school.as_bytes()).collect();
    assert!(answer.location().unwrap().starts_with(&format!("/aanmelden?terug={back}&acr=")), "{answer:?}");
}

#[tokio::test]
async fn who_cannot_sign_in_more_surely_gets_back_what_they_wrote() {
    let town = Town::new().await;
    town.issuer.sign_in_with(LEERID);
    town.issuer.be_stubborn();
    town.issuer.next_to_sign_in(&people::karim());
    let mut karim = town.browser();
    karim.follow("/aanmelden?terug=/hulp").await;
    let revoke = format!("/gateways/{GATEWAY}/intrekken");
    let fields = [("reden", "Gestolen uit de kelder."), ("etag", "older")];
    let answer = karim.submit("/hulp", &revoke, &fields).await;
    town.issuer.next_to_sign_in(&people::karim());
    let page = karim.follow(&answer.location().unwrap()).await;
    assert!(page.text.contains("Nog één stap"), "{}", page.text);
    let page = send(&mut karim, &page).await;
    assert_eq!(page.status, 403);
    assert!(
        page.text.contains("U moet zich op een zekerdere manier aanmelden") && page.text.contains("Gestolen uit de kelder."),
        "{}",
        page.text
    );
}
