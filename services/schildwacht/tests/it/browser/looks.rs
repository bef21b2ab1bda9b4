//! Every page can be read by everybody: axe finds nothing, in light and dark, wide and on a phone.

use testkit::browser::Scripts;

use super::{case_of, town, visitor::Visitor};
use crate::{eve, town::ZANDLOPER};

#[tokio::test]
async fn pages_of_the_response_team_are_for_everybody() {
    let town = town().await;
    let Some(noor) = Visitor::arrive(&town, Scripts::On).await else { return };
    let school = town.school("990102").await;
    let at = eve::just_now();
    let events = [
        eve::lease(at, "00:1b:63:02:02:37", "10.20.2.37", "een-naam-van-een-toestel-die-veel-te-lang-is-om-naast-iets-anders-te-staan"),
        eve::contact_with_malware(at, 2_000_201, "10.20.2.37"),
        eve::contact_with_malware(at, 2_000_202, "10.20.2.38"),
    ];
    let case = case_of(&town, &school, 2_000_202, &events).await;
    noor.open("/aanmelden").await;
    noor.finds_nothing_wrong("sign-in").await;
    noor.sign_in("noor").await;
    noor.finds_nothing_wrong("queue").await;
    noor.open("/wachtrij?zoek=nergens+te+vinden").await;
    noor.finds_nothing_wrong("queue-nothing-found").await;
    noor.open("/wachtrij?weergave=laat").await;
    noor.finds_nothing_wrong("queue-late").await;
    noor.open(&format!("/zaken/{}", case.case_id)).await;
    noor.finds_nothing_wrong("case").await;
    noor.press(".actions button[name=aan][value=mij]").await;
    noor.is_told("Dit incident is aan u toegewezen.").await;
    for summary in [".evidence summary", "#notitie summary", ".head .more summary"] {
        noor.press(summary).await;
    }
    noor.finds_nothing_wrong("case-open-everywhere").await;
    noor.open("/scholen").await;
    noor.finds_nothing_wrong("schools").await;
    noor.open(&format!("/scholen/{}/toestellen", school.id)).await;
    noor.finds_nothing_wrong("devices-of-noor").await;
    noor.open("/wachtrij?lang=en").await;
    noor.finds_nothing_wrong("queue-english").await;
    noor.open(&format!("/zaken/{}", case.case_id)).await;
    noor.finds_nothing_wrong("case-english").await;
}

#[tokio::test]
async fn pages_of_the_platform_team_are_for_everybody() {
    let town = town().await;
    let Some(bram) = Visitor::arrive(&town, Scripts::On).await else { return };
    let school = town.school("990102").await;
    bram.sign_in("bram").await;
    bram.open("/gateways").await;
    bram.finds_nothing_wrong("gateways").await;
    bram.open(&format!("/gateways/nieuw?school={}", school.id)).await;
    bram.finds_nothing_wrong("gateway-new").await;
    bram.write("#naam", "Kelder, naast de trap").await;
    bram.press("main form button.main").await;
    assert!(bram.reads("main").await.contains("gateway-"));
    bram.finds_nothing_wrong("gateway-secret").await;
    bram.open(&format!("/gateways/{}/geheim", school.gateway.id)).await;
    bram.finds_nothing_wrong("gateway-rotate").await;
    bram.open(&format!("/gateways/{}/intrekken", school.gateway.id)).await;
    bram.finds_nothing_wrong("gateway-revoke").await;
    let sensor = town.sensor(&school).await;
    bram.write("[name=reden]", "Gestolen").await;
    bram.press("form[action$='/intrekken'] button").await;
    bram.is_told("De gateway kan niets meer sturen.").await;
    let refusal = testkit::eventually("a refusal", async || sensor.post(&[]).await.err()).await;
    assert_eq!(refusal, 403);
}

#[tokio::test]
async fn pages_with_nothing_yet_say_so_and_are_for_everybody() {
    // A system of its own, in which nothing has happened.
    let town = crate::town::Town::open().await;
    let Some(visitor) = Visitor::arrive(&town, Scripts::On).await else { return };
    for page in ["hulp", "privacy", "toegankelijkheid"] {
        visitor.open(&format!("/{page}")).await;
        visitor.finds_nothing_wrong(page).await;
    }
    visitor.sign_in("noor").await;
    assert!(visitor.reads("main").await.contains("Geen open incidenten"));
    visitor.finds_nothing_wrong("queue-empty").await;
    visitor.sign_in("els").await;
    assert!(visitor.reads("main").await.contains("We kregen nog geen signaal van een sensor"));
    visitor.finds_nothing_wrong("devices-empty").await;
    visitor.press_link("Incidenten").await;
    assert!(visitor.reads("main").await.contains("Nog geen incidenten"));
    visitor.finds_nothing_wrong("incidents-empty").await;
    let school = town.school(ZANDLOPER).await;
    assert!(visitor.path().await.contains(&school.id));
}
