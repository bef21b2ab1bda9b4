//! Every page as it is sent, in snapshots.

use chrono::TimeDelta;
use insta::assert_snapshot;

use crate::support::{
    Town,
    browser::{Browser, main_of},
    people,
    sample::{CASE_CLOSED, CASE_IN_HAND, CASE_OF_SAM, DEVICE_WARNED, HOEK, ZANDLOPER},
};

async fn shown(browser: &mut Browser, address: &str) -> String {
    let page = browser.follow(address).await;
    assert_eq!(page.status, 200, "{address}: {}", page.text);
    page.steady()
}

#[tokio::test]
async fn the_queue() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    assert_snapshot!(shown(&mut noor, "/wachtrij").await);
}

#[tokio::test]
async fn the_queue_in_english() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    assert_snapshot!(shown(&mut noor, "/wachtrij?lang=en").await);
}

#[tokio::test]
async fn a_case() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    assert_snapshot!(main_of(&shown(&mut noor, &format!("/zaken/{CASE_IN_HAND}")).await));
}

#[tokio::test]
async fn a_closed_case_as_the_lead_sees_it() {
    let town = Town::new().await;
    let mut lotte = town.browser_of(&people::lotte_leads()).await;
    assert_snapshot!(main_of(&shown(&mut lotte, &format!("/zaken/{CASE_CLOSED}?lang=en")).await));
}

#[tokio::test]
async fn the_devices_of_a_school_as_its_director_sees_them() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    assert_snapshot!(shown(&mut els, "/").await);
}

#[tokio::test]
async fn a_case_as_the_director_reads_it() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let page = shown(&mut els, &format!("/zaken/{CASE_IN_HAND}")).await;
    // What a specialist needs is there for who unfolds it, and stands nowhere else.
    let unfolded: String = page.split("<details>").map(|part| part.rsplit("</details>").next().unwrap()).collect();
    for code in ["TLP:", "ET MALWARE", "malicious-code/", "class=\"hash\"", "Command and Control", "SHA-256"] {
        assert!(page.contains(code), "{code} can be found");
        assert!(!unfolded.contains(code), "{code} stands folded");
    }
    assert!(unfolded.contains("Voor het responsteam en uw school"));
    assert_snapshot!(main_of(&page));
}

#[tokio::test]
async fn a_device() {
    let town = Town::new().await;
    let mut karim = town.browser_of(&people::karim()).await;
    assert_snapshot!(shown(&mut karim, &format!("/scholen/{ZANDLOPER}/toestellen/{DEVICE_WARNED}")).await);
}

