//! Who sees what: which functions and services reach which data of a school, why, and when they last did; and the same about oneself.

use std::collections::BTreeSet;

use auth::{Function, Principal};
use chrono::TimeDelta;
use proto::identity::v1::GetAccessResponse;
use tonic::Code;

use crate::support::{
    Town,
    addresses::{self, Address},
    browser::{Browser, link_to},
    people::{self, board},
    sample::{CASE_IN_HAND, HOEK, ZANDLOPER},
};

fn place() -> String {
    format!("/scholen/{ZANDLOPER}/wie-ziet-wat")
}

/// Without tags, and without what only screen readers hear.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    for part in format!("<>{html}").split('<').filter(|part| !part.starts_with("span class=\"sr\"")) {
        text.push_str(part.split_once('>').map_or("", |(_, text)| text));
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Who, what of each kind of data, and when it was last used: `directeur Els Vermeulen | School ziet, Mensen wijzigt | vandaag 09.50 u Historiek`.
fn rows(page: &str) -> Vec<String> {
    let row = |row: &str| {
        let row = row.split("</tr>").next()?;
        let (who, cells) = row.split_once("</th>")?;
        let cell = |cell: &str| Some((cell.split('"').next()?.to_owned(), text_of(&cell[cell.find('>')? + 1..cell.find("</td>")?])));
        let access = cells.split("data-label=\"").skip(1).filter_map(cell);
        let (last, access): (Vec<_>, Vec<_>) = access.partition(|(label, _)| label == "Laatst gebruikt");
        let access: Vec<String> =
            access.into_iter().filter(|(_, word)| word != "–").map(|(label, word)| format!("{label} {word}")).collect();
        Some(format!("{} | {} | {}", text_of(who), access.join(", "), last.first()?.1.replace('\u{a0}', " ")))
    };
    page.split("<tr>").filter_map(row).collect()
}

fn row_of(page: &str, who: &str) -> String {
    rows(page).into_iter().find(|row| row.starts_with(who)).unwrap_or_else(|| panic!("no row of {who}: {:#?}", rows(page)))
}

/// Also who may see no page but their own: then there is no start page.
async fn browser_of(town: &Town, person: &Principal) -> Browser {
    town.issuer.next_to_sign_in(person);
    let mut browser = town.browser();
    browser.follow("/").await;
    browser
}

async fn page_at(browser: &mut Browser, address: &str) -> String {
    let page = browser.follow(address).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text
}

#[tokio::test]
async fn a_director_sees_who_sees_what_why_and_since_when() {
    let town = Town::new().await;
    town.place(ZANDLOPER, board(1));
    let mut els = town.browser_of(&people::els()).await;
    let start = page_at(&mut els, "/").await;
    link_to(&start, &place());
    let page = page_at(&mut els, &place()).await;
    insta::assert_snapshot!(rows(&page).join("\n"));
    for part in ["functie, sinds", "Zij houden de toestellen van de school veilig.", "Nog geen. De catalogus van apps is er nog niet."] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn what_is_read_and_exported_is_told_as_the_last_use_of_the_function() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let before = page_at(&mut els, &place()).await;
    let karim = row_of(&before, "ICT-coördinator Karim Benali");
    assert!(karim.ends_with("| niets bijgehouden in 12 maanden"), "{karim}");
    town.browser_of(&people::karim()).await.get(&format!("/scholen/{ZANDLOPER}/toestellen/export.csv")).await;
    town.browser_of(&people::noor()).await.follow(&format!("/zaken/{CASE_IN_HAND}")).await;

    let page = page_at(&mut els, &place()).await;
    let karim = row_of(&page, "ICT-coördinator Karim Benali");
    assert!(karim.contains("| vandaag ") && karim.ends_with(" Netwerk"), "{karim}");
    let team = row_of(&page, "responsteam");
    assert!(team.contains("| vandaag ") && team.ends_with(" Incidenten"), "{team}");
    assert!(page.contains("wordt niet bijgehouden"), "looking at a list leaves no trace: {page}");
}

#[tokio::test]
async fn a_function_of_which_nothing_went_on_record_in_a_year_seems_too_wide() {
    let town = Town::new().await;
    let coordinator = Function::IctCoordinator(ZANDLOPER.id().parse().unwrap());
    let title = "1\u{a0}functie lijkt te ruim";
    let mut els = town.browser_of(&people::els()).await;
    assert!(!page_at(&mut els, &place()).await.contains(title), "held for less than a year");
    // Confirmed in time, so that it is held for longer than the year that is looked at.
    town.faults.edit("GetAccess", move |answer: &mut GetAccessResponse| {
        for row in answer.functions.iter_mut().filter(|row| row.function == coordinator.to_string()) {
            row.start_time.as_mut().unwrap().seconds -= TimeDelta::days(200).num_seconds();
        }
    });
    let page = page_at(&mut els, &place()).await;
    assert!(page.contains(title) && page.contains("<strong>ICT-coördinator.</strong>"), "{page}");
    link_to(&page, &format!("/scholen/{ZANDLOPER}/mensen"));
    town.browser_of(&people::karim()).await.get(&format!("/scholen/{ZANDLOPER}/toestellen/export.csv")).await;
    assert!(!page_at(&mut els, &place()).await.contains(title), "it is used");
}

