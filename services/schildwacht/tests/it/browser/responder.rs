//! A day of Noor Claes, of the response team.

use proto::incident_intake::v1::{AssignCaseRequest, CasePhase, GetCaseRequest};
use serde_json::json;
use testkit::browser::{Locator, Scripts};

use super::{case_of, town, visitor::Visitor};
use crate::{eve, people::Person, town::Town};

const DANGEROUS_ADDRESS: &str = "Een computer zoekt contact met een verdacht adres";

#[tokio::test]
async fn a_case_is_heard_of_without_a_reload_taken_noted_moved_on_and_closed() {
    let town = town().await;
    let Some(noor) = Visitor::arrive(&town, Scripts::On).await else { return };
    let school = town.school("990104").await;
    let at = eve::just_now();
    let ip = "10.20.4.37";
    let known = case_of(
        &town,
        &school,
        2_000_001,
        &[eve::lease(at, "00:1b:63:00:04:37", ip, "laptop-37"), eve::contact_with_malware(at, 2_000_001, ip)],
    )
    .await;

    noor.sign_in("noor").await;
    assert_eq!((noor.heading().await.as_str(), noor.path().await.as_str()), ("Wachtrij", "/wachtrij"));
    let known_row = format!(".cases a[href='/zaken/{}']", known.case_id);
    assert_eq!(noor.reads(&known_row).await, DANGEROUS_ADDRESS);

    // The list of one school, so that what happens elsewhere is not counted.
    noor.open(&format!("/wachtrij?school={}", school.id)).await;
    noor.sees_not(".fresh").await;
    noor.browser.execute("window.since = 'then'", Vec::new()).await.unwrap();
    let fresh = case_of(&town, &school, 2_000_002, &[eve::contact_with_malware(at, 2_000_002, ip)]).await;
    assert_eq!(noor.reads(".fresh").await.replace('\u{a0}', " "), "1 nieuw incident");
    assert_eq!(noor.browser.execute("return window.since", Vec::new()).await.unwrap(), json!("then"), "without a reload");
    let fresh_row = format!(".cases a[href='/zaken/{}']", fresh.case_id);
    assert!(noor.browser.find(Locator::Css(&fresh_row)).await.is_err(), "rows do not move by themselves");
    noor.browser.picture("queue-with-pill").await;
    noor.press(".fresh").await;
    noor.press(&fresh_row).await;

    assert_eq!(noor.heading().await, DANGEROUS_ADDRESS);
    assert!(noor.reads("main .head").await.contains(&fresh.reference));
    assert!(noor.reads("main").await.contains("laptop-37"), "the device has its name");
    noor.press(".actions button[name=aan][value=mij]").await;
    noor.is_told("Dit incident is aan u toegewezen.").await;
    assert!(noor.reads("main .head").await.contains("behandeld door Noor Claes"));

    noor.press("#notitie summary").await;
    noor.write("#notitie-tekst", "Directie gebeld.\nToestel is van het netwerk.").await;
    noor.press("#notitie button").await;
    noor.is_told("Uw notitie staat in de tijdlijn.").await;
    assert!(noor.reads(".timeline").await.contains("Toestel is van het netwerk."));

    noor.press(".actions form[action$='/fase'] button").await;
    noor.is_told("De fase is gewijzigd.").await;
    let moved_on = noor.reads(".steps [aria-current=step]").await;
    assert!(!moved_on.contains("Open"), "{moved_on}");

    noor.choose("#sluiten-reden", "resolved").await;
    noor.write("#sluiten-tekst", "Toestel opnieuw geïnstalleerd.").await;
    noor.press("form[action$='/sluiten'] button").await;
    noor.is_told("Dit incident is afgesloten.").await;
    assert!(noor.reads("main").await.contains("Toestel opnieuw geïnstalleerd."));
    noor.browser.picture("case-closed").await;

    let hilde = Person::sign_in(&town.site, "hilde").await;
    let case = hilde.cases().get_case(hilde.asks(GetCaseRequest { case_id: fresh.case_id })).await.unwrap().into_inner();
    assert_eq!((case.phase(), case.assignee.unwrap().name.as_str()), (CasePhase::Closed, "Noor Claes"));
    noor.open(&format!("/wachtrij?school={}", school.id)).await;
    assert!(noor.browser.find(Locator::Css(&fresh_row)).await.is_err(), "done is done");
}

#[tokio::test]
async fn who_comes_second_sees_both_changes_and_chooses() {
    let town = town().await;
    let Some(noor) = Visitor::arrive(&town, Scripts::On).await else { return };
    let school = town.school("990105").await;
    let case = case_of(&town, &school, 2_000_003, &[eve::contact_with_malware(eve::just_now(), 2_000_003, "10.20.5.37")]).await;
    noor.sign_in("noor").await;
    noor.open(&format!("/zaken/{}", case.case_id)).await;

    let hilde = Person::sign_in(&town.site, "hilde").await;
    let taking = AssignCaseRequest { case_id: case.case_id.clone(), assignee: "me".to_owned(), etag: case.etag };
    hilde.cases().assign_case(hilde.asks(taking)).await.unwrap();
    noor.press(".actions button[name=aan][value=mij]").await;

    assert_eq!(noor.heading().await, "Iemand anders was sneller");
    let both = noor.reads("main").await;
    assert!(both.contains("Hilde Peeters") && both.contains("Dit incident behandelen"), "{both}");
    noor.finds_nothing_wrong("conflict").await;
    noor.press(".diff form button").await;
    noor.is_told("Dit incident is aan u toegewezen.").await;
    assert!(noor.reads("main .head").await.contains("behandeld door Noor Claes"));
}

#[tokio::test]
async fn a_queue_that_hears_nothing_any_more_says_so() {
    let mut town = Town::open().await;
    let Some(noor) = Visitor::arrive(&town, Scripts::On).await else { return };
    noor.sign_in("noor").await;
    noor.sees_not(".lost").await;
    town.process.terminate();
    town.process.end().await;
    noor.sees(".lost").await;
    noor.browser.picture("queue-lost").await;
}
