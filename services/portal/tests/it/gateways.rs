//! Gateways: a code is shown once, and what cannot be undone is asked first.

use chrono::TimeDelta;

use crate::support::{
    Town,
    browser::link_to,
    people,
    sample::{GATEWAY, HOEK, ZANDLOPER},
};

/// The code that a page shows.
fn code_on(page: &str) -> String {
    let (_, code) = page.split_once("<dt>Code</dt><dd><code class=\"hash\">").unwrap_or_else(|| panic!("no code: {page}"));
    let code = code.split('<').next().unwrap().to_owned();
    assert_eq!(code.len(), 35, "{code}");
    code
}

#[tokio::test]
async fn an_operator_finds_the_school_names_the_gateway_and_sees_its_code_once() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let found = pieter.follow("/gateways/nieuw?zoek=hoek").await.text;
    let form = format!("/gateways/nieuw?school={HOEK}");
    assert!(found.contains(&form), "{found}");

    let fields = [("school", HOEK.id()), ("naam", "Werkplaats 2"), ("verzoek", "0190c0de-0000-7000-8000-00000000aaaa")];
    let shown = pieter.submit(&form, "/gateways/nieuw", &fields).await;
    assert_eq!(shown.status, 200);
    let code = code_on(&shown.text);
    let url = format!("{}/gateways/enrol?format=env", town.url());
    for needed in [
        format!("printf &#39;code={code}&#39; | curl"),
        url,
        format!("schildwacht gateways redeem {code} --url "),
        "https://ingest.schildwacht.example<".to_owned(),
    ] {
        assert!(shown.text.contains(&needed), "{needed}: {}", shown.text);
    }
    assert!(!shown.text.contains("Vraag het aan het platformteam") && !shown.text.contains("client_secret"));
    assert_eq!(shown.header("cache-control"), "no-store");

    let again = pieter.submit(&form, "/gateways/nieuw", &fields).await.text;
    assert!(again.contains("Deze gateway was al geregistreerd") && !again.contains(&code), "sending twice enrols once");
    let list = pieter.follow("/gateways").await.text;
    assert!(list.contains("Wacht op het toestel") && !list.contains(&code), "{list}");
    town.clock.advance(TimeDelta::hours(24));
    let list = town.browser_of(&people::pieter_operates()).await.follow("/gateways").await.text;
    assert!(list.contains("Code verlopen") && !list.contains("Wacht op het toestel"), "{list}");
}

#[tokio::test]
async fn a_code_is_shown_also_where_an_address_is_not_known() {
    let town = Town::told_the_least().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let fields = [("school", HOEK.id()), ("naam", "Werkplaats 2"), ("verzoek", "0190c0de-0000-7000-8000-00000000aaaa")];
    let shown = pieter.submit(&format!("/gateways/nieuw?school={HOEK}"), "/gateways/nieuw", &fields).await.text;
    code_on(&shown);
    assert!(shown.contains("ontbreekt hier. Vraag het aan het platformteam"), "{shown}");
}

#[tokio::test]
async fn a_school_whose_codes_wait_is_told_to_use_them_first() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let form = format!("/gateways/nieuw?school={HOEK}");
    for number in 0..5 {
        let request = format!("0190c0de-0000-7000-8000-00000000aaa{number}");
        let fields = [("school", HOEK.id()), ("naam", "Werkplaats"), ("verzoek", request.as_str())];
        code_on(&pieter.submit(&form, "/gateways/nieuw", &fields).await.text);
    }
    let sixth = pieter.submit(&form, "/gateways/nieuw", &[("school", HOEK.id()), ("naam", "Refter")]).await;
    assert_eq!(sixth.status, 422);
    assert!(sixth.text.contains("Er wachten al te veel codes") && sixth.text.contains("value=\"Refter\""), "{}", sixth.text);
    let list = pieter.follow("/gateways").await.text;
    let address = link_to(list.split("<tr>").find(|row| row.contains("Werkplaatsen")).unwrap(), "/gateways/");
    let etag = pieter.follow(&address).await.hidden("etag").unwrap();
    let refused = pieter.submit(&address, &address, &[("etag", &etag)]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Er wachten al te veel codes"), "{}", refused.text);
}

#[tokio::test]
async fn an_ict_coordinator_enrols_for_the_own_school_only() {
    let town = Town::new().await;
    let mut karim = town.browser_of(&people::karim()).await;
    assert!(karim.follow("/gateways/nieuw").await.text.contains("Voor Basisschool De Zandloper"));
    assert_eq!(karim.get(&format!("/gateways/nieuw?school={HOEK}")).await.status, 403);
    let mut els = town.browser_of(&people::els()).await;
    assert_eq!(els.get(&format!("/gateways/nieuw?school={ZANDLOPER}")).await.status, 403);
}