#[tokio::test]
async fn who_began_and_who_stopped_is_told_for_a_month() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    assert!(page_at(&mut els, &place()).await.contains("Niemand kreeg of verloor een functie."));
    let teacher = Function::Teacher(ZANDLOPER.id().parse().unwrap());
    town.world.appoint(&people::els(), &people::newcomer(40), "nieuw@zandloper.example", teacher).await;
    let page = page_at(&mut els, &place()).await;
    let changed = text_of(page.split("id=\"veranderd\">").nth(1).unwrap().split("</section>").next().unwrap());
    assert_eq!(changed.replace('\u{a0}', " "), "Wat veranderde in 31 dagen leerkracht : 1 begonnen (school)");
    town.clock.advance(TimeDelta::days(32));
    let mut again = town.browser_of(&people::els()).await;
    assert!(page_at(&mut again, &place()).await.contains("Niemand kreeg of verloor een functie."));
}

#[tokio::test]
async fn while_a_service_is_unavailable_the_page_says_what_is_missing_and_there_is_no_file() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    town.faults.fail_only("/schildwacht.incident_intake.v1.HistoryService/ListUses", Code::Unavailable);
    let page = page_at(&mut els, &place()).await;
    assert!(page.contains("Wie incidenten gebruikte, kunnen we nu even niet tonen."), "{page}");
    assert!(row_of(&page, "ICT-coördinator").ends_with("| nu niet bekend"), "{page}");
    assert_eq!(els.get(&format!("{}/export.csv", place())).await.status, 503);
    town.faults.fail_only("/schildwacht.identity.v1.HistoryService/ListUses", Code::Internal);
    assert_eq!(els.follow(&place()).await.status, 500);
}

#[tokio::test]
async fn who_sees_what_becomes_a_file_which_is_in_the_history() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let page = page_at(&mut els, &place()).await;
    let file = els.get(&link_to(&page, &format!("{}/export.json", place()))).await;
    assert!(file.header("content-disposition").contains("wie-ziet-wat.json"), "{:?}", file.headers);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&file.text).unwrap();
    let row = rows.iter().find(|row| row["function"] == "ict_coordinator" && row["data"] == "gateways").unwrap();
    assert_eq!((row["access"].as_str(), row["names"].as_str(), row["people"].as_i64()), (Some("changes"), Some("Karim Benali"), Some(1)));
    assert!(row["policies"].as_str().unwrap().contains("ICT coordinator: manages the gateways of their school"), "{row}");
    let kept = rows.iter().find(|row| row["service"] == "incident-intake" && row["data"] == "incidents").unwrap();
    assert_eq!(kept["access"], "keeps");
    let history = page_at(&mut els, &format!("/scholen/{ZANDLOPER}/historiek?weergave=geexporteerd")).await;
    assert!(history.contains("exporteerde wie wat ziet"), "{history}");
}

#[tokio::test]
async fn who_may_not_see_the_people_of_a_school_does_not_see_who_sees_what() {
    let town = Town::new().await;
    for (person, status) in [(people::noor(), 403), (people::jonas(), 403), (people::director_of_another_school(), 404)] {
        let mut browser = browser_of(&town, &person).await;
        assert_eq!(browser.get(&place()).await.status, status, "{}", person.name);
    }
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let schools = page_at(&mut pieter, "/scholen").await;
    link_to(&schools, &format!("/scholen/{HOEK}/wie-ziet-wat"));
}

#[tokio::test]
async fn somebody_sees_what_they_may_see_and_who_sees_what_of_them() {
    let town = Town::new().await;
    let mut jonas = browser_of(&town, &people::jonas()).await;
    let start = page_at(&mut jonas, "/hulp").await;
    let page = page_at(&mut jonas, &link_to(&start, "/mijn-toegang")).await;
    let text = text_of(&page).replace('\u{a0}', " ");
    for part in [
        "leerkracht, Basisschool De Zandloper sinds ",
        "School Naam, nummer en vestigingsplaatsen. ziet Zij werken op deze school.",
        "directeur, ICT-coördinator uw naam, uw e-mailadres en dat u deze functie hebt Zij kijken na wie op school toegang heeft.",
        "ICT-coördinator wat u daar opent, exporteert en wijzigt",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Incidenten Incidenten, hun tijdlijn"), "a teacher sees no incidents: {text}");
}

/// Pages that tell nothing of a school but what a visitor is there.
const OF_EVERYBODY: [&str; 7] =
    ["/aanmelden/wie", "/account", "/hulp", "/mijn-toegang", "/privacy", "/toegankelijkheid", "/uitnodiging/aanvaard"];

#[tokio::test]
async fn a_pupil_and_a_parent_with_leerid_see_what_is_their_own_and_nothing_of_a_school() {
    let town = Town::new().await;
    let every_page = addresses::of_every_page(&town).await;
    town.issuer.sign_in_with("urn:schildwacht:leerid");
    for (person, function) in [(people::mila_learns(), "leerling"), (people::tom_is_a_parent(), "ouder")] {
        let mut browser = browser_of(&town, &person).await;
        let start = browser.follow("/").await;
        assert!(start.url.ends_with("/mijn-toegang") && text_of(&start.text).contains(function), "{}", start.text);
        assert!(page_at(&mut browser, "/account").await.contains("LeerID"));
        let mut seen = BTreeSet::new();
        for Address { path, .. } in &every_page {
            let page = browser.get(path).await;
            match page.status {
                200 => drop(seen.insert(path.split('?').next().unwrap().to_owned())),
                403 | 404 => {}
                // To the start, and from somebody else's invitation to a surer sign-in.
                303 => assert!(path == "/" || page.location().unwrap() == "/" || path.starts_with("/uitnodiging/"), "{path}: {page:?}"),
                other => panic!("{other} at {path}: {}", page.text),
            }
        }
        assert_eq!(Vec::from_iter(seen), OF_EVERYBODY);
    }
}
