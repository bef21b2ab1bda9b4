//! What must hold for all pages.

use std::collections::BTreeSet;

use proto::incident_intake::v1::{Case, ListCasesResponse};

use crate::support::{
    Town,
    addresses::{self, Address},
    browser::Page,
    people,
    sample::{CASE_IN_HAND, GATEWAY, HOEK, SCHOOLS, ZANDLOPER},
    telemetry::{self, RANSOMWARE, Rule},
};

fn count(page: &Page, part: &str) -> usize {
    page.text.matches(part).count()
}

#[tokio::test]
async fn every_page_is_well_formed_in_both_languages() {
    let town = Town::new().await;
    for Address { person, path: address } in addresses::of_every_page(&town).await {
        let mut browser = town.browser_of(&person).await;
        for (language, html_lang) in [("nl", "nl-BE"), ("en", "en-GB")] {
            let separator = if address.contains('?') { '&' } else { '?' };
            let page = browser.follow(&format!("{address}{separator}lang={language}")).await;
            let about = format!("{address} in {language}");
            assert_eq!(page.status, 200, "{about}");
            assert!(page.text.contains(&format!("<html lang=\"{html_lang}\"")), "{about}");
            assert_eq!((count(&page, "<h1"), count(&page, "<main"), count(&page, "</main>")), (1, 1, 1), "{about}");
            assert_eq!(count(&page, "style=\""), 0, "{about}: the content security policy forbids it");
            assert_eq!(count(&page, "<script"), 1, "{about}: one script, from a file");
            assert!(page.text.len() < 100 * 1024, "{about}: {} bytes", page.text.len());
            let ids: Vec<&str> = page.text.split(" id=\"").skip(1).filter_map(|after| after.split('"').next()).collect();
            let mut unique = ids.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(ids.len(), unique.len(), "{about}: ids {ids:?}");
        }
    }
}

#[tokio::test]
async fn every_post_form_carries_the_secret_or_changes_only_the_browser() {
    let town = Town::new().await;
    for Address { person, path: address } in addresses::of_every_page(&town).await {
        let page = town.browser_of(&person).await.follow(&address).await;
        for form in page.text.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let changes_something = form.contains("method=\"post\"") && !form.contains("action=\"/voorkeuren\"");
            let goes_to_us = !form.contains("action=\"http");
            assert!(!(changes_something && goes_to_us) || form.contains("name=\"csrf\""), "{address}: {form}");
        }
    }
}

#[tokio::test]
async fn links_lead_somewhere() {
    let town = Town::new().await;
    for Address { person, path: address } in addresses::of_every_page(&town).await {
        let mut browser = town.browser_of(&person).await;
        let page = browser.follow(&address).await;
        let links: BTreeSet<String> = (page.text.split("href=\"").skip(1))
            .filter_map(|after| after.split('"').next())
            .filter(|link| link.starts_with('/') && !link.starts_with("/assets/"))
            .map(|link| link.split('#').next().unwrap().replace("&#38;", "&").replace("&amp;", "&"))
            .collect();
        for link in links {
            let there = browser.follow(&link).await;
            assert_eq!(there.status, 200, "{address} links to {link}");
        }
    }
}

#[tokio::test]
async fn after_a_form_that_must_be_mended_language_and_colours_can_be_changed() {
    let town = Town::new().await;
    let case = format!("/zaken/{CASE_IN_HAND}");
    let revoke = format!("/gateways/{GATEWAY}/intrekken");
    let (noor, pieter): (auth::Principal, auth::Principal) = (people::noor(), people::pieter_operates());
    for (person, page, act, fields, status) in [
        (&noor, case.as_str(), format!("{case}/notitie"), [("tekst", ""), ("x", "")], 422),
        (&noor, &case, format!("{case}/sluiten"), [("tekst", "Klaar."), ("reden", "")], 422),
        (&noor, &case, format!("{case}/fase"), [("fase", "recovery"), ("etag", "older")], 409),
        (&noor, &case, format!("{case}/fase"), [("fase", "nonsense"), ("etag", "older")], 400),
        (&pieter, &revoke, revoke.clone(), [("reden", ""), ("etag", "older")], 422),
        (&pieter, "/gateways/nieuw", "/gateways/nieuw".to_owned(), [("school", HOEK.id()), ("naam", "")], 422),
    ] {
        let mut browser = town.browser_of(person).await;
        let answer = browser.submit(page, &act, &fields).await;
        assert_eq!(answer.status, status, "{act}");
        let (_, after) = answer.text.split_once("lang=en\"").unwrap_or_else(|| panic!("{act}: {}", answer.text));
        assert!(after.contains("hreflang=\"en\""));
        let before = answer.text.split("lang=en\"").next().unwrap();
        let other_language = format!("{}lang=en", before.rsplit("href=\"").next().unwrap()).replace("&#38;", "&");
        let back = answer.hidden("terug").unwrap().replace("&#38;", "&");
        for address in [other_language, back] {
            assert_eq!(browser.follow(&address).await.status, 200, "after {act}: {address}");
        }
    }
}

#[tokio::test]
async fn what_comes_from_outside_is_shown_as_text() {
    let hostile = "<script>alert('x')</script>";
    let town = Town::new().await;
    town.world.import(&SCHOOLS.replace("Basisschool De Zandloper", hostile)).await;
    let now = town.world.clock.now();
    let rule = Rule { id: 1, text: hostile, ..RANSOMWARE };
    let lines =
        telemetry::lease(now, "00:1b:21:10:00:66", "10.20.4.66", hostile) + &telemetry::alert(now, &rule, "10.20.4.66", "203.0.113.9");
    town.world.hear(ZANDLOPER.id(), GATEWAY.id(), &lines).await;
    let cases = town.world.all_cases().await;
    let case = &cases.iter().find(|case| case.signature == hostile).unwrap().case_id;
    // Titles are of our content, so that only an edited answer has such a one.
    let retitled = move |case: &mut Case| case.title.as_mut().unwrap().nl = hostile.to_owned();
    town.faults.edit("GetCase", retitled);
    town.faults.edit("ListCases", move |answer: &mut ListCasesResponse| answer.cases.iter_mut().for_each(retitled));
    let mut noor = town.browser_of(&people::noor()).await;
    for address in
        ["/wachtrij", &format!("/zaken/{case}"), &format!("/scholen/{ZANDLOPER}/toestellen"), "/wachtrij?zoek=<script>alert('x')"]
    {
        let page = noor.follow(address).await;
        assert!(!page.text.contains("<script>alert"), "{address}");
        assert!(page.text.contains("alert("), "{address} shows it all the same");
    }
}