#[tokio::test]
async fn an_ict_coordinator_of_several_schools_chooses_for_which_one() {
    let town = Town::new().await;
    let mut jo = town.browser_of(&people::ict_coordinator_of_two()).await;
    let choice = jo.follow("/gateways/nieuw").await.text;
    assert!(choice.contains("Kies de school") && !choice.contains("Zoek de school"), "{choice}");
    for (school, name) in [(ZANDLOPER, "Voor Basisschool De Zandloper"), (HOEK, "Voor Technisch Instituut De Hoek")] {
        let form = format!("/gateways/nieuw?school={school}");
        assert!(choice.contains(&form), "{choice}");
        let page = jo.follow(&form).await.text;
        assert!(page.contains(name) && page.contains("Kies een andere school"), "{page}");
    }
}

#[tokio::test]
async fn a_name_is_needed() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let form = format!("/gateways/nieuw?school={HOEK}");
    for name in ["", &"x".repeat(81)] {
        let page = pieter.submit(&form, "/gateways/nieuw", &[("school", HOEK.id()), ("naam", name)]).await;
        assert_eq!(page.status, 422);
        assert!(page.text.contains("href=\"#naam\">Geef een naam van 1 tot 80 tekens"));
    }
}

#[tokio::test]
async fn a_new_code_replaces_the_one_before_unless_somebody_was_faster() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let address = format!("/gateways/{GATEWAY}/geheim");
    let stale = pieter.submit(&address, &address, &[("etag", "older")]).await;
    assert_eq!(stale.status, 409);
    assert!(stale.text.contains("Iemand anders wijzigde deze gateway intussen"));
    let mut codes = Vec::new();
    for _code in 0..2 {
        let etag = pieter.follow(&address).await.hidden("etag").unwrap();
        codes.push(code_on(&pieter.submit(&address, &address, &[("etag", &etag)]).await.text));
    }
    assert_ne!(codes[0], codes[1]);
}

#[tokio::test]
async fn revoking_needs_a_reason_and_is_final() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let address = format!("/gateways/{GATEWAY}/intrekken");
    let asked = pieter.follow(&address).await;
    assert!(asked.text.contains("<h1>Zet de toegang van Hoofdgebouw, serverkast (Basisschool De Zandloper) stop</h1>"), "{}", asked.text);
    let etag = asked.hidden("etag").unwrap();
    let page = pieter.submit(&address, &address, &[("etag", &etag), ("reden", " ")]).await;
    assert_eq!(page.status, 422);
    let done = pieter.submit(&address, &address, &[("etag", &etag), ("reden", "Toestel vervangen")]).await;
    assert_eq!(done.location().unwrap(), "/gateways");
    let list = pieter.follow("/gateways").await.text;
    assert!(list.contains("De gateway kan niets meer sturen.") && !list.contains(GATEWAY.id()));
    assert_eq!(pieter.get(&address).await.status, 409, "what is revoked cannot be revoked again");
}

#[tokio::test]
async fn a_gateway_that_no_longer_speaks_stands_out_unless_it_may_not_speak() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let list = pieter.follow("/gateways?ook=voorbij").await.text;
    assert_eq!(list.matches("Stuurt niets meer").count(), 1, "{list}");
    let of_hoek = list.split("<tr>").find(|row| row.contains("Werkplaatsen")).unwrap();
    assert!(of_hoek.contains("Stuurt niets meer") && of_hoek.contains("sinds "), "{of_hoek}");
    assert!(!list.contains("We weten nu niet"));

    for name in ["Turnzaal", "Refter"] {
        town.world.enrol(HOEK.id(), name).await;
    }
    let list = pieter.follow("/gateways").await.text;
    assert_eq!((list.matches("Nog geen").count(), list.contains("Stuurde nog niets")), (2, false), "who was just enrolled: {list}");
    town.clock.advance(TimeDelta::hours(25));
    let list = town.browser_of(&people::pieter_operates()).await.follow("/gateways").await.text;
    assert_eq!((list.matches("Stuurde nog niets").count(), list.contains("Nog geen<")), (2, false), "{list}");
}

#[tokio::test]
async fn gateways_are_shown_also_while_it_is_not_known_when_they_spoke() {
    let town = Town::new().await;
    town.faults.fail_only("ListGatewayContacts", tonic::Code::Unavailable);
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let list = pieter.follow("/gateways").await;
    assert_eq!(list.status, 200);
    assert!(list.text.contains("Werkplaatsen") && list.text.contains("We weten nu niet"), "{}", list.text);
    assert!(!list.text.contains("Stuurt niets meer") && !list.text.contains("Nog geen<"), "nothing is made of not knowing: {}", list.text);
}
