//! Switching between organisations: what pages begin with, and never what one may see.

use auth::{Function, Principal};

use crate::support::{
    Town,
    browser::Browser,
    people,
    sample::{HOEK, Named, ZANDLOPER},
};

async fn choose(browser: &mut Browser, code: &str) -> String {
    let chosen = browser.submit("/hulp", "/organisatie", &[("organisatie", code)]).await;
    assert_eq!((chosen.status, chosen.location().as_deref()), (303, Some("/")), "{}", chosen.text);
    let start = browser.follow("/").await;
    assert_eq!(start.status, 200);
    start.text
}

fn devices_of(school: Named) -> String {
    format!("href=\"/scholen/{school}/toestellen\"")
}

/// What the switcher says that one looks at.
fn looked_at(page: &str) -> Option<&str> {
    page.split("<span class=\"chosen\">").nth(1)?.split('<').next()
}

fn responder_and_ict_coordinator() -> Principal {
    let functions = vec![Function::Responder, Function::IctCoordinator(ZANDLOPER.id().parse().unwrap())];
    Principal { functions, ..people::ict_coordinator_of_two() }
}

#[tokio::test]
async fn who_works_at_two_schools_begins_with_the_one_they_chose_until_they_choose_all() {
    let town = Town::new().await;
    let mut an = town.browser_of(&people::director_of_two()).await;
    let all = an.follow("/").await;
    assert!(all.url.ends_with("/scholen") && looked_at(&all.text) == Some("Al uw organisaties"), "{}", all.text);

    let start = choose(&mut an, &format!("school:{HOEK}")).await;
    assert_eq!(looked_at(&start), Some("Technisch Instituut De Hoek"));
    assert!(
        start.contains(&format!("<a href=\"/scholen/{HOEK}/toestellen\" aria-current=\"page\"")),
        "the start page is that of the school: {start}"
    );
    let own = an.follow("/mijn-toegang").await.text;
    assert!(own.contains(&devices_of(HOEK)) && !own.contains(&devices_of(ZANDLOPER)), "so is the menu of every page: {own}");
    assert!(own.contains(&format!("value=\"school:{HOEK}\" aria-pressed=\"true\"")), "{own}");

    let other = an.follow(&format!("/scholen/{ZANDLOPER}/incidenten")).await;
    assert_eq!(other.status, 200, "it is a choice, not a right");
    assert!(
        other.text.contains("<small>Basisschool De Zandloper</small>") && other.text.contains(&devices_of(ZANDLOPER)),
        "{}",
        other.text
    );

    let start = choose(&mut an, "alle").await;
    assert_eq!(looked_at(&start), Some("Al uw organisaties"));
}

#[tokio::test]
async fn another_session_of_the_same_person_has_its_own_choice() {
    let town = Town::new().await;
    let mut an = town.browser_of(&people::director_of_two()).await;
    choose(&mut an, &format!("school:{HOEK}")).await;
    let mut on_a_phone = town.browser_of(&people::director_of_two()).await;
    assert_eq!(looked_at(&on_a_phone.follow("/").await.text), Some("Al uw organisaties"));
    assert_eq!(looked_at(&an.follow("/").await.text), Some("Technisch Instituut De Hoek"));
}

#[tokio::test]
async fn the_response_team_and_a_school_have_menus_of_their_own() {
    let town = Town::new().await;
    let mut jo = town.browser_of(&responder_and_ict_coordinator()).await;
    let both = jo.follow("/mijn-toegang").await.text;
    assert!(both.contains("href=\"/wachtrij\"") && both.contains("value=\"platform\"") && both.contains("Responsteam</button>"), "{both}");
    let school = choose(&mut jo, &format!("school:{ZANDLOPER}")).await;
    assert!(school.contains(&devices_of(ZANDLOPER)) && !school.contains("href=\"/wachtrij\""), "{school}");
    let team = choose(&mut jo, "platform").await;
    assert!(team.contains("href=\"/wachtrij\"") && !team.contains(&devices_of(ZANDLOPER)), "{team}");
    assert_eq!(looked_at(&team), Some("Responsteam"));
}

#[tokio::test]
async fn gateways_begin_with_the_school_that_was_chosen() {
    let town = Town::new().await;
    let mut jo = town.browser_of(&people::ict_coordinator_of_two()).await;
    let list = jo.follow("/gateways").await.text;
    assert!(list.contains("Werkplaatsen") && list.contains("Hoofdgebouw, serverkast"), "{list}");
    choose(&mut jo, &format!("school:{HOEK}")).await;
    let list = jo.follow("/gateways").await.text;
    assert!(list.contains("Werkplaatsen") && !list.contains("Hoofdgebouw, serverkast"), "{list}");
    let form = jo.follow("/gateways/nieuw").await.text;
    assert!(form.contains("Voor Technisch Instituut De Hoek"), "{form}");
    let choice = jo.follow("/gateways/nieuw?kies=andere").await.text;
    assert!(choice.contains("Kies de school") && choice.contains(&format!("/gateways/nieuw?school={ZANDLOPER}")), "{choice}");
}

#[tokio::test]
async fn who_has_one_organisation_or_none_sees_no_switcher_and_chooses_nothing() {
    let town = Town::new().await;
    for person in [people::els(), people::noor(), people::pieter_operates(), people::jonas(), people::mila_learns()] {
        let mut browser = town.browser_of(&person).await;
        assert_eq!(looked_at(&browser.follow("/mijn-toegang").await.text), None, "{}", person.name);
    }
    let mut els = town.browser_of(&people::els()).await;
    let before = els.follow("/").await.url;
    choose(&mut els, &format!("school:{HOEK}")).await;
    assert_eq!(els.follow("/").await.url, before, "what is not theirs is no choice");
    assert_eq!(els.get(&format!("/scholen/{HOEK}/incidenten")).await.status, 404);
}

#[tokio::test]
async fn pages_are_shown_also_while_names_of_organisations_are_not_to_be_had() {
    let town = Town::new().await;
    let mut an = town.browser_of(&people::director_of_two()).await;
    town.faults.fail_only("ListSchools", tonic::Code::Unavailable);
    let page = an.follow("/mijn-toegang").await;
    assert_eq!((page.status, looked_at(&page.text)), (200, None), "{}", page.text);
}
