//! The history of a school: what three services have on record, in one list and in plain words.

use proto::history::v1::ListHistoryResponse;
use tonic::Code;

use crate::support::{
    Town,
    browser::{Browser, link_to},
    people::{self, board},
    sample::{CASE_IN_HAND, HOEK, ZANDLOPER},
};

fn history() -> String {
    format!("/scholen/{ZANDLOPER}/historiek")
}

/// Who and what in each row: `Noor Claes, responsteam: las een incident SW-2026-0004`.
fn lines(page: &str) -> Vec<String> {
    let rows = page.split("<tbody>").nth(1).unwrap_or_default().split("</tbody>").next().unwrap().split("<tr>").skip(1);
    rows.map(|row| {
        let cells: Vec<String> = row.split("</th>").flat_map(|cell| cell.split("</td>")).map(text_of).collect();
        format!("{}: {}", cells[0], cells[1])
    })
    .collect()
}

/// Without tags and faces.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<').filter(|part| !part.contains("class=\"face")) {
        text.push_str(part.split_once('>').map_or("", |(_, text)| text));
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn lines_at(browser: &mut Browser, address: &str) -> Vec<String> {
    let page = browser.follow(address).await;
    assert_eq!(page.status, 200, "{}", page.text);
    lines(&page.text)
}

#[tokio::test]
async fn a_director_reads_who_read_exported_and_changed_what() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    noor.follow(&format!("/zaken/{CASE_IN_HAND}")).await;
    noor.get("/wachtrij/export.csv").await;
    town.clock.advance(chrono::TimeDelta::minutes(1));
    let mut karim = town.browser_of(&people::karim()).await;
    karim.get(&format!("/scholen/{ZANDLOPER}/toestellen/export.csv")).await;
    town.clock.advance(chrono::TimeDelta::minutes(1));
    town.world.add_contact(ZANDLOPER.id(), "Onthaal", "09 374 12 34").await;
    town.clock.advance(chrono::TimeDelta::minutes(1));

    let mut els = town.browser_of(&people::els()).await;
    let page = els.follow("/").await.text;
    link_to(&page, &history());
    let lines = lines_at(&mut els, &history()).await;
    assert_eq!(
        lines[..5],
        [
            "Els Vermeulen directeur: las deze historiek",
            "Karim Benali ICT-coördinator: voegde een contact toe Onthaal",
            "Karim Benali ICT-coördinator: exporteerde 10 toestellen",
            "Noor Claes responsteam: exporteerde de incidenten van alle scholen",
            "Noor Claes responsteam: las een incident SW-2026-0004",
        ]
    );
    let hidden = |line: &String| line.contains("las een incident") || line.contains("historiek") || line.contains("exporteerde");
    insta::assert_snapshot!(lines.into_iter().filter(|line| !hidden(line)).collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn what_is_chosen_and_searched_for_is_shown_alone() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let of_pieter = lines_at(&mut els, &format!("{}?zoek=pieter", history())).await;
    assert_eq!(
        of_pieter,
        [
            "Pieter Wouters platformteam: registreerde een gateway Hoofdgebouw, serverkast",
            "Pieter Wouters platformteam: nodigde iemand uit als directeur",
            "Pieter Wouters platformteam: voegde de school toe uit een lijst van scholen",
        ]
    );
    assert_eq!(
        lines_at(&mut els, &format!("{}?weergave=gelezen&zoek=els", history())).await,
        ["Els Vermeulen directeur: las deze historiek"]
    );
    let nothing = els.follow(&format!("{}?weergave=geexporteerd&zoek=pieter", history())).await.text;
    assert!(nothing.contains("Niets gevonden") && !nothing.contains("<tbody>"), "{nothing}");
}

