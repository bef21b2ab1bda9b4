//! Signing in, staying signed in, and signing out.

use chrono::TimeDelta;
use runtime::SchoolId;

use crate::support::{Town, people, world::ZANDLOPER};

#[tokio::test]
async fn one_returns_to_the_page_one_wanted() {
    let town = Town::new().await;
    town.issuer.next_to_sign_in(&people::noor());
    let page = town.browser().follow("/wachtrij?ernst=high").await;
    assert_eq!((page.status, page.url.as_str()), (200, format!("{}/wachtrij?ernst=high", town.url()).as_str()));
    assert!(page.text.contains("Noor Claes"));
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

#[tokio::test]
async fn the_browser_holds_a_cookie_and_no_token() {
    let town = Town::new().await;
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
    let token = town.services.play.asked()[0].1.trim_start_matches("Bearer ").to_owned();
    assert!(!page.text.contains(&token) && !browser.cookies.values().any(|value| token.contains(value.as_str())));
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
async fn an_id_token_for_another_sign_in_is_refused() {
    let town = Town::new().await;
    town.issuer.next_to_sign_in(&people::noor());
    town.issuer.lie_about_nonce();
    let page = town.browser().follow("/aanmelden").await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("De aanmelddienst liet u niet toe"));
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
async fn signing_in_again_begins_a_new_session() {
    let town = Town::new().await;
    let mut browser = town.browser_of(&people::noor()).await;
    let first = browser.cookies["schildwacht"].clone();
    town.issuer.next_to_sign_in(&people::els());
    browser.follow("/aanmelden").await;
    assert_ne!(browser.cookies["schildwacht"], first);

    let mut old = town.browser();
    old.cookies.insert("schildwacht".to_owned(), first);
    assert!(old.get("/wachtrij").await.location().unwrap().starts_with("/aanmelden"), "the old session is over");
}

#[tokio::test]
async fn a_session_ends_when_nothing_is_asked_for_a_while() {
    let town = Town::new().await;
    let mut browser = town.browser_of(&people::noor()).await;
    for _step in 0..4 {
        town.clock.advance(TimeDelta::minutes(20));
        assert_eq!(browser.get("/wachtrij").await.status, 200, "asking keeps it alive");
    }
    town.clock.advance(TimeDelta::minutes(31));
    assert_eq!(browser.get("/wachtrij").await.location().unwrap(), "/aanmelden?terug=%2Fwachtrij");
}

#[tokio::test]
async fn a_page_that_reconnects_by_itself_keeps_nobody_signed_in() {
    let town = Town::new().await;
    let mut browser = town.browser_of(&people::noor()).await;
    for _step in 0..4 {
        town.clock.advance(TimeDelta::minutes(8));
        // Not one that stays open: what counts is that it was let in, or not.
        browser.get("/wachtrij/stroom").await;
    }
    assert_eq!(browser.get("/wachtrij").await.status, 303);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_in_any_case() {
    let town = Town::new().await;
    let mut browser = town.browser_of(&people::noor()).await;
    for _step in 0..35 {
        town.clock.advance(TimeDelta::minutes(20));
        assert_eq!(browser.get("/wachtrij").await.status, 200);
    }
    town.clock.advance(TimeDelta::minutes(20));
    assert_eq!(browser.get("/wachtrij").await.status, 303);
}

#[tokio::test]
async fn tokens_are_renewed_once_however_many_pages_ask_at_once() {
    let town = Town::new().await;
    let browser = town.browser_of(&people::noor()).await;
    town.clock.advance(TimeDelta::minutes(6));
    let pages = (0..8).map(|_| {
        let mut tab = browser.clone();
        async move { tab.get("/wachtrij").await.status }
    });
    let statuses = futures::future::join_all(pages).await;
    assert_eq!(statuses, [200; 8]);
    assert_eq!(town.issuer.refreshed(), 1, "the issuer would end the session if it saw a refresh token twice");
}

#[tokio::test]
async fn without_refresh_tokens_one_signs_in_again_and_returns() {
    let town = Town::new().await;
    town.issuer.give_no_refresh_tokens();
    let mut browser = town.browser_of(&people::noor()).await;
    town.clock.advance(TimeDelta::minutes(6));
    town.issuer.next_to_sign_in(&people::noor());
    let page = browser.follow("/wachtrij?weergave=mij").await;
    assert_eq!((page.status, page.url.ends_with("/wachtrij?weergave=mij")), (200, true));
}

#[tokio::test]
async fn who_is_disabled_at_the_issuer_is_out_when_the_token_ends() {
    let town = Town::new().await;
    let mut browser = town.browser_of(&people::noor()).await;
    town.issuer.forget_everybody();
    town.clock.advance(TimeDelta::minutes(6));
    assert!(browser.get("/wachtrij").await.location().unwrap().starts_with("/aanmelden"));
}

#[tokio::test]
async fn an_issuer_that_is_away_for_a_moment_costs_nobody_the_session() {
    let town = Town::new().await;
    let mut browser = town.browser_of(&people::noor()).await;
    town.clock.advance(TimeDelta::minutes(6));
    town.issuer.go_away();
    let page = browser.get("/wachtrij").await;
    assert_eq!(page.status, 503);
    assert!(page.text.contains("We krijgen even geen antwoord"));
    town.issuer.come_back();
    assert_eq!(browser.get("/wachtrij").await.status, 200);
}

#[tokio::test]
async fn an_issuer_in_trouble_costs_nobody_the_session_whatever_it_answers() {
    for trouble in [
        (500, "invalid_grant"),
        (503, "temporarily_unavailable"),
        (429, "slow_down"),
        (400, "temporarily_unavailable"),
        (401, "invalid_client"),
    ] {
        let town = Town::new().await;
        let mut browser = town.browser_of(&people::noor()).await;
        town.clock.advance(TimeDelta::minutes(6));
        town.issuer.answer_with(Some(trouble));
        assert_eq!(browser.get("/wachtrij").await.status, 503, "{trouble:?}");
        town.issuer.answer_with(None);
        assert_eq!(browser.get("/wachtrij").await.status, 200, "{trouble:?}");
    }
}

#[tokio::test]
async fn pages_that_wait_for_a_renewal_in_vain_end_no_session() {
    let town = Town::new().await;
    let browser = town.browser_of(&people::noor()).await;
    town.clock.advance(TimeDelta::minutes(6));
    town.issuer.answer_with(Some((503, "temporarily_unavailable")));
    let pages = (0..4).map(|_| {
        let mut tab = browser.clone();
        async move { tab.get("/wachtrij").await.status }
    });
    assert_eq!(futures::future::join_all(pages).await, [503; 4]);
    town.issuer.answer_with(None);
    assert_eq!(browser.clone().get("/wachtrij").await.status, 200);
}

#[tokio::test]
async fn a_page_that_is_abandoned_while_its_token_is_renewed_signs_nobody_out() {
    let town = Town::new().await;
    let mut browser = town.browser_of(&people::noor()).await;
    town.clock.advance(TimeDelta::minutes(6));
    town.issuer.hold_answers();
    let asked = town.issuer.asked_for_tokens();
    let mut tab = browser.clone();
    let reached_the_issuer = testkit::eventually("the issuer is asked", async || (town.issuer.asked_for_tokens() > asked).then_some(()));
    tokio::select! {
        page = tab.get("/wachtrij") => panic!("nothing should be answered yet: {}", page.status),
        () = reached_the_issuer => {}
    }
    // The portal notices that nobody reads its answer any more.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    town.issuer.answer_again();
    assert_eq!(browser.get("/wachtrij").await.status, 200);
    assert_eq!(town.issuer.refreshed(), 1);
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
async fn signing_out_ends_the_session_here_and_at_the_issuer() {
    let town = Town::new().await;
    let mut browser = town.browser_of(&people::noor()).await;
    let cookie = browser.cookies["schildwacht"].clone();
    let out = browser.submit("/wachtrij", "/afmelden", &[]).await;
    let page = browser.follow(&out.location().unwrap()).await;
    assert!(page.text.contains("U bent afgemeld"), "{}", page.text);
    assert_eq!(town.issuer.signed_out(), 1);
    browser.cookies.insert("schildwacht".to_owned(), cookie);
    assert_eq!(browser.get("/wachtrij").await.status, 303, "a kept cookie opens nothing");
}

#[tokio::test]
async fn signing_out_after_the_session_ended_by_itself_signs_out_and_not_in() {
    let town = Town::new().await;
    let mut browser = town.browser_of(&people::noor()).await;
    let csrf = browser.follow("/wachtrij").await.hidden("csrf").unwrap();
    town.clock.advance(TimeDelta::minutes(31));
    town.issuer.next_to_sign_in(&people::noor());
    browser.headers = [("referer".to_owned(), format!("{}/wachtrij", town.url()))].into();
    let out = browser.post("/afmelden", &[("csrf", &csrf)]).await;
    assert!(!browser.cookies.contains_key("schildwacht"));
    let page = browser.follow(&out.location().unwrap()).await;
    assert!(page.text.contains("U bent afgemeld"), "{}", page.text);
    assert_eq!(town.issuer.signed_out(), 1, "and at the issuer, whose session may go on");
    assert!(!browser.cookies.contains_key("schildwacht"));
}

#[tokio::test]
async fn who_has_no_function_is_told_whom_to_ask() {
    let town = Town::new().await;
    town.issuer.next_to_sign_in(&people::nobody_in_particular());
    let page = town.browser().follow("/").await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("u hebt hier nog geen functie"));
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
    let before = town.services.play.asked().len();
    let school: SchoolId = ZANDLOPER.parse().unwrap();
    town.browser_of(&people::els()).await.get(&format!("/scholen/{school}/toestellen")).await;
    let asked = town.services.play.asked();
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