#[tokio::test]
async fn a_phase_that_was_passed_over_is_never_shown_as_done() {
    let town = Town::new().await;
    let mut lotte = town.browser_of(&people::lotte_leads()).await;
    let page = shown(&mut lotte, &format!("/zaken/{CASE_CLOSED}")).await;
    assert_eq!(page.matches(r#"<li data-state="done">"#).count(), 2, "open and in progress");
    assert_eq!(page.matches("<small>overgeslagen</small>").count(), 4);
    assert!(
        page.contains("<dt>Overgeslagen</dt><dd>indammen, opruimen, herstellen, nazorg</dd>"),
        "also where steps are too narrow for words"
    );
    let in_hand = shown(&mut lotte, &format!("/zaken/{CASE_IN_HAND}")).await;
    assert!(!in_hand.contains("vergeslagen"));
}

#[tokio::test]
async fn a_closed_case_that_nobody_took_waits_for_nobody() {
    let town = Town::new().await;
    for case in [CASE_IN_HAND, CASE_OF_SAM] {
        town.world.assign(&people::noor(), case.id(), "").await;
    }
    town.world.close(&people::noor(), CASE_OF_SAM.id(), "Het was een oefening.").await;
    let mut els = town.browser_of(&people::els()).await;
    assert!(shown(&mut els, &format!("/zaken/{CASE_IN_HAND}")).await.contains("niet toegewezen"));
    assert!(!shown(&mut els, &format!("/zaken/{CASE_OF_SAM}")).await.contains("niet toegewezen"));
}

/// What a telephone dials.
const DIALLED: &str = r#"href="tel:080000000""#;

#[tokio::test]
async fn a_school_finds_whom_to_call_wherever_it_is_on_a_bad_day() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let beside_its_incidents =
        [format!("/scholen/{ZANDLOPER}/toestellen"), format!("/scholen/{ZANDLOPER}/incidenten"), format!("/zaken/{CASE_IN_HAND}")];
    for (language, call, hours) in [("nl", "Bel 0800 00 000", "dag en nacht"), ("en", "Call 0800 00 000", "day and night")] {
        for address in &beside_its_incidents {
            let page = shown(&mut els, &format!("{address}?lang={language}")).await;
            assert!(page.contains(call) && page.contains(hours), "{address} in {language}");
            assert_eq!(page.matches(DIALLED).count(), 2, "{address} in {language}: as a button, and below");
        }
        let closed = shown(&mut els, &format!("/zaken/{CASE_CLOSED}?lang={language}")).await;
        assert_eq!(closed.matches(DIALLED).count(), 1, "what is over needs no button");
    }
    assert!(shown(&mut els, &format!("/zaken/{CASE_IN_HAND}?lang=nl")).await.contains("geef het nummer SW-2026-0004 door"));
}

#[tokio::test]
async fn whom_to_call_is_said_to_who_is_not_signed_in_and_where_something_fails() {
    let town = Town::new().await;
    let mut stranger = town.browser();
    assert!(stranger.follow("/").await.text.contains(DIALLED), "choosing who to be");
    assert!(stranger.get("/bestaat/niet").await.text.contains(DIALLED), "a page that does not exist");
    let failed = stranger.get("/aanmelden/terug?state=onbekend&code=x").await;
    assert!(failed.text.contains("Wacht niet op deze pagina") && failed.text.contains(DIALLED), "{}", failed.text);

    let mut els = town.browser_of(&people::els()).await;
    town.faults.fail_with(tonic::Code::Unavailable);
    let away = els.get(&format!("/zaken/{CASE_IN_HAND}")).await;
    assert_eq!(away.status, 503);
    assert!(away.text.contains("Wacht niet op deze pagina") && away.text.contains(DIALLED));
}

#[tokio::test]
async fn who_picks_up_is_not_told_to_call() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    for address in ["/wachtrij".to_owned(), format!("/zaken/{CASE_IN_HAND}")] {
        assert!(!shown(&mut noor, &address).await.contains("\"tel:"), "{address}");
    }
}

#[tokio::test]
async fn where_nobody_is_configured_nobody_is_named() {
    let town = Town::told_the_least().await;
    let mut els = town.browser_of(&people::els()).await;
    for address in ["/".to_owned(), format!("/scholen/{ZANDLOPER}/incidenten"), format!("/zaken/{CASE_IN_HAND}"), "/hulp".to_owned()] {
        let page = shown(&mut els, &address).await;
        for trace in ["tel:", "id=\"nood\"", "class=\"emergency\"", "Is de aanval nu bezig"] {
            assert!(!page.contains(trace), "{address}: {trace}");
        }
    }
}

#[tokio::test]
async fn what_is_said_not_to_be_seen_has_its_exception_beside_it() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    for (language, exception) in [("nl", "ehalve in het bericht van een waarschuwing"), ("en", "xcept in the message of an alert")] {
        for address in ["/privacy".to_owned(), format!("/scholen/{ZANDLOPER}/toestellen")] {
            let page = shown(&mut els, &format!("{address}?lang={language}")).await;
            assert!(page.contains(exception), "{address} in {language}");
        }
    }
}

#[tokio::test]
async fn the_page_about_privacy_says_how_long_everything_is_kept() {
    let town = Town::new().await;
    let mut anybody = town.browser();
    for (language, row) in
        [("nl", ["Incidenten met tijdlijn", "5 jaar na het sluiten"]), ("en", ["Cases with timeline", "5 years from when the case"])]
    {
        let page = shown(&mut anybody, &format!("/privacy?lang={language}")).await;
        for text in row {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert_eq!(page.matches("<th scope=\"row\">").count(), storage::classified::Class::ALL.len());
    }
}

#[tokio::test]
async fn the_incidents_of_a_school() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    assert_snapshot!(main_of(&shown(&mut els, &format!("/scholen/{ZANDLOPER}/incidenten")).await));
}

