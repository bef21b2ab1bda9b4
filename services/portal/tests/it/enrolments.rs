//! How far schools and vendors are proven: the ministry's list, and the page of one organisation for its own people.

use auth::{Function, Principal};

use crate::support::{
    Town,
    browser::Page,
    people::{self, board, newcomer},
    sample::{HOEK, ZANDLOPER},
};

fn of_school() -> String {
    format!("/scholen/{ZANDLOPER}/controles")
}

fn second_operator() -> Principal {
    Principal { functions: vec![Function::Operator], ..newcomer(60) }
}

/// The rows of the list: name and level.
fn rows(page: &Page) -> Vec<(String, String)> {
    let between = |text: &str, begin: &str, end: &str| text.split(begin).nth(1).unwrap().split(end).next().unwrap().to_owned();
    let body = between(&page.text, "<tbody>", "</tbody>");
    let row = |row: &str| {
        let level = between(row, "<span class=\"tag\"", "</span>");
        (between(row, "<strong>", "</strong>"), level.rsplit('>').next().unwrap().to_owned())
    };
    body.split("<tr>").skip(1).map(row).collect()
}

fn has_tab(page: &Page, label: &str, count: i64) -> bool {
    page.text.split("<li>").any(|tab| tab.contains(&format!(">{label} <span class=\"count\"")) && tab.contains(&format!(">{count}</span>")))
}

#[tokio::test]
async fn an_operator_sees_who_is_incomplete_and_takes_the_list_along() {
    let town = Town::new().await;
    town.world.create_vendor().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let start = pieter.follow("/").await.text;
    assert!(start.contains("href=\"/aanmeldingen\""), "the menu leads there: {start}");
    let all = pieter.follow("/aanmeldingen").await;
    let found = rows(&all);
    assert!(found.contains(&("Basisschool De Zandloper".to_owned(), "voorlopig".to_owned())), "{found:?}");
    assert!(found.contains(&("Leermaat BV".to_owned(), "nog niet bewezen".to_owned())), "{found:?}");
    assert!(has_tab(&all, "Onvolledig", i64::try_from(found.len()).unwrap()) && has_tab(&all, "Vervallen of geschorst", 0), "{}", all.text);

    let vendors = pieter.follow("/aanmeldingen?soort=vendor&weergave=onvolledig").await;
    assert_eq!(rows(&vendors), [("Leermaat BV".to_owned(), "nog niet bewezen".to_owned())]);
    let none = pieter.follow("/aanmeldingen?zoek=niets-dat-er-is").await.text;
    assert!(none.contains("Niets gevonden") && none.contains("Zoekt: niets-dat-er-is"), "{none}");
    let file = pieter.get("/aanmeldingen/export.json?zoek=leermaat").await;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&file.text).unwrap();
    assert_eq!((rows.len(), &rows[0]["level"], &rows[0]["number"]), (1, &"draft".into(), &"1000.000.021".into()));
    let mut els = town.browser_of(&people::els()).await;
    assert_eq!(els.get("/aanmeldingen").await.status, 404);
}

#[tokio::test]
async fn a_board_member_confirms_a_school_and_its_head_teacher_reads_it() {
    let town = Town::new().await;
    town.place(ZANDLOPER, board(1));
    let mut els = town.browser_of(&people::els()).await;
    let before = els.follow(&of_school()).await.text;
    assert!(before.contains("voorlopig") && before.contains("Een bestuurslid bevestigt de school"), "{before}");
    assert!(!before.contains("/controles/bevestigen") && !before.contains("/controles/uitzonderingen"), "{before}");
    assert!(els.follow("/").await.text.contains(&of_school()), "the menu leads there");

    let mut member = town.browser_of(&people::board_member_of(board(1))).await;
    let confirm = format!("{}/bevestigen", of_school());
    let done = member.submit(&of_school(), &confirm, &[]).await;
    assert_eq!((done.status, done.location().unwrap()), (303, of_school()), "{}", done.text);
    let page = member.follow(&of_school()).await.text;
    assert!(page.contains("De school is bevestigd, voor een jaar.") && page.contains("Bevestigd door een bestuurslid"), "{page}");
    let after = els.follow(&of_school()).await.text;
    assert!(after.contains(">bevestigd<") && after.contains("iemand anders"), "{after}");
    assert_eq!(member.get(&format!("/scholen/{HOEK}/controles")).await.status, 404, "another board's school");
}

