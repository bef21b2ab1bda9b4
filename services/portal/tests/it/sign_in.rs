//! Signing in.

use runtime::SchoolId;
use serde_json::json;

use crate::{
    caches::in_both_caches,
    support::{Town, people, sample::ZANDLOPER},
};

in_both_caches! {
    async fn one_returns_to_the_page_one_wanted(town: Town) {
        town.issuer.next_to_sign_in(&people::noor());
        let page = town.browser().follow("/wachtrij?ernst=high").await;
        assert_eq!((page.status, page.url.as_str()), (200, format!("{}/wachtrij?ernst=high", town.url()).as_str()));
        assert!(page.text.contains("Noor Claes"));
    }
}

#[tokio::test]
async fn a_sign_in_asks_for_any_method_so_that_the_issuer_says_which_it_was() {
    let town = Town::new().await;
    town.browser_of(&people::noor()).await;
    let (acr_values, max_age) = town.issuer.was_asked_for();
    assert_eq!(max_age, "");
    for method in ["urn:be:vlaanderen:authmech:eid", "urn:schildwacht:leerid", "urn:schildwacht:aal2"] {
        assert!(acr_values.split(' ').any(|asked| asked == method), "{method} of {acr_values}");
    }
    assert!(!acr_values.contains("urn:schildwacht:client"), "which no person can use");
}

#[tokio::test]
async fn a_page_with_too_long_an_address_costs_the_way_back_and_not_the_sign_in() {
    let town = Town::new().await;
    town.issuer.next_to_sign_in(&people::noor());
    let mut browser = town.browser();
    let to_sign_in = browser.get(&format!("/wachtrij?zoek={}", "x".repeat(6_000))).await.location().unwrap();
    let to_issuer = browser.get(&to_sign_in).await;
    let cookie = to_issuer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("aanmelden-") && cookie.len() < 4_096, "{} bytes", cookie.len());
    let page = browser.follow(&to_issuer.location().unwrap()).await;
    assert_eq!((page.status, page.url), (200, format!("{}/wachtrij", town.url())));
}

#[tokio::test]
async fn a_person_of_the_development_issuer_is_chosen_on_our_page() {
    let town = Town::new().await;
    let mut browser = town.browser();
    let choice = browser.follow("/").await;
    assert!(choice.text.contains("Met wiens ogen wilt u kijken?"), "{}", choice.text);
    let action = format!("{}/authorize/continue", town.issuer.url());
    assert!(choice.text.contains(&format!("action=\"{action}\"")));
    let request = choice.hidden("request").unwrap();
    let back = browser.post(&action, &[("request", &request), ("persona", "els")]).await;
    let page = browser.follow(&back.location().unwrap()).await;
    assert!(page.url.ends_with(&format!("/scholen/{ZANDLOPER}/toestellen")), "{}", page.url);
}

in_both_caches! {
    async fn the_browser_holds_a_cookie_and_no_token(town: Town) {
        town.issuer.next_to_sign_in(&people::noor());
        let mut browser = town.browser();
        let mut page = browser.get("/aanmelden").await;
        let mut set_cookies = Vec::new();
        while let Some(next) = page.location() {
            page = browser.get(&next).await;
            set_cookies.extend(page.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()));
        }
        let session = set_cookies.iter().find(|line| line.starts_with("schildwacht=")).unwrap();
        assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax") && session.contains("Path=/"), "{session}");
        assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["schildwacht"], "the sign-in's own cookie is gone");
        let token = town.faults.asked()[0].1.trim_start_matches("Bearer ").to_owned();
        assert!(!page.text.contains(&token) && !browser.cookies.values().any(|value| token.contains(value.as_str())));
    }
}

#[tokio::test]
async fn a_sign_in_is_finished_only_in_the_browser_that_began_it() {
    let town = Town::new().await;
    town.issuer.next_to_sign_in(&people::noor());
    let mut attacker = town.browser();
    let to_issuer = attacker.get("/aanmelden").await.location().unwrap();
    let back = attacker.get(&to_issuer).await.location().unwrap();

    let mut victim = town.browser();
    let page = victim.get(&back).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("Aanmelden is niet gelukt"));
    assert!(!victim.cookies.contains_key("schildwacht"));
}