#[tokio::test]
async fn pages_go_on_where_the_one_before_ended_and_lose_nothing() {
    let town = Town::new().await;
    for _ in 0..60 {
        town.world.note(&people::noor(), CASE_IN_HAND.id(), "Nagekeken.").await;
    }
    town.clock.advance(chrono::TimeDelta::minutes(1));
    let mut els = town.browser_of(&people::els()).await;
    let first = els.follow(&history()).await;
    let second = els.follow(&link_to(&first.text, &format!("{}?na=", history()))).await;
    let (first, second) = (lines(&first.text), lines(&second.text));
    assert_eq!(first.len(), 48, "three services put the look on record, which is one line");
    let note = "Noor Claes responsteam: schreef een notitie bij een incident SW-2026-0004";
    let notes = |lines: &[String]| lines.iter().filter(|line| *line == note).count();
    assert_eq!((notes(&first), notes(&second)), (47, 14), "{second:?}");
    assert_eq!(second.last().unwrap(), "Pieter Wouters platformteam: voegde de school toe uit een lijst van scholen");
    // A page that the services do not know leads to the first.
    assert_eq!(els.get(&format!("{}?na=onzin", history())).await.location().unwrap(), history());
}

#[tokio::test]
async fn while_a_service_is_unavailable_the_page_says_so_and_shows_the_rest_and_there_is_no_file() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    town.faults.fail_only("/schildwacht.incident_intake.v1.HistoryService/ListHistory", Code::Unavailable);
    let page = els.follow(&history()).await;
    assert!(page.status == 200 && page.text.contains("Wat er met incidenten gebeurde, kunnen we nu even niet tonen."), "{}", page.text);
    let lines = lines(&page.text);
    assert!(lines.iter().any(|line| line.contains("registreerde een gateway")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("incident")), "{lines:?}");
    assert_eq!(els.get(&format!("{}/export.csv", history())).await.status, 503);

    town.faults.fail_only("ListHistory", Code::Internal);
    assert_eq!(els.follow(&history()).await.status, 500);
}

#[tokio::test]
async fn the_history_becomes_a_file_for_who_may_export_it() {
    let town = Town::new().await;
    town.place(ZANDLOPER, board(1));
    let mut dpo = town.browser_of(&people::dpo_of(board(1))).await;
    let page = dpo.follow(&history()).await.text;
    let export = link_to(&page, &format!("{}/export.json", history()));
    let file = dpo.get(&export).await;
    assert!(file.header("content-disposition").contains("historiek.json"), "{:?}", file.headers);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&file.text).unwrap();
    let of_karim = rows.iter().find(|row| row["action"] == "function.grant" && row["actor_name"] == "Karim Benali").unwrap();
    assert_eq!(
        ["kind", "actor_name", "what"].map(|column| of_karim[column].as_str().unwrap()),
        ["change", "Karim Benali", "kreeg de functie van ICT-coördinator"]
    );
    let table = dpo.get(&format!("{}/export.csv?zoek=pieter", history())).await.text;
    assert_eq!(table.lines().count(), 3, "a line for the names of the columns, and two: {table}");
    let after = lines_at(&mut dpo, &history()).await;
    assert_eq!(after.iter().filter(|line| line.ends_with("exporteerde deze historiek")).count(), 1, "{after:?}");

    let mut karim = town.browser_of(&people::karim()).await;
    assert!(!karim.follow(&history()).await.text.contains("export.csv"));
    assert_eq!(karim.get(&format!("{}/export.csv", history())).await.status, 403);
}

#[tokio::test]
async fn a_person_without_a_name_was_erased_and_an_act_of_a_newer_release_is_said_to_be_unknown() {
    let town = Town::new().await;
    town.faults.edit("ListHistory", |answer: &mut ListHistoryResponse| {
        for entry in answer.entries.iter_mut().filter(|entry| entry.action == "gateway.enrol") {
            entry.actor_name.clear();
            entry.action = "gateway.polish".to_owned();
        }
    });
    let mut els = town.browser_of(&people::els()).await;
    let lines = lines_at(&mut els, &history()).await;
    let unknown = "Gewiste persoon platformteam: deed iets dat deze pagina nog niet kent Hoofdgebouw, serverkast";
    assert!(lines.iter().any(|line| line == unknown), "{lines:?}");
}

#[tokio::test]
async fn who_may_not_read_the_history_finds_none() {
    let town = Town::new().await;
    for (person, status) in [(people::pieter_operates(), 403), (people::director_of_another_school(), 404)] {
        let mut browser = town.browser_of(&person).await;
        assert_eq!(browser.get(&history()).await.status, status, "{}", person.name);
    }
    let mut lotte = town.browser_of(&people::lotte_leads()).await;
    let schools = lotte.follow("/scholen").await.text;
    link_to(&schools, &format!("/scholen/{HOEK}/historiek"));
}