#[tokio::test]
async fn a_school_without_a_head_teacher_is_not_confirmed_yet() {
    let town = Town::new().await;
    town.place(HOEK, board(2));
    let mut member = town.browser_of(&people::board_member_of(board(2))).await;
    let place = format!("/scholen/{HOEK}/controles");
    let refused = member.submit(&place, &format!("{place}/bevestigen"), &[]).await;
    assert!(refused.status == 409 && refused.text.contains("Nodig eerst een directeur uit."), "{}", refused.text);
}

#[tokio::test]
async fn a_vendor_asks_for_its_record_and_has_us_look() {
    let town = Town::new().await;
    let vendor = town.world.create_vendor().await;
    let place = format!("/leveranciers/{}", vendor.vendor_id);
    let contact = Principal { functions: vec![Function::VendorContact(vendor.vendor_id.parse().unwrap())], ..newcomer(61) };
    let mut contact = town.browser_of(&contact).await;
    let empty = contact.follow(&place).await.text;
    assert!(empty.contains("Vraag eerst een record.") && !empty.contains("/kbo\""), "{empty}");
    let issued = contact.submit(&place, &format!("{place}/record"), &[]).await;
    assert_eq!((issued.status, issued.location().unwrap()), (303, place.clone()), "{}", issued.text);
    let page = contact.follow(&place).await.text;
    assert!(page.contains("_schildwacht-challenge.leermaat.example") && page.contains(">token="), "{page}");
    // The name server of these tests does not answer.
    let looked = contact.submit(&place, &format!("{place}/kijken"), &[]).await;
    assert_eq!(looked.status, 303, "{}", looked.text);
    let page = contact.follow(&place).await.text;
    assert!(page.contains("geen antwoord") && page.contains("Dat telt niet als nee"), "{page}");
    let mut els = town.browser_of(&people::els()).await;
    assert_eq!(els.get(&place).await.status, 404);
}

#[tokio::test]
async fn an_operator_keeps_what_the_register_of_companies_says() {
    let town = Town::new().await;
    let vendor = town.world.create_vendor().await;
    let place = format!("/leveranciers/{}", vendor.vendor_id);
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let check = format!("{place}/kbo");
    let blank = pieter.submit(&place, &check, &[("etag", &vendor.etag), ("kbo", "passed"), ("kbo-reden", " ")]).await;
    assert!(blank.status == 422 && blank.text.contains("href=\"#kbo-reden\">Schrijf waar u keek"), "{}", blank.text);
    let stale = pieter.submit(&place, &check, &[("etag", "older"), ("kbo", "passed"), ("kbo-reden", "KBO, vandaag")]).await;
    assert!(stale.status == 409 && stale.text.contains("value=\"KBO, vandaag\""), "{}", stale.text);
    let done = pieter.submit(&place, &check, &[("etag", &vendor.etag), ("kbo", "failed"), ("kbo-reden", "KBO, vandaag")]).await;
    assert_eq!(done.location().unwrap(), place, "{}", done.text);
    let page = pieter.follow(&place).await.text;
    assert!(page.contains("geschorst") && page.contains("KBO, vandaag"), "{page}");
}

