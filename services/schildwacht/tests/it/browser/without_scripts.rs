//! Everything works where scripts are forbidden; only the pill and the shortcuts are missing.

use proto::incident_intake::v1::{CasePhase, GetCaseRequest};
use testkit::browser::{Locator, Scripts};

use super::{case_of, town, visitor::Visitor};
use crate::{eve, people::Person};

#[tokio::test]
async fn a_case_is_worked_from_sign_in_to_sign_out() {
    let town = town().await;
    let Some(noor) = Visitor::arrive(&town, Scripts::Off).await else { return };
    noor.browser.goto("data:text/html,<title>off</title><script>document.title = 'on'</script>").await.unwrap();
    assert_eq!(noor.browser.title().await.unwrap(), "off", "scripts are forbidden");
    let school = town.school("990107").await;
    let case = case_of(&town, &school, 2_000_107, &[eve::contact_with_malware(eve::just_now(), 2_000_107, "10.20.7.37")]).await;

    noor.sign_in("noor").await;
    noor.sees_not(".fresh").await;
    noor.write(".filters input[name=zoek]", &case.reference).await;
    noor.press(".filters button").await;
    // The answer, down to its foot.
    noor.sees("body:has(.chips .chip) .foot").await;
    let rows = noor.browser.find_all(Locator::Css(".cases tbody tr")).await.unwrap().len();
    assert_eq!(rows, 1, "the search found the one");
    noor.press(&format!(".cases a[href='/zaken/{}']", case.case_id)).await;

    noor.press(".actions button[name=aan][value=mij]").await;
    noor.is_told("Dit incident is aan u toegewezen.").await;
    noor.press("#notitie summary").await;
    noor.write("#notitie-tekst", "Zonder script geschreven.").await;
    noor.choose("#notitie-tlp", "TLP:GREEN").await;
    noor.press("#notitie button").await;
    noor.is_told("Uw notitie staat in de tijdlijn.").await;
    noor.choose("#fase", "recovery").await;
    noor.press("form[action$='/fase']:not(.actions *) button:not(.main)").await;
    noor.is_told("De fase is gewijzigd.").await;
    noor.choose("#sluiten-reden", "false_positive").await;
    noor.write("#sluiten-tekst", "Een test van de ICT-coördinator.").await;
    noor.press("form[action$='/sluiten'] button").await;
    noor.is_told("Dit incident is afgesloten.").await;

    let hilde = Person::sign_in(&town.site, "hilde").await;
    let closed = hilde.cases().get_case(hilde.asks(GetCaseRequest { case_id: case.case_id })).await.unwrap().into_inner();
    assert_eq!((closed.phase(), closed.close_text.as_str()), (CasePhase::Closed, "Een test van de ICT-coördinator."));

    noor.press(".account summary").await;
    noor.press("button[name=thema][value=donker]").await;
    noor.sees("html[data-theme=dark]").await;
    noor.press_link("English").await;
    noor.press(".account summary").await;
    noor.press("form[action='/afmelden'] button").await;
    assert_eq!(noor.heading().await, "You are signed out");
}
