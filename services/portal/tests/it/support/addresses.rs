//! Every page of the portal, each with somebody who may see it: what `every_page.rs` reads and the real browser looks at. A new page is added
//! here; `every_page_is_in_the_list` says so.

use auth::Principal;

use super::{
    Town,
    browser::link_to,
    people::{self, board},
    sample::{CASE_CLOSED, CASE_IN_HAND, CASE_OF_NOBODY, DEVICE_WARNED, GATEWAY, HOEK, ZANDLOPER},
};

/// One page, in one of its states.
#[derive(Clone)]
pub struct Address {
    pub person: Principal,
    pub path: String,
}

/// All of them, people together.
pub async fn of_every_page(town: &Town) -> Vec<Address> {
    town.place(ZANDLOPER, board(1));
    let contact = town.world.add_contact(ZANDLOPER.id(), "Els Vermeulen", "09 374 12 34").await.contact_id;
    let case = format!("/zaken/{CASE_IN_HAND}");
    let first_page = town.browser_of(&people::noor()).await.follow(&case).await.text;
    let more_evidence = link_to(&first_page, &format!("{case}?bewijs=")).replace("#bewijs", "");
    let chosen = town.chosen(CASE_OF_NOBODY).await;
    let close_chosen = url::form_urlencoded::Serializer::new("/wachtrij/sluiten?".to_owned()).append_pair("zaak", &chosen).finish();
    let contacts = format!("/scholen/{ZANDLOPER}/contacten");

    let of_noor = vec![
        "/wachtrij".to_owned(),
        "/wachtrij?weergave=laat".to_owned(),
        "/wachtrij?ernst=high&zoek=computer".to_owned(),
        "/wachtrij?zoek=niets-dat-er-is".to_owned(),
        close_chosen,
        case.clone(),
        more_evidence,
        format!("/zaken/{CASE_OF_NOBODY}"),
        format!("/zaken/{CASE_CLOSED}"),
        "/scholen".to_owned(),
        format!("/scholen/{HOEK}/toestellen"),
        contacts.clone(),
        "/gateways".to_owned(),
        "/hulp".to_owned(),
        "/privacy".to_owned(),
        "/toegankelijkheid".to_owned(),
        "/aanmelden/wie?request=een".to_owned(),
    ];
    let of_lotte = vec![format!("/zaken/{CASE_CLOSED}")];
    let of_karim = vec![
        format!("/scholen/{ZANDLOPER}/toestellen"),
        format!("/scholen/{ZANDLOPER}/toestellen?weergave=waarschuwing"),
        format!("/scholen/{ZANDLOPER}/toestellen/{DEVICE_WARNED}"),
        format!("/scholen/{ZANDLOPER}/incidenten"),
        case.clone(),
        contacts.clone(),
        format!("{contacts}/nieuw"),
        format!("{contacts}/{contact}"),
        "/gateways/nieuw".to_owned(),
    ];
    let of_pieter = vec![
        "/gateways?ook=voorbij".to_owned(),
        "/gateways/nieuw".to_owned(),
        "/gateways/nieuw?zoek=de".to_owned(),
        format!("/gateways/nieuw?school={ZANDLOPER}"),
        format!("/gateways/{GATEWAY}/geheim"),
        format!("/gateways/{GATEWAY}/intrekken"),
    ];
    let of_a_director_of_two = vec!["/".to_owned()];
    let of_a_dpo = vec![format!("/scholen/{ZANDLOPER}/incidenten"), case, contacts];
    [
        (people::noor(), of_noor),
        (people::lotte_leads(), of_lotte),
        (people::karim(), of_karim),
        (people::pieter_operates(), of_pieter),
        (people::director_of_two(), of_a_director_of_two),
        (people::dpo_of(board(1)), of_a_dpo),
    ]
    .into_iter()
    .flat_map(|(person, paths)| paths.into_iter().map(move |path| Address { person: person.clone(), path }))
    .collect()
}