#[tokio::test]
async fn an_exception_is_proposed_by_one_operator_agreed_by_another_and_ended() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let mut second = town.browser_of(&second_operator()).await;
    let propose = format!("{}/uitzonderingen", of_school());
    let day = (town.world.clock.now() + chrono::TimeDelta::days(60)).format("%Y-%m-%d").to_string();
    let wrong = pieter.submit(&of_school(), &propose, &[("controle", "board"), ("reden", "Brief"), ("tot", "ooit")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("href=\"#tot\"") && wrong.text.contains("value=\"Brief\""), "{}", wrong.text);
    let done = pieter.submit(&of_school(), &propose, &[("controle", "board"), ("reden", "Brief"), ("tot", &day)]).await;
    assert_eq!(done.location().unwrap(), of_school(), "{}", done.text);
    let own = pieter.follow(&of_school()).await;
    assert!(own.text.contains("wacht op een collega") && !own.text.contains("/goedkeuren"), "{}", own.text);

    let seen = second.follow(&of_school()).await;
    let agree = crate::support::browser::link_to(&seen.text.replace("action=", "href="), &format!("{propose}/"));
    assert!(agree.ends_with("/goedkeuren"), "{agree}");
    let etag = seen
        .text
        .split("/goedkeuren")
        .nth(1)
        .unwrap()
        .split("name=\"etag\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let agreed = second.submit(&of_school(), &agree, &[("etag", &etag)]).await;
    assert_eq!(agreed.location().unwrap(), of_school(), "{}", agreed.text);
    let page = second.follow(&of_school()).await;
    assert!(page.text.contains("De uitzondering geldt vanaf nu.") && page.text.contains(">bevestigd<"), "{}", page.text);

    let etag =
        page.text.split("/stoppen").nth(1).unwrap().split("name=\"etag\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let ended = pieter.submit(&of_school(), &agree.replace("/goedkeuren", "/stoppen"), &[("etag", &etag)]).await;
    assert_eq!(ended.location().unwrap(), of_school(), "{}", ended.text);
    assert!(second.follow(&of_school()).await.text.contains("voorlopig"));
}

#[tokio::test]
async fn somebody_enrols_the_vendor_they_work_for_and_goes_on_with_the_link() {
    let town = Town::new().await;
    // Who has no function yet is signed in, and has no start page.
    town.issuer.next_to_sign_in(&people::mia());
    let mut mia = town.browser();
    mia.follow("/").await;
    let form = "/leveranciers/nieuw";
    let wrong = [("nummer", "0428.759.400"), ("naam", "Leermaat BV"), ("domein", "leermaat.example"), ("mail", "mia@elders.example")];
    let refused = mia.submit(form, form, &wrong).await;
    assert!(
        refused.status == 422 && refused.text.contains("href=\"#nummer\"") && refused.text.contains("value=\"Leermaat BV\""),
        "{}",
        refused.text
    );
    let elsewhere = [("nummer", "0428.759.497"), ("naam", "Leermaat BV"), ("domein", "leermaat.example"), ("mail", "mia@elders.example")];
    let refused = mia.submit(form, form, &elsewhere).await;
    assert!(
        refused.status == 422 && refused.text.contains("href=\"#mail\"") && !refused.text.contains("href=\"#nummer\""),
        "{}",
        refused.text
    );
    let good = [("nummer", "0428.759.497"), ("naam", "Leermaat BV"), ("domein", "leermaat.example"), ("mail", "mia@leermaat.example")];
    let sent = mia.submit(form, form, &good).await;
    assert_eq!((sent.status, sent.location().unwrap()), (303, form.to_owned()), "{}", sent.text);
    let link = town.world.links().await.pop().unwrap();
    assert!(mia.follow(form).await.text.contains("We stuurden een mail met een link"));
    assert!(mia.follow(&format!("/uitnodiging/{link}")).await.text.contains("contact van een leverancier"));
    let taken = mia.submit(form, form, &good).await;
    assert!(taken.status == 409 && taken.text.contains("Een leverancier met dit nummer is al aangemeld."), "{}", taken.text);
}

#[tokio::test]
async fn an_operator_adds_a_vendor_whose_contact_changes_its_domain() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let form = "/leveranciers/nieuw";
    let fields =
        [("nummer", "BE 0428759497"), ("naam", "Leermaat BV"), ("domein", "leermaat.example"), ("mail", "security@leermaat.example")];
    let added = pieter.submit(form, form, &fields).await;
    let place = added.location().unwrap();
    let vendor = place.strip_prefix("/leveranciers/").unwrap().parse().unwrap();
    let contact = Principal { functions: vec![Function::VendorContact(vendor)], ..newcomer(62) };
    let mut contact = town.browser_of(&contact).await;
    let edit = format!("{place}/gegevens");
    let page = contact.follow(&edit).await;
    assert!(page.text.contains("value=\"leermaat.example\"") && !page.text.contains("id=\"nummer\""), "{}", page.text);
    let etag = page.hidden("etag").unwrap();
    let change = [("etag", etag.as_str()), ("naam", "Leermaat NV"), ("domein", "leermaat.test"), ("mail", "security@leermaat.test")];
    assert_eq!(contact.submit(&edit, &edit, &change).await.location().unwrap(), place);
    let page = contact.follow(&place).await.text;
    assert!(page.contains("De gegevens zijn gewijzigd.") && page.contains("leermaat.test") && page.contains("Leermaat NV"), "{page}");
    let stale = contact.submit(&edit, &edit, &change).await;
    assert!(stale.status == 409 && stale.text.contains("Iemand anders wijzigde deze gegevens net."), "{}", stale.text);
    assert_eq!(town.browser_of(&people::els()).await.get(&edit).await.status, 404);
}
