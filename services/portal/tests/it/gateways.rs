//! Gateways: a secret is shown once, and what cannot be undone is asked first.

use chrono::TimeDelta;

use crate::support::{
    Town, people,
    sample::{GATEWAY, HOEK, ZANDLOPER},
};

/// The secret that a page shows.
fn secret_on(page: &str) -> String {
    let (_, secret) =
        page.split_once("<dt>Geheime sleutel (client_secret)</dt><dd><code class=\"hash\">").unwrap_or_else(|| panic!("no secret: {page}"));
    let secret = secret.split('<').next().unwrap().to_owned();
    assert!(secret.len() > 20, "{secret}");
    secret
}

#[tokio::test]
async fn an_operator_finds_the_school_names_the_gateway_and_sees_its_secret_once() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let found = pieter.follow("/gateways/nieuw?zoek=hoek").await.text;
    let form = format!("/gateways/nieuw?school={HOEK}");
    assert!(found.contains(&form), "{found}");

    let fields = [("school", HOEK.id()), ("naam", "Werkplaats 2"), ("verzoek", "0190c0de-0000-7000-8000-00000000aaaa")];
    let shown = pieter.submit(&form, "/gateways/nieuw", &fields).await;
    assert_eq!(shown.status, 200);
    let secret = secret_on(&shown.text);
    assert!(shown.text.contains("Kopieer nu de geheime sleutel"));
    for address in ["https://ingest.schildwacht.example<", &format!("{}/token<", town.issuer.url())] {
        assert!(shown.text.contains(address), "a sensor needs {address}: {}", shown.text);
    }
    assert!(!shown.text.contains("Vraag het aan het platformteam"));
    assert_eq!(shown.header("cache-control"), "no-store");

    let again = pieter.submit(&form, "/gateways/nieuw", &fields).await.text;
    assert!(again.contains("Deze gateway was al geregistreerd") && !again.contains(&secret), "sending twice enrols once");
}

#[tokio::test]
async fn a_secret_is_shown_also_where_an_address_is_not_known() {
    let town = Town::told_the_least().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let fields = [("school", HOEK.id()), ("naam", "Werkplaats 2"), ("verzoek", "0190c0de-0000-7000-8000-00000000aaaa")];
    let shown = pieter.submit(&format!("/gateways/nieuw?school={HOEK}"), "/gateways/nieuw", &fields).await.text;
    secret_on(&shown);
    assert!(shown.contains("Hier ontbreekt een adres. Vraag het aan het platformteam"), "{shown}");
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
async fn a_new_secret_replaces_the_old_one_unless_somebody_was_faster() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let address = format!("/gateways/{GATEWAY}/geheim");
    let stale = pieter.submit(&address, &address, &[("etag", "older")]).await;
    assert_eq!(stale.status, 409);
    assert!(stale.text.contains("Iemand anders wijzigde deze gateway intussen"));
    let mut secrets = Vec::new();
    for _rotation in 0..2 {
        let etag = pieter.follow(&address).await.hidden("etag").unwrap();
        secrets.push(secret_on(&pieter.submit(&address, &address, &[("etag", &etag)]).await.text));
    }
    assert_ne!(secrets[0], secrets[1]);
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
