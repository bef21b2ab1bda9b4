//! Forms are believed only from our own pages; preferences stay in the browser.

use crate::{
    caches::in_both_caches,
    support::{
        Town, people,
        sample::{APPOINTMENT_OF_KARIM, CASE_IN_HAND, GATEWAY, ZANDLOPER},
    },
};

/// Every address that changes something.
fn changing_addresses() -> Vec<String> {
    let of_case = ["toewijzen", "fase", "notitie", "sluiten", "heropenen"].map(|act| format!("/zaken/{CASE_IN_HAND}/{act}"));
    let others = [
        "/afmelden".to_owned(),
        "/wachtrij/neem".to_owned(),
        "/wachtrij/sluiten".to_owned(),
        "/gateways/nieuw".to_owned(),
        format!("/gateways/{GATEWAY}/geheim"),
        format!("/gateways/{GATEWAY}/intrekken"),
        format!("/scholen/{ZANDLOPER}/mensen/{APPOINTMENT_OF_KARIM}/blijft"),
        format!("/scholen/{ZANDLOPER}/mensen/{APPOINTMENT_OF_KARIM}/stoppen"),
        format!("/scholen/{ZANDLOPER}/mensen/uitnodigen"),
        "/uitnodiging/token".to_owned(),
    ];
    of_case.into_iter().chain(others).collect()
}

in_both_caches! {
    async fn a_form_without_the_sessions_secret_changes_nothing(town: Town) {
        let mut noor = town.browser_of(&people::noor()).await;
        let of_another_session = town.browser_of(&people::sam()).await.follow("/wachtrij").await.hidden("csrf").unwrap();
        let before = town.faults.asked().len();
        for address in changing_addresses() {
            for secret in ["", "guess", of_another_session.as_str()] {
                let page = noor.post(&address, &[("csrf", secret), ("aan", "mij"), ("fase", "recovery")]).await;
                assert_eq!(page.status, 403, "{address} with {secret:?}");
            }
        }
        assert_eq!(town.faults.asked().len(), before, "no service was asked anything");
        assert_eq!(noor.get("/wachtrij").await.status, 200, "and nobody was signed out");
    }
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing_even_with_the_secret() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let secret = noor.follow("/wachtrij").await.hidden("csrf").unwrap();
    for (header, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        noor.headers = [(header.to_owned(), value.to_owned())].into();
        for address in changing_addresses().iter().map(String::as_str).chain(["/voorkeuren"]) {
            let page = noor.post(address, &[("csrf", secret.as_str())]).await;
            assert_eq!(page.status, 403, "{address} with {header}: {value}");
        }
    }
    noor.headers = [("origin".to_owned(), town.url()), ("sec-fetch-site".to_owned(), "same-origin".to_owned())].into();
    assert_eq!(noor.post("/voorkeuren", &[("thema", "donker")]).await.status, 303);
}

#[tokio::test]
async fn a_form_of_somebody_not_signed_in_leads_to_signing_in_and_back_to_its_page() {
    let town = Town::new().await;
    let mut stranger = town.browser();
    stranger.headers = [("referer".to_owned(), format!("{}/zaken/{CASE_IN_HAND}", town.url()))].into();
    let page = stranger.post(&format!("/zaken/{CASE_IN_HAND}/fase"), &[("fase", "recovery")]).await;
    assert_eq!(page.location().unwrap(), format!("/aanmelden?terug=%2Fzaken%2F{CASE_IN_HAND}"));
}

#[tokio::test]
async fn a_form_that_is_too_long_or_of_another_kind_is_refused() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let long = "x".repeat(300 * 1024);
    assert_eq!(noor.post("/voorkeuren", &[("thema", &long)]).await.status, 400);
    assert_eq!(noor.post("/voorkeuren", &[("thema", &long[..200 * 1024])]).await.status, 303);
    let mut stranger = town.browser();
    assert_eq!(stranger.post("/voorkeuren", &[("thema", &long[..40 * 1024])]).await.status, 400);
    assert_eq!(stranger.post("/voorkeuren", &[("thema", &long[..20 * 1024])]).await.status, 303);
    noor.headers = [("content-type".to_owned(), "multipart/form-data".to_owned())].into();
    assert_eq!(noor.post("/voorkeuren", &[("thema", "donker")]).await.status, 400);
}

#[tokio::test]
async fn colours_language_and_shortcuts_are_remembered() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let page = noor.follow("/wachtrij").await;
    assert!(!page.text.contains("data-theme") && page.text.contains("data-shortcuts"));

    let back = noor.post("/voorkeuren", &[("thema", "donker"), ("sneltoetsen", "uit"), ("terug", "/wachtrij?ernst=high")]).await;
    assert_eq!(back.location().unwrap(), "/wachtrij?ernst=high");
    let page = noor.follow("/wachtrij?lang=en").await;
    assert!(page.text.contains("data-theme=\"dark\"") && !page.text.contains("data-shortcuts") && page.text.contains("<h1>Queue</h1>"));

    noor.post("/voorkeuren", &[("thema", "toestel"), ("taal", "nl")]).await;
    let page = noor.follow("/wachtrij").await;
    assert!(!page.text.contains("data-theme") && page.text.contains("<h1>Wachtrij</h1>"));
}

#[tokio::test]
async fn the_browsers_language_counts_until_one_chooses() {
    let town = Town::new().await;
    let mut stranger = town.browser();
    stranger.headers = [("accept-language".to_owned(), "fr, en;q=0.8, nl;q=0.5".to_owned())].into();
    assert!(stranger.follow("/hulp").await.text.contains("<h1>Help</h1>"));
    assert!(stranger.follow("/hulp?lang=nl").await.text.contains("<h1>Hulp</h1>"));
    assert!(stranger.follow("/hulp").await.text.contains("<h1>Hulp</h1>"), "the choice is kept");
}

#[tokio::test]
async fn a_choice_leads_to_no_other_site() {
    let town = Town::new().await;
    for elsewhere in ["//evil.example", "/\t/evil.example"] {
        let back = town.browser().post("/voorkeuren", &[("thema", "licht"), ("terug", elsewhere)]).await;
        assert_eq!(back.location().unwrap(), "/", "{elsewhere:?}");
    }
}