#[tokio::test]
async fn a_code_works_once() {
    let town = Town::new().await;
    town.issuer.next_to_sign_in(&people::noor());
    let mut browser = town.browser();
    let to_issuer = browser.get("/aanmelden").await.location().unwrap();
    let back = browser.get(&to_issuer).await.location().unwrap();
    let cookies = browser.cookies.clone();
    assert_eq!(browser.get(&back).await.status, 303);
    browser.cookies = cookies;
    assert_eq!(browser.get(&back).await.status, 403);
}

#[tokio::test]
async fn an_id_token_for_another_sign_in_or_another_client_is_refused() {
    let lies = [("nonce", json!("another")), ("aud", json!("another-client")), ("aud", json!([])), ("iss", json!("https://evil.example"))];
    for (claim, value) in lies {
        let town = Town::new().await;
        town.issuer.next_to_sign_in(&people::noor());
        town.issuer.lie_about(claim, value.clone());
        let page = town.browser().follow("/aanmelden").await;
        assert_eq!(page.status, 403, "{claim}: {value}");
        assert!(page.text.contains("De aanmelddienst liet u niet toe"));
    }
}

#[tokio::test]
async fn another_issuers_answer_is_refused() {
    let town = Town::new().await;
    town.issuer.next_to_sign_in(&people::noor());
    let mut browser = town.browser();
    let to_issuer = browser.get("/aanmelden").await.location().unwrap();
    let back = browser.get(&to_issuer).await.location().unwrap();
    let mixed_up = back.split("&iss=").next().unwrap().to_owned() + "&iss=https%3A%2F%2Fevil.example";
    assert_eq!(browser.get(&mixed_up).await.status, 403);
}

#[tokio::test]
async fn an_issuer_that_is_away_is_said_when_signing_in() {
    let town = Town::new().await;
    town.issuer.go_away();
    let page = town.browser().follow("/aanmelden").await;
    assert_eq!(page.status, 503);
    assert!(page.text.contains("De aanmelddienst antwoordt niet"));
}

#[tokio::test]
async fn who_has_no_function_is_told_whom_to_ask() {
    let town = Town::new().await;
    // Nobody of another test, where they may be given one: all portals of the tests share who holds what.
    town.issuer.next_to_sign_in(&people::newcomer(9_000));
    let page = town.browser().follow("/").await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("U hebt nog geen rechten in Schildwacht"));
}

#[tokio::test]
async fn nobody_is_led_away_after_signing_in() {
    let town = Town::new().await;
    for elsewhere in ["https%3A%2F%2Fevil.example%2F", "%2F%2Fevil.example", "%2F%5Cevil.example", "%2F%09%2Fevil.example"] {
        town.issuer.next_to_sign_in(&people::noor());
        let page = town.browser().follow(&format!("/aanmelden?terug={elsewhere}")).await;
        assert!(page.url.starts_with(&town.url()), "{}", page.url);
    }
}

#[tokio::test]
async fn every_call_is_made_with_the_persons_own_token() {
    let town = Town::new().await;
    town.browser_of(&people::noor()).await;
    let before = town.faults.asked().len();
    let school: SchoolId = ZANDLOPER.id().parse().unwrap();
    town.browser_of(&people::els()).await.get(&format!("/scholen/{school}/toestellen")).await;
    let asked = town.faults.asked();
    let tokens_of_noor: Vec<&String> = asked[..before].iter().map(|(_, token)| token).collect();
    assert!(!asked[before..].is_empty() && asked[before..].iter().all(|(_, token)| !tokens_of_noor.contains(&token)));
}

#[tokio::test]
async fn another_name_of_this_machine_leads_to_the_one_the_cookies_are_for() {
    let town = Town::new().await;
    let elsewhere = town.url().replace("127.0.0.1", "localhost");
    let page = town.browser().get(&format!("{elsewhere}/wachtrij?ernst=high")).await;
    assert_eq!(page.location().unwrap(), format!("{}/wachtrij?ernst=high", town.url()));
}
