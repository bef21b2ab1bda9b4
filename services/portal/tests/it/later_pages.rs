//! Pages of a list after the first.

use crate::support::{
    Town,
    browser::link_to,
    people,
    sample::{CASE_IN_HAND, GATEWAY_OF_HOEK, HOEK, ZANDLOPER},
    telemetry::{self, RANSOMWARE, Rule},
};

#[tokio::test]
async fn a_later_page_that_became_empty_leads_to_the_first_and_claims_nothing() {
    let town = Town::new().await;
    let now = town.world.clock.now();
    let alert = |id| telemetry::alert(now, &Rule { id, ..RANSOMWARE }, "10.30.0.7", "203.0.113.9");
    town.world.hear(HOEK.id(), GATEWAY_OF_HOEK.id(), &(0..45).map(alert).collect::<String>()).await;
    let mut noor = town.browser_of(&people::noor()).await;
    let second = link_to(&noor.follow("/wachtrij?sorteer=nummer").await.text, "/wachtrij?sorteer=nummer&#38;na=");
    assert!(noor.follow(&second).await.text.contains("51–51 van 51"));
    let last = town.world.all_cases().await.into_iter().max_by_key(|case| case.reference.clone()).unwrap();
    town.world.close(&people::noor(), &last.case_id, "Opgelost.").await;
    assert_eq!(noor.get(&second).await.location().as_deref(), Some("/wachtrij?sorteer=nummer"));

    let mut last = String::new();
    for number in 0..47 {
        last = town.world.enrol(HOEK.id(), &format!("Lokaal {number}")).await.gateway_id;
    }
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let second = link_to(&pieter.follow("/gateways").await.text, "/gateways?na=");
    assert!(pieter.follow(&second).await.text.contains(&last));
    town.world.revoke(&last, "Het lokaal is weg.").await;
    assert_eq!(pieter.get(&second).await.location().as_deref(), Some("/gateways"));
}

#[tokio::test]
async fn a_page_that_the_service_does_not_know_any_more_leads_to_the_first() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    assert_eq!(pieter.get("/gateways?na=900").await.location().unwrap(), "/gateways");
    let mut noor = town.browser_of(&people::noor()).await;
    let case = format!("/zaken/{CASE_IN_HAND}");
    let devices = format!("/scholen/{ZANDLOPER}/toestellen?zoek=a");
    let more = link_to(&noor.follow(&case).await.text, &format!("{case}?bewijs=")).replace("#bewijs", "");
    for (address, first) in [
        ("/wachtrij?ernst=high&na=50&na=900", "/wachtrij?ernst=high".to_owned()),
        ("/wachtrij?weergave=laat&na=900", "/wachtrij?weergave=laat".to_owned()),
        ("/scholen?na=900", "/scholen".to_owned()),
        (&format!("{devices}&na=900"), devices.clone()),
        (&format!("{case}?bewijs=900"), format!("{case}#bewijs")),
        (&format!("{more}&tijdlijn=900"), format!("{more}#tijdlijn")),
    ] {
        assert_eq!(noor.get(address).await.location(), Some(first), "{address}");
    }
    assert!(noor.follow("/scholen?na=900").await.text.contains("Basisschool De Zandloper"));
}