#[tokio::test]
async fn the_people_of_a_school() {
    let town = Town::new().await;
    town.clock.advance(TimeDelta::days(50));
    let mut els = town.browser_of(&people::els()).await;
    assert_snapshot!(main_of(&shown(&mut els, &format!("/scholen/{ZANDLOPER}/mensen")).await));
}

#[tokio::test]
async fn the_gateways() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    assert_snapshot!(shown(&mut pieter, "/gateways?ook=voorbij").await);
}

#[tokio::test]
async fn the_schools() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    assert_snapshot!(main_of(&shown(&mut noor, "/scholen").await));
}

#[tokio::test]
async fn the_personas() {
    let town = Town::new().await;
    let mut stranger = town.browser();
    let page = stranger.follow("/").await.steady();
    let issuer = town.issuer.url();
    assert_snapshot!(page.replace(issuer.trim_start_matches("http://"), "issuer"));
}

#[tokio::test]
async fn a_page_that_does_not_exist() {
    let town = Town::new().await;
    let page = town.browser().get("/bestaat/niet").await;
    assert_eq!(page.status, 404);
    assert_snapshot!(page.steady());
}

#[tokio::test]
async fn empty_lists_say_what_to_do() {
    let town = Town::without_a_past().await;
    let mut noor = town.browser_of(&people::noor()).await;
    for (address, expected) in [
        ("/wachtrij", "Geen open incidenten"),
        ("/wachtrij?weergave=mij", "Kies een incident dat niet toegewezen is"),
        ("/wachtrij?zoek=xyz", "Wis de filters"),
        (&format!("/scholen/{HOEK}/toestellen"), "We kregen nog geen signaal van een sensor"),
        (&format!("/scholen/{HOEK}/toestellen?zoek=x"), "Bekijk alle toestellen"),
        ("/scholen?zoek=xyz", "Bekijk alle scholen"),
        ("/gateways", "Nog geen gateways"),
    ] {
        let page = shown(&mut noor, address).await;
        assert!(page.contains(expected), "{address} should say {expected:?}");
    }
    let mut els = town.browser_of(&people::els()).await;
    assert!(shown(&mut els, &format!("/scholen/{ZANDLOPER}/incidenten")).await.contains("Nog geen incidenten"));
}

#[tokio::test]
async fn who_works_at_two_schools_chooses_one() {
    let town = Town::new().await;
    let mut an = town.browser_of(&people::director_of_two()).await;
    let schools = an.follow("/").await;
    assert!(schools.url.ends_with("/scholen") && schools.text.contains("Uw scholen"), "{}", schools.url);
    let incidents = format!("/scholen/{HOEK}/incidenten");
    assert!(schools.text.contains(&incidents) && !schools.text.contains("/wachtrij"));
    let page = an.follow(&incidents).await;
    assert!(page.text.contains("<small>Technisch Instituut De Hoek</small>"));
    assert!(page.text.contains(&format!("href=\"/scholen/{HOEK}/toestellen\"")), "the menu is that of the school one looks at");
}

#[tokio::test]
async fn a_school_sees_only_what_it_may_do() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let case = els.follow(&format!("/zaken/{CASE_IN_HAND}")).await;
    assert_eq!(case.status, 200);
    let forms = case.text.matches("action=\"/zaken/").count();
    assert_eq!(forms, 0, "a director reads a case and changes nothing");
    let home = els.follow("/wachtrij").await;
    assert!(home.url.ends_with(&format!("/scholen/{ZANDLOPER}/toestellen")), "{}", home.url);
    assert!(!home.text.contains("/gateways"), "a director installs no gateways");
    let karim = town.browser_of(&people::karim()).await.follow("/").await;
    assert!(karim.text.contains("href=\"/gateways\""), "an ICT coordinator does");
}
